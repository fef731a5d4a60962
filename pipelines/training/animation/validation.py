"""Held-out rendered clips and the quality of an animation generator on them.

People are cut out of the first frame imperfectly, animated, and laid over that frame's background with the person
filled in. Called by `animation.recipe` and `benchmarks.animate_validation`.

Legend: B clips, T frames, H, W image size. Images are in [-1, 1], joints in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.batches import select_items
from models.generators.animation import AnimationGenerator, State
from models.layer import compose
from pipelines.keypoints.finger_maps import draw_fingers
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.animation.details import can_be_seen
from pipelines.training.animation.losses import weigh_hands
from pipelines.training.animation.mattes import cut_out
from pipelines.training.animation.plates import Fill, estimate_plate, fill_smoothly
from pipelines.training.data.structure_maps import add_details, structure_maps
from pipelines.training.image_metrics import psnr

Limbs = Sequence[tuple[int, int]]

VALIDATION_SEED = 20260
MATTE_SEED = 1
FRAMES = 24  # of a clip
# Shares of the clips: with shadows on the floor, with sports and low motion, cut off by the picture and by furniture.
FLOOR_SHADOWS, ATHLETIC, TRUNCATED, FURNITURE = 0.85, 0.3, 0.33, 0.25
SHOWN_FRAMES = (1, 8, 16, 23)  # columns of the sheet
SHOWN_CLIPS = 4
MAGENTA = (1.0, -1.0, 1.0)  # behind people without background in the sheet


@dataclass
class HeldOutClips:
    """Rendered clips that training never draws; frame 0 is the source, all frames are consecutive at 25 fps."""

    images: Tensor
    """[B, T, 3, H, W]."""
    source: Tensor
    """The person as cut out of frame 0, RGBA [B, 4, H, W]: colour times coverage, and coverage in 0 to 1."""
    plate: Tensor
    """Frame 0 with the person filled in [B, 3, H, W]."""
    coco: Tensor
    """COCO-17 joints [B, T, 17, 2]."""
    h36m: Tensor
    """Human3.6M-17 joints [B, T, 17, 2]."""
    mask: Tensor
    """Coverage by the person [B, T, 1, H, W], 0 to 1."""
    shadow: Tensor
    """How much the person darkens the background [B, T, 1, H, W], 0 to 1."""
    details: Tensor
    """Points of hands and feet [B, T, 52, 2], NaN where hidden."""
    coco_depth: Tensor
    """Depths of the COCO-17 joints [B, T, 17]."""
    h36m_depth: Tensor
    """Depths of the Human3.6M-17 joints [B, T, 17]."""

    def __getitem__(self, clips: slice) -> "HeldOutClips":
        return select_items(self, clips)

    def __len__(self) -> int:
        return len(self.images)


@dataclass
class GeneratedClips:
    """What a generator made of held-out clips: frames 1 to T - 1."""

    images: Tensor
    """Over the plate [B, T - 1, 3, H, W]."""
    rgba: Tensor
    """The person alone [B, T - 1, 4, H, W]; a generator of whole pictures covers everything."""
    shadow: Tensor
    """[B, T - 1, 1, H, W], 0 to 1."""


def render_held_out(
    clips: int,
    frames: int = FRAMES,
    *,
    size: int,
    device: torch.device,
    seed: int = VALIDATION_SEED,
    at_once: int = 4,
    fill: Fill = fill_smoothly,
    progress: Progress = SILENT,
) -> HeldOutClips:
    """Render `clips` clips of `frames` frames [size, size] from a seed of their own, `at_once` at a time.

    fill: makes the plates; see `plates.choose_fill`.
    """
    generator, mattes = torch.Generator(device), torch.Generator(device)
    generator.manual_seed(seed)
    mattes.manual_seed(MATTE_SEED)
    config = configure_clips(frames, size)
    parts = []
    for start in range(0, clips, at_once):
        count = min(at_once, clips - start)
        times = torch.arange(frames, device=device).expand(count, -1)
        clip = sample_clip(config, batch=count, times=times, generator=generator)
        parts.append(hold_out(clip, mattes, fill))
        progress.advance(count)
    return HeldOutClips(*(torch.cat(column) for column in zip(*map(_fields, parts), strict=True)))


def configure_clips(frames: int, size: int) -> ClipConfig:
    """What clips of `frames` frames [size, size] look like."""
    return ClipConfig(
        height=size, width=size, length=frames, shadow=FLOOR_SHADOWS, wall_shadows=False, athletic=ATHLETIC,
        truncated=TRUNCATED, furniture=FURNITURE,
    )  # fmt: skip


def hold_out(clip: Clip, mattes: torch.Generator, fill: Fill) -> HeldOutClips:
    """Cut the people out of the first frames, with mattes spoilt by the generator, and fill in what was behind them."""
    first = clip.images[:, 0]
    source = cut_out(first, clip.rgba[:, 0], 1.0, mattes)
    plate = estimate_plate(first, source[:, 3:], clip.shadow[:, 0], fill)
    details = clip.details.masked_fill(~can_be_seen(clip.details_visible)[..., None], torch.nan)
    truth = clip.coco, clip.h36m, clip.mask, clip.shadow, details, clip.coco_depth, clip.h36m_depth
    return HeldOutClips(clip.images, source, plate, *truth)


def draw_structure(joints: Tensor, limbs: Limbs, details: tuple[Tensor, Tensor] | None, *, size: int) -> Tensor:
    """Structure maps [B, S, size, size] of joints [B, 17, 2], all of which are known.

    details: points of hands and feet [B, 52, 2] and depths of the joints [B, 17]; None for maps without them.
    """
    present = torch.ones(joints.shape[:2], dtype=torch.bool, device=joints.device)
    maps = structure_maps(joints, limbs, size=size, present=present)
    return maps if details is None else add_details(maps, joints, limbs, *details)


@torch.no_grad()
def generate(model: AnimationGenerator, clip: HeldOutClips, progress: Progress = SILENT) -> GeneratedClips:
    """Frames 1 to T - 1, generated one after another from frame 0."""
    layered = model.config.image_channels == 4

    def draw(joints: Tensor, depth: Tensor, limbs: Limbs, t: int) -> Tensor:
        details = (clip.details[:, t], depth[:, t]) if model.config.structure_details else None
        maps = draw_structure(joints[:, t], limbs, details, size=clip.images.shape[-1])
        return maps[:, : model.config.structure_channels]

    source = draw(clip.coco, clip.coco_depth, COCO17_LIMBS, 0)
    image = clip.source if layered else clip.images[:, 0]
    joints = torch.cat([clip.h36m, clip.details], 2)  # [B, T, 69, 2]
    reference = model.encode_reference(image, source, joints[:, 0])
    state, frames = State.initial(reference), []
    for t in range(1, clip.images.shape[1]):
        structure = draw(clip.h36m, clip.h36m_depth, H36M17_LIMBS, t)
        step = model.step(reference, state, structure, joints[:, t])
        state = step.state
        frames.append(_finish(step.image, step.shadow, clip.plate))
        progress.advance(len(clip))
    return GeneratedClips(*(torch.stack(column, 1) for column in zip(*frames, strict=True)))


def _finish(image: Tensor, shadow: Tensor | None, plate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The fields of GeneratedClips for one frame."""
    nothing = torch.zeros_like(image[:, :1])
    if image.shape[1] == 3:
        return image, torch.cat([image, nothing + 1], 1), nothing
    shadow = nothing if shadow is None else shadow.float()
    return compose(image, plate, shadow), image, shadow


def _fields(clips: HeldOutClips | GeneratedClips) -> tuple[Tensor, ...]:
    return tuple(vars(clips).values())


@torch.no_grad()
def validate(
    model: AnimationGenerator, clip: HeldOutClips, *, at_once: int = 8, progress: Progress = SILENT
) -> tuple[dict[str, float], GeneratedClips]:
    """Generate every clip recurrently from its first frame, and compare with the truth.

    Returns:
        PSNR in dB, means over frames: `psnr` of the whole frame, `psnr_people` where the person is in the source or in
        the target, the same of copying the source (`copy`, `copy_people`), and of the first and last four frames
        (`first4`, `last4`); mean absolute errors of the coverage (`coverage`) and of the shadow (`shadow`), 0 to 1;
        `psnr_hands` at the hands, over the frames in which any is known, if there are such; and what was generated.
    """
    parts = [generate(model, clip[i : i + at_once], progress) for i in range(0, len(clip), at_once)]
    made = GeneratedClips(*(torch.cat(column) for column in zip(*map(_fields, parts), strict=True)))
    truth, source = clip.images[:, 1:], clip.images[:, :1].expand_as(clip.images[:, 1:])
    people = torch.maximum(clip.mask[:, 1:], clip.mask[:, :1])
    complete = psnr(made.images, truth)  # [B, T - 1]
    numbers = {
        "psnr": complete,
        "psnr_people": psnr(made.images, truth, people),
        "copy": psnr(source, truth),
        "copy_people": psnr(source, truth, people),
        "first4": complete[:, :4],
        "last4": complete[:, -4:],
        "coverage": (made.rgba[:, :, 3:].clamp(0, 1) - clip.mask[:, 1:]).abs(),
        "shadow": (made.shadow - clip.shadow[:, 1:]).abs(),
    }
    hands = _find_hands(clip)
    if (known := hands.flatten(2).any(2)).any():
        numbers["psnr_hands"] = psnr(made.images, truth, hands)[known]
    return {key: float(value.mean()) for key, value in numbers.items()}, made


def _find_hands(clip: HeldOutClips) -> Tensor:
    """[B, T - 1, 1, H, W] in 0 to 1: around the fingers of the hands that are known in frames 1 to T - 1."""
    batch, frames, _, height, width = clip.images.shape
    points = clip.details[:, 1:].flatten(0, 1)
    return weigh_hands(draw_fingers(points, height=height, width=width)).unflatten(0, (batch, frames - 1))


def draw_sheet(clip: HeldOutClips, made: GeneratedClips) -> list[Tensor]:
    """Rows [5, 3, H, W] of a sheet, three for each of the first clips.

    The source and true frames; the plate and what was made over it; the person as cut out of the source and what was
    made of it, over magenta.
    """
    columns = torch.tensor(SHOWN_FRAMES, device=clip.images.device)
    magenta = clip.images.new_tensor(MAGENTA).view(3, 1, 1)
    rows = []
    for index in range(min(SHOWN_CLIPS, len(clip))):
        layers = torch.cat([clip.source[index, None], made.rgba[index, columns - 1]])
        rows += [
            torch.cat([clip.images[index, :1], clip.images[index, columns]]),
            torch.cat([clip.plate[index, None], made.images[index, columns - 1]]),
            compose(layers, magenta.expand_as(layers[:, :3])),
        ]
    return rows
