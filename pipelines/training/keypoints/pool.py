"""What training crops are composed of: rendered people, and furniture to put in front of them.

`keypoints.data.CropStream` renders pools and joins them, `keypoints.crops` places what they hold. Both kinds are drawn
with thousands of small operations, so that drawing them for every batch would take longer than training.

Legend: N people, M layers of furniture, B batch, H = W crop size.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.furniture import sample_furniture
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.scene import Scene
from pipelines.training.data.augmentation import place
from pipelines.training.data.cutouts import Cutouts, render_cutouts
from pipelines.training.keypoints.framing import CropConfig

PEOPLE_PER_LAYER = 4  # people rendered for each layer of furniture
LEVEL = 0.3  # row down from which furniture hides people, in parts of its picture
LARGEST = 1.5  # magnification of furniture beyond what it takes to fill the crop


@dataclass
class Pool:
    """People and furniture; images are uint8."""

    people: Cutouts
    furniture: Tensor
    """[M, 4, H, W] colours times coverage, and coverage, from the row `LEVEL` * H down."""


def render_pool(config: CropConfig, scene: Scene, generator: Generator) -> Pool:
    """One rendering of the people of a scene, and furniture for a quarter as many."""
    people = render_cutouts(config, scene, generator)
    number = -(-len(people) // PEOPLE_PER_LAYER)
    level = torch.full((number,), LEVEL * config.size, device=generator.device)
    layers = sample_furniture(number, config.size, config.size, level, generator)
    colour = (layers[:, :3] + layers[:, 3:]) / 2  # from [-1, 1] to [0, 1], both times coverage
    both = torch.cat([colour, layers[:, 3:]], 1).clamp(0, 1)
    return Pool(people, (both * 255).round().to(torch.uint8))


def join_pools(parts: Iterable[Pool]) -> Pool:
    """All people and all furniture of the parts, in order."""
    parts = list(parts)
    fields = zip(*(vars(part.people).values() for part in parts), strict=True)
    return Pool(Cutouts(*(torch.cat(field) for field in fields)), torch.cat([part.furniture for part in parts]))


def place_furniture(furniture: Tensor, level: Tensor, generator: Generator) -> Tensor:
    """Any of the furniture [M, 4, H, W], placed so that it hides people from the row `level` [B] down: colours times
    coverage, and coverage, [B, 4, H, W] in 0 to 1."""
    batch, size = len(level), furniture.shape[-1]
    chosen = torch.randint(len(furniture), (batch,), generator=generator, device=generator.device)
    scale = ((size - level) / ((1 - LEVEL) * size)).clamp(min=1) * uniform(generator, batch, low=1.0, high=LARGEST)
    aside = (scale - 1) * size * uniform(generator, batch, low=-0.5, high=0.5)
    middle = (size - 1) / 2
    source = level.new_tensor([middle, LEVEL * size]).expand(batch, 2)
    target = torch.stack([middle + aside, level], -1)
    placement = place(scale, torch.zeros_like(scale), chance(generator, 0.5, batch), source, target)
    return placement.warp(furniture[chosen].float() / 255, size)
