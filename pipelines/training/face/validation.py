"""Held-out rendered heads and the quality of a face generator on them. Called by `face.recipe`.

Heads are cut out of the first frame imperfectly, animated, and laid over that frame's background with the person filled
in.

Legend: B clips, T frames, H = W image size. Images are in [-1, 1], landmarks in pixels.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from models.batches import select_items
from models.generators.animation import AnimationGenerator, State
from models.layer import compose
from pipelines.faces.layer_maps import draw_face_maps, place_irises
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.head_clips import sample_head_clip
from pipelines.training.animation.mattes import cut_out
from pipelines.training.animation.plates import Fill, estimate_plate, fill_smoothly
from pipelines.training.face.data import Recipe, choose_clips, join_irises
from pipelines.training.face.regions import weigh_openings
from pipelines.training.image_metrics import psnr

VALIDATION_SEED, MATTE_SEED = 20261, 1
FRAMES = 24  # of a clip
AT_ONCE = 4  # clips that are rendered or generated together
SHOWN_FRAMES = (1, 6, 12, 18, 23)  # columns of the sheet
SHOWN_CLIPS = 6


@dataclass
class HeldOutHeads:
    """Rendered clips that training never draws; frame 0 is the source, all frames are consecutive at 25 fps."""

    images: Tensor
    """[B, T, 3, H, W]."""
    source: Tensor
    """The person as cut out of frame 0, RGBA [B, 4, H, W]: colour times coverage, and coverage in 0 to 1."""
    plate: Tensor
    """Frame 0 with the person filled in [B, 3, H, W]."""
    landmarks: Tensor
    """And irises, which are known, [B, T, 70, 2]."""
    mask: Tensor
    """Coverage by the person [B, T, 1, H, W], 0 to 1."""

    def __getitem__(self, clips: slice) -> "HeldOutHeads":
        return select_items(self, clips)

    def __len__(self) -> int:
        return len(self.images)


def render_held_out(
    recipe: Recipe, clips: int, *, device: torch.device, fill: Fill = fill_smoothly, progress: Progress = SILENT
) -> HeldOutHeads:
    """Render `clips` clips from a seed of their own; fill: makes the plates, see `plates.choose_fill`."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    mattes = torch.Generator(device).manual_seed(MATTE_SEED)
    parts = []
    for start in range(0, clips, AT_ONCE):
        count = min(AT_ONCE, clips - start)
        times = torch.arange(FRAMES, device=device).expand(count, -1)
        clip = sample_head_clip(choose_clips(recipe, FRAMES), batch=count, times=times, generator=generator)
        source = cut_out(clip.images[:, 0], clip.rgba[:, 0], 1.0, mattes)
        plate = estimate_plate(clip.images[:, 0], source[:, 3:], clip.shadow[:, 0], fill)
        landmarks = join_irises(clip, torch.ones(count, dtype=torch.bool, device=device))
        parts.append((clip.images, source, plate, landmarks, clip.mask))
        progress.advance(count)
    return HeldOutHeads(*(torch.cat(column) for column in zip(*parts, strict=True)))


@torch.no_grad()
def generate(model: AnimationGenerator, heads: HeldOutHeads, progress: Progress = SILENT) -> tuple[Tensor, Tensor]:
    """Frames 1 to T - 1, generated one after another from frame 0: over the plate [B, T - 1, 3, H, W], and alone
    [B, T - 1, 4, H, W]."""
    size, landmarks = heads.images.shape[-1], heads.landmarks.unbind(1)
    draw = partial(draw_face_maps, size=size, channels=model.config.structure_channels)
    reference = model.encode_reference(heads.source, draw(landmarks[0]), place_irises(landmarks[0]))
    state, frames = State.initial(reference), []
    for points in landmarks[1:]:
        step = model.step(reference, state, draw(points), place_irises(points))
        state = step.state
        frames.append((compose(step.image, heads.plate), step.image))
        progress.advance(len(heads))
    images, layers = (torch.stack(column, 1) for column in zip(*frames, strict=True))
    return images, layers


@torch.no_grad()
def validate(
    model: AnimationGenerator, heads: HeldOutHeads, *, progress: Progress = SILENT
) -> tuple[dict[str, float], Tensor]:
    """Generate every clip recurrently from its first frame, and compare with the truth.

    Returns:
        PSNR in dB, means over frames: `psnr` of the whole frame, `psnr_people` where the person is in the source or in
        the target, `psnr_faces` in the boxes around the landmarks, `psnr_mouths` between the lips and `psnr_eyes`
        between the lids of the target and next to where they touch, `psnr_irises` at what is seen of the target's
        irises (of all frames together, as shut eyes have none), the same of copying the source (`copy`, `copy_people`,
        `copy_faces`, `copy_mouths`, `copy_eyes`, `copy_irises`), and of the first and last four frames (`first4`,
        `last4`); mean absolute error of the coverage (`coverage`), 0 to 1; and the frames 1 to T - 1
        [B, T - 1, 3, H, W].
    """
    parts = [generate(model, heads[start : start + AT_ONCE], progress) for start in range(0, len(heads), AT_ONCE)]
    made, layers = (torch.cat(column) for column in zip(*parts, strict=True))
    truth, source = heads.images[:, 1:], heads.images[:, :1].expand_as(heads.images[:, 1:])
    people = torch.maximum(heads.mask[:, 1:], heads.mask[:, :1])
    faces = _find_boxes(heads.landmarks[:, 1:], heads.images.shape[-1])
    mouths, eyes, irises = _find_openings(heads.landmarks[:, 1:], heads.images.shape[-1])
    complete = psnr(made, truth)  # [B, T - 1]
    numbers = {
        "psnr": complete,
        "psnr_people": psnr(made, truth, people),
        "psnr_faces": psnr(made, truth, faces),
        "psnr_mouths": psnr(made, truth, mouths),
        "psnr_eyes": psnr(made, truth, eyes),
        "psnr_irises": psnr(*map(_join_frames, (made, truth, irises))),
        "copy": psnr(source, truth),
        "copy_people": psnr(source, truth, people),
        "copy_faces": psnr(source, truth, faces),
        "copy_mouths": psnr(source, truth, mouths),
        "copy_eyes": psnr(source, truth, eyes),
        "copy_irises": psnr(*map(_join_frames, (source, truth, irises))),
        "first4": complete[:, :4],
        "last4": complete[:, -4:],
        "coverage": (layers[:, :, 3:].clamp(0, 1) - heads.mask[:, 1:]).abs(),
    }
    return {key: float(value.mean()) for key, value in numbers.items()}, made


def _find_boxes(landmarks: Tensor, size: int) -> Tensor:
    """[B, T, 1, H, W], 1 in the boxes around landmarks [B, T, 70, 2]."""
    axis = torch.arange(size, device=landmarks.device)
    low, high = landmarks.amin(2)[..., None], landmarks.amax(2)[..., None]  # [B, T, 2, 1]
    inside = ((axis >= low) & (axis <= high)).float()  # [B, T, 2, size]
    return (inside[:, :, 1, :, None] * inside[:, :, 0, None, :])[:, :, None]


def _find_openings(landmarks: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where mouths and eyes are open or shut, and where irises are seen, [B, T, 1, H, W] each, 0 to 1, of landmarks
    [B, T, 70, 2]."""
    drawn = [draw_face_maps(points, size=size) for points in landmarks.unbind(1)]
    mouths, eyes = zip(*(weigh_openings(structure) for structure in drawn), strict=True)
    return torch.stack(mouths, 1), torch.stack(eyes, 1), torch.stack([structure[:, -1:] for structure in drawn], 1)


def _join_frames(frames: Tensor) -> Tensor:
    """[B, T, C, H, W] -> [C, B * T * H, W]."""
    return frames.movedim(2, 0).flatten(1, 3)


def draw_sheet(heads: HeldOutHeads, made: Tensor) -> list[Tensor]:
    """Two rows [6, 3, H, W] for each of the first clips: source and true frames; plate and what was made over it."""
    columns = torch.tensor(SHOWN_FRAMES, device=made.device)
    rows = []
    for index in range(min(SHOWN_CLIPS, len(heads))):
        rows += [
            torch.cat([heads.images[index, :1], heads.images[index, columns]]),
            torch.cat([heads.plate[index, None], made[index, columns - 1]]),
        ]
    return rows
