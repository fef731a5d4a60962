"""Training data of the plate network: rendered places with holes where people, shapes or strokes were.

`draw_pictures` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B pictures, H = W size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import chance, column, pick, uniform
from pipelines.training.data.augmentation import degrade, subset
from pipelines.training.data.cutouts import CutoutConfig, Cutouts, draw_scene, render_cutouts
from pipelines.training.plate.holes import (
    contact_shadow,
    draw_shapes,
    draw_strokes,
    grow_people,
    place_people,
    projected_shadow,
)

PEOPLE = CutoutConfig(source=256, supersample=2, poses=4, texture_size=64, athletic=0.1, any_heading=0.6)
PICTURES_PER_PERSON = 8  # a rendered image of a person is used this often, each time placed anew
SMALLEST = 0.003  # share of the picture that a hole takes at least
PERSON, SHAPES, STROKES = range(3)  # kinds of holes


@dataclass(frozen=True)
class Recipe:
    """Data and weights of the losses; the defaults trained the shipped network."""

    size: int = 256
    """Height and width of the pictures, in pixels."""
    fine_size: int = 512
    """Height and width once the adversarial losses are on, in pixels."""
    chunk: int = 64
    """Pictures per update at `size`, fewer at `fine_size`; the whole batch is rendered at once, which is cheaper."""
    person: float = 0.7
    """Fraction of the holes that are people; half of the others are shapes, half strokes."""
    beside: float = 0.2
    """Fraction with another person who stays."""
    careless: float = 0.25
    """Fraction of the people whose hole leaves some of their outline in the picture."""
    worn: float = 0.3
    """Fraction that went through a camera and a codec."""
    picture: float = 2.0
    """Weight of the L1 distance in the hole."""
    border: float = 2.0
    """Additional weight of that distance at the hole's border, fading over `BORDER` pixels."""
    gradient: float = 1.0
    """Weight of the distance of the gradients in the hole."""
    adversarial: float = 0.05
    """Weight of the adversarial loss."""
    features: float = 4.0
    """Weight of the distance of the discriminator's features."""
    adversarial_from: float = 0.6
    """Fraction of the run at which the adversarial losses start; above 1: never."""
    validation: int = 64
    """Number of held-out pictures."""


@dataclass
class Pictures:
    """Pictures with their holes."""

    image: Tensor
    """[B, 3, H, W] in [-1, 1]: inside the hole as it is to be filled, outside with what is left of the person and of
    the shadow below the feet. Other shadows of the person go on inside the hole."""
    hole: Tensor
    """[B, 1, H, W], 1 where to fill, 0 elsewhere."""

    def chunks(self, size: int) -> Iterator["Pictures"]:
        """The pictures in groups of `size`."""
        for start in range(0, len(self.image), size):
            yield self[start : start + size]

    def __getitem__(self, part: slice) -> "Pictures":
        return Pictures(self.image[part], self.hole[part])

    def __len__(self) -> int:
        return len(self.image)


def draw_pictures(recipe: Recipe, batch: int, size: int, generator: Generator) -> Pictures:
    """Render `batch` pictures [size, size] on the generator's device."""
    people = _render_people(batch, size, generator)
    image = _draw_places(recipe, batch, size, generator, people)
    kind = column(pick(generator, (recipe.person, (1 - recipe.person) / 2, (1 - recipe.person) / 2), batch), 4)
    share = uniform(generator, batch, low=0.4, high=1.0)
    share = torch.where(chance(generator, 0.25, batch), 0.9 + share, share)  # cut off
    chosen = place_people(_choose(people, batch, generator), size, share, generator)
    hole = grow_people(chosen, recipe.careless, generator)
    contact, below = contact_shadow(chosen, generator)
    # A shadow on the wall goes on behind the person: if it ended at the hole it would show the person's outline.
    shaded = image * (1 - projected_shadow(chosen, generator))
    around = shaded * (1 - contact) * (1 - chosen.layers[:, 3:]) + chosen.layers[:, :3]
    hole = torch.maximum(hole, below)
    image = torch.where(kind == PERSON, torch.where(hole == 0, around, shaded), image)
    for drawn, draw in ((SHAPES, draw_shapes), (STROKES, draw_strokes)):
        other = draw(batch, size, generator, device=image.device)
        large = other.mean((1, 2, 3), keepdim=True) > SMALLEST  # in place of a smaller one the person's, without traces
        hole = torch.where((kind == drawn) & large, other, hole)
    return Pictures(image.clamp(0, 1) * 2 - 1, hole)


def join(parts: list[Pictures]) -> Pictures:
    """All pictures of the parts, in order."""
    return Pictures(torch.cat([part.image for part in parts]), torch.cat([part.hole for part in parts]))


def _render_people(batch: int, size: int, generator: Generator) -> Cutouts:
    config = replace(PEOPLE, source=min(PEOPLE.source, size))
    scene = draw_scene(config, -(-batch // PICTURES_PER_PERSON), generator)
    return render_cutouts(config, scene, generator)


def _choose(people: Cutouts, number: int, generator: Generator) -> Cutouts:
    """Any `number` of the people, each as often as the others."""
    order = torch.arange(number, device=generator.device) % len(people)
    return people[order[torch.randperm(number, generator=generator, device=generator.device)]]


def _draw_places(recipe: Recipe, batch: int, size: int, generator: Generator, people: Cutouts) -> Tensor:
    """Pictures [B, 3, H, W] in [0, 1] without the person: half of them are the others, mirrored in another exposure."""
    drawn = sample_backgrounds(-(-batch // 2), size, size, generator)
    image = torch.cat([drawn, drawn.flip(-1) * column(uniform(generator, len(drawn), 3, low=0.8, high=1.0), 4)])[:batch]
    beside = subset(generator, recipe.beside, batch)
    if len(beside):
        share = uniform(generator, len(beside), low=0.3, high=0.9)
        layers = place_people(_choose(people, len(beside), generator), size, share, generator).layers
        image[beside] = image[beside] * (1 - layers[:, 3:]) + layers[:, :3]
    worn = subset(generator, recipe.worn, batch)
    if len(worn):
        image[worn] = degrade(image[worn], generator)
    return image
