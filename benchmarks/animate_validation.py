"""The shipped generator on rendered clips that no training has seen, made from the first frame on.

PSNR (dB) and SSIM against the true frames, beside those of copying the source; `people` is the union of the source's
and the target's person. The clips are the same on every run on one kind of device.

    python -m benchmarks.animate_validation [--clips N] [--frames N] [--device NAME] [--weights NAME|FILE]
"""

import argparse
from collections import Counter

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from models.fold import prepare_for_inference
from models.weights import load_weights
from pipelines.runtime.devices import choose_device
from pipelines.training.animation.validation import HeldOutClips, render_held_out, validate

SIZE = 256
AT_ONCE = 4


def ssim(images: Tensor, truth: Tensor) -> float:
    """Mean over [B, T, 3, H, W] pictures in [-1, 1]."""
    pairs = zip(*(x.clamp(-1, 1).flatten(0, 1).permute(0, 2, 3, 1).cpu().numpy() for x in (images, truth)), strict=True)
    return float(np.mean([structural_similarity(made, true, channel_axis=-1, data_range=2.0) for made, true in pairs]))


def judge(model: torch.nn.Module, clips: HeldOutClips) -> dict[str, float]:
    """All numbers of some clips."""
    numbers, made = validate(model, clips, at_once=AT_ONCE)  # pyright: ignore[reportArgumentType]
    truth = clips.images[:, 1:]
    return numbers | {"ssim": ssim(made.images, truth), "ssim_copy": ssim(clips.images[:, :1].expand_as(truth), truth)}


def judge_all(model: torch.nn.Module, clips: HeldOutClips) -> dict[str, float]:
    """As `judge`, with the pictures of a few clips in memory at a time."""
    totals: Counter[str] = Counter()
    counts: Counter[str] = Counter()  # some clips have no hands
    for first in range(0, len(clips), AT_ONCE):
        some = clips[first : first + AT_ONCE]
        numbers = judge(model, some)
        totals.update({name: value * len(some) for name, value in numbers.items()})
        counts.update(dict.fromkeys(numbers, len(some)))
    return {name: total / counts[name] for name, total in totals.items()}


def print_numbers(title: str, clips: HeldOutClips, numbers: dict[str, float]) -> None:
    """One line for each number below what was measured."""
    count, frames, _, height, width = clips.images.shape
    print(f"{title}: {count} clips of {frames} frames, {width}x{height}, {clips.images.device.type}")
    for name, value in numbers.items():
        print(f"{name:12} {value:8.4f}")


@torch.inference_mode()
def main() -> None:
    """Render, generate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--weights", default="person")
    options = parser.parse_args()
    device = choose_device(options.device)
    model = prepare_for_inference(load_weights(options.weights, device=device, expect="animation"))
    clips = render_held_out(options.clips, options.frames, size=SIZE, device=device)
    print_numbers(options.weights, clips, judge_all(model, clips))


if __name__ == "__main__":
    main()
