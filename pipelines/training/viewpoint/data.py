"""Training data of the viewpoint network: rendered objects on white, cut out as badly as real ones, and other images.

`draw_labelled` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B images, H = W size. Images are in [-1, 1] unless said otherwise, cameras as in `models.turning`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from models.turning import SCALE, Camera
from models.viewpoint import FILL, OTHER
from pipelines.synthetic.clips import ClipConfig, sample_clip
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.cameras import sample_cameras
from pipelines.synthetic.objects.classes import CLASSES
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import chance, column, gaussian_blur, uniform
from pipelines.training.data.augmentation import degrade, place
from pipelines.training.data.object_sampler import SampleObjects

CATEGORY = "any"  # what is drawn
KINDS = (*CLASSES, OTHER)
VIEWS = 4  # of each object


@dataclass(frozen=True)
class Recipe:
    """Data and weights of the losses; the defaults trained the shipped network."""

    chunk: int = 256
    """Images per update; the whole batch is rendered at once."""
    others: float = 0.15
    """Fraction of the images that show no object."""
    level: float = 0.35
    """Fraction of the objects that are seen from elevation 0; the others from -10 to 40 degrees."""
    without: tuple[str, ...] = ()
    """Styles of objects that are never drawn, separated by commas; the validation measures them by themselves."""
    spoiled: float = 0.7
    """Fraction of the objects with the errors of cameras and of cutting out."""
    spread: float = 6.0
    """Standard deviation of the azimuth's target distribution, in degrees."""
    kind: float = 0.5
    """Weight of the kind's cross entropy; the azimuth's is 1."""
    elevation: float = 0.5
    """Weight of the log likelihoods of elevation and nearness."""
    frame: float = 3.0
    """Weight of the frame's error."""
    validation: int = 400
    """Number of held-out objects of each category, and of other images."""


@dataclass
class LabelledImages:
    """Images with what the network should say of them."""

    images: Tensor
    """[B, 3, H, W]."""
    shown: Tensor
    """Whether they show an object [B] bool; camera and frame are 0 where they don't."""
    kind: Tensor
    """Index in `KINDS` [B]; objects of other kinds have no front, so their azimuth means nothing."""
    folds: Tensor
    """Of the objects' rotational symmetry [B], see `Objects`: from so many azimuths each looks the same."""
    camera: Tensor
    """[B, 4], `Camera.stack`."""
    frame: Tensor
    """Where the object has its place, [B, 3] as in `models.viewpoint`."""

    def __getitem__(self, chosen: Tensor) -> "LabelledImages":
        return LabelledImages(*(tensor[chosen] for tensor in vars(self).values()))


def draw_labelled(
    recipe: Recipe, batch: int, size: int, generator: Generator, sample: SampleObjects = sample_objects
) -> LabelledImages:
    """`batch` images [3, size, size] on the generator's device, first the objects, then at least one other image.

    sample: puts the objects together.
    """
    rest = max(round(recipe.others * batch), 1)
    seen = draw_objects(recipe, batch - rest, size, generator, sample)
    kind = torch.full((rest,), KINDS.index(OTHER), device=generator.device)
    camera, frame = (labels.new_zeros(rest, labels.shape[1]) for labels in (seen.camera, seen.frame))
    shown = torch.zeros_like(kind, dtype=torch.bool)
    others = draw_others(rest, size, generator)
    return join([seen, LabelledImages(others, shown, kind, torch.ones_like(kind), camera, frame)])


def join(parts: Sequence[LabelledImages]) -> LabelledImages:
    """All images of the parts, in their order."""
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return LabelledImages(*(torch.cat(column) for column in columns))


def draw_objects(recipe: Recipe, batch: int, size: int, generator: Generator, sample: SampleObjects) -> LabelledImages:
    """Objects of all classes by any camera, some of them spoiled."""
    count = -(-batch // VIEWS)
    drawn = sample(category=CATEGORY, batch=count, generator=generator, without=recipe.without)
    views = render(drawn, sample_cameras(count, VIEWS, generator, level=recipe.level, varied=1.0), size=size)
    images, mask, camera = (part.flatten(0, 1)[:batch] for part in (views.images, views.mask, views.camera.stack()))
    kinds = torch.tensor([KINDS.index(name) for name in drawn.classes], device=generator.device)
    images, mask, frame = fill_frame(images, mask, Camera.unstack(camera).scale, generator)
    kind, folds = (each.repeat_interleave(VIEWS)[:batch] for each in (kinds, drawn.folds))
    shown = torch.ones_like(kind, dtype=torch.bool)
    return LabelledImages(_spoil(recipe, images, mask, generator), shown, kind, folds, camera, frame)


def draw_others(batch: int, size: int, generator: Generator) -> Tensor:
    """Places, people in places, people on white, or white with faint noise: [B, 3, size, size]."""
    config = ClipConfig(height=size, width=size, length=2)
    times = torch.zeros(batch, 1, dtype=torch.long, device=generator.device)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    people, mask = clip.images[:, 0], clip.mask[:, 0]
    white = torch.ones_like(people)
    cut, _, _ = fill_frame(torch.lerp(white, people, mask), mask, white[:, 0, 0, 0], generator)
    places = 2 * sample_backgrounds(batch, size, size, generator) - 1
    noise = 1 - 0.1 * torch.rand(people.shape, generator=generator, device=generator.device)
    which = torch.randint(4, (batch,), generator=generator, device=generator.device)
    choices = torch.stack([places, people, cut, noise])  # [4, B, 3, H, W]
    return choices[which, torch.arange(batch, device=generator.device)]


def fill_frame(
    images: Tensor, mask: Tensor, scale: Tensor, generator: Generator | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Move and scale objects so that they fill their images as the network expects; with a generator only roughly.

    images: [B, 3, H, W] as rendered, on white; mask: [B, 1, H, W] coverage; scale: [B] of the cameras.

    Returns:
        Images [B, 3, H, W], mask [B, 1, H, W], and the frame [B, 3] in which the rendered image would have the usual
        scale.
    """
    batch, size = len(images), images.shape[-1]
    columns, rows = _find_bounds(mask.amax(2)[:, 0] > 0.5), _find_bounds(mask.amax(3)[:, 0] > 0.5)
    box = torch.stack([columns, rows], 1).float()  # [B, x and y, first and last]
    target = torch.full((batch, 2), (size - 1) / 2, device=images.device)
    fill = torch.full((batch,), FILL, device=images.device)
    if generator:
        target = target + size * uniform(generator, batch, 2, low=-0.03, high=0.03)
        fill = fill * uniform(generator, batch, low=0.92, high=1.06)
    factor = fill * size / (box[..., 1] - box[..., 0] + 1).amax(1).clamp(min=8)
    straight = torch.zeros(batch, device=images.device)
    placement = place(factor, straight, straight.bool(), box.mean(-1), target)
    dark, mask = placement.warp(torch.cat([(1 - images) / 2, mask], 1), size).split([3, 1], 1)
    middle = placement.points(torch.full((batch, 1, 2), (size - 1) / 2, device=images.device))[:, 0]  # [B, 2]
    frame = torch.cat([(middle - (size - 1) / 2) / size, (factor * scale / SCALE).log()[:, None]], 1)
    return 1 - 2 * dark, mask, frame


def _find_bounds(line: Tensor) -> Tensor:
    """First and last true place of lines [B, N], [B, 2]."""
    count = line.shape[1]
    number = torch.arange(count, device=line.device)
    first = torch.where(line, number, count - 1).amin(1)
    return torch.stack([first, torch.where(line, number, 0).amax(1)], 1)


def _spoil(recipe: Recipe, images: Tensor, mask: Tensor, generator: Generator) -> Tensor:
    """Give some images [B, 3, H, W] the light, sharpness, noise and edges of photographs that were cut out."""
    batch = len(images)
    clean = (images + 1) / 2
    rough = degrade(clean.clone(), generator).clamp(0, 1)
    edge = gaussian_blur(mask, uniform(generator, batch, low=0.3, high=1.5), max_sigma=1.6)
    cut = ((edge - column(uniform(generator, batch, low=0.15, high=0.85), 4)) * 6 + 0.5).clamp(0, 1)
    background = column(uniform(generator, batch, 3, low=0.7, high=1.0), 4)  # what shines through at the edges
    rough = 1 - cut * (1 - (rough - (1 - mask) * (1 - background)).clamp(0, 1))
    spoiled = column(chance(generator, recipe.spoiled, batch), 4)
    return 2 * torch.where(spoiled, rough, clean) - 1
