"""Objects of no particular class: random assemblies of parts, things of a household, vehicles, animals.

`classes` lists `add_assemblies`. Lengths have no unit: objects are scaled to the same diagonal. x forward, y left,
z up.

Legend: B objects; tensors without a shape are [B].
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.assembly_shapes import add_animals, add_boats, add_planes, add_vessels
from pipelines.synthetic.objects.household_shapes import (
    add_appliances,
    add_beds,
    add_bicycles,
    add_cabinets,
    add_houses,
    add_lamps,
)
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.lofts import add_loft
from pipelines.synthetic.objects.paint import Paint, make_paint, metal_colours, strong_colours, wood_colours
from pipelines.synthetic.objects.upholstery import draw_kinds
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.synthetic.rendering.palettes import cloth_colours, distinct
from pipelines.synthetic.rotations import rotation_about

ASSEMBLY_STYLES = {
    "assembly": 4.0,
    "vessel": 1.0,
    "cabinet": 1.0,
    "lamp": 0.8,
    "bed": 0.8,
    "appliance": 1.0,
    "house": 0.6,
    "bicycle": 0.7,
    "plane": 0.8,
    "boat": 0.8,
    "animal": 0.8,
}
_SHAPES: dict[str, Callable[[Kit, Generator, Tensor], None]] = {
    "vessel": add_vessels,
    "cabinet": add_cabinets,
    "lamp": add_lamps,
    "bed": add_beds,
    "appliance": add_appliances,
    "house": add_houses,
    "bicycle": add_bicycles,
    "plane": add_planes,
    "boat": add_boats,
    "animal": add_animals,
}
_MOST_PARTS, _PAINTS = 10, 6
_PATTERNS = {
    "plain": 5,
    "wood": 1,
    "stripes": 1,
    "checks": 0.6,
    "mottled": 1,
    "grooves": 0.7,
    "quilted": 0.3,
    "woven": 0.5,
    "streaks": 0.7,
    "spots": 0.8,
    "panels": 0.8,
    "edge": 0.7,
    "fade": 1,
    "band": 0.7,
}


def add_assemblies(kit: Kit, kind: Tensor, generator: Generator) -> tuple[Paint, Tensor]:
    """Adds an object of each `kind`, an index into `ASSEMBLY_STYLES`; returns paints and whose sides are alike."""
    is_style = {name: kind == number for number, name in enumerate(ASSEMBLY_STYLES)}
    lopsided = _add_random(kit, generator, is_style["assembly"]) | is_style["appliance"]
    for name, add in _SHAPES.items():
        if is_style[name].any():
            add(kit, generator, is_style[name])
    return _sample_paint(kit.batch, generator), ~lopsided


def _add_random(kit: Kit, generator: Generator, present: Tensor) -> Tensor:
    """Parts that each touch an earlier one, some in pairs left and right; returns whose sides differ."""
    if not present.any():
        return present
    batch = kit.batch
    count = pick(generator, (1,) * (_MOST_PARTS - 1), batch) + 2
    mirrored = chance(generator, 0.7, batch)  # objects whose sides are alike
    size = uniform(generator, batch, _MOST_PARTS, 3, low=0.06, high=1.0).square() * 0.6 + 0.03
    size[:, 0] = 0.25 + 0.5 * uniform(generator, batch, 3)
    size = size * torch.linspace(1, 0.45, _MOST_PARTS)[:, None]
    centre = torch.zeros(batch, _MOST_PARTS, 3)
    for number in range(1, _MOST_PARTS):
        parent = (uniform(generator, batch) * number).long()
        axis = pick(generator, (1, 1, 1.6), batch)
        way = torch.where(chance(generator, 0.55, batch), 1.0, -1.0)
        base, reach = (value[torch.arange(batch), parent] for value in (centre, size))
        along = torch.eye(3)[axis]
        slide = (uniform(generator, batch, 3) - 0.5) * 1.6 * reach * (1 - along)
        centre[:, number] = base + slide + along * (way[:, None] * (reach + size[:, number] * 0.9))
    paired = chance(generator, 0.5, batch, _MOST_PARTS) & mirrored[:, None]
    single = mirrored[:, None] & ~paired
    centre[..., 1] = torch.where(single, 0.0, centre[..., 1])
    turn = rotation_about(2, normal(generator, batch) * 0.4) @ rotation_about(1, normal(generator, batch) * 0.4)
    upright = mirrored | chance(generator, 0.6, batch)
    turn = torch.where(upright[:, None, None], torch.eye(3), turn)
    for number in range(_MOST_PARTS):
        shape = pick(generator, (3, 1.2, 1.2, 1.5, 1), batch)
        for mirror, who in ((True, paired[:, number]), (False, ~paired[:, number])):
            shown = present & (number < count) & who
            _add_part(kit, number % _PAINTS, centre[:, number], size[:, number], turn, shape, shown, mirror=mirror)
    return present & ~mirrored


def _add_part(
    kit: Kit, slot: int, centre: Tensor, half: Tensor, turn: Tensor, shape: Tensor, present: Tensor, *, mirror: bool
) -> None:
    """A box, an upright or a lying cylinder, a turned body or a lofted one; centre, half: [B, 3]."""
    x, y, z = centre.unbind(1)
    a, b, c = half.unbind(1)
    radius = half.amin(1) * (0.1 + 0.8 * (a * 97 % 1).square())
    box, rod, lying, lathe, loft = (present & (shape == number) for number in range(5))
    kit.add_box(
        slot, (x, y, z), (a, b, c), radius=radius, turn=turn, taper=0.3 * (b * 89 % 1) - 0.1, present=box, mirror=mirror
    )
    wide = torch.minimum(a, b)
    kit.add_rod(
        slot,
        (x, y, z - c),
        (x, y, z + c),
        wide,
        end_radius=wide * (0.5 + 0.5 * (c * 83 % 1)),
        present=rod,
        mirror=mirror,
        round=True,
    )
    tall = torch.minimum(a, c)
    kit.add_rod(slot, (x, y - b, z), (x, y + b, z), tall, present=lying, mirror=mirror, round=True)
    waist = 0.4 + 0.9 * (a * 79 % 1)
    profile = [
        (wide * share, c * level)
        for share, level in (
            (0.05, -1.0),
            (0.6, -0.97),
            (0.9, -0.6),
            (waist, 0.0),
            (0.8, 0.6),
            (0.5, 0.95),
            (0.05, 1.0),
        )
    ]
    kit.add_lathe(slot, (x, y, z), profile, present=lathe, mirror=mirror)
    stations = [
        (x + a * along, b * share, z - c * share * low, z + c * share)
        for along, share, low in (
            (-1.0, 0.35, 0.7),
            (-0.6, 0.8, 1.0),
            (0.0, 1.0, 1.0),
            (0.6, 0.7, 1.0),
            (1.0, 0.2, 0.6),
        )
    ]
    add_loft(kit, slot, stations, square=2.0 + 3 * (b * 73 % 1), side=y, present=loft, mirror=mirror)


def _sample_paint(batch: int, generator: Generator) -> Paint:
    """Paints [B, 6] of wood, metal, cloth and lacquer: for some objects one for all, for some two in turn."""
    makers = (wood_colours, metal_colours, strong_colours, strong_colours)
    choices = torch.stack(
        [make(batch, generator) for make in makers] + [cloth_colours(batch, generator, neutral=0.5) for _ in range(2)]
    )
    which = pick(generator, (1,) * len(choices), batch, _PAINTS)
    alike = chance(generator, 0.4, batch, 1)
    which = torch.where(alike, which[:, :1], which)
    colour = choices[which, torch.arange(batch)[:, None]]
    colour = colour * (1 + 0.1 * normal(generator, batch, _PAINTS, 1) * ~alike[..., None])
    kind = draw_kinds(_PATTERNS, generator, batch, _PAINTS)
    kind = torch.where(alike, kind[:, :1], torch.where(chance(generator, 0.5, batch, _PAINTS), 0, kind))
    axis = pick(generator, (1, 1, 2), batch, _PAINTS)
    return make_paint(
        colour,
        generator,
        gloss=uniform(generator, batch, _PAINTS, low=-0.4, high=0.8).clamp(min=0),
        second=distinct(colour, colour.roll(1, 0)),
        kind=kind,
        scale=uniform(generator, batch, _PAINTS, low=3.0, high=20.0),
        direction=torch.eye(3)[axis],
        offset=uniform(generator, batch, _PAINTS, low=-0.2, high=0.2),
        two_sided=torch.ones(batch, _PAINTS, dtype=torch.bool),
    )
