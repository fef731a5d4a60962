"""Colours of faces at any points of them: lips, lids, lashes, brows, beards, wrinkles, hair roots.

In: points of heads and complexions. Out: colours and gloss. `mesh_shading` calls `paint_skin`.

Features are painted along curves on the average body, in metres above its pupils: its brows are at 0.0155, the nose's
tip is at -0.038, the lips meet at -0.0677 and the chin is at -0.107; both sides are alike.

Legend: M points. Colours are sRGB values in [0, 1].
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import SURFACES
from pipelines.synthetic.people.complexion import Complexion
from pipelines.synthetic.people.eye_paint import paint_eyes, paint_insides
from pipelines.synthetic.people.hairline import measure_hairline
from pipelines.synthetic.people.skin_paint import (
    FRECKLE_CELL,
    SkinPoints,
    lay,
    paint_body,
    scatter_cells,
    smooth_noise,
)
from pipelines.synthetic.rendering.noise import soft_step
from pipelines.synthetic.tensors import constant

_NECK = -0.143  # where faces begin
_EYE_X, _EYE_HALF = 0.0309, 0.0112  # middle and half width of the opening of an eye, m
_LIPS_MEET = -0.0677
_WET = 2.5  # gloss of eyeballs
_SURFACE = {name: index for index, name in enumerate(SURFACES)}


def paint_skin(points: SkinPoints, complexion: Complexion, eye: Tensor) -> tuple[Tensor, Tensor]:
    """Colours [M, 3] and gloss [M] of points anywhere on bodies; eye: [3] middle of the average body's left
    eyeball."""
    colour, gloss = paint_body(points, complexion)
    ball = (points.surface == _SURFACE["eye"]).nonzero()[:, 0]
    inside = (points.surface >= _SURFACE["teeth"]).nonzero()[:, 0]
    face = ((points.place[1] > _NECK) & (points.surface < _SURFACE["eye"])).nonzero()[:, 0]
    colour[face], gloss[face] = _paint_face(points.take(face), complexion, colour[face], gloss[face])
    colour[ball], gloss[ball] = paint_eyes(points.take(ball), complexion, eye), _WET
    colour[inside] = paint_insides(points.take(inside), complexion)
    gloss[inside] = 0.6 * (points.surface[inside] != _SURFACE["mouth"])
    return colour, gloss


def _paint_face(points: SkinPoints, complexion: Complexion, colour: Tensor, gloss: Tensor) -> tuple[Tensor, Tensor]:
    """Colours [M, 3] and gloss [M] of the skin of heads, from those of plain skin."""
    for paint in _PAINTERS:
        colour = paint(points, complexion, colour)
    lips = points.column("lips").clamp(0, 1)
    x, y, _ = points.place
    lines = 0.06 * torch.sin(x * 2600 + 3 * torch.sin(y * 900))
    painted = complexion.lips[points.person] * (1 + lines - 0.12 * (y > _LIPS_MEET))[:, None]
    share = soft_step(lips - 0.5, 0.9)
    colour = lay(colour, share * share * (3 - 2 * share), painted)
    meeting = soft_step(0.0008 - (y - _LIPS_MEET).abs(), points.width.clamp(min=0.0012)) * lips
    colour = lay(colour, 0.6 * meeting, complexion.lips[points.person] * 0.35)
    oily = 0.9 * _spot(points, 0.0, 0.042, 0.035, 0.016) + 1.2 * _spot(points, 0.0, -0.028, 0.007, 0.022)
    oily = oily + 0.6 * _spot(points, 0.046, -0.016, 0.014, 0.01) + 1.2 * lips
    gloss = gloss * (0.8 + oily) * (1 - points.column("scalp"))
    return _paint_lashes(points, complexion, colour), gloss


def _spot(points: SkinPoints, x: float, y: float, radius_x: float, radius_y: float) -> Tensor:
    """Soft spots [M], 0..1, on either side of the front of the face."""
    across, up, ahead = points.place
    distance = ((across.abs() - x) / radius_x).square() + ((up - y) / radius_y).square()
    return torch.exp(-distance) * (ahead > 0.06)


def _paint_flush(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Redness of cheeks, nose, ears, chin and lids, pores, and shade in the hollows of the face."""
    x, y, z = points.place
    person = points.person
    fine = smooth_noise(points.place, 0.0028, complexion.seed[person] + 7)
    veins = torch.sin(x * 330 + 50 * complexion.seed[person]) * torch.sin(y * 290 + 3 * torch.sin(x * 170))
    cheeks, nose = _spot(points, 0.046, -0.034, 0.024, 0.02), _spot(points, 0.0, -0.036, 0.015, 0.016)
    red = 0.5 * cheeks * (1 + 0.6 * veins) + 0.45 * nose + 0.25 * _spot(points, 0.0, -0.1, 0.018, 0.012)
    red = (red + 0.7 * points.column("ear") + 0.1 * veins) * complexion.blush[person]
    red = red + 0.25 * _spot(points, _EYE_X, -0.002, 0.016, 0.01)
    dark = 0.1 * _spot(points, 0.027, -0.009, 0.013, 0.005) * (0.4 + complexion.wrinkles[person])
    dark = dark + 0.4 * _spot(points, 0.0085, -0.0455, 0.0035, 0.002)
    # Where little light of the surroundings comes to: below nose, lip and jaw, at the inner corners of the eyes.
    dark = dark + 0.2 * _spot(points, 0.0, -0.0495, 0.014, 0.0045) + 0.16 * _spot(points, 0.0, -0.0885, 0.017, 0.0045)
    dark = dark + 0.16 * _spot(points, 0.0155, 0.004, 0.007, 0.009)
    dark = dark + 0.26 * torch.exp(-((y + 0.119) / 0.013).square()) * soft_step(0.124 - z, 0.04)
    pores = 0.035 * fine * soft_step(0.0022 - points.width, 0.002)  # finer than a sample they are nothing
    tone = constant((0.08, -0.2, -0.18), colour.device)
    warm = constant((0.6, 1.0, 1.1), colour.device)  # shaded skin is redder
    return colour * (1 + red[:, None] * tone - dark[:, None] * warm + pores[:, None])


def _paint_freckles(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    person = points.person
    distance, number = scatter_cells(points.place, FRECKLE_CELL, complexion.seed[person] + 2)
    where = _spot(points, 0.02, -0.028, 0.04, 0.025)
    size = (complexion.freckles[person] * where - number).clamp(min=0)
    spot = soft_step(0.0004 + 0.0016 * size - distance, points.width.clamp(min=0.0008)) * (size > 0)
    return lay(colour, spot * 0.5, complexion.skin[person] * constant((0.72, 0.5, 0.38), colour.device))


def _paint_wrinkles(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Lines of the forehead, crow's feet, bags under the eyes and folds from the nose to the corners of the mouth."""
    x, y, _ = points.place
    depth = complexion.wrinkles[points.person]
    side = x.abs()
    wavy = y + 0.0015 * torch.sin(x * 90 + complexion.seed[points.person] * 40)
    forehead = (torch.cos(wavy * 720) - 0.55).clamp(min=0) * _spot(points, 0.0, 0.039, 0.045, 0.014)
    angle = torch.atan2(y - 0.0, side - 0.036)
    crow = (torch.cos(angle * 14) - 0.4).clamp(min=0) * _spot(points, 0.053, -0.001, 0.007, 0.012)
    fold_x = 0.0155 + 0.0125 * ((-0.04 - y) / 0.028).clamp(0, 1.3)
    fold = torch.exp(-((side - fold_x) / 0.0025).square()) * soft_step(0.017 - (y + 0.056).abs(), 0.012)
    bag_y = -0.0115 - 9 * (side - _EYE_X).square()
    bag = torch.exp(-((y - bag_y) / 0.0028).square()) * soft_step(0.014 - (side - _EYE_X).abs(), 0.006)
    dark = depth * (0.5 * forehead + 0.4 * crow + 0.1 * bag) + (0.05 + 0.25 * depth) * fold
    return colour * (1 - (dark * (points.place[2] > 0.06))[:, None] * constant((0.8, 1.0, 1.0), colour.device))


def _eye_line(points: SkinPoints) -> tuple[Tensor, Tensor, Tensor]:
    """Along the opening of the eye, -1 the inner corner .. 1 the outer one, and metres above its upper and its lower
    edge, [M] each."""
    x, y, _ = points.place
    along = (x.abs() - _EYE_X) / _EYE_HALF
    arch = (1 - along.square()).clamp(min=-0.25)
    middle = y + 0.0006 - 0.0007 * along
    return along, middle - 0.0058 * arch, middle + 0.0043 * arch


def _paint_lids(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Lids, eye shadow and the crease above."""
    along, above, _ = _eye_line(points)
    near = soft_step(1.35 - along.abs(), 0.5) * (points.place[2] > 0.09)
    lid = soft_step(0.0048 - (above - 0.0035).abs(), 0.004) * near
    colour = lay(colour, 0.8 * lid, complexion.lid[points.person])
    # Towards the corners the crease of a shut lid would run down with it.
    crease = torch.exp(-((above - 0.0052) / 0.0011).square()) * near * soft_step(0.75 - along.abs(), 0.6)
    return colour * (1 - 0.24 * crease)[:, None]


def _paint_lashes(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Dark lines along the rims of the lids; the upper one is thicker, to the outside most."""
    along, above, below = _eye_line(points)
    front = points.place[2] > 0.09
    thick = 0.0011 + 0.0005 * along
    width = points.width.clamp(min=0.0009)
    upper = soft_step(thick - (above - 0.0002).abs(), width) * soft_step(1.16 - along.abs(), 0.15)
    lower = soft_step(0.0006 - (below + 0.0004).abs(), width) * soft_step(1.0 - along.abs(), 0.2)
    strength = complexion.lashes[points.person]
    dark = constant((0.06, 0.045, 0.04), colour.device).expand_as(colour)
    colour = lay(colour, 0.5 * strength * lower * front, dark)
    return lay(colour, (strength * 1.15).clamp(max=1) * upper * front, dark)


def _paint_brows(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Arched brows of single hairs that lie more and more to the outside."""
    x, y, z = points.place
    half, arch, opacity = complexion.brow_shape[points.person].unbind(1)
    along = ((x.abs() - 0.0145) / 0.0405).clamp(-0.5, 1.5)  # 0 at the nose .. 1 at the temple
    middle = 0.0155 + arch * (1 - ((along - 0.62) / 0.62).square()) - 0.0022 * (along - 0.6).clamp(min=0) / 0.4
    thick = half * (1.0 - 0.72 * (along - 0.35).clamp(min=0) / 0.65)
    inside = soft_step(along - 0.06, 0.3) * soft_step(1 - along, 0.12)
    inside = inside * soft_step(1 - ((y - middle) / thick.clamp(min=2e-4)).abs(), 0.9)
    hairs = torch.sin((x.abs() * (1.4 - along.clamp(0, 1)) - 0.35 * y) * 3400 + 3 * torch.sin(y * 900 + x * 300))
    shown = soft_step(0.0016 - points.width, 0.001)  # finer than a sample they are a tone
    inside = inside * (opacity * (1 + 0.14 * shown * hairs)).clamp(0, 1) * (z > 0.08)
    return lay(colour, inside, complexion.brow[points.person])


def _paint_beard(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Beard on cheeks and jaw, lip and chin: stubble lets the skin shine through, long hair has streaks."""
    x, y, z = points.place
    side = x.abs()
    person = points.person
    jaw, lip, chin = complexion.beard[person].unbind(1)
    edge = -0.082 + 0.045 * ((side - 0.026) / 0.03).clamp(0, 1) + 0.05 * ((side - 0.06) / 0.012).clamp(0, 1)
    noise = smooth_noise(points.place, 0.006, complexion.seed[person] + 3)
    on_jaw = soft_step(edge + 0.004 * noise - y, 0.02) * soft_step(y + 0.13 - 0.006 * noise, 0.02)
    on_jaw = on_jaw * soft_step(z - 0.03, 0.02)
    on_lip = soft_step(0.0068 - (y + 0.0555 + 0.25 * (side - 0.004).clamp(min=0)).abs(), 0.006)
    on_lip = on_lip * soft_step(0.03 - side, 0.008) * (z > 0.1)
    corner = soft_step(0.006 - (side - 0.0285).abs(), 0.006) * soft_step(-0.053 - y, 0.01) * soft_step(y + 0.098, 0.01)
    on_chin = soft_step(0.024 - side, 0.012) * soft_step(-0.0845 - y + 0.004 * noise, 0.008)
    on_chin = torch.maximum(on_chin * soft_step(y + 0.124, 0.012), corner) * (z > 0.06)
    amount = torch.maximum(torch.maximum(on_jaw * jaw, on_lip * lip), on_chin * chin)
    stubble = complexion.stubble[person]
    streaks = torch.sin(x * 2400 + y * 500 + 5 * noise) * 0.12
    hair = complexion.brow[person] * (1 + streaks * (1 - stubble))[:, None]
    opacity = amount * torch.lerp(torch.full_like(stubble, 0.9), torch.full_like(stubble, 0.42), stubble)
    dense = smooth_noise(points.place, 0.0022, complexion.seed[person] + 5)
    return lay(colour, (opacity * (0.95 + 0.1 * noise + (0.25 + 0.3 * stubble) * dense)).clamp(0, 1), hair)


def _paint_roots(points: SkinPoints, complexion: Complexion, colour: Tensor) -> Tensor:
    """Roots of the hair on the scalp: a line of single hairs along the forehead, stubble on shaved heads."""
    person, place = points.person, points.place
    hairline = complexion.hairline[person]
    seed = complexion.seed[person]
    noise = torch.sin(place[0] * 420 + 9 * seed) * torch.sin(place[2] * 390 + place[1] * 200)
    hairs = smooth_noise((place[0] * 3, place[1], place[2] * 3), 0.004, seed + 6)
    level = measure_hairline(place, hairline) + 0.003 * noise + 0.005 * hairs
    opacity = hairline[:, 4] * soft_step(-0.001 - level, 0.009) * (1 - points.column("ear"))
    tone = complexion.hair[person] * (0.85 + 0.1 * noise + 0.12 * hairs)[:, None]
    return lay(colour, opacity * (0.92 + 0.08 * hairs), tone)


_PAINTERS = (
    _paint_flush, _paint_freckles, _paint_wrinkles, _paint_lids, _paint_roots, _paint_beard, _paint_brows
)  # fmt: skip
