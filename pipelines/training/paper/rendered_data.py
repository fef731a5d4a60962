"""Batches for the authors' configurations that the project renders itself; called by `paper.data`.

Each function draws B samples on the generator's device.

Legend: B samples, T frames, S structure channels, H, W image size. Images are in [-1, 1].
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from models.generators.view_codes import view_code
from pipelines.datasets.samples import Pair
from pipelines.keypoints.layouts import COCO17_LIMBS, H36M17_LIMBS
from pipelines.media.tensors import tensor_to_image
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.data.structure_maps import person_structures, structure_maps
from pipelines.training.paper.configurations import Configuration
from pipelines.training.paper.losses import TrueFlow
from pipelines.training.paper.pairs import Pairs
from pipelines.training.paper.sequences import Clips
from pipelines.training.paper.settings import Recipe

MOTION_FRAMES = 100  # of a motion
REFERENCE_FRAMES = 20  # the reference is one of the first, as in the authors' training

Draw = Callable[[int, Generator], Any]


def choose_renderer(configuration: Configuration, recipe: Recipe) -> Draw:
    """The function that renders samples for a configuration: draw(count, generator) -> batch."""
    renderers = {"pose": draw_people_pairs, "dance": draw_people_clips, "face": draw_face_clips}
    renderers["shapenet"] = draw_object_pairs
    return partial(renderers[configuration.name.partition("_")[0]], configuration, recipe)


def draw_people_pairs(configuration: Configuration, recipe: Recipe, batch: int, generator: Generator) -> Pairs:
    """Two frames of a person's motion."""
    size = recipe.size, round(recipe.size * configuration.aspect)
    times = torch.randint(0, MOTION_FRAMES, (batch, 2), generator=generator, device=generator.device)
    config = ClipConfig(height=size[0], width=size[1], length=MOTION_FRAMES, actions=2)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    source, target = (person_structures(clip.coco[:, t], height=size[0], width=size[1]) for t in range(2))
    return Pairs(Pair(clip.images[:, 0], source, clip.images[:, 1], target), _true_flow(clip, 1, 0))


def draw_people_clips(configuration: Configuration, recipe: Recipe, batch: int, generator: Generator) -> Clips:
    """Consecutive frames of a person's motion and a reference from its beginning."""
    device, length = generator.device, max(MOTION_FRAMES, recipe.frames)
    start = torch.randint(0, length - recipe.frames + 1, (batch, 1), generator=generator, device=device)
    reference = torch.randint(0, REFERENCE_FRAMES, (batch, 1), generator=generator, device=device)
    times = torch.cat([reference, start + torch.arange(recipe.frames, device=device)], 1)  # [B, 1 + T]
    config = ClipConfig(height=recipe.size, width=recipe.size, length=length)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    frames = range(1, recipe.frames + 1)
    return Clips(
        clip.images[:, 0],
        _draw_structures(clip.coco[:, :1], COCO17_LIMBS, recipe.size)[:, 0],
        clip.images[:, 1:],
        _draw_structures(clip.h36m[:, 1:], H36M17_LIMBS, recipe.size),
        clip.mask[:, 1:].round() if configuration.masked else None,
        _stack_frames([_true_flow(clip, t, t - 1) for t in frames]),
        _stack_frames([_true_flow(clip, t, 0) for t in frames]),
    )


def draw_face_clips(configuration: Configuration, recipe: Recipe, batch: int, generator: Generator) -> Clips:
    """A talking face; the first frame is the reference."""
    from pipelines.faces.face_maps import face_structure
    from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip

    config = HeadClipConfig(height=recipe.size, width=recipe.size, length=recipe.frames)
    times = torch.arange(recipe.frames, device=generator.device).expand(batch, -1)
    clip = sample_head_clip(config, batch=batch, times=times, generator=generator)
    images, landmarks = clip.images, clip.face
    pixels = tensor_to_image(images.flatten(0, 1), rounding="truncate")  # [B * T, H, W, 3]
    points = landmarks.flatten(0, 1).cpu().numpy()
    maps = [face_structure(*each, size=recipe.size) for each in zip(pixels, points, strict=True)]
    structures = torch.stack([torch.as_tensor(each) for each in maps]).to(images.device)
    structures = structures.unflatten(0, images.shape[:2])  # [B, T, 16, H, W]
    return Clips(images[:, 0], structures[:, 0], images, structures)


def draw_object_pairs(configuration: Configuration, recipe: Recipe, batch: int, generator: Generator) -> Pairs:
    """A car or a chair from two sides."""
    from pipelines.synthetic.objects import sample_views

    category = configuration.name.removeprefix("shapenet_")
    views = sample_views(category=category, batch=batch, size=recipe.size, generator=generator, views=2)
    source, target = (
        _encode_views(views.camera.azimuth[:, v], views.camera.elevation[:, v]).to(views.images) for v in range(2)
    )
    return Pairs(Pair(views.images[:, 0], source, views.images[:, 1], target), TrueFlow(*views.flow(1, 0)[:2]))


def _encode_views(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Angles [B] each, in degrees -> [B, 21, 1, 1]."""
    return torch.stack([view_code(*view) for view in zip(azimuth.tolist(), elevation.tolist(), strict=True)])


def _draw_structures(points: Tensor, limbs: tuple[tuple[int, int], ...], size: int) -> Tensor:
    """Joints [B, T, 17, 2] in pixels -> structure maps [B, T, 20, size, size]."""
    flat = points.flatten(0, 1)
    present = torch.ones(flat.shape[:2], dtype=torch.bool, device=flat.device)
    return structure_maps(flat, limbs, size=size, present=present).unflatten(0, points.shape[:2])


def _true_flow(clip: Clip, target: int, source: int) -> TrueFlow:
    return TrueFlow(*clip.flow(target, source)[:2])


def _stack_frames(flows: list[TrueFlow]) -> TrueFlow:
    """Flows of single frames [B, ...] as one of clips [B, T, ...]."""
    return TrueFlow(*(torch.stack(column, 1) for column in zip(*flows, strict=True)))
