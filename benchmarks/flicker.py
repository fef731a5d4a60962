"""Flicker of the shipped generator: how much pixels change from frame to frame where nothing moves.

Rendered people that no training has seen move their arms alone, and then hold their pose. Measured is the mean absolute
change from one frame to the next, in levels of 0 to 255, of pixels that the person covers in both frames and whose true
flow is below `STILL`: of what holds still while arms move, and of people who hold their pose. Columns:

    true       the true frames, whose shadows and light change
    made       what was made of the first frame
    grain      the true frames with grain, as a camera has it, which is new in every frame
    of grain   what was made of the first frame with that grain
    trembling  what was made with joints that are off by a little in every frame, as those of detectors are

    python -m benchmarks.flicker [--clips N] [--grain LEVELS] [--tremble PIXELS] [--device NAME] [--weights NAME|FILE]
"""

import argparse
from collections import Counter
from dataclasses import replace

import torch
from torch import Generator, Tensor

from models.fold import prepare_for_inference
from models.generators.animation import AnimationGenerator
from models.weights import load_weights
from pipelines.runtime.devices import choose_device
from pipelines.synthetic.clips import Clip, ClipConfig, render_clip
from pipelines.synthetic.motion.full_motion import sample_full_motion
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.skeleton import RIG, Motion
from pipelines.synthetic.scene import aim_at_motion, compose_scene, pose_bodies
from pipelines.training.animation.plates import fill_smoothly
from pipelines.training.animation.validation import (
    MATTE_SEED,
    VALIDATION_SEED,
    HeldOutClips,
    configure_clips,
    generate,
    hold_out,
)

SIZE = 256
MOVING, HOLDING = 12, 8  # frames
STILL = 0.1  # pixels from one frame to the next, below which a place holds still
COVERED = 0.999  # coverage by the person from which on nothing of the background is seen
LEVELS = 127.5  # per unit of pictures in [-1, 1]
ARMS = [index for index, name in enumerate(RIG) if name.endswith(("shoulder", "elbow", "wrist"))]
PARTS, POSE = "still, but for the arms", "still"
COLUMNS = ("true", "made", "grain", "of grain", "trembling")


def sample_arm_motion(config: ClipConfig, model: BodyModel, rest: RestBody, generator: Generator) -> BodyPose:
    """People of whom only arms, hands and faces move."""
    batch = len(rest.vertices)
    full = sample_full_motion(batch, config.length, generator, shares=Shares(everyday=0.5), fps=config.fps)
    moving, root = full.motion.rotations, full.motion.root
    rotations = moving[:, :1].repeat(1, config.length, 1, 1, 1)  # [B, T, 17, 3, 3]
    rotations[:, :, ARMS] = moving[:, :, ARMS]
    motion = Motion(rotations, root[:, :1].expand_as(root))
    return pose_bodies(model, rest, replace(full, motion=motion), config.roll, generator)


def find_still(clip: Clip) -> Tensor:
    """Where the person holds still from each frame to the next and is seen in both, bool [B, T - 1, 1, H, W]."""
    found = []
    for after in range(1, clip.images.shape[1]):
        flow, visible, person = clip.flow(after, after - 1)
        covered = torch.minimum(clip.mask[:, after], clip.mask[:, after - 1]) > COVERED
        found.append((flow.norm(dim=1, keepdim=True) < STILL) & (visible * person > 0) & covered)
    return torch.stack(found, 1)


def find_changes(images: Tensor) -> Tensor:
    """Absolute changes from frame to frame in levels, the mean over the colours.

    Args:
        images: frames [B, T, 3, H, W] in [-1, 1].

    Returns:
        [B, T - 1, 1, H, W].
    """
    return LEVELS * images.clamp(-1, 1).diff(dim=1).abs().mean(2, keepdim=True)


def add_grain(images: Tensor, levels: float, generator: Generator) -> Tensor:
    """Pictures in [-1, 1] with noise of `levels` levels (standard deviation), another one in each."""
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return (images + levels / LEVELS * noise).clamp(-1, 1)


def add_grain_to_source(clip: Clip, levels: float, generator: Generator) -> Clip:
    """The clip with grain in its first frame, before the person is cut out of it."""
    images, rgba = clip.images.clone(), clip.rgba.clone()
    images[:, 0] = add_grain(clip.images[:, 0], levels, generator)
    rgba[:, 0, :3] += clip.mask[:, 0] * (images - clip.images)[:, 0]
    return replace(clip, images=images, rgba=rgba)


def shake_joints(clips: HeldOutClips, pixels: float, generator: Generator) -> HeldOutClips:
    """The clips with points of the body that are off by `pixels` (standard deviation in x and y), by others in every
    frame; those of the source, frame 0, stay."""

    def shake(points: Tensor) -> Tensor:
        noise = pixels * torch.randn(points.shape, generator=generator, device=points.device)
        return torch.cat([points[:, :1], (points + noise)[:, 1:]], 1)

    return replace(clips, h36m=shake(clips.h36m), details=shake(clips.details))


def measure(
    model: AnimationGenerator, clip: Clip, levels: float, pixels: float, generator: Generator
) -> Counter[tuple[str, str]]:
    """Changes in levels, summed over the places that hold still, by row and column; their number is column `places`."""

    def prepare(clip: Clip) -> HeldOutClips:
        return hold_out(clip, Generator(clip.images.device).manual_seed(MATTE_SEED), fill_smoothly)

    held_out, true = prepare(clip), clip.images[:, 1:]
    still = find_still(clip)[:, 1:]  # [B, T - 2, 1, H, W], between frames that are made
    results = {
        "true": true,
        "made": generate(model, held_out).images,
        "grain": add_grain(true, levels, generator),
        "of grain": generate(model, prepare(add_grain_to_source(clip, levels, generator))).images,
        "trembling": generate(model, shake_joints(held_out, pixels, generator)).images,
    }
    sums = Counter[tuple[str, str]]()
    for row, part in ((PARTS, slice(MOVING - 2)), (POSE, slice(MOVING - 2, None))):
        sums[row, "places"] = int(still[:, part].sum())
        for column, images in results.items():
            sums[row, column] = int((find_changes(images) * still)[:, part].sum(dtype=torch.float64))
    return sums


def measure_all(
    model: AnimationGenerator, clips: int, levels: float, pixels: float, device: torch.device
) -> Counter[tuple[str, str]]:
    """As `measure`, for clips rendered one after another from the seed of validation."""
    generator = Generator(device).manual_seed(VALIDATION_SEED)
    noise = Generator(device).manual_seed(0)
    times = torch.arange(MOVING + HOLDING, device=device).clamp(max=MOVING - 1)[None]
    config, sums = configure_clips(MOVING, SIZE), Counter[tuple[str, str]]()
    for _ in range(clips):
        scene = compose_scene(config, sample_arm_motion, aim_at_motion, batch=1, generator=generator)
        sums.update(measure(model, render_clip(scene, times), levels, pixels, noise))
    return sums


@torch.inference_mode()
def main() -> None:
    """Render, generate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--grain", type=float, default=1.0, help="standard deviation in levels")
    parser.add_argument("--tremble", type=float, default=0.3, help="standard deviation of the joints in pixels")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--weights", default="person")
    options = parser.parse_args()
    device = choose_device(options.device)
    model = prepare_for_inference(load_weights(options.weights, device=device, expect="animation"))
    assert isinstance(model, AnimationGenerator)
    sums = measure_all(model, options.clips, options.grain, options.tremble, device)
    print(f"{options.weights}, {options.clips} clips, change from frame to frame in levels of 0 to 255")
    print(f"{'':24}" + "".join(f"{column:>11}" for column in ("places", *COLUMNS)))
    for row in (PARTS, POSE):
        count = sums[row, "places"]
        print(f"{row:24}{count:11}" + "".join(f"{sums[row, column] / max(count, 1):11.2f}" for column in COLUMNS))


if __name__ == "__main__":
    main()
