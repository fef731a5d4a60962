"""What the viewpoint network is trained on: rendered objects on white as badly cut out as real ones, and other things.

B pictures, H = W size; pictures in [-1, 1] unless said otherwise.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from models.viewpoint import FILL, KINDS
from pipelines.synthetic.clips import ClipConfig, sample_clip
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.car_measures import CARS
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import chance, column, gaussian_blur, uniform
from pipelines.training.data.augmentation import degrade, place

CAR, CHAIR, OTHER = range(len(KINDS))
VIEWS = 4  # of each object


@dataclass(frozen=True)
class Recipe:
    """Data and losses of the viewpoint network.

    chunk: pictures per update, of a batch that is rendered at once; others: share of pictures that show neither;
    highest: elevations, degrees; level: share of views from elevation 0; spoiled: share with the errors of cameras and
    cutting out; spread: of the azimuth's target, degrees; kind, elevation, frame: weights beside the azimuth's;
    validation: unseen objects of each category.
    """

    chunk: int = 256
    others: float = 0.15
    highest: float = 30.0
    level: float = 0.5
    spoiled: float = 0.7
    spread: float = 6.0
    kind: float = 0.5
    elevation: float = 0.2
    frame: float = 3.0
    validation: int = 400


@dataclass
class Labelled:
    """images [B, 3, H, W]; kind [B] of `models.viewpoint.KINDS`; of objects azimuth, elevation [B] degrees and frame
    [B, 3] as in `models.viewpoint`."""

    images: Tensor
    kind: Tensor
    azimuth: Tensor
    elevation: Tensor
    frame: Tensor


def sample(recipe: Recipe, batch: int, size: int, generator: Generator) -> Labelled:
    """A training batch on the generator's device; the objects come first."""
    rest = max(round(recipe.others * batch), 1)
    seen = objects(recipe, batch - rest, size, generator)
    kind = torch.full((rest,), OTHER, device=generator.device)
    nowhere = seen.frame.new_zeros(rest, 3)
    unknown = Labelled(others(rest, size, generator), kind, nowhere[:, 0], nowhere[:, 0], nowhere)
    pairs = zip(vars(seen).values(), vars(unknown).values(), strict=True)
    return Labelled(*(torch.cat(pair) for pair in pairs))


def objects(recipe: Recipe, batch: int, size: int, generator: Generator) -> Labelled:
    """Cars and chairs from any side, some of them spoiled."""
    count = -(-batch // VIEWS)
    drawn = sample_objects(category="all", batch=count, generator=generator)
    azimuth = uniform(generator, count, VIEWS, high=360.0)
    level = chance(generator, recipe.level, count, VIEWS)
    elevation = uniform(generator, count, VIEWS, high=recipe.highest).masked_fill(level, 0.0)
    views = render(drawn, azimuth, elevation, size=size)
    images, mask = (part.flatten(0, 1)[:batch] for part in (views.images, views.mask))
    kinds = torch.tensor([CAR if kind in CARS else CHAIR for kind in drawn.kinds], device=generator.device)
    kind, azimuth, elevation = (
        label.flatten()[:batch] for label in (kinds[:, None].expand(-1, VIEWS), azimuth, elevation)
    )
    images, mask, frame = filling(images, mask, generator)
    return Labelled(_spoiled(recipe, images, mask, generator), kind, azimuth, elevation, frame)


def others(batch: int, size: int, generator: Generator) -> Tensor:
    """Places, people in places, people on white, white with a veil of noise: [B, 3, H, W]."""
    config = ClipConfig(height=size, width=size, length=2)
    times = torch.zeros(batch, 1, dtype=torch.long, device=generator.device)
    clip = sample_clip(config, batch=batch, times=times, generator=generator)
    people, mask = clip.images[:, 0], clip.mask[:, 0]
    cut, _, _ = filling(torch.lerp(torch.ones_like(people), people, mask), mask, generator)
    places = 2 * sample_backgrounds(batch, size, size, generator) - 1
    veil = 1 - 0.1 * torch.rand(people.shape, generator=generator, device=generator.device)
    which = torch.randint(4, (batch,), generator=generator, device=generator.device)
    choices = torch.stack([places, people, cut, veil])
    return choices[which, torch.arange(batch, device=generator.device)]


def filling(images: Tensor, mask: Tensor, generator: Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Objects that fill their pictures as the network wants it, about so with a generator.

    images: [B, 3, H, W] as rendered, on white; mask: [B, 1, H, W] coverage.

    Returns:
        Images and mask of the same size, and the frame [B, 3] that the rendered picture was.
    """
    batch, size = len(images), images.shape[-1]
    low, high = _bounds(mask.amax(2)[:, 0] > 0.5), _bounds(mask.amax(3)[:, 0] > 0.5)
    box = torch.stack([low, high], 1).float()  # [B, x and y, first and last]
    target = torch.full((batch, 2), (size - 1) / 2, device=images.device)
    fill = torch.full((batch,), FILL, device=images.device)
    if generator:
        target = target + size * uniform(generator, batch, 2, low=-0.03, high=0.03)
        fill = fill * uniform(generator, batch, low=0.92, high=1.06)
    scale = fill * size / (box[..., 1] - box[..., 0] + 1).amax(1).clamp(min=8)
    straight = torch.zeros(batch, device=images.device)
    there = place(scale, straight, straight.bool(), box.mean(-1), target)
    dark, mask = there.warp(torch.cat([(1 - images) / 2, mask], 1), size).split([3, 1], 1)
    middle = there.points(torch.full((batch, 1, 2), (size - 1) / 2, device=images.device))[:, 0]
    frame = torch.cat([(middle - (size - 1) / 2) / size, scale.log()[:, None]], 1)
    return 1 - 2 * dark, mask, frame


def _bounds(line: Tensor) -> Tensor:
    """First and last true place of lines [B, N], [B, 2]."""
    count = line.shape[1]
    number = torch.arange(count, device=line.device)
    first = torch.where(line, number, count - 1).amin(1)
    return torch.stack([first, torch.where(line, number, 0).amax(1)], 1)


def _spoiled(recipe: Recipe, images: Tensor, mask: Tensor, generator: Generator) -> Tensor:
    """Some of them with the light, sharpness, noise and edges of pictures that were cut out."""
    batch = len(images)
    clean = (images + 1) / 2
    rough = degrade(clean.clone(), generator).clamp(0, 1)
    edge = gaussian_blur(mask, uniform(generator, batch, low=0.3, high=1.5), max_sigma=1.6)
    cut = ((edge - column(uniform(generator, batch, low=0.15, high=0.85), 4)) * 6 + 0.5).clamp(0, 1)
    ground = column(uniform(generator, batch, 3, low=0.7, high=1.0), 4)  # what shines through at the edges
    rough = 1 - cut * (1 - (rough - (1 - mask) * (1 - ground)).clamp(0, 1))
    spoiled = column(chance(generator, recipe.spoiled, batch), 4)
    return 2 * torch.where(spoiled, rough, clean) - 1
