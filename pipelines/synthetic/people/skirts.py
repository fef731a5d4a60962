"""Skirts and the skirts of dresses: who wears one, and the cones they are made of.

`body.sample_people` draws the wearers, `clothes.add_clothes` adds the cones.

Legend: B batch. Points are (x to the person's left, y up, z to the front) of a joint, in standard metres (times
`figure.scale`) unless a comment says metres; tensors without a shape are [B].
"""

from functools import partial

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.figure import Figure
from pipelines.synthetic.people.primitives import Cone, PeopleBuilder, Surface
from pipelines.synthetic.people.skeleton import INDEX, SIDES
from pipelines.synthetic.people.textures import Outfit
from pipelines.synthetic.rendering.noise import chance, uniform

_FLAT = 0.3  # height of the rounded ends in parts of the width


def draw_skirt_wearers(figure: Figure, outfit: Outfit, generator: Generator) -> Tensor:
    """Who wears a dress, or a skirt over bare legs or tights: [B] bool."""
    likely = (figure.female > 0.5) & (outfit.leg < 0.9) & chance(generator, 0.75, len(figure.scale))
    return likely | (outfit.one_piece & (outfit.leg < 0.9))


def hip_width(builder: PeopleBuilder, figure: Figure) -> Tensor:
    """Half width [B] over hips and thighs in metres."""
    thighs = builder.origins[:, INDEX["l_hip"], 0] + 0.076 * figure.scale * figure.limb_girth
    return torch.maximum(figure.hip, thighs)


def add_skirt(builder: PeopleBuilder, figure: Figure, worn: Tensor, generator: Generator) -> None:
    """Draws length and flare and adds a skirt for the people for whom `worn` [B] is true.

      ( hips )       a closed cone that moves with the pelvis
     (        )      an open one that moves with the skirt frame, halfway between pelvis and thighs
    (__________)     and inside of it one for each leg, which shows when the leg is raised
    """
    scale, batch = figure.scale, builder.batch
    pelvis = partial(builder.point, "pelvis", unit=scale)
    length = uniform(generator, batch, low=0.34, high=0.9) * scale
    length = torch.where(chance(generator, 0.6, batch), length.clamp(max=0.62 * scale), length)
    flare = uniform(generator, batch, low=0.02, high=0.15) * scale * (0.5 + 0.5 * length / scale)
    line = pelvis(0, 0.1, -0.01), builder.point("pelvis", 0, 0.1 * scale - length, -0.01 * scale)
    surface = Surface("skirt", "skirt", line)
    width, middle = hip_width(builder, figure) + 0.014 * scale, pelvis(0, -0.005, -0.014)
    radii = (figure.waist + 0.008 * scale) * _FLAT, width * _FLAT
    hips = Cone(pelvis(0, 0.11, -0.01), middle, radii, wide=1 / _FLAT, deep=0.82 / _FLAT)
    builder.add("pelvis", hips, surface, present=worn)
    radii = width * _FLAT, (width + flare) * _FLAT
    below = Cone(middle, line[1], radii, wide=1 / _FLAT, deep=0.8 / _FLAT, opened=(False, True))
    builder.add("skirt", below, surface, present=worn)
    for side, _ in SIDES:
        _add_leg_cones(builder, figure, side, length - 0.15 * scale, surface, worn)


def _add_leg_cones(
    builder: PeopleBuilder, figure: Figure, side: str, length: Tensor, surface: Surface, worn: Tensor
) -> None:
    """The part of the skirt that moves with a leg and stays inside the rest until the leg is raised.

    `length` [B] in metres from about the hip joint to a little above the hem.
    """
    scale, girth = figure.scale, figure.leg_girth
    thigh = (builder.point(f"{side}_hip") - builder.point(f"{side}_knee")).norm(dim=-1)
    end = builder.point(f"{side}_hip", 0, -torch.minimum(length, thigh))  # metres
    start = builder.point(f"{side}_hip", 0, -0.02, unit=scale)
    radii = 0.087 * scale * girth, 0.076 * scale * girth + 0.012 * scale
    over_thigh = Cone(start, end, radii, deep=1.06, opened=(False, length < thigh + 0.05 * scale))
    builder.add(f"{side}_hip", over_thigh, surface, present=worn)
    shin = (length - thigh).clamp(min=0.02)
    radii = 0.076 * scale * girth + 0.01 * scale, 0.08 * scale * girth + 0.02 * scale
    over_shin = Cone(
        builder.point(f"{side}_knee"), builder.point(f"{side}_knee", 0, -shin), radii, opened=(False, True)
    )
    builder.add(f"{side}_knee", over_shin, surface, present=worn & (length > thigh + 0.05 * scale))
