"""Training data of the segmentation network: rendered objects in rendered places, with their shadows on the ground.

`draw_scenes` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B pictures, H = W size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from models.turning import Camera
from pipelines.synthetic.objects import Objects, render, sample_objects
from pipelines.synthetic.objects.cameras import sample_cameras
from pipelines.synthetic.objects.film import Film
from pipelines.synthetic.objects.shadows import render_shadow
from pipelines.synthetic.rendering.backgrounds import paint_studio, sample_backgrounds
from pipelines.synthetic.rendering.noise import (
    chance,
    chance_column,
    column,
    gaussian_blur,
    pixel_grid,
    soft_step,
    spectral_noise,
    uniform,
    uniform_column,
)
from pipelines.synthetic.rendering.palettes import GROUNDS, from_table
from pipelines.training.data.augmentation import degrade, place, subset
from pipelines.training.data.object_sampler import SampleObjects

VIEWS = 2  # of each object
CELL = 2  # pixels of the picture per pixel of a shadow, which is soft
LARGEST_BLUR = 0.03  # of a shadow, in sides of the picture


@dataclass(frozen=True)
class Recipe:
    """Data and weights of the losses."""

    size: int = 256
    """Height and width of the pictures, in pixels."""
    chunk: int = 64
    """Pictures per update; the whole batch is rendered at once."""
    plain: float = 0.15
    """Fraction of the pictures in front of paper or a plain wall."""
    ground: float = 0.35
    """Fraction that gets a floor of its own below the object."""
    shadow: float = 0.8
    """Fraction of the objects that throw a shadow on the ground."""
    beside: float = 0.3
    """Fraction with another object behind, which is no foreground."""
    cut: float = 0.15
    """Fraction of the objects that reach beyond the picture."""
    worn: float = 0.6
    """Fraction that went through a camera and a codec."""
    overlap: float = 1.0
    """Weight of one minus the overlap; the cross entropy's is 1."""
    edge: float = 2.0
    """Additional weight of the cross entropy near the object's edge."""
    validation: int = 200
    """Number of held-out pictures."""


@dataclass
class Scenes:
    """Pictures with what is foreground in them."""

    image: Tensor
    """[B, 3, H, W] in [-1, 1]."""
    coverage: Tensor
    """By the object, [B, 1, H, W] in 0..1."""

    def __getitem__(self, chosen: Tensor | slice) -> "Scenes":
        return Scenes(self.image[chosen], self.coverage[chosen])

    def __len__(self) -> int:
        return len(self.image)


@dataclass
class _Layers:
    """Objects without a background."""

    colour: Tensor
    """Colours times coverage [B, 3, H, W] in 0..1."""
    coverage: Tensor
    """[B, 1, H, W]."""
    shadow: Tensor
    """How much light their shadows take [B, 1, H, W], 0..1."""
    foot: Tensor
    """Height of their lowest pixel in the picture [B], 0 top .. 1 bottom."""

    def __getitem__(self, chosen: Tensor | slice) -> "_Layers":
        return _Layers(*(tensor[chosen] for tensor in vars(self).values()))


def join(parts: Sequence[Scenes]) -> Scenes:
    """All pictures of the parts, in order."""
    return Scenes(torch.cat([part.image for part in parts]), torch.cat([part.coverage for part in parts]))


def draw_scenes(recipe: Recipe, batch: int, generator: Generator, sample: SampleObjects = sample_objects) -> Scenes:
    """Render `batch` pictures on the generator's device; `sample` puts the objects together."""
    layers = _place_objects(recipe, _render_objects(recipe, batch, generator, sample), generator)
    order = torch.randperm(batch, generator=generator, device=generator.device)
    layers = layers[order]
    picture = _draw_places(recipe, batch, generator)
    picture = _lay_ground(recipe, picture, layers.foot, generator)
    picture = _add_neighbours(recipe, picture, layers, generator)
    picture = picture * (1 - layers.shadow)
    coverage = layers.coverage
    picture = picture * (1 - coverage) + _tint(layers, picture, generator)
    worn = subset(generator, recipe.worn, batch)
    if len(worn):
        picture[worn] = degrade(picture[worn], generator)
    return Scenes(picture.clamp(0, 1) * 2 - 1, coverage)


def _render_objects(recipe: Recipe, batch: int, generator: Generator, sample: SampleObjects) -> _Layers:
    """Objects of all classes and their shadows, as rendered: in the middle, all of them in the picture."""
    count, size, device = -(-batch // VIEWS), recipe.size, generator.device
    objects = sample(category="any", batch=count, generator=generator, closed=True)
    light = replace(objects.light, flat=objects.light.flat & chance(generator, 0.3, count))
    objects = replace(objects, light=light, film=Film.plain(count, device))
    camera = sample_cameras(count, VIEWS, generator, level=0.1, varied=1.0)
    camera = replace(camera, elevation=camera.elevation.clamp(min=0))
    views = render(objects, camera, size=size)
    shadow = torch.stack([_cast_shadow(recipe, objects, camera[:, view], generator) for view in range(VIEWS)], 1)
    images, coverage, shadow = (each.flatten(0, 1)[:batch] for each in (views.images, views.mask, shadow))
    colour = (images + 1) / 2 - (1 - coverage)
    return _Layers(colour.clamp(0, 1), coverage, shadow, torch.zeros(len(images), device=device))


def _cast_shadow(recipe: Recipe, objects: Objects, camera: Camera, generator: Generator) -> Tensor:
    """How much light the objects take from the ground [B, 1, H, W]: near their feet, and beside their first lamp."""
    batch, size = len(objects.classes), recipe.size // CELL
    total = torch.zeros(batch, 1, size, size, device=generator.device)
    above = torch.tensor([0.0, 0.0, 1.0], device=generator.device).expand(batch, 3)
    for lamp, strongest, blur in ((above, 0.7, LARGEST_BLUR), (objects.light.lamp[:, 0], 0.55, 0.5 * LARGEST_BLUR)):
        dark = render_shadow(objects, camera, lamp, size=size)
        sigma = uniform(generator, batch, low=0.2, high=1.0) * blur * size
        dark = gaussian_blur(dark, sigma, max_sigma=blur * size)
        strength = uniform_column(generator, batch, 0.15, strongest) * chance_column(generator, batch, recipe.shadow)
        total = torch.maximum(total, strength * dark)
    return F.interpolate(total, size=(recipe.size, recipe.size), mode="bilinear")


def _place_objects(recipe: Recipe, layers: _Layers, generator: Generator) -> _Layers:
    """Move, scale and mirror what was rendered; objects of the fraction `cut` reach beyond the picture."""
    batch, size = len(layers.coverage), recipe.size
    box = _find_box(layers.coverage)  # [B, x and y, first and last]
    extent, middle = (box[..., 1] - box[..., 0]).clamp(min=8), box.mean(-1)
    fill = uniform(generator, batch, low=0.35, high=0.95)
    scale = fill * size / extent.amax(1)
    room = (size - scale[:, None] * extent).clamp(min=0) / 2
    shift = room * uniform(generator, batch, 2, low=-1.0)
    beyond = chance(generator, recipe.cut, batch, 1)
    shift = torch.where(beyond, size * 0.4 * uniform(generator, batch, 2, low=-1.0), shift)
    target = (size - 1) / 2 + shift * torch.tensor([1.0, 0.8], device=shift.device)
    straight = torch.zeros(batch, device=shift.device)
    placement = place(scale, straight, chance(generator, 0.5, batch), middle, target)
    stacked = placement.warp(torch.cat([layers.colour, layers.coverage, layers.shadow], 1), size)
    colour, coverage, shadow = stacked.split([3, 1, 1], 1)
    foot = (target[:, 1] + scale * extent[:, 1] / 2) / size
    return _Layers(colour, coverage, shadow, foot)


def _find_box(coverage: Tensor) -> Tensor:
    """First and last column and row of masks [B, 1, H, W]: [B, 2, 2]."""
    found = []
    for axis in (2, 3):
        line = coverage.amax(axis)[:, 0] > 0.5
        number = torch.arange(line.shape[1], device=line.device)
        first = torch.where(line, number, line.shape[1] - 1).amin(1)
        found.append(torch.stack([first, torch.where(line, number, 0).amax(1)], -1))
    return torch.stack(found, 1).float()


def _draw_places(recipe: Recipe, batch: int, generator: Generator) -> Tensor:
    """Places [B, 3, H, W] in 0..1; half of them are the others, mirrored in another exposure."""
    drawn = sample_backgrounds(-(-batch // 2), recipe.size, recipe.size, generator)
    plain = subset(generator, recipe.plain, len(drawn))
    if len(plain):
        drawn[plain] = paint_studio(len(plain), recipe.size, recipe.size, generator).clamp(0, 1)
    exposure = column(uniform(generator, len(drawn), 3, low=0.75, high=1.0), 4)
    return torch.cat([drawn, drawn.flip(-1) * exposure])[:batch]


def _lay_ground(recipe: Recipe, picture: Tensor, foot: Tensor, generator: Generator) -> Tensor:
    """The places, some with a floor that begins above the object's foot [B]."""
    batch, _, height, width = picture.shape
    _, y = pixel_grid(height, width, picture.device)
    begin = column(foot - uniform(generator, batch, low=0.02, high=0.35), 4)
    colour = from_table(GROUNDS, torch.randint(len(GROUNDS), (batch,), generator=generator, device=picture.device))
    grain = spectral_noise(batch, 1, height, width, generator, slope=1.0, stretch=0.25)
    floor = column(colour, 4) * (1 + 0.12 * grain) * (1 + 0.3 * (y - begin))
    soft = uniform_column(generator, batch, 0.004, 0.06)
    shown = soft_step(y - begin, soft) * chance_column(generator, batch, recipe.ground)
    return torch.lerp(picture, floor.clamp(0, 1), shown.expand_as(picture))


def _add_neighbours(recipe: Recipe, picture: Tensor, layers: _Layers, generator: Generator) -> Tensor:
    """The places, some with the next sample's object, smaller and farther away."""
    batch, size = len(picture), picture.shape[-1]
    other = layers[torch.arange(batch, device=picture.device).roll(1)]
    stacked = torch.cat([other.colour, other.coverage, other.shadow], 1)
    middle = torch.full((batch, 2), (size - 1) / 2, device=picture.device)
    side = torch.where(chance(generator, 0.5, batch), 1.0, -1.0) * uniform(generator, batch, low=0.2, high=0.5) * size
    target = torch.stack(
        [middle[:, 0] + side, middle[:, 1] + size * uniform(generator, batch, low=-0.15, high=0.05)], 1
    )
    scale = uniform(generator, batch, low=0.3, high=0.7)
    straight = torch.zeros(batch, device=picture.device)
    placement = place(scale, straight, chance(generator, 0.5, batch), middle, target)
    moved = placement.warp(stacked, size) * chance_column(generator, batch, recipe.beside)
    colour, coverage, shadow = moved.split([3, 1, 1], 1)
    return picture * (1 - shadow) * (1 - coverage) + colour


def _tint(layers: _Layers, picture: Tensor, generator: Generator) -> Tensor:
    """The objects' colours times coverage [B, 3, H, W], as bright and as warm as light in the place about is."""
    batch = len(picture)
    mean = picture.mean((2, 3), keepdim=True).clamp(min=0.05)
    bright = mean.mean(1, keepdim=True)
    warmth = (mean / bright).lerp(torch.ones_like(mean), uniform_column(generator, batch, 0.4, 1.0))
    level = (bright / 0.5).pow(uniform_column(generator, batch, 0.0, 0.7)).clamp(0.35, 1.4)
    return layers.coverage * (layers.colour / layers.coverage.clamp(min=1e-3) * warmth * level).clamp(0, 1)
