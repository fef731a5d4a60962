"""Colour of a surface point from its place in the object: plain, figured, quilted, caned, striped, with decals.

The modules of the classes make a `Paint`; `scene` colours what the cameras see with it. Patterns are functions of x,
|y|, z, so that both sides of an object are painted alike.

Legend: B objects, M surface points, K slots of an object's paints, n those of a class. Colours are in 0..1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import cell_noise, chance, normal, pick, soft_step, uniform
from pipelines.synthetic.rendering.palettes import from_table, saturated

SLOTS = 12  # K: paints of an object, used or not
_WAVES = 4
WOOD = ((115, 71, 36), (84, 46, 23), (158, 110, 64), (189, 148, 97), (56, 33, 20), (140, 77, 41), (128, 56, 31))
METAL = ((158, 161, 166), (51, 51, 54), (199, 201, 204), (20, 20, 23), (115, 112, 107))


@dataclass
class Paint:
    """Paints of B objects."""

    colour: Tensor
    """[B, K, 3] in 0..1."""
    second: Tensor
    """[B, K, 3] colour of the figure in patterns, 0..1."""
    kind: Tensor
    """[B, K] index into `KINDS`."""
    scale: Tensor
    """[B, K] repeats of the pattern per diagonal of the object; of a band, its width is 1 / scale."""
    gloss: Tensor
    """[B, K] 0 matte .. about 1 glossy."""
    direction: Tensor
    """[B, K, 3] unit vectors across stripes."""
    offset: Tensor
    """[B, K] place of a band or of an edge along `direction`, in diagonals from the middle."""
    phase: Tensor
    """[B] of the noise, radians."""
    absent: Tensor
    """[B, K] bool: surfaces that are left out, such as the panes of open windows."""
    two_sided: Tensor
    """[B, K] bool: surfaces that are seen from behind as well."""


def make_paint(colour: Tensor, generator: Generator, *, gloss: Tensor, **given: Tensor) -> Paint:
    """A `Paint` with [B, n, 3] colours for the first n slots; other fields as given [B, n, ...], or plain.

    gloss: [B, n].
    """
    batch, count = colour.shape[:2]
    values = {
        "colour": colour.clamp(0, 1),
        "second": (colour * 0.75).clamp(0, 1),
        "kind": torch.zeros(batch, count, dtype=torch.long),
        "scale": torch.full((batch, count), 6.0),
        "gloss": gloss,
        "direction": torch.eye(3)[2].expand(batch, count, 3),
        "offset": torch.zeros(batch, count),
        "absent": torch.zeros(batch, count, dtype=torch.bool),
        "two_sided": torch.zeros(batch, count, dtype=torch.bool),
    } | given
    full = {name: _fill_slots(value) for name, value in values.items()}
    return Paint(**full, phase=uniform(generator, batch, high=20.0))


def _fill_slots(value: Tensor) -> Tensor:
    """[B, n, ...] with zeros up to [B, K, ...]."""
    rest = value.new_zeros(len(value), SLOTS - value.shape[1], *value.shape[2:])
    return torch.cat([value, rest], 1)


def merge_paints(parts: Sequence[tuple[Tensor, Paint]]) -> Paint:
    """Paints of all objects from those of groups, each with the numbers [b] of its objects."""
    order = torch.cat([rows for rows, _ in parts]).argsort()
    names = [field.name for field in fields(Paint)]
    return Paint(**{name: torch.cat([getattr(paint, name) for _, paint in parts])[order] for name in names})


def drain_colours(paint: Paint, shaded: Tensor, generator: Generator) -> Paint:
    """The paint, for some objects with one light grey in all slots, for some with plain colours only.

    shaded: [B] bool, the objects that light shows the form of; others keep their colours.
    """
    batch = len(paint.phase)
    grey = chance(generator, 0.1, batch) & shaded
    tone = uniform(generator, batch, 1, 1, low=0.45, high=0.9) * (1 + 0.02 * normal(generator, batch, 1, 3))
    paint.colour = torch.where(grey[:, None, None], tone, paint.colour)
    plain = grey | chance(generator, 0.08, batch)
    paint.kind = torch.where(plain[:, None], 0, paint.kind)
    paint.gloss = torch.where(grey[:, None], paint.gloss.mean(1, keepdim=True), paint.gloss)
    return paint


@dataclass
class _Place:
    """What patterns need to know of M points; a line across stripes is at a whole number of `across`."""

    across: Tensor
    """Along the direction, in repeats."""
    other: Tensor
    """Perpendicular to it, in repeats."""
    along: Tensor
    """Along the direction, in diagonals from the band's place."""
    scale: Tensor
    phase: Tensor
    noise: Tensor
    """Smooth, about -1..1."""

    def cells(self, share: float) -> Tensor:
        """A random number for each cell of `share` repeats."""
        return cell_noise((self.across / share).floor(), (self.other / share).floor(), self.phase)

    def line(self, value: Tensor, width: float) -> Tensor:
        """1 on lines of `width` where `value` passes whole numbers."""
        distance = 0.5 - ((value % 1) - 0.5).abs()
        return soft_step(width / 2 - distance, 0.06)

    def spots(self) -> Tensor:
        """1 in discs in every other cell of a lattice."""
        x, y = (self.across % 1) - 0.5, (self.other % 1) - 0.5
        radius = 0.1 + 0.38 * cell_noise(self.across.floor(), self.other.floor(), self.phase)
        return soft_step(radius - (x.square() + y.square()).sqrt(), 0.12)


def _wood(place: _Place) -> Tensor:
    return 0.35 + 0.35 * torch.sin(place.across * 9 + 2.5 * place.noise)


def _stripes(place: _Place) -> Tensor:
    return soft_step((((place.across + place.phase) % 1) - 0.5).abs() - 0.25, 0.12)


def _checks(place: _Place) -> Tensor:
    return (_stripes(place) + soft_step(((place.other % 1) - 0.5).abs() - 0.25, 0.12)) / 2


def _mottled(place: _Place) -> Tensor:
    return 0.3 + 0.15 * place.noise + 0.2 * (place.cells(0.12) - 0.5)


def _quilted(place: _Place) -> Tensor:
    slant, other = place.across + place.other, place.across - place.other
    return 0.7 * torch.maximum(place.line(slant, 0.03), place.line(other, 0.03))


def _caned(place: _Place) -> Tensor:
    fine = _Place(place.across * 3, place.other * 3, place.along, place.scale, place.phase, place.noise)
    return 1 - torch.maximum(fine.line(fine.across, 0.5), fine.line(fine.other, 0.5))


def _woven(place: _Place) -> Tensor:
    even = ((place.across * 3).floor() + (place.other * 3).floor()) % 2
    return 0.2 + 0.6 * even * (0.7 + 0.3 * place.noise)


def _streaks(place: _Place) -> Tensor:
    fine = cell_noise((place.across * 5).floor(), torch.zeros_like(place.across), place.phase)
    return 0.5 * fine + 0.25 * torch.sin(place.across * 5 + 2 * place.phase) + 0.25


def _edge(place: _Place) -> Tensor:
    return soft_step(place.along, 0.004)


def _fade(place: _Place) -> Tensor:
    return (place.along * 1.6 + 0.5).clamp(0, 1)


def _band(place: _Place) -> Tensor:
    return soft_step(0.5 / place.scale - place.along.abs(), 0.004)


def _panels(place: _Place) -> Tensor:
    return 0.8 * place.cells(1.0)


PATTERNS: dict[str, Callable[[_Place], Tensor]] = {
    "plain": lambda place: 0.04 * place.noise,
    "wood": _wood,
    "stripes": _stripes,
    "checks": _checks,
    "mottled": _mottled,
    "grooves": lambda place: place.line(place.across, 0.12),
    "quilted": _quilted,
    "caned": _caned,
    "woven": _woven,
    "streaks": _streaks,
    "spots": lambda place: place.spots(),
    "panels": _panels,
    "edge": _edge,
    "fade": _fade,
    "band": _band,
}
KINDS = tuple(PATTERNS)


def paint_points(paint: Paint, row: Tensor, slot: Tensor, point: Tensor) -> Tensor:
    """Colour [M, 3] in 0..1 of the points [M, 3] (diagonals) of the objects `row` [M] with the paints `slot` [M]."""
    place = torch.stack([point[:, 0], point[:, 1].abs(), point[:, 2]], -1)
    kind, scale, direction = paint.kind[row, slot], paint.scale[row, slot], paint.direction[row, slot]
    phase = paint.phase[row] + 1.7 * slot
    along = (place * direction).sum(-1)
    given = _Place(
        across=along * scale,
        other=(place * (1 - direction)).sum(-1) * scale,
        along=along - paint.offset[row, slot],
        scale=scale,
        phase=phase,
        noise=_wave_noise(place * scale[:, None] * 0.6, phase),
    )
    mix = torch.zeros_like(along)
    for number, pattern in enumerate(PATTERNS.values()):
        chosen = (kind == number).nonzero()[:, 0]
        mix[chosen] = pattern(_Place(*(value[chosen] for value in vars(given).values())))
    return torch.lerp(paint.colour[row, slot], paint.second[row, slot], mix.clamp(0, 1)[:, None])


def _wave_noise(place: Tensor, phase: Tensor) -> Tensor:
    """Smooth noise [M] of about -1..1 at the places [M, 3]; `phase` [M] tells one noise from another."""
    total = torch.zeros_like(phase)
    for wave in range(1, _WAVES + 1):
        x, y, z = (torch.sin(phase * wave * k + place[:, axis] * wave) for axis, k in enumerate((1.3, 2.1, 0.7)))
        total = total + (x * y + y * z + z * x) / wave
    return total / 2.2


def wood_colours(batch: int, generator: Generator) -> Tensor:
    """Colours [B, 3] of woods."""
    plain = from_table(WOOD, pick(generator, (1,) * len(WOOD), batch))
    return (plain * (1 + 0.15 * normal(generator, batch, 1))).clamp(0.02, 0.95)


def metal_colours(batch: int, generator: Generator) -> Tensor:
    """Colours [B, 3] of steel and painted tubes."""
    plain = from_table(METAL, pick(generator, (3, 2, 2, 3, 1), batch))
    return (plain * (1 + 0.1 * normal(generator, batch, 1))).clamp(0.02, 0.95)


def strong_colours(batch: int, generator: Generator) -> Tensor:
    """Colours [B, 3] of plastic and lacquer, more saturated than cloth."""
    bright = saturated(batch, generator)
    purity = 0.85 * chance(generator, 0.75, batch, 1) + 0.15 * chance(generator, 0.4, batch, 1)
    bright = bright - purity.clamp(max=0.98) * bright.amin(-1, keepdim=True)
    least = uniform(generator, batch, 1, low=0.55)
    return (bright * (least / bright.amax(-1, keepdim=True)).clamp(min=1)).clamp(0, 1)
