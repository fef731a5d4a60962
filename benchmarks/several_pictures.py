"""What a second and third picture of the same person bring (`--also`), on rendered people who turn round.

The first picture shows the person from the front, the second from behind, the third from a side; then they turn. PSNR
(dB) of what is made of one, two and three of them where the person is, in the frames of which the first picture shows
little ("hidden") and in the others ("shown"), and how long a step takes.

    python -m benchmarks.several_pictures [--clips N] [--weights NAME|FILE] [--sheet FILE.png]
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from time import perf_counter

import cv2
import numpy as np
import torch
from torch import Tensor

from models.fold import prepare_for_inference
from models.generators.animation import AnimationGenerator, State
from models.layer import compose
from models.weights import load_weights
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.synthetic.clips import Clip, ClipConfig, render_clip
from pipelines.synthetic.people.skeleton import INDEX
from pipelines.synthetic.scene import Scene, sample_scene
from pipelines.training.animation.details import can_be_seen
from pipelines.training.animation.mattes import cut_out
from pipelines.training.animation.validation import Limbs, draw_structure
from pipelines.training.image_metrics import psnr

SEED, MATTE_SEED = 182, 1
SIZE, LENGTH = 256, 96
FRAMES, STEP = 16, 4  # frames that are made of a clip, and their distance in the motion
PICTURES = 3
HIDDEN = 0.4  # share of the person that the first picture shows, below which a frame is hidden
FACING = 0.75  # of the width of the hips: from there on a person is seen from the front or from behind
UPRIGHT = 0.8  # of the trunk's length
SHOWN = (0, 5, 10, 15)  # frames in the sheet


def find_turns() -> Iterator[Clip]:
    """Clips of one person each, whose first three frames are views from the front, from behind and from a side."""
    generator = torch.Generator().manual_seed(SEED)
    config = ClipConfig(height=SIZE, width=SIZE, length=LENGTH, shadow=0, wall_shadows=False, turntable=1.0)
    while True:
        scene = sample_scene(config, batch=1, generator=generator)
        across, upright = _find_way(scene)
        across = across.masked_fill(~upright, 0)
        front, back = int(across.argmax()), int(across.argmin())
        side = int(across.abs().masked_fill(~upright, 1).argmin())
        if across[front] < FACING or across[back] > -FACING:
            continue
        first = min(max(back - FRAMES * STEP // 2, 0), LENGTH - FRAMES * STEP)
        yield render_clip(scene, torch.tensor([[front, back, side, *range(first, first + FRAMES * STEP, STEP)]]))


def _find_way(scene: Scene) -> tuple[Tensor, Tensor]:
    """How far [L] the left hip is to the right of the right one as seen, -1 to 1, and whether people are upright."""
    origin = scene.frames.origin[0]  # [L, 18, 3]
    hips, trunk = (origin[:, INDEX[a]] - origin[:, INDEX[b]] for a, b in (("l_hip", "r_hip"), ("neck", "pelvis")))
    return hips[:, 0] / hips.norm(dim=1), trunk[:, 1] > UPRIGHT * trunk.norm(dim=1)


def measure_visibility(clip: Clip) -> Tensor:
    """The share [T] of the person in each frame to be made that the first picture shows."""
    shares = []
    for t in range(PICTURES, clip.images.shape[1]):
        _, visible, person = clip.flow(t, 0)
        shares.append((visible * person).sum() / person.sum().clamp(min=1))
    return torch.stack(shares)


def generate(model: AnimationGenerator, clip: Clip, sources: Sequence[Tensor]) -> tuple[Tensor, float]:
    """The frames [T, 4, H, W] made of pictures of people cut out [1, 4, H, W], and seconds per step."""
    details = clip.details.masked_fill(~can_be_seen(clip.details_visible)[..., None], torch.nan)
    joints = torch.cat([clip.h36m, details], 2)

    def draw(points: Tensor, depth: Tensor, limbs: Limbs, t: int) -> Tensor:
        maps = draw_structure(points[:, t], limbs, (details[:, t], depth[:, t]), size=SIZE)
        return maps[:, : model.config.structure_channels]

    first, *others = (
        model.encode_reference(source, draw(clip.coco, clip.coco_depth, COCO17_LIMBS, n), joints[:, n])
        for n, source in enumerate(sources)
    )
    reference = replace(first, others=tuple(others))
    state, frames, seconds = State.initial(reference), [], 0.0
    for t in range(PICTURES, clip.images.shape[1]):
        structure = draw(clip.h36m, clip.h36m_depth, H36M17_LIMBS, t)
        begin = perf_counter()
        step = model.step(reference, state, structure, joints[:, t])
        seconds += perf_counter() - begin
        state = step.state
        frames.append(step.image)
    return torch.cat(frames), seconds / len(frames)


@torch.inference_mode()
def main() -> None:
    """Render, generate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--weights", default="person")
    parser.add_argument("--sheet", help="picture to write: sources, true frames, and what is made of 1, 2, 3 pictures")
    options = parser.parse_args()
    loaded = load_weights(options.weights, device="cpu", expect="animation")
    assert isinstance(loaded, AnimationGenerator)
    model, mattes = prepare_for_inference(loaded), torch.Generator().manual_seed(MATTE_SEED)
    values, seconds, rows = defaultdict(list), defaultdict(list), []
    grey = torch.zeros(1, 3, 1, 1)
    for clip in islice(find_turns(), options.clips):
        sources = [cut_out(clip.images[:, n], clip.rgba[:, n], 1.0, mattes) for n in range(PICTURES)]
        truth, mask = compose(clip.rgba[0, PICTURES:], grey), clip.mask[0, PICTURES:]  # [T, 3, H, W]
        hidden = measure_visibility(clip) < HIDDEN
        row = [compose(source, grey)[0] for source in sources] + [truth[n] for n in SHOWN]
        for count in range(1, PICTURES + 1):
            made, time = generate(model, clip, sources[:count])
            made = compose(made, grey)
            quality = psnr(made[None], truth[None], mask[None])[0]
            values["hidden", count] += quality[hidden].tolist()
            values["shown", count] += quality[~hidden].tolist()
            seconds[count].append(time)
            row += [made[n] for n in SHOWN]
        rows.append(torch.cat(row, -1))
    for (name, count), found in values.items():
        print(f"{name:8}{count} pictures {np.mean(found):6.2f} dB ({len(found)} frames)")
    for count, found in seconds.items():
        print(f"{count} pictures {1000 * np.median(found):.0f} ms a step")
    if options.sheet:
        sheet = torch.cat(rows, -2).add(1).mul(127.5).clamp(0, 255).byte().permute(1, 2, 0).numpy()
        cv2.imwrite(options.sheet, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
