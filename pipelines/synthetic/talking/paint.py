"""Paints talking faces where the camera sees them: sharp at any distance, in the shape of their `features`.

In: features, colours and the point of the skin that each pixel shows. Out: colours before any light, for `talking`.

Legend: B faces, N pictures, H, W picture size. x, y [N, 1, H, W]: metres on the skin, see `features`. Images are
[N, 3, H, W] in [0, 1], masks [N, 1, H, W].
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.people.face_textures import EYE_Y, MOUTH_Y, NOSE_Y
from pipelines.synthetic.rendering.noise import chance, column, ellipse, over, soft_step, spectral_noise, uniform
from pipelines.synthetic.rendering.palettes import eye_colours
from pipelines.synthetic.talking.features import BROW, INNER, NOSTRIL_Y, Features

EDGE = 0.0009  # width of a painted edge, m
GRAIN = 128  # side of the noise of the skin, texels


@dataclass(frozen=True)
class FacePaint:
    """Colours and strengths of N faces (B before `repeat`)."""

    skin: Tensor
    """[N, 3] colour."""
    hair: Tensor
    """[N, 3] colour."""
    lip: Tensor
    """[N, 3] colour."""
    iris: Tensor
    """[N, 3] colour."""
    blush: Tensor
    """[N, 1] opacity of the blush on the cheeks."""
    beard: Tensor
    """[N, 1] opacity, 0 for none."""
    lash: Tensor
    """[N, 1] opacity."""
    brow: Tensor
    """[N, 1] opacity."""
    thick: Tensor
    """[N, 1] half thickness of the brows, m."""
    hairline: Tensor
    """[N, 1] y of the hairline in the middle of the face, m."""
    grain: Tensor
    """[N, 1, GRAIN, GRAIN] noise of the skin."""

    def repeat(self, frames: int) -> FacePaint:
        """The same paint for each of `frames` pictures of a face."""
        return FacePaint(*(getattr(self, item.name).repeat_interleave(frames, 0) for item in fields(self)))

    def __getitem__(self, pictures: slice) -> FacePaint:
        """The paint of some pictures."""
        return FacePaint(*(getattr(self, item.name)[pictures] for item in fields(self)))


def sample_face_paint(skin: Tensor, hair: Tensor, generator: Generator) -> FacePaint:
    """Draws make-up, beard, eyes and grain of the skin for people of these colours [B, 3]."""
    batch = len(skin)
    female = chance(generator, 0.5, batch, 1)
    red = skin * torch.tensor([0.88, 0.58, 0.58], device=skin.device)
    painted = red * torch.tensor([1.05, 0.6, 0.7], device=skin.device)
    return FacePaint(
        skin=skin,
        hair=hair,
        lip=torch.lerp(red, painted, female * uniform(generator, batch, 1)),
        iris=eye_colours(batch, generator),
        blush=uniform(generator, batch, 1, low=0.05, high=0.4),
        beard=~female * chance(generator, 0.4, batch, 1) * uniform(generator, batch, 1, low=0.2, high=0.8),
        lash=0.45 + 0.5 * female,
        brow=uniform(generator, batch, 1, low=0.6, high=0.95),
        thick=uniform(generator, batch, 1, low=0.0022, high=0.004),
        hairline=uniform(generator, batch, 1, low=0.03, high=0.055),
        grain=spectral_noise(batch, 1, GRAIN, GRAIN, generator, slope=1.0),
    )


def paint_faces(features: Features, paint: FacePaint, x: Tensor, y: Tensor) -> Tensor:
    """Colours [N, 3, H, W] in [0, 1] of the faces, before any light."""
    features = features.expand(4)
    place = torch.cat([x / 0.12, (y - 0.12) / 0.12], 1).permute(0, 2, 3, 1).clamp(-1, 1)  # [N, H, W, 2]
    grain = functional.grid_sample(paint.grain, place, align_corners=False)
    image = column(paint.skin, 4) * (1 + 0.025 * grain)
    for painter in _PAINTERS:
        image = painter(features, paint, x, y, image)
    return image.clamp(0, 1)


def _band(y: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Mask [N, 1, H, W] of what is between the upper edge `low` and the lower edge `high`, y [N, 1, H, W] in metres."""
    return soft_step(torch.minimum(y - low, high - y), EDGE)


def _paint_complexion(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Blush, eye sockets, folds beside the mouth and the hollow above the chin."""
    cheeks = ellipse(x.abs() - 0.045, y - 0.158, 0.024, 0.02, 1.2)
    image = over(image, cheeks * column(paint.blush, 4), paint.skin * paint.skin.new_tensor([1.02, 0.82, 0.8]))
    sockets = ellipse(x.abs() - features.eye, y - EYE_Y + 0.006, features.eye_width * 1.7, 0.016, 1.4)
    fold = _ridge(x.abs() - features.mouth - 0.006 - 0.25 * (MOUTH_Y - y), 0.005) * _ridge(y - 0.172, 0.012)
    chin = ellipse(x, y - (MOUTH_Y + 0.017 + features.drop), 0.02, 0.005, 1.2)
    return image * (1 - 0.14 * sockets) * (1 - 0.1 * fold) * (1 - 0.12 * chin)


def _ridge(distance: Tensor, width: float) -> Tensor:
    """Mask [...], 1 where `distance` [...] is 0, 0 from `width` on; both in metres."""
    return (1 - (distance / width).square()).clamp(min=0)


def _paint_nose(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Light on the bridge, shade on the flanks and wings and under the tip, nostrils."""
    bridge = ellipse(x, y - NOSE_Y + 0.02, 0.006, 0.028, 1.2)
    flank = ellipse(x.abs() - 0.011, y - NOSE_Y + 0.014, 0.006, 0.028, 1.2)
    wing = _ridge(
        ((x.abs() - features.nose * 0.8) / 0.8).square().add((y - NOSTRIL_Y + 0.003).square()).sqrt() - 0.006, 0.0016
    )
    wing = wing * soft_step(x.abs() - features.nose * 0.8, 0.004)
    under = ellipse(x, y - NOSTRIL_Y - 0.002, features.nose, 0.004, 0.9)
    nostril = ellipse(x.abs() - features.nose * 0.5, y - NOSTRIL_Y, 0.0042, 0.0026, 0.5)
    image = image * (1 + 0.08 * bridge) * (1 - 0.12 * flank) * (1 - 0.22 * under) * (1 - 0.2 * wing)
    return over(image, nostril * 0.8, paint.skin * 0.3)


def _paint_beard(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Beard along the jaw and moustache, around the mouth."""
    jaw = soft_step(y - 0.166 - 0.2 * (0.07 - x.abs()).clamp(min=0), 0.014) * soft_step(0.1 - x.abs(), 0.02)
    moustache = ellipse(x, y - MOUTH_Y + 0.012, 0.028, 0.007, 0.8)
    mask = torch.maximum(jaw, moustache) * (
        1 - ellipse(x, y - MOUTH_Y - 0.3 * features.opening, features.mouth, 0.011, 0.6)
    )
    return over(image, mask * column(paint.beard, 4), torch.minimum(paint.hair, paint.skin * 0.75) * 0.9)


def _paint_mouth(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Lips with a light edge, and between them teeth and the dark of the mouth."""
    top, upper, lower, bottom = features.lips(x)
    within = soft_step(features.mouth * 0.99 - x.abs(), EDGE)
    image = over(image, _band(y, top, bottom) * within * 0.9, paint.lip)
    shine = ellipse(x, y - lower - 0.45 * features.lower, features.mouth * 0.5, 0.0016, 1.2)
    image = image * (1 + 0.12 * shine)
    seam = _ridge(y - (upper + lower) / 2, 0.0012)
    image = over(image, seam * within * 0.75, paint.lip * 0.4)
    inside = _band(y, upper, lower) * soft_step(features.mouth * INNER - x.abs(), EDGE)
    inside = inside * (features.opening / 0.002).clamp(max=1)
    image = over(image, inside, paint.skin.new_tensor([[0.2, 0.06, 0.06]]).expand_as(paint.skin))
    tongue = ellipse(x, y - lower, features.mouth * 0.6, 0.35 * features.opening + 1e-4, 0.6)
    image = over(image, inside * tongue * 0.7, paint.skin.new_tensor([[0.55, 0.25, 0.25]]).expand_as(paint.skin))
    teeth = soft_step(upper + 0.0045 - y, 2 * EDGE) * soft_step(features.mouth * 0.72 - x.abs(), 4 * EDGE)
    return over(image, inside * teeth * 0.9, torch.full_like(paint.skin, 0.86))


def _paint_eyes(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Whites with iris, pupil and glint between the lids, the lids' edges and the crease."""
    side = x.sign()
    local = x - side * features.eye
    upper, lower = features.lids(local)
    within = soft_step(features.eye_width - local.abs(), EDGE)
    white = _band(y, upper, lower) * within
    image = over(image, white, 0.7 + 0.2 * paint.skin)
    image = image * (1 - 0.3 * white * soft_step(upper + 0.0025 - y, 0.003))
    at_x, at_y = local - features.gaze_x, y - EYE_Y + 0.0005 - features.gaze_y
    image = over(image, ellipse(at_x, at_y, 0.0062, 0.0062, 0.2) * white, paint.iris)
    image = over(image, ellipse(at_x, at_y, 0.0028, 0.0028, 0.3) * white, torch.full_like(paint.skin, 0.03))
    glint = ellipse(at_x - 0.0018, at_y + 0.0018, 0.0012, 0.0012, 0.6) * white
    image = over(image, glint * 0.8, torch.full_like(paint.skin, 0.95))
    lash = _ridge(y - upper + 0.0008, 0.0018) * soft_step(features.eye_width * 1.05 - local.abs(), EDGE)
    image = over(image, lash * column(paint.lash, 4), paint.skin * 0.15)
    crease = _ridge(y - upper + 0.0045 - 0.003 * features.blink, 0.0014) * within
    rim = _ridge(y - lower - 0.0006, 0.0014) * within
    return over(image, torch.maximum(0.4 * crease, 0.35 * rim), paint.skin * 0.45)


def _paint_brows(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Brows that get thinner to the outside."""
    outward = x.abs() - features.eye
    thick = column(paint.thick, 4) * (1 - 0.5 * ((outward / BROW + 1) / 2).clamp(0, 1))
    brow = soft_step(thick - (y - features.brow_line(outward)).abs(), 2 * EDGE) * soft_step(
        BROW - outward.abs(), 3 * EDGE
    )
    colour = torch.minimum(paint.hair, paint.skin * 0.6) * 0.75
    return over(image, brow * column(paint.brow, 4), colour)


def _paint_hairline(features: Features, paint: FacePaint, x: Tensor, y: Tensor, image: Tensor) -> Tensor:
    """Hair on the scalp, under what the head wears."""
    edge = column(paint.hairline, 4) + 0.11 * (x.abs() / 0.095).clamp(max=1.4).pow(6)
    edge = torch.where(x.abs() > 0.112, 0.2, edge)
    return over(image, soft_step(edge - y, 0.012), paint.hair)


_PAINTERS = (_paint_complexion, _paint_nose, _paint_beard, _paint_mouth, _paint_eyes, _paint_brows, _paint_hairline)
