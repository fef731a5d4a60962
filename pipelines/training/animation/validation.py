"""Held-out rendered clips and the quality of an animation generator on them.

Called by `animation.recipe` and `benchmarks.animate_validation`.

Legend: B clips, T frames, H, W image size. Images are in [-1, 1], joints in pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.generators.animation import AnimationGenerator, State
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.clips import ClipConfig, sample_clip
from pipelines.training.data.structure_maps import structure_maps
from pipelines.training.image_metrics import psnr

VALIDATION_SEED = 20260
FRAMES = 24  # of a clip
SHOWN_FRAMES = (1, 8, 16, 23)  # columns of the sheet
SHOWN_CLIPS = 4


@dataclass
class HeldOutClips:
    """Rendered clips that training never draws; frame 0 is the source, all frames are consecutive at 25 fps."""

    images: Tensor
    """[B, T, 3, H, W]."""
    coco: Tensor
    """COCO-17 joints [B, T, 17, 2]."""
    h36m: Tensor
    """Human3.6M-17 joints [B, T, 17, 2]."""
    mask: Tensor
    """Coverage by the person [B, T, 1, H, W], 0 to 1."""

    def __getitem__(self, clips: slice) -> "HeldOutClips":
        return HeldOutClips(self.images[clips], self.coco[clips], self.h36m[clips], self.mask[clips])

    def __len__(self) -> int:
        return len(self.images)


def render_held_out(
    clips: int,
    frames: int = FRAMES,
    *,
    size: int,
    device: torch.device,
    seed: int = VALIDATION_SEED,
    at_once: int = 4,
    progress: Progress = SILENT,
) -> HeldOutClips:
    """Render `clips` clips of `frames` frames [size, size] from a seed of their own, `at_once` at a time."""
    generator = torch.Generator(device)
    generator.manual_seed(seed)
    config = ClipConfig(height=size, width=size, length=frames)
    parts = []
    for start in range(0, clips, at_once):
        count = min(at_once, clips - start)
        times = torch.arange(frames, device=device).expand(count, -1)
        clip = sample_clip(config, batch=count, times=times, generator=generator)
        parts.append((clip.images, clip.coco, clip.h36m, clip.mask))
        progress.advance(count)
    return HeldOutClips(*(torch.cat(column) for column in zip(*parts, strict=True)))


@torch.no_grad()
def generate(model: AnimationGenerator, clip: HeldOutClips, progress: Progress = SILENT) -> Tensor:
    """Frames 1 to T - 1, [B, T - 1, 3, H, W], generated one after another from frame 0."""
    size = clip.images.shape[-1]
    present = torch.ones(clip.coco.shape[0], 17, dtype=torch.bool, device=clip.images.device)
    source = structure_maps(clip.coco[:, 0], COCO17_LIMBS, size=size, present=present)
    reference = model.encode_reference(clip.images[:, 0], source, clip.h36m[:, 0])
    state, frames = State.initial(reference), []
    for t in range(1, clip.images.shape[1]):
        structure = structure_maps(clip.h36m[:, t], H36M17_LIMBS, size=size, present=present)
        step = model.step(reference, state, structure, clip.h36m[:, t])
        state = step.state
        frames.append(step.image)
        progress.advance(len(clip))
    return torch.stack(frames, 1)


@torch.no_grad()
def validate(
    model: AnimationGenerator, clip: HeldOutClips, *, at_once: int = 8, progress: Progress = SILENT
) -> tuple[dict[str, float], Tensor]:
    """Generate every clip recurrently from its first frame, and compare with the truth.

    Returns:
        PSNR in dB, means over frames: `psnr` of the whole frame, `psnr_people` where the person is in the source or in
        the target, the same of copying the source (`copy`, `copy_people`), and of the first and last four frames
        (`first4`, `last4`); and the generated frames [B, T - 1, 3, H, W].
    """
    frames = torch.cat([generate(model, clip[i : i + at_once], progress) for i in range(0, len(clip), at_once)])
    truth, source = clip.images[:, 1:], clip.images[:, :1].expand_as(clip.images[:, 1:])
    everywhere = torch.ones_like(clip.mask[:, 1:])
    people = torch.maximum(clip.mask[:, 1:], clip.mask[:, :1])
    complete = psnr(frames, truth, everywhere)  # [B, T - 1]
    numbers = {
        "psnr": complete,
        "psnr_people": psnr(frames, truth, people),
        "copy": psnr(source, truth, everywhere),
        "copy_people": psnr(source, truth, people),
        "first4": complete[:, :4],
        "last4": complete[:, -4:],
    }
    return {key: float(value.mean()) for key, value in numbers.items()}, frames


def draw_sheet(clip: HeldOutClips, frames: Tensor) -> list[Tensor]:
    """Rows [5, 3, H, W] of a sheet, two for each of the first clips: source and true frames, source and `frames`
    [B, T - 1, 3, H, W] as `validate` returns them."""
    columns = torch.tensor(SHOWN_FRAMES, device=frames.device)
    rows = []
    for index in range(min(SHOWN_CLIPS, len(frames))):
        source = clip.images[index, :1]
        rows += [torch.cat([source, clip.images[index, columns]]), torch.cat([source, frames[index, columns - 1]])]
    return rows
