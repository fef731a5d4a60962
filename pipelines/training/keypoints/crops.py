"""Training crops of the keypoint network: rendered people pasted, turned and degraded on cluttered backgrounds.

`compose` makes crops of a pool of people and furniture; `keypoints.data.CropStream` calls it.

Legend: B batch, N people in a pool, S source size, H = W crop size, K = 17 COCO joints. Images are [B, 3, H, W]
in [0, 1] here.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    chance,
    column,
    gaussian_blur,
    normal,
    uniform,
)
from pipelines.training.data.augmentation import degrade, place, subset
from pipelines.training.data.cutouts import Cutouts
from pipelines.training.data.things import add_things
from pipelines.training.keypoints.appearance import restyle
from pipelines.training.keypoints.framing import CropConfig, Framing, frame_people
from pipelines.training.keypoints.pool import Pool, place_furniture

BACKGROUND_THINGS = (0.3, 0.25, 0.2, 0.15, 0.12, 0.1)  # sizes as fractions of the crop
FOREGROUND_THINGS = (0.32, 0.2)
SMALL = 0.3  # size of a person from afar, in parts of the one in the crop


class Crops(NamedTuple):
    """Images and what the network has to find in them."""

    images: Tensor
    """[B, 3, H, W] in [-1, 1]."""

    keypoints: Tensor
    """[B, K, 3]: x, y in pixels and a weight, 1 for a visible joint, 0.5 for one hidden behind something, 0 for one
    outside of the picture or of nobody."""

    mask: Tensor
    """[B, 1, H, W]: visible coverage by the person, 0 to 1."""


def compose(config: CropConfig, pool: Pool, batch: int, generator: Generator) -> Crops:
    """`batch` crops with people of the pool on backgrounds, behind and in front of others and of furniture."""
    everybody = pool.people
    order = torch.randperm(len(everybody), generator=generator, device=generator.device)
    people = everybody[order[:batch]]
    image = _draw_background(everybody.backgrounds[order.roll(1)[:batch]], config.size, generator)
    image, _ = add_things(image, BACKGROUND_THINGS, config.clutter, generator)
    present = torch.ones(batch, 1, 1, 1, device=image.device)
    present[subset(generator, config.nobody, batch)] = 0
    framing = frame_people(config, people, generator)
    layer = framing.layers * present
    others = order.roll(batch // 2 + 1)[:batch]
    for share in (config.beside, config.beside / 2):
        others = others.roll(1)
        chosen, layers = _place_neighbours(config, everybody, others, framing, share, 0.12, generator)
        image[chosen] = _composite(image[chosen], layers * present[chosen], generator)
    image = image * (1 - _draw_contact_shadow(layer[:, 3:], generator))
    image = _composite(image, layer, generator)
    chosen, layers = _place_neighbours(config, everybody, others.roll(1), framing, config.before, 0.3, generator)
    image[chosen] = _composite(image[chosen], layers * present[chosen], generator)
    image, covered = add_things(image, FOREGROUND_THINGS, config.occluder, generator)
    covered[chosen] = torch.maximum(covered[chosen], layers[:, 3:])
    _add_furniture(image, covered, framing.furniture, pool.furniture, generator)
    inside = _find_inside(framing.picture, config.size)
    weight = _weigh_joints(framing, covered, config.size) * present[:, :, 0, 0]
    image = _photograph(config, image, generator)
    return Crops(
        (image * 2 - 1) * inside,
        torch.cat([framing.joints, weight[..., None]], -1),
        layer[:, 3:] * (1 - covered) * inside,
    )


def _draw_background(sources: Tensor, size: int, generator: Generator) -> Tensor:
    """Backgrounds [B, 3, size, size] at any zoom, place and orientation, as crops of larger images [B, 3, S, S]."""
    batch, side = len(sources), sources.shape[-1]
    scale = uniform(generator, batch, low=1.02, high=1.9) * size / side
    middle = uniform(generator, batch, 2, low=-0.5, high=0.5) * (side - size / scale)[:, None] * 0.95 + (side - 1) / 2
    target = torch.full_like(middle, (size - 1) / 2)
    mirrored = chance(generator, 0.5, batch)
    return place(scale, torch.zeros_like(scale), mirrored, middle, target).warp(sources.float() / 255, size)


def _place_neighbours(
    config: CropConfig, everybody: Cutouts, others: Tensor, framing: Framing, share: float, apart: float,
    generator: Generator,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Another person for a fraction `share` of the crops, not larger and not nearer to the centre.

    Returns:
        Indices of the chosen crops [C], and the layers [C, 4, H, W] to put there.
    """
    chosen = subset(generator, share, len(others))
    people, count, size = everybody[others[chosen]], len(chosen), config.size
    if count == 0:
        return chosen, framing.scale.new_zeros(0, 4, size, size)
    scale = framing.scale[chosen].clamp(max=size / config.source * 1.2) * uniform(generator, count, low=0.45, high=1.02)
    side = torch.where(chance(generator, 0.5, count), 1.0, -1.0)
    shift = side * size * uniform(generator, count, low=apart, high=0.6)
    target = framing.centre[chosen] + torch.stack([shift, size * uniform(generator, count, low=-0.12, high=0.12)], -1)
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


def _add_furniture(image: Tensor, covered: Tensor, level: Tensor, furniture: Tensor, generator: Generator) -> None:
    """Puts furniture in front of images [B, 3, H, W], from the row `level` [B] down where that is in the image.

    It changes the images and what is `covered` [B, 1, H, W] in place.
    """
    chosen = (level < image.shape[2]).nonzero()[:, 0]
    if len(chosen):
        layers = place_furniture(furniture, level[chosen], generator)
        image[chosen] = _composite(image[chosen], layers, generator)
        covered[chosen] = torch.maximum(covered[chosen], layers[:, 3:])


def _photograph(config: CropConfig, image: Tensor, generator: Generator) -> Tensor:
    """Images [B, 3, H, W] with other looks, from afar, and through a camera and a codec, each a part of them."""
    image = restyle(image, config.restyled, generator)
    small = subset(generator, config.small, len(image))
    if len(small):
        few = F.interpolate(image[small], scale_factor=SMALL, mode="bilinear", antialias=True)
        image[small] = F.interpolate(few, size=image.shape[2:], mode="bilinear")
    worn = subset(generator, config.worn, len(image))
    if len(worn):
        image[worn] = degrade(image[worn], generator)
    return image


def _find_inside(picture: Tensor, size: int) -> Tensor:
    """[B, 1, H, W] bool: which pixels are inside of `Framing.picture` [B, 4]."""
    axis = torch.arange(size, device=picture.device)
    left, right, top, bottom = picture[..., None].unbind(1)  # [B, 1] each
    across, down = (axis >= left) & (axis <= right), (axis >= top) & (axis <= bottom)
    return (down[:, :, None] & across[:, None])[:, None]


def _weigh_joints(framing: Framing, covered: Tensor, size: int) -> Tensor:
    """[B, K] weights: 1 visible, 0.5 hidden, 0 outside of the picture."""
    joints, picture = framing.joints, framing.picture
    inside = (joints > picture[:, None, ::2] - 0.5) & (joints < picture[:, None, 1::2] + 0.5)
    nearest = joints.round().long().clamp(0, size - 1)
    rows = torch.arange(len(joints), device=joints.device)[:, None]
    hidden = (covered[rows, 0, nearest[..., 1], nearest[..., 0]] > 0.5) | ~framing.seen
    return inside.all(-1) * torch.where(hidden, 0.5, 1.0)
