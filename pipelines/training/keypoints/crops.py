"""Training crops of the keypoint network: rendered people pasted, turned and degraded on cluttered backgrounds.

`compose` makes crops of a pool of `keypoints.cutouts`; `keypoints.data.CropStream` calls it.

Legend: B batch, N people in a pool, S source size, H = W crop size, K = 17 COCO joints. Images are [B, 3, H, W]
in [0, 1] here.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.synthetic.rendering.noise import (
    chance,
    column,
    gaussian_blur,
    normal,
    pick,
    uniform,
)
from pipelines.training.data.augmentation import degrade, place, subset, swap_sides
from pipelines.training.data.things import add_things
from pipelines.training.keypoints.appearance import restyle
from pipelines.training.keypoints.cutouts import CropConfig, Cutouts

BACKGROUND_THINGS = (0.3, 0.25, 0.2, 0.15, 0.12, 0.1)  # sizes as fractions of the crop
FOREGROUND_THINGS = (0.32, 0.2)
CUT_OFF = 3  # index of the framing that shows the upper body only


class Crops(NamedTuple):
    """Images and what the network has to find in them."""

    images: Tensor
    """[B, 3, H, W] in [-1, 1]."""

    keypoints: Tensor
    """[B, K, 3]: x, y in pixels and a weight, 1 for a visible joint, 0.5 for one hidden behind something, 0 for one
    outside of the image or of nobody."""

    mask: Tensor
    """[B, 1, H, W]: visible coverage by the person, 0 to 1."""


def compose(config: CropConfig, pool: Cutouts, batch: int, generator: Generator) -> Crops:
    """`batch` crops with people of the pool on backgrounds, behind and in front of others."""
    order = torch.randperm(len(pool), generator=generator, device=generator.device)
    people = pool[order[:batch]]
    image = _draw_background(pool.backgrounds[order.roll(1)[:batch]], config.size, generator)
    image, _ = add_things(image, BACKGROUND_THINGS, config.clutter, generator)
    present = torch.ones(batch, 1, 1, 1, device=image.device)
    present[subset(generator, config.nobody, batch)] = 0
    scale, centre, joints, seen, layer = _place_person(config, people, generator)
    others = order.roll(batch // 2 + 1)[:batch]
    for share in (config.beside, config.beside / 2):
        others = others.roll(1)
        chosen, layers = _place_neighbours(config, pool, others, scale, centre, share, 0.12, generator)
        image[chosen] = _composite(image[chosen], layers * present[chosen], generator)
    image = image * (1 - _draw_contact_shadow(layer[:, 3:] * present, generator))
    image = _composite(image, layer * present, generator)
    chosen, layers = _place_neighbours(config, pool, others.roll(1), scale, centre, config.before, 0.3, generator)
    image[chosen] = _composite(image[chosen], layers * present[chosen], generator)
    image, covered = add_things(image, FOREGROUND_THINGS, config.occluder, generator)
    covered[chosen] = torch.maximum(covered[chosen], layers[:, 3:])
    weight = _weigh_joints(joints, seen, covered, config.size) * present[:, :, 0, 0]
    mask = layer[:, 3:] * present * (1 - covered)
    image = restyle(image, config.restyled, generator)
    worn = subset(generator, config.worn, batch)
    if len(worn):
        image[worn] = degrade(image[worn], generator)
    return Crops(image * 2 - 1, torch.cat([joints, weight[..., None]], -1), mask)


def _draw_background(sources: Tensor, size: int, generator: Generator) -> Tensor:
    """Backgrounds [B, 3, size, size] at any zoom, place and orientation, as crops of larger images [B, 3, S, S]."""
    batch, side = len(sources), sources.shape[-1]
    scale = uniform(generator, batch, low=1.02, high=1.9) * size / side
    middle = uniform(generator, batch, 2, low=-0.5, high=0.5) * (side - size / scale)[:, None] * 0.95 + (side - 1) / 2
    target = torch.full_like(middle, (size - 1) / 2)
    mirrored = chance(generator, 0.5, batch)
    return place(scale, torch.zeros_like(scale), mirrored, middle, target).warp(sources.float() / 255, size)


def _place_person(
    config: CropConfig, people: Cutouts, generator: Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The person whose joints are labels: its scale [B] and middle [B, 2], its joints in the crop [B, K, 2], which of
    them are visible [B, K], and its colours times coverage and coverage [B, 4, H, W]."""
    batch, size = len(people), config.size
    low, high = people.joints.amin(1), people.joints.amax(1)
    extent = (high - low).amax(1) * 1.15
    kind = pick(generator, config.framing, batch)
    bounds = torch.tensor([config.usual, (0.33, config.usual[0]), (0.98, 1.35), (1.3, 2.4)], device=kind.device)[kind]
    share = torch.lerp(bounds[:, 0], bounds[:, 1], uniform(generator, batch))
    scale = share * size / extent
    source = (low + high) / 2
    upper = people.joints[:, 5:13].mean(1) * 0.6 + people.joints[:, :5].mean(1) * 0.4
    source = torch.where((kind == CUT_OFF)[:, None], upper, source)
    free = (1 - share).clamp(min=0.12, max=0.35)[:, None]
    centre = (size - 1) / 2 + uniform(generator, batch, 2, low=-0.5, high=0.5) * free * size
    angle = normal(generator, batch) * 0.14
    angle = torch.where(chance(generator, 0.06, batch), uniform(generator, batch, low=-1.7, high=1.7), angle)
    mirrored = chance(generator, 0.5, batch)
    placement = place(scale, angle, mirrored, source, centre)
    joints = swap_sides(placement.points(people.joints), mirrored, COCO17_FLIP)
    seen = swap_sides(people.seen, mirrored, COCO17_FLIP)
    return scale, centre, joints, seen, placement.warp(people.layers, size)


def _place_neighbours(
    config: CropConfig, pool: Cutouts, others: Tensor, scale: Tensor, centre: Tensor, share: float, apart: float,
    generator: Generator,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Another person for a fraction `share` of the crops, not larger and not nearer to the centre.

    Returns:
        Indices of the chosen crops [C], and the layers [C, 4, H, W] to put there.
    """
    chosen = subset(generator, share, len(scale))
    people, count, size = pool[others[chosen]], len(chosen), config.size
    if count == 0:
        return chosen, scale.new_zeros(0, 4, size, size)
    scale = scale[chosen].clamp(max=size / config.source * 1.2) * uniform(generator, count, low=0.45, high=1.02)
    side = torch.where(chance(generator, 0.5, count), 1.0, -1.0)
    shift = side * size * uniform(generator, count, low=apart, high=0.6)
    target = centre[chosen] + torch.stack([shift, size * uniform(generator, count, low=-0.12, high=0.12)], -1)
    source = (people.joints.amin(1) + people.joints.amax(1)) / 2
    placement = place(scale, 0.1 * normal(generator, count), chance(generator, 0.5, count), source, target)
    return chosen, placement.warp(people.layers, size)


def _composite(image: Tensor, layer: Tensor, generator: Generator) -> Tensor:
    """A layer [B, 4, H, W] of colours times coverage and coverage, in its own light, over images [B, 3, H, W]."""
    gain = torch.exp(0.18 * normal(generator, len(image), 1) + 0.05 * normal(generator, len(image), 3))
    return image * (1 - layer[:, 3:]) + (layer[:, :3] * column(gain, 4)).clamp(0, 1)


def _draw_contact_shadow(coverage: Tensor, generator: Generator) -> Tensor:
    """Soft darkness around and below a person, [B, 1, H, W] in 0 to 0.5."""
    batch, size = len(coverage), coverage.shape[-1]
    small = coverage[..., ::4, ::4]
    soft = gaussian_blur(small, uniform(generator, batch, low=1.0, high=5.0), max_sigma=5.0)
    shift = int(0.02 * size / 4) + 1
    soft = F.interpolate(soft.roll((shift, shift), (2, 3)), size=(size, size), mode="bilinear")
    return soft * column(uniform(generator, batch, high=0.5) * chance(generator, 0.5, batch), 4)


def _weigh_joints(joints: Tensor, seen: Tensor, covered: Tensor, size: int) -> Tensor:
    """[B, K] weights: 1 visible, 0.5 hidden, 0 outside of the image."""
    inside = ((joints > -0.5) & (joints < size - 0.5)).all(-1)
    nearest = joints.round().long().clamp(0, size - 1)
    rows = torch.arange(len(joints), device=joints.device)[:, None]
    hidden = (covered[rows, 0, nearest[..., 1], nearest[..., 0]] > 0.5) | ~seen
    return inside * torch.where(hidden, 0.5, 1.0)
