"""Colour of a surface point from its place in the object, and the light that falls on it.

`cars` and `chairs` make a `Paint`; `scene` colours what the cameras see with it. Patterns are functions of x, |y|, z,
so that both sides of an object are painted alike.

Legend: B objects, M surface points, K slots of an object's paints. Colours are in 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.rendering.noise import cell_noise, chance, normal, pick, soft_step, uniform
from pipelines.synthetic.rendering.palettes import from_table

KINDS = ("plain", "wood", "stripes", "checks", "mottled", "grooves")
_WAVES = 5
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
    """[B, K] repeats of the pattern per diagonal of the object."""
    gloss: Tensor
    """[B, K] 0 matte .. about 1 glossy."""
    direction: Tensor
    """[B, K, 3] unit vectors across stripes."""
    phase: Tensor
    """[B] of the noise, radians."""

    @staticmethod
    def join(paints: "Sequence[Paint]") -> "Paint":
        """Paints of the same objects with their slots one after the other; the noise is that of the first."""
        names = [field.name for field in fields(Paint) if field.name != "phase"]
        slots = {name: torch.cat([getattr(paint, name) for paint in paints], 1) for name in names}
        return Paint(**slots, phase=paints[0].phase)


@dataclass
class Light:
    """Light of B objects, fixed to them."""

    lamp: Tensor
    """[B, 3] unit vector to the key light."""
    back: Tensor
    """[B, 3] unit vector to the fill light, opposite to the lamp."""
    key: Tensor
    """[B] strength of the key light."""
    fill: Tensor
    """[B] strength of the fill light."""
    ambient: Tensor
    """[B] strength of the light from everywhere."""
    headlight: Tensor
    """[B] strength of a lamp at the camera."""
    reflection: Tensor
    """[B] strength of highlights and of the sky's reflection."""


def sample_light(batch: int, generator: Generator) -> Light:
    """Draws soft light from above, in about half of the cases equal on both sides of the object."""
    side = normal(generator, batch) * 0.7 * chance(generator, 0.5, batch)
    around = torch.where(chance(generator, 0.65, batch), 0.0, torch.pi) + side
    lift = uniform(generator, batch, low=0.5, high=1.8)
    headlight = uniform(generator, batch, low=0.0, high=0.35)
    key = uniform(generator, batch, low=0.25, high=0.7)
    return Light(
        lamp=normalize(torch.stack([around.cos(), around.sin(), lift], -1), dim=-1),
        back=normalize(torch.stack([-around.cos(), -around.sin(), 0.3 * lift], -1), dim=-1),
        key=key,
        fill=uniform(generator, batch, low=0.05, high=0.3),
        ambient=uniform(generator, batch, low=0.95, high=1.25) - 0.75 * key - 0.4 * headlight,
        headlight=headlight,
        reflection=uniform(generator, batch, low=0.2, high=1.0),
    )


def paint_points(paint: Paint, row: Tensor, slot: Tensor, point: Tensor) -> Tensor:
    """Colour [M, 3] in 0..1 of the points [M, 3] (diagonals) of the objects `row` [M] with the paints `slot` [M]."""
    place = torch.stack([point[:, 0], point[:, 1].abs(), point[:, 2]], -1)
    kind, scale = paint.kind[row, slot], paint.scale[row, slot]
    across = (place * paint.direction[row, slot]).sum(-1)
    phase = paint.phase[row] + 1.7 * slot
    grain = _wave_noise(place * scale[:, None] * 0.6, phase)
    wood = 0.5 + 0.5 * torch.sin(across * scale * 9 + 2.5 * grain)
    stripe = soft_step(((across * scale + phase).frac() - 0.5).abs() - 0.25, 0.12)
    other = (place * paint.direction[row, slot].roll(1, -1)).sum(-1)
    check = (stripe + soft_step(((other * scale + phase).frac() - 0.5).abs() - 0.25, 0.12)) / 2
    mottled = 0.5 + 0.25 * grain + 0.35 * (cell_noise((place[:, 0] + place[:, 1]) * 97, place[:, 2] * 97, phase) - 0.5)
    groove = soft_step(0.06 - ((across * scale + phase).frac() - 0.5).abs(), 0.06)
    mixes = torch.stack([0.04 * grain, 0.7 * wood, stripe, check, 0.6 * mottled, groove], -1)
    mix = mixes.gather(-1, kind[:, None]).clamp(0, 1)
    return torch.lerp(paint.colour[row, slot], paint.second[row, slot], mix)


def _wave_noise(place: Tensor, phase: Tensor) -> Tensor:
    """Smooth noise [M] of about -1..1 at the places [M, 3]; `phase` [M] tells one noise from another."""
    total = torch.zeros_like(phase)
    for wave in range(1, _WAVES + 1):
        x, y, z = (torch.sin(phase * wave * k + place[:, axis] * wave) for axis, k in enumerate((1.3, 2.1, 0.7)))
        total = total + (x * y + y * z + z * x) / wave
    return total / 2.2


def light_points(colour: Tensor, gloss: Tensor, light: Light, row: Tensor, normals: Tensor, towards: Tensor) -> Tensor:
    """Colour [M, 3] in 0..1 of surface points in the light of the objects `row` [M].

    colour: [M, 3] of the paint; gloss: [M]; normals, towards: [M, 3] unit vectors outwards and to the camera.
    """
    up = normals[:, 2]
    lamp = (normals * light.lamp[row]).sum(-1).clamp(min=0)
    back = (normals * light.back[row]).sum(-1).clamp(min=0)
    facing = (normals * towards).sum(-1).clamp(0, 1)
    level = light.ambient[row] * (0.85 + 0.15 * up) + light.key[row] * lamp + light.fill[row] * back
    level = level + light.headlight[row] * facing
    excess = torch.relu(level - 0.75)  # bends towards 1.05, so that white stays apart from the background
    level = level - excess + 0.3 * (1 - torch.exp(-excess / 0.3))
    halfway = normalize(light.lamp[row] + towards, dim=-1)
    glint = (normals * halfway).sum(-1).clamp(min=0).pow(40)
    mirrored = 2 * facing * up - towards[:, 2]
    sky = soft_step(mirrored - 0.15, 0.9) * (0.06 + 0.5 * (1 - facing).pow(4))
    shine = gloss * light.reflection[row]
    return (colour * level[:, None] + (shine * (0.35 * glint + sky))[:, None]).clamp(0, 1)


def wood_colours(batch: int, generator: Generator) -> Tensor:
    """Colours [B, 3] of woods."""
    plain = from_table(WOOD, pick(generator, (1,) * len(WOOD), batch))
    return (plain * (1 + 0.15 * normal(generator, batch, 1))).clamp(0.02, 0.95)


def metal_colours(batch: int, generator: Generator) -> Tensor:
    """Colours [B, 3] of steel and painted tubes."""
    plain = from_table(METAL, pick(generator, (3, 2, 2, 3, 1), batch))
    return (plain * (1 + 0.1 * normal(generator, batch, 1))).clamp(0.02, 0.95)
