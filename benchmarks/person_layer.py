"""The shipped person generator on held-out rendered clips, with mattes and plates made as in use.

The same clips and numbers as `benchmarks.animate_validation`, which makes mattes by spoiling the true ones. Here the
mask of the bundled keypoint network is refined to a matte, and the plate network fills in the background. Clips in
whose first frame nobody is found are left out.

    python -m benchmarks.person_layer [--clips N] [--weights NAME|FILE] [--keypoints NAME|FILE] [--plate NAME|FILE]
"""

import argparse
from collections import Counter
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from models.fold import prepare_for_inference
from models.plate import PlateNetwork
from models.weights import load_weights
from pipelines.compositing.matte import estimate_matte
from pipelines.compositing.plate import fill_plate
from pipelines.generation.cutout import find_hole
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.media.tensors import image_to_tensor, tensor_to_image
from pipelines.training.animation.validation import FRAMES, HeldOutClips, render_held_out, validate

SIZE = 256
AT_ONCE = 4


def find_person(detector: BundledDetector, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Pose [17, 3] and coarse mask float32 [H, W] of the person in a picture uint8 [H, W, 3], if there is one."""
    poses = detector.detect(picture)
    if not len(poses):
        return None
    return poses[0], detector.find_mask(picture, poses[0]).render(*picture.shape[:2]) / np.float32(255)


def cut_out(
    picture: np.ndarray, pose: np.ndarray, mask: np.ndarray, network: PlateNetwork
) -> tuple[Tensor, Tensor, np.ndarray]:
    """The person [4, H, W] as premultiplied RGBA, the plate [3, H, W] and the matte's alpha [H, W]."""
    matte = estimate_matte(picture, mask)
    alpha = torch.from_numpy(matte.alpha)
    plate = image_to_tensor(fill_plate(picture, find_hole(matte.alpha, pose), network))
    return torch.cat([image_to_tensor(matte.colour) * alpha, alpha[None]]), plate, matte.alpha


def prepare(clips: HeldOutClips, detector: BundledDetector, network: PlateNetwork) -> tuple[HeldOutClips, list[float]]:
    """The clips in which a person is found, cut out as in use; and the mattes' mean absolute errors."""
    found, sources, plates, errors = [], [], [], []
    for index in range(len(clips)):
        picture = tensor_to_image(clips.images[index, 0], rounding="round")
        if (person := find_person(detector, picture)) is None:
            continue
        source, plate, alpha = cut_out(picture, *person, network)
        found.append(index)
        sources.append(source)
        plates.append(plate)
        errors.append(float(np.abs(alpha - clips.mask[index, 0, 0].numpy()).mean()))
    kept = HeldOutClips(*(tensor[found] for tensor in vars(clips).values()))
    return (replace(kept, source=torch.stack(sources), plate=torch.stack(plates)) if found else kept), errors


@torch.inference_mode()
def main() -> None:
    """Render, cut out, generate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--weights", default="person")
    parser.add_argument("--keypoints", default="keypoints")
    parser.add_argument("--plate", default="plate")
    options = parser.parse_args()
    detector = BundledDetector(load_weights(options.keypoints, expect="keypoints"))
    plate = load_weights(options.plate, expect="plate")
    assert isinstance(plate, PlateNetwork)
    model = prepare_for_inference(load_weights(options.weights, expect="animation"))
    clips = render_held_out(options.clips, FRAMES, size=SIZE, device=torch.device("cpu"))
    totals, mattes = Counter(), []
    for first in range(0, len(clips), AT_ONCE):
        some, errors = prepare(clips[first : first + AT_ONCE], detector, plate)
        if errors:
            numbers, _ = validate(model, some)  # pyright: ignore[reportArgumentType]
            totals.update({name: value * len(errors) for name, value in numbers.items()})
            mattes += errors
    print(f"{options.weights}: a person was found in {len(mattes)} of {len(clips)} clips, {SIZE}x{SIZE}")
    for name, total in {**totals, "matte": sum(mattes)}.items():
        print(f"{name:12} {total / max(1, len(mattes)):8.4f}")


if __name__ == "__main__":
    main()
