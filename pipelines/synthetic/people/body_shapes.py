"""Shapes of people: who a person is (sex, age, weight, features of the face ...), and the coefficients of the body's
linear basis that follow from it.

In: a generator. Out: a `Shape`, which `body_model.BodyModel.rest` turns into vertices.

The body is described by targets: displacements of the mesh that belong to a combination of extremes, such as "old,
female, heavy, muscular". A target's weight is the product of how far the person is towards each of its extremes. The
weights of all targets are linear in the vertices, so `bake` compresses them into a basis.

Legend: B batch, A macro axes, L local axes, M targets, K coefficients.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from pipelines.synthetic.rendering.noise import chance, normal, uniform
from pipelines.synthetic.tensors import constant

# Macro axes and the names of their evenly spaced extremes, from 0 to 1. Ancestries share out a whole among them.
EXTREMES = {
    "gender": ("male", "female"),
    "age": ("baby", "child", "young", "old"),
    "muscle": ("minmuscle", "averagemuscle", "maxmuscle"),
    "weight": ("minweight", "averageweight", "maxweight"),
    "height": ("minheight", "maxheight"),
    "proportions": ("idealproportions", "uncommonproportions"),
    "bust": ("mincup", "averagecup", "maxcup"),
}
_HEAVIEST = 1.4  # place on the axis of weight; MakeHuman's heaviest people, at 1, are not the heaviest there are
ANCESTRIES = ("african", "asian", "caucasian")
FACTORS = tuple(name for names in EXTREMES.values() for name in names) + ANCESTRIES
# Years at which children have grown as tall as their place on the axis of age makes them (WHO's growth charts).
_YEARS = (0.0, 4.0, 9.0, 12.0, 14.0, 17.0, 25.0, 90.0)
_AGES = (0.0, 0.2, 0.333, 0.5, 0.6, 0.655, 0.68, 1.0)


@dataclass
class Shape:
    """Shapes of B people."""

    female: Tensor
    """[B] bool."""
    years: Tensor
    """[B] age in years."""
    macro: Tensor
    """[B, A] places on the axes of `EXTREMES`, in that order, 0..1; weight reaches 1.4."""
    ancestry: Tensor
    """[B, 3] shares of `ANCESTRIES`, adding up to 1."""
    local: Tensor
    """[B, L] local changes of face and body, -1..1, in the order of `BodyModel.local_axes`."""


def sample_shape(batch: int, generator: Generator, *, local_axes: int, children: float = 0.12) -> Shape:
    """B people from the age of 4, of varied build and face, on the generator's device.

    Args:
        local_axes: L, how many local changes the body model has.
        children: share of people under 15.
    """
    female = chance(generator, 0.5, batch)
    child = chance(generator, children, batch)
    adult_years = 15 + 65 * uniform(generator, batch) ** 1.6  # more young adults than old ones
    years = torch.where(child, uniform(generator, batch, low=4.0, high=15.0), adult_years)

    def around(middle: float, spread: float) -> Tensor:
        """Places [B] on an axis."""
        return (middle + spread * normal(generator, batch)).clamp(0, 1)

    gender = torch.where(female, 1 - 0.15 * uniform(generator, batch), 0.15 * uniform(generator, batch))
    heavy = chance(generator, 0.2, batch) * uniform(generator, batch, high=0.8)
    weight = (around(0.5, 0.17) + heavy).clamp(0.1, _HEAVIEST)
    muscle, height, proportions = around(0.5, 0.16), around(0.38, 0.07), around(0.35, 0.25)
    age = interpolate(years, _YEARS, _AGES)
    macro = torch.stack([gender, age, muscle, weight, height, proportions, around(0.45, 0.2)], 1)
    ancestry = torch.softmax(2.5 * normal(generator, batch, len(ANCESTRIES)), 1)
    local = (0.25 * normal(generator, batch, local_axes)).clamp(-1, 1)
    return Shape(female, years, macro, ancestry, local)


def interpolate(values: Tensor, known: tuple[float, ...], results: tuple[float, ...]) -> Tensor:
    """At `values` [B] the piecewise linear function that is `results` at rising places `known`; constant outside."""
    place, result = constant(known, values.device), constant(results, values.device)
    index = torch.searchsorted(place, values.contiguous()).clamp(1, len(known) - 1)
    share = ((values - place[index - 1]) / (place[index] - place[index - 1])).clamp(0, 1)
    return torch.lerp(result[index - 1], result[index], share)


def weigh_targets(shape: Shape, factors: Tensor) -> Tensor:
    """Weights [B, M + 2 L] of the macro targets and of the local ones, a positive and a negative one for each axis.

    factors: [M, n] int64 which factors of `FACTORS` a target is the product of, padded with `len(FACTORS)`.
    """
    weights = [_hat_weights(place, len(names)) for place, names in zip(shape.macro.T, EXTREMES.values(), strict=True)]
    whole = torch.ones_like(shape.ancestry[:, :1])
    known = torch.cat([*weights, shape.ancestry, whole], 1)  # [B, factors + 1]
    macro = known[:, factors].prod(-1)
    return torch.cat([macro, shape.local.clamp(min=0), (-shape.local).clamp(min=0)], 1)


def _hat_weights(place: Tensor, count: int) -> Tensor:
    """Weights [B, count] of the extremes at 0 .. 1 at the places [B], linear between two and beyond the last."""
    scaled = place * (count - 1)
    low = scaled.floor().clamp(0, count - 2).long()
    share = (scaled - low)[:, None]
    ends = one_hot(low, count), one_hot(low + 1, count)
    return (1 - share) * ends[0] + share * ends[1]
