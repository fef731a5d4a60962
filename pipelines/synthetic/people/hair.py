"""Hair styles and caps: what grows on the skull moves with the head, what hangs moves with the hair frame.

`body.sample_people` calls `add_hair`.

Legend: B batch. Points are (x to the person's left, y up, z to the front) of the head's frame, in head heights;
tensors without a shape are [B].
"""

from functools import partial

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.figure import Figure
from pipelines.synthetic.people.primitives import Cone, PeopleBuilder, Surface, make_ellipsoid
from pipelines.synthetic.people.skeleton import CROWN, SIDES
from pipelines.synthetic.rendering.noise import chance, pick, uniform

STYLES = ("bald", "buzz", "short", "quiff", "afro", "bob", "long", "bun", "ponytail", "cap")
MALE_WEIGHTS = (0.8, 1.5, 5, 2, 0.4, 0.2, 0.4, 0.2, 0.2, 0.6)
FEMALE_WEIGHTS = (0.05, 0.1, 0.8, 0.2, 0.4, 2.2, 5, 1.6, 2, 0.3)

_HANGING_FLAT = 0.6  # height of the rounded ends of hanging hair in parts of its width


def add_hair(builder: PeopleBuilder, figure: Figure, generator: Generator) -> None:
    """Draws a hair style per person and adds its cones."""
    male, female = (pick(generator, weights, builder.batch) for weights in (MALE_WEIGHTS, FEMALE_WEIGHTS))
    style = torch.where(figure.female > 0.5, female, male)
    _add_skull_hair(builder, figure, style, generator)
    _add_hanging_hair(builder, figure, style, generator)
    _add_tied_hair(builder, figure, style, generator)
    _add_cap(builder, figure, _has_style(style, "cap"))


def _has_style(style: Tensor, *names: str) -> Tensor:
    """[B] true where the style [B] is one of the named."""
    return torch.stack([style == STYLES.index(name) for name in names]).any(0)


def _hair(builder: PeopleBuilder, figure: Figure, bottom: Tensor | float = -0.2) -> Surface:
    """Surface of hair whose texture runs from the crown down to y = `bottom`, in head heights."""
    head = partial(builder.point, "head", unit=figure.head)
    return Surface("hair", "hair", (head(0, CROWN), head(0, bottom)))


def _add_skull_hair(builder: PeopleBuilder, figure: Figure, style: Tensor, generator: Generator) -> None:
    """Hair on the skull, cut along the hairline, with a fringe or volume on top for some.

       (quiff)
     .---------.
    (   skull   )fringe    clipped by a slanted plane along the hairline
     '--.  (face)
    """
    height, batch = figure.head, builder.batch
    head = partial(builder.point, "head", unit=height)
    surface = _hair(builder, figure)
    thick = torch.where(_has_style(style, "buzz", "cap"), 0.02, uniform(generator, batch, low=0.045, high=0.1))
    thick = torch.where(_has_style(style, "afro"), uniform(generator, batch, low=0.2, high=0.45), thick)
    front = uniform(generator, batch, low=0.48, high=0.6)
    hairline = (0.0, 0.66, -0.75), head(0, front, 0.39)
    halves = (0.34 + 0.75 * thick) * height, (0.43 + thick) * height, (0.425 + thick) * height
    skull = make_ellipsoid(head(0, 0.31 + 0.2 * thick, -0.03 - 0.15 * thick), halves, clip=hairline)
    builder.add("head", skull, surface, present=~_has_style(style, "bald"))
    worn = _has_style(style, "bob", "long") & chance(generator, 0.35, batch)
    worn = worn | (_has_style(style, "short") & chance(generator, 0.3, batch))
    edge = (0.0, 0.98, -0.2), head(0, uniform(generator, batch, low=0.36, high=0.46), 0.42)
    fringe = make_ellipsoid(head(0, 0.36, 0.02), (0.35 * height, 0.39 * height, 0.43 * height), clip=edge)
    builder.add("head", fringe, surface, present=worn)
    lean = uniform(generator, batch, low=-0.12, high=0.12)
    quiff = make_ellipsoid(head(lean, 0.58, 0.1), (0.27 * height, 0.2 * height, 0.33 * height))
    builder.add("head", quiff, surface, present=_has_style(style, "quiff"))


def _add_hanging_hair(builder: PeopleBuilder, figure: Figure, style: Tensor, generator: Generator) -> None:
    """A flat cone down the back, to the chin for a bob and to the chest for long hair, and locks beside the face."""
    height, batch = figure.head, builder.batch
    head = partial(builder.point, "head", unit=height)
    chin, chest = uniform(generator, batch, low=0.15, high=0.5), uniform(generator, batch, low=0.8, high=2.2)
    end = torch.where(_has_style(style, "bob"), chin, chest)  # head heights below the head's origin
    width = uniform(generator, batch, low=0.34, high=0.44) * height * _HANGING_FLAT
    hangs, surface = _has_style(style, "bob", "long"), _hair(builder, figure, -end)
    radii = width, width * uniform(generator, batch, low=0.6, high=1.1)
    tip = head(0, -end, -0.16 - 0.2 * end.clamp(max=1.2))
    back = Cone(head(0, 0.3, -0.14), tip, radii, wide=1 / _HANGING_FLAT, deep=0.62 / _HANGING_FLAT)
    builder.add("hair", back, surface, present=hangs)
    for _, sign in SIDES:
        falls = hangs & chance(generator, 0.75, batch)
        low = torch.where(_has_style(style, "bob"), end * 0.9, end * uniform(generator, batch, low=0.5, high=1.0))
        _add_lock(builder, figure, sign, low.clamp(max=1.7), surface, falls)


def _add_lock(
    builder: PeopleBuilder, figure: Figure, sign: float, low: Tensor, surface: Surface, present: Tensor
) -> None:
    """A lock beside the face: from the temple to below the ear with the head, then `low` head heights down."""
    height = figure.head
    head = partial(builder.point, "head", unit=height)
    bend = head(sign * 0.36, -0.2, 0.06)
    upper = Cone(head(sign * 0.3, 0.42, 0.06), bend, (0.09 * height, 0.105 * height), deep=1.4)
    builder.add("head", upper, surface, present=present)
    forward = (0.08 + 0.2 * low.clamp(max=1)) * height
    tip = builder.point("head", sign * 0.38 * height, -0.12 * height - low * height, forward)
    builder.add("hair", Cone(bend, tip, (0.105 * height, 0.07 * height), deep=1.3), surface, present=present)


def _add_tied_hair(builder: PeopleBuilder, figure: Figure, style: Tensor, generator: Generator) -> None:
    """A bun, or a ponytail from a knot at the back of the head; both at the same random height."""
    height, batch = figure.head, builder.batch
    head = partial(builder.point, "head", unit=height)
    level = uniform(generator, batch, low=0.15, high=0.8)
    size = uniform(generator, batch, low=0.13, high=0.21) * height
    bun = make_ellipsoid(head(0, level, -0.5 + 0.55 * (level - 0.35).clamp(min=0)), (size, size, size * 0.9))
    builder.add("head", bun, _hair(builder, figure), present=_has_style(style, "bun"))
    end, tied = uniform(generator, batch, low=0.6, high=1.6), _has_style(style, "ponytail")
    bend = head(0, 0.1, -0.62)
    knot = Cone(head(0, 0.3 + 0.2 * level, -0.5), bend, (0.09 * height, 0.13 * height))
    builder.add("head", knot, _hair(builder, figure), present=tied)
    tail = Cone(bend, head(0, -end, -0.6), (0.13 * height, 0.06 * height))
    builder.add("hair", tail, _hair(builder, figure, -end), present=tied)


def _add_cap(builder: PeopleBuilder, figure: Figure, present: Tensor) -> None:
    """A cap with a peak, for the people for whom `present` [B] is true."""
    height = figure.head
    head = partial(builder.point, "head", unit=height)
    cloth = Surface("hair", "belt")
    edge = (0.0, 0.98, -0.1), head(0, 0.44, 0.3)
    crown = make_ellipsoid(head(0, 0.42, -0.02), (0.37 * height, 0.36 * height, 0.46 * height), clip=edge)
    builder.add("head", crown, cloth, present=present)
    peak = make_ellipsoid(head(0, 0.45, 0.5), (0.3 * height, 0.03 * height, 0.24 * height))
    builder.add("head", peak, cloth, present=present)
