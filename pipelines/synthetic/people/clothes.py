"""Loose clothes as open cones over the body: sleeves, trouser legs, hems, belts, collars and skirts.

Tight clothes are textures on the body itself. `body.sample_people` calls `add_clothes`.

Legend: B batch. `side` is "r" or "l". Points are (x to the person's left, y up, z to the front) of a joint, in standard
metres (times `figure.scale`) unless a comment says metres; tensors without a shape are [B].
"""

from functools import partial

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.figure import Figure, top_line, upper_arm_line
from pipelines.synthetic.people.garments import STYLES
from pipelines.synthetic.people.primitives import Cone, PeopleBuilder, Surface, make_ellipsoid
from pipelines.synthetic.people.skeleton import SIDES
from pipelines.synthetic.people.skirts import add_skirt, hip_width
from pipelines.synthetic.people.textures import Outfit
from pipelines.synthetic.rendering.noise import chance, uniform

_FLAT = 0.3  # height of the rounded ends of closed clothes in parts of their width
_COLLARED = ("shirt", "jacket", "polo", "zip")


def add_clothes(builder: PeopleBuilder, figure: Figure, outfit: Outfit, skirt: Tensor, generator: Generator) -> None:
    """Adds the loose parts of the outfit, and a skirt for the people for whom `skirt` [B] is true."""
    loose = uniform(generator, builder.batch).square()  # 0 tight .. 1 wide
    for side, sign in SIDES:
        _add_sleeve(builder, figure, outfit, loose, side, sign)
        _add_trouser_leg(builder, figure, outfit, loose, ~skirt, side)
    _add_top(builder, figure, outfit, loose, generator)
    add_skirt(builder, figure, skirt, generator)


def _add_sleeve(builder: PeopleBuilder, figure: Figure, outfit: Outfit, loose: Tensor, side: str, sign: float) -> None:
    """An open cone down the upper arm, for long sleeves one more down the forearm and a round piece at the elbow.

    shoulder (=========  elbow(O)=========  cuff       ends open where the sleeve ends
    """
    scale, girth = figure.scale, figure.arm_girth
    shoulder, elbow, wrist = (builder.point(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist"))
    line = upper_arm_line(builder, figure, side)
    upper = Surface(f"{side}_upper_arm", "sleeve", line)
    ease = (0.004 + 0.022 * loose) * scale
    covered = outfit.sleeve.clamp(max=1.0)  # of the upper arm
    length = (shoulder - elbow).norm(dim=-1)
    start = builder.point(f"{side}_shoulder", -sign * 0.008, -0.01, unit=scale)
    end = builder.point(f"{side}_shoulder", 0, 0.03 * scale - (length + 0.03 * scale) * covered)  # metres
    radii = 0.055 * scale * girth + ease * 0.5, (0.058 - 0.012 * covered) * scale * girth + ease
    sleeve = Cone(start, end, radii, opened=(False, outfit.sleeve < 1.2))
    builder.add(f"{side}_shoulder", sleeve, upper, present=outfit.sleeve > 0.1)
    long = outfit.sleeve > 1.15
    forearm = (elbow - wrist).norm(dim=-1)
    cuff = builder.point(f"{side}_elbow", 0, -forearm * (outfit.sleeve - 1).clamp(0.05, 0.97))  # metres
    bell = ease * torch.where(loose > 0.6, 1.3, 0.5)
    radii = 0.042 * scale * girth + ease, 0.032 * scale * girth + bell
    sleeve = Cone(elbow, cuff, radii, opened=(False, True))
    builder.add(f"{side}_elbow", sleeve, Surface(f"{side}_forearm", "forearm", (elbow, wrist)), present=long)
    width = 0.043 * scale * girth + ease
    bend = make_ellipsoid(elbow, (width, 0.055 * scale * girth, width))
    builder.add(f"{side}_sleeve", bend, Surface(f"{side}_forearm", "sleeve", line), present=long)


def _add_trouser_leg(
    builder: PeopleBuilder, figure: Figure, outfit: Outfit, loose: Tensor, worn: Tensor, side: str
) -> None:
    """An open cone down the thigh, for long trousers one more down the shin, flared for the widest; `worn` [B] bool."""
    scale, girth = figure.scale, figure.leg_girth
    hip, knee, ankle = (builder.point(f"{side}_{joint}") for joint in ("hip", "knee", "ankle"))
    waist = builder.point("pelvis", 0, 0.1, unit=scale)
    line = torch.stack([hip[:, 0], waist[:, 1], hip[:, 2]], -1), knee
    ease = (0.003 + 0.03 * loose) * scale
    worn = worn & (outfit.leg > 0.15)
    covered = outfit.leg.clamp(max=1.0)  # of the thigh
    reach = (line[0] - knee).norm(dim=-1)
    end = line[0] - torch.stack([0 * reach, reach * covered, 0 * reach], -1)
    radii = 0.08 * scale * girth + ease * 0.5, (0.074 - 0.016 * covered) * scale * girth + ease
    start = builder.point(f"{side}_hip", 0, -0.02, unit=scale)
    thigh = Cone(start, end, radii, deep=1.05, opened=(True, outfit.leg < 1.1))
    builder.add(f"{side}_hip", thigh, Surface(f"{side}_thigh", "bottom", line), present=worn)
    shin = (knee - ankle).norm(dim=-1)
    hem = builder.point(f"{side}_knee", 0, -shin * (outfit.leg - 1).clamp(0.05, 0.985))  # metres
    flare = torch.where(loose > 0.75, 0.02 * scale, 0.0)
    narrow = 0.046 - 0.004 * (loose < 0.1)
    radii = 0.054 * scale * girth + ease, narrow * scale * girth + ease * 0.9 + flare
    surface = Surface(f"{side}_shin", "lower_leg", (knee, ankle))
    cone = Cone(knee, hem, radii, deep=1.06, opened=(False, True))
    builder.add(f"{side}_knee", cone, surface, present=worn & (outfit.leg > 1.1))


def _add_top(builder: PeopleBuilder, figure: Figure, outfit: Outfit, loose: Tensor, generator: Generator) -> None:
    """What of a top is loose: a hem below the waist for most, else a belt; cloth over the ribs; a collar.

      )collar(
     |  ribs  |      only of wide tops
     |________|      belt at the waist,
    |   hem    |     or a hem that hangs over it
    """
    scale, batch = figure.scale, builder.batch
    chest, spine, pelvis = (partial(builder.point, frame, unit=scale) for frame in ("chest", "spine", "pelvis"))
    top = Surface("torso", "top", top_line(builder, figure))
    hangs = ~outfit.one_piece & chance(generator, 0.62, batch)
    hem = uniform(generator, batch, low=-0.08, high=0.05)
    ease = (0.008 + 0.03 * loose) * scale
    radii = (figure.waist + 0.6 * ease) * _FLAT, (hip_width(builder, figure) + ease) * _FLAT
    cone = Cone(pelvis(0, 0.13, -0.014), pelvis(0, hem, -0.01), radii, wide=1 / _FLAT, deep=0.78 / _FLAT,
                opened=(False, True))  # fmt: skip
    builder.add("pelvis", cone, top, present=hangs)
    radii = (figure.chest + 0.3 * ease) * _FLAT, (figure.waist + 0.7 * ease) * _FLAT
    ribs = Cone(chest(0, -0.02, 0.0), spine(0, -0.02, 0.004), radii, wide=1 / _FLAT, deep=0.74 / _FLAT)
    builder.add("spine", ribs, top, present=loose > 0.25)
    _add_belt(builder, figure, ~hangs & chance(generator, 0.7, batch))
    collared = torch.stack([outfit.style == STYLES.index(name) for name in _COLLARED]).any(0)
    clip = (0.0, 0.55, -0.83), chest(0, 0.165, 0.055)  # open at the throat
    radii = 0.08 * scale, 0.068 * scale
    collar = Cone(chest(0, 0.17, -0.008), chest(0, 0.215, -0.002), radii, opened=(True, True), clip=clip)
    builder.add("chest", collar, top, present=collared)


def _add_belt(builder: PeopleBuilder, figure: Figure, present: Tensor) -> None:
    """An open ring around the waist, for the people for whom `present` [B] is true."""
    scale = figure.scale
    half_height, radius = 0.012 * scale, figure.waist * 0.55 + figure.hip * 0.45 + 0.008 * scale
    levels = 0.085 * scale - half_height, 0.085 * scale + half_height  # metres
    start, end = (builder.point("pelvis", 0, y, -0.008 * scale) for y in levels)
    belt = Cone(start, end, (radius, radius), deep=0.74, opened=(True, True))
    builder.add("pelvis", belt, Surface("torso", "belt"), present=present)
