"""Holes as they are to be filled in use: people grown by what their matte leaves uncertain, shapes and strokes.

In: rendered people without background. Out: holes, and what of the people and their shadows stays around the holes.
Called by `plate.data`.

Legend: B batch, H = W image size, S source size of the people. Masks are [B, 1, H, W] in 0 to 1.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.synthetic.rendering.backgrounds import random_shape
from pipelines.synthetic.rendering.noise import (
    chance,
    chance_column,
    column,
    gaussian_blur,
    pixel_grid,
    uniform,
    uniform_column,
)
from pipelines.training.data.augmentation import Placement, place
from pipelines.training.data.cutouts import Cutouts

ANKLES = (15, 16)  # COCO joints
SHADOW_CELL = 4  # pixels of a cell in which soft shadows are drawn
SHAPES = (0.45, 0.35, 0.25)  # sizes of holes that are shapes, as fractions of the picture
STROKES = 4  # lines of a hole that is drawn by hand


@dataclass
class People:
    """People placed on pictures."""

    layers: Tensor
    """Colours times coverage and coverage [B, 4, H, W]."""
    feet: Tensor
    """The ankles [B, 2, 2], x, y in pixels."""
    extent: Tensor
    """The longer side of the box around the joints [B, 1, 1, 1], in pixels."""


def place_people(people: Cutouts, size: int, share: Tensor, generator: Generator) -> People:
    """People on pictures of `size` pixels, each as large as `share` [B] of the side says, anywhere in its width.

    A share above 1 leaves the picture at its lower border.
    """
    batch = len(people)
    low, high = people.joints.amin(1), people.joints.amax(1)  # [B, 2]
    scale = share * size / ((high - low).amax(1) * 1.15)
    top = uniform(generator, batch) * (1 - share).clamp(min=0.2) * size
    across = uniform(generator, batch, low=0.1, high=0.9) * size
    down = top + 0.07 * share * size + (high - low)[:, 1] * scale / 2
    angle = 0.08 * (uniform(generator, batch) - 0.5)
    mirrored = chance(generator, 0.5, batch)
    placement = place(scale, angle, mirrored, (low + high) / 2, torch.stack([across, down], -1))
    return _warp(people, placement, size, share)


def _warp(people: Cutouts, placement: Placement, size: int, share: Tensor) -> People:
    feet = placement.points(people.joints[:, list(ANKLES)])
    return People(placement.warp(people.layers, size), feet, column(share * size / 1.15, 4))


def grow_people(people: People, careless: float, generator: Generator) -> Tensor:
    """Holes [B, 1, H, W], 0 or 1: where a matte sees anything of the person, grown by 2 to 6 pixels of 512.

    For a fraction `careless` the matte misses what covers less than half of a pixel, and the hole grows less.
    """
    coverage = people.layers[:, 3:]
    batch, size = len(coverage), coverage.shape[-1]
    missed = chance_column(generator, batch, careless)
    hole = (coverage > 0.02 + missed * uniform_column(generator, batch, 0, 0.5)).float()
    rounds = (uniform_column(generator, batch, 1, 4).floor() - missed).clamp(min=0)
    for growth in range(3):
        larger = hole
        for _ in range(max(1, round(size / 256))):
            larger = F.max_pool2d(larger, 3, 1, 1)
        hole = torch.where(rounds > growth, larger, hole)
    return hole


def contact_shadow(people: People, generator: Generator) -> tuple[Tensor, Tensor]:
    """Soft ellipses below both feet: how much they darken [B, 1, H, W], and where they are dark enough to be removed,
    0 or 1."""
    batch, _, _, size = people.layers.shape
    x, y = (axis * size for axis in pixel_grid(size, size, people.layers.device))
    wide = people.extent * uniform_column(generator, batch, 0.08, 0.2)
    high = people.extent * uniform_column(generator, batch, 0.02, 0.06)
    near = torch.full_like(people.layers[:, :1], torch.inf)
    for foot in people.feet.unbind(1):
        centre_x, centre_y = column(foot, 4).unsqueeze(2).unbind(1)  # [B, 1, 1, 1]
        centre_y = centre_y + 0.045 * people.extent
        near = torch.minimum(near, ((x - centre_x) / wide).square() + ((y - centre_y) / high).square())
    strength = uniform_column(generator, batch, 0.1, 0.6) * chance_column(generator, batch, 0.6)
    reach = uniform_column(generator, batch, 0.5, 2.0) * chance_column(generator, batch, 0.75)
    return strength * torch.exp(-near), ((near < reach) & (strength > 0)).float()


def projected_shadow(people: People, generator: Generator) -> Tensor:
    """How much the people's shadows darken [B, 1, H, W]: their outline laid on the floor, or thrown on the wall behind,
    blurred: a third of the samples each."""
    batch, _, _, size = people.layers.shape
    wall, floor = chance_column(generator, batch, 0.33), chance_column(generator, batch, 0.33)
    squash = uniform_column(generator, batch, 0.15, 0.6) * (1 - 2 * chance_column(generator, batch, 0.5))
    squash, shear = torch.where(wall > 0, 1.0, squash), uniform_column(generator, batch, -1.2, 1.2) * (1 - wall)
    foot_y = column(people.feet[:, :, 1].mean(1), 4)
    x, y = (axis * size for axis in pixel_grid(size // SHADOW_CELL, size // SHADOW_CELL, people.layers.device))
    shift = people.extent * uniform_column(generator, batch, -0.2, 0.2) * wall
    above = (y - foot_y) / squash
    source = torch.stack(torch.broadcast_tensors(x - shift - shear * (y - foot_y), foot_y + above), -1)[:, 0]
    small = F.avg_pool2d(people.layers[:, 3:], SHADOW_CELL)
    thrown = F.grid_sample(small, 2 * source / size - 1, align_corners=False)
    limit = 0.03 * size / SHADOW_CELL
    thrown = gaussian_blur(thrown, uniform(generator, batch, low=0.1, high=1) * limit, max_sigma=limit)
    thrown = F.interpolate(thrown, size=(size, size), mode="bilinear", align_corners=False)
    strength = uniform_column(generator, batch, 0.05, 0.5) * torch.maximum(wall, floor)
    return strength * thrown


def draw_shapes(batch: int, size: int, generator: Generator, *, device: torch.device) -> Tensor:
    """Holes [B, 1, H, W], 0 or 1: up to three boxes, bars or ellipses, some beyond the border of the picture."""
    x, y = pixel_grid(size, size, device)
    hole = torch.zeros(batch, 1, size, size, device=device)
    for number, extent in enumerate(SHAPES):
        shape = random_shape(x, y, batch, extent, generator)
        hole = torch.maximum(hole, shape * (chance_column(generator, batch, 0.5) if number else 1.0))
    return (hole > 0).float()


def draw_strokes(batch: int, size: int, generator: Generator, *, device: torch.device) -> Tensor:
    """Holes [B, 1, H, W], 0 or 1: thick lines, each from where the last one ended."""
    x, y = pixel_grid(size, size, device)
    start = uniform(generator, batch, 2, low=-0.1, high=1.1)
    thick = uniform_column(generator, batch, 0.01, 0.09)
    hole = torch.zeros(batch, 1, size, size, device=device)
    for _ in range(STROKES):
        step = uniform(generator, batch, 2, low=-0.4, high=0.4)
        dx, dy = x - column(start[:, :1], 4), y - column(start[:, 1:], 4)
        step_x, step_y = column(step[:, :1], 4), column(step[:, 1:], 4)
        along = ((dx * step_x + dy * step_y) / (step_x**2 + step_y**2).clamp(min=1e-6)).clamp(0, 1)
        away = (dx - along * step_x).square() + (dy - along * step_y).square()
        hole = torch.maximum(hole, (away < thick.square()).float())
        start = start + step
    return hole
