"""Held-out rendered clips and the numbers of a generator on them.

B clips, T frames, H, W image size; pictures in [-1, 1]; PSNR in dB for a range of 0..1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.generators.animation import AnimationGenerator, State
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.synthetic.clips import ClipConfig, sample_clip
from pipelines.training.data.structure_maps import structure_maps

VALIDATION_SEED = 20260


@dataclass
class HeldOut:
    """What validation needs of rendered clips: images [B, T, 3, H, W] in [-1, 1], coco and h36m [B, T, 17, 2] pixels,
    mask [B, T, 1, H, W] coverage by the person."""

    images: Tensor
    coco: Tensor
    h36m: Tensor
    mask: Tensor

    def __getitem__(self, clips: slice) -> "HeldOut":
        return HeldOut(self.images[clips], self.coco[clips], self.h36m[clips], self.mask[clips])

    def __len__(self) -> int:
        return len(self.images)


def render_validation(
    clips: int, frames: int, *, size: int, device: torch.device, seed: int = VALIDATION_SEED, at_once: int = 4
) -> HeldOut:
    """Clips that training never draws (another seed); frame 0 is the source, all frames are consecutive at 25 fps."""
    generator = torch.Generator(device)
    generator.manual_seed(seed)
    config = ClipConfig(height=size, width=size, length=frames)
    parts = []
    for start in range(0, clips, at_once):
        count = min(at_once, clips - start)
        times = torch.arange(frames, device=device).expand(count, -1)
        clip = sample_clip(config, batch=count, times=times, generator=generator)
        parts.append((clip.images, clip.coco, clip.h36m, clip.mask))
    return HeldOut(*(torch.cat(column) for column in zip(*parts, strict=True)))


@torch.no_grad()
def generate(model: AnimationGenerator, clip: HeldOut) -> Tensor:
    """Frames 1 ... T-1 made one after the other from frame 0: [B, T - 1, 3, H, W]."""
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
    return torch.stack(frames, 1)


def psnr(images: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """[B, T, 3, H, W] pictures and [B, T, 1, H, W] weights -> [B, T] dB of the weighted squared error."""
    error = ((images - truth) / 2).square() * weight
    mean = error.sum((2, 3, 4)) / (3 * weight.sum((2, 3, 4))).clamp(min=1)
    return -10 * torch.log10(mean.clamp(min=1e-10))


@torch.no_grad()
def validate(model: AnimationGenerator, clip: HeldOut, *, at_once: int = 8) -> tuple[dict[str, float], Tensor]:
    """Recurrent generation of every clip from its first frame, against the truth and against copying the source.

    Returns:
        PSNR means over frames: whole frame, inside the union of the source's and the target's person, copying the
        source (both), first and last 4 frames; and the generated frames [B, T - 1, 3, H, W].
    """
    frames = torch.cat([generate(model, clip[i : i + at_once]) for i in range(0, len(clip), at_once)])
    truth, source = clip.images[:, 1:], clip.images[:, :1].expand_as(clip.images[:, 1:])
    everywhere = torch.ones_like(clip.mask[:, 1:])
    people = torch.maximum(clip.mask[:, 1:], clip.mask[:, :1])
    whole = psnr(frames, truth, everywhere)
    numbers = {
        "psnr": whole,
        "psnr_people": psnr(frames, truth, people),
        "copy": psnr(source, truth, everywhere),
        "copy_people": psnr(source, truth, people),
        "first4": whole[:, :4],
        "last4": whole[:, -4:],
    }
    return {key: float(value.mean()) for key, value in numbers.items()}, frames
