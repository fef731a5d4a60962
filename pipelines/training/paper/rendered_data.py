"""Batches for the official recipes that the project renders itself.

B samples, T frames, H, W image size, N = B * T. Each function draws B samples on the generator's device.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from models.generators.view_codes import view_code
from pipelines.datasets.samples import Pair
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.data.structure_maps import person_structures, structure_maps
from pipelines.training.paper.configurations import Configuration, Recipe
from pipelines.training.paper.losses import TrueFlow
from pipelines.training.paper.pairs import Pairs
from pipelines.training.paper.sequences import Clips

LENGTH = 100  # frames of a motion
REFERENCES = 20  # the reference is one of the first, as in the authors' training

Draw = Callable[[int, torch.Generator], Any]


def drawing(configuration: Configuration, recipe: Recipe) -> Draw:
    """What renders batches for a configuration."""
    kind, _, category = configuration.name.partition("_")
    draws = {"pose": people_pairs, "dance": people_clips, "face": face_clips}
    if kind == "shapenet":
        return partial(object_pairs, category, recipe)
    return partial(draws[kind], configuration, recipe)


def people_pairs(configuration: Configuration, recipe: Recipe, batch: int, generator: torch.Generator) -> Pairs:
    """Two frames of a person's motion."""
    size = recipe.size, round(recipe.size * configuration.aspect)
    times = torch.randint(0, LENGTH, (batch, 2), generator=generator, device=generator.device)
    config = ClipConfig(height=size[0], width=size[1], length=LENGTH, actions=2)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    source, target = (person_structures(clip.coco[:, t], height=size[0], width=size[1]) for t in range(2))
    return Pairs(Pair(clip.images[:, 0], source, clip.images[:, 1], target), _true(clip, 1, 0))


def people_clips(configuration: Configuration, recipe: Recipe, batch: int, generator: torch.Generator) -> Clips:
    """Consecutive frames of a person's motion and a reference from its beginning."""
    device, length = generator.device, max(LENGTH, recipe.frames)
    start = torch.randint(0, length - recipe.frames + 1, (batch, 1), generator=generator, device=device)
    reference = torch.randint(0, REFERENCES, (batch, 1), generator=generator, device=device)
    times = torch.cat([reference, start + torch.arange(recipe.frames, device=device)], 1)
    config = ClipConfig(height=recipe.size, width=recipe.size, length=length)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    frames = range(1, recipe.frames + 1)
    return Clips(
        clip.images[:, 0],
        _skeletons(clip.coco[:, :1], COCO17_LIMBS, recipe.size)[:, 0],
        clip.images[:, 1:],
        _skeletons(clip.h36m[:, 1:], H36M17_LIMBS, recipe.size),
        clip.mask[:, 1:].round() if configuration.masked else None,
        _over_time([_true(clip, t, t - 1) for t in frames]),
        _over_time([_true(clip, t, 0) for t in frames]),
    )


def face_clips(configuration: Configuration, recipe: Recipe, batch: int, generator: torch.Generator) -> Clips:
    """A talking face; the first frame is the reference."""
    from pipelines.faces.face_maps import face_structure
    from pipelines.synthetic.talking.talking import sample_talking

    images, landmarks = sample_talking(batch=batch, frames=recipe.frames, size=recipe.size, generator=generator)
    pictures = ((images + 1) * 127.5).clamp(0, 255).byte().flatten(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    points = landmarks.flatten(0, 1).cpu().numpy()
    maps = [face_structure(*each, size=recipe.size) for each in zip(pictures, points, strict=True)]
    structures = torch.stack([torch.as_tensor(each) for each in maps]).to(images.device)
    structures = structures.unflatten(0, images.shape[:2])  # [B,T,16,H,W]
    return Clips(images[:, 0], structures[:, 0], images, structures)


def object_pairs(category: str, recipe: Recipe, batch: int, generator: torch.Generator) -> Pairs:
    """An object seen twice."""
    from pipelines.synthetic.objects import sample_views

    views = sample_views(category=category, batch=batch, size=recipe.size, generator=generator, views=2)
    source, target = (_codes(views.azimuth[:, v], views.elevation[:, v]).to(views.images) for v in range(2))
    return Pairs(Pair(views.images[:, 0], source, views.images[:, 1], target), TrueFlow(*views.flow(1, 0)[:2]))


def _codes(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """[B] degrees each -> [B, 21, 1, 1]."""
    return torch.stack([view_code(*view) for view in zip(azimuth.tolist(), elevation.tolist(), strict=True)])


def _skeletons(points: Tensor, limbs: tuple[tuple[int, int], ...], size: int) -> Tensor:
    """[B, T, 17, 2] -> [B, T, 20, size, size]."""
    flat = points.flatten(0, 1)
    present = torch.ones(flat.shape[:2], dtype=torch.bool, device=flat.device)
    return structure_maps(flat, limbs, size=size, present=present).unflatten(0, points.shape[:2])


def _true(clip: Clip, target: int, source: int) -> TrueFlow:
    return TrueFlow(*clip.flow(target, source)[:2])


def _over_time(flows: list[TrueFlow]) -> TrueFlow:
    return TrueFlow(*(torch.stack(column, 1) for column in zip(*flows, strict=True)))
