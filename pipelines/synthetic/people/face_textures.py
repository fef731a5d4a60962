"""Face textures: eyes, brows, nose, mouth, beard, glasses, make-up and hairline around an ellipsoid head.

`textures` calls `paint_faces`.

Legend: B batch, n texture size. Columns go once around the head, the face is at u = 0.5; row 0 is the top of the head,
row 1 the chin. x and y are metres on the skin from the middle of the face and from the top of the head. Images are
[B, 3, n, n] in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import (
    chance,
    column,
    ellipse,
    over,
    pixel_grid,
    soft_step,
    spectral_noise,
    uniform,
)
from pipelines.synthetic.rendering.palettes import eye_colours, saturated

AROUND, HEIGHT = 0.47, 0.23  # of a head, m
EYE_Y, NOSE_Y, MOUTH_Y = 0.52 * HEIGHT, 0.68 * HEIGHT, 0.78 * HEIGHT


@dataclass(frozen=True)
class Face:
    """Coordinates and colours that the painters of one batch of faces share."""

    x: Tensor
    """[B, 1, n, n] metres, scaled a little so that no two faces have the same layout."""
    y: Tensor
    """[B, 1, n, n] metres, likewise."""
    skin: Tensor
    """[B, 3] colour."""
    hair: Tensor
    """[B, 3] colour."""
    noise: Tensor
    """[B, 2, n, n] of unit deviation."""
    female: Tensor
    """[B, 1, 1, 1] 0 or 1, decides on beards and make-up."""
    generator: Generator

    def random(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform per-face numbers [B, 1, 1, 1]."""
        return uniform(self.generator, len(self.skin), 1, 1, 1, low=low, high=high)

    def some(self, probability: float) -> Tensor:
        """1 for a face with the given probability, else 0: [B, 1, 1, 1]."""
        return chance(self.generator, probability, len(self.skin), 1, 1, 1).float()

    def spot(
        self, image: Tensor, x: Tensor | float, y: Tensor | float, rx: Tensor | float, ry: Tensor | float
    ) -> Tensor:
        """Mask [B, 1, n, n] of an ellipse at (x, y) with radii (rx, ry) in metres, never sharper than the texels of
        `image`; numbers or tensors that broadcast with [B, 1, n, n]."""
        return ellipse(self.x - x, self.y - y, rx, ry, _softness(image))


def paint_faces(skin: Tensor, hair: Tensor, generator: Generator, *, size: int = 128) -> Tensor:
    """Paints one head texture for each skin and hair colour [B, 3].

    Returns:
        [B, 3, size, size] in [0, 1]; the face spans about u in 0.33 .. 0.67, hair or scalp covers the rest.
    """
    batch = len(skin)
    u, v = pixel_grid(size, size, skin.device)
    female = chance(generator, 0.5, batch, 1, 1, 1).float()
    scale = uniform(generator, 2, batch, 1, 1, 1, low=0.93, high=1.07)
    x = ((u - 0.5) * AROUND * scale[0]).expand(batch, 1, size, size)
    y = (EYE_Y + (v * HEIGHT - EYE_Y) * scale[1]).expand_as(x)
    noise = spectral_noise(batch, 2, size, size, generator, slope=1.2)
    face = Face(x, y, skin, hair, noise, female, generator)
    image = column(skin, 4) * (1 + 0.02 * noise[:, :1])
    for paint in _PAINTERS:
        image = paint(face, image)
    return image.clamp(0, 1)


def _softness(image: Tensor) -> float:
    """Width of the rim of painted ellipses, in radii: wider on textures of fewer than 128 texels."""
    return max(0.35, 0.35 * 128 / image.shape[-1])


def _paint_complexion(face: Face, image: Tensor) -> Tensor:
    """Blush on the cheeks, shadow under the chin and at the temples, light on the forehead."""
    blush = face.skin * torch.tensor([1.03, 0.82, 0.8], device=face.skin.device)
    cheeks = face.spot(image, face.x.sign() * 0.045, 0.155, 0.022, 0.02)
    image = over(image, cheeks * face.random(0.05, 0.4), blush)
    front = torch.exp(-(face.x / 0.075).square())
    image = image * (0.86 + 0.16 * front)
    image = image * (1 - 0.25 * soft_step(face.y - 0.218, 0.03))
    return image * (1 + 0.06 * face.spot(image, 0.0, 0.075, 0.04, 0.03))


def _paint_nose(face: Face, image: Tensor) -> Tensor:
    """Bridge light, shaded flanks, nostrils and the shadow under the tip."""
    width = face.random(0.013, 0.019)
    bridge = face.spot(image, 0.0, NOSE_Y - 0.02, 0.006, 0.03)
    flank = face.spot(image, face.x.sign() * 0.011, NOSE_Y - 0.014, 0.006, 0.03)
    tip = face.spot(image, 0.0, NOSE_Y, width * 0.6, 0.008)
    under = face.spot(image, 0.0, NOSE_Y + 0.009, width, 0.006)
    nostril = face.spot(image, face.x.sign() * width * 0.55, NOSE_Y + 0.008, 0.005, 0.0035)
    image = image * (1 + 0.1 * bridge + 0.08 * tip) * (1 - 0.14 * flank) * (1 - 0.28 * under)
    return over(image, nostril * 0.8, face.skin * 0.3)


def _paint_mouth(face: Face, image: Tensor) -> Tensor:
    """Lips, closed or open with teeth, smiling or not."""
    width = face.random(0.02, 0.028)
    smile = face.random(-0.002, 0.008)
    y = face.y + smile * (face.x / width).square() - MOUTH_Y
    red = face.skin * torch.tensor([0.86, 0.6, 0.6], device=face.skin.device)
    painted = column(saturated(len(face.skin), face.generator), 2) * torch.tensor([1.0, 0.35, 0.4], device=red.device)
    lipstick = (face.female * face.some(0.5))[:, :, 0, 0]
    red = torch.lerp(red, painted.clamp(0.1, 0.9), lipstick * 0.8)
    opening = face.random(0.003, 0.011) * face.some(0.35)
    upper, lower = face.random(0.005, 0.008), face.random(0.006, 0.01)
    softness = _softness(image)
    lips = ellipse(face.x, y, width, torch.where(y < 0, upper, lower) + opening, softness)
    inside = ellipse(face.x, y, width * 0.8, opening + 1e-4, softness) * (opening > 0)
    line = ellipse(face.x, y, width, 0.0018, 0.6)
    image = over(over(image, lips * 0.85, red), line * 0.7, face.skin * 0.35)
    image = over(image, inside, face.skin * 0.15)
    teeth = inside * (y < opening * 0.2) * face.some(0.7)
    return over(image, teeth * 0.85, torch.full_like(face.skin, 0.86))


def _paint_eyes(face: Face, image: Tensor) -> Tensor:
    """Sockets, whites, iris, pupil with a glint, upper lid line and lashes; some look aside, some blink."""
    apart, rx = face.random(0.03, 0.035), face.random(0.0135, 0.017)
    ry = face.random(0.0045, 0.0072) * (1 - 0.9 * face.some(0.03))
    x, y = face.x.sign() * apart, EYE_Y
    made_up = (face.female * face.some(0.3))[:, :, 0, 0]
    shadow = torch.lerp(face.skin * 0.72, saturated(len(face.skin), face.generator), made_up * 0.5)
    image = over(image, face.spot(image, x, y - 0.004, rx * 1.5, ry * 2.2) * 0.55, shadow)
    white = face.spot(image, x, y, rx, ry)
    image = over(image, white, 0.72 + 0.2 * face.skin)
    gaze_x, gaze_y = x + face.random(-0.004, 0.004), y + face.random(-0.001, 0.002)
    iris = face.spot(image, gaze_x, gaze_y, 0.0082, 0.0074) * white
    image = over(image, iris, eye_colours(len(face.skin), face.generator))
    image = over(image, face.spot(image, gaze_x, gaze_y, 0.004, 0.0036) * white, torch.full_like(face.skin, 0.03))
    glint = face.spot(image, gaze_x + 0.002, gaze_y - 0.002, 0.0022, 0.002) * white
    image = over(image, glint * 0.6, torch.full_like(face.skin, 0.95))
    lash = face.spot(image, x, y - 0.001, rx * 1.12, ry + 0.0035) * (1 - white) * (face.y < y)
    weight = (0.55 + 0.4 * face.female) * face.random(0.7, 1)
    image = over(image, lash * weight, face.skin * 0.15)
    lower = face.spot(image, x, y, rx * 1.1, ry + 0.002) * (1 - white) * (face.y >= y)
    return over(image, lower * 0.35, face.skin * 0.4)


def _paint_brows(face: Face, image: Tensor) -> Tensor:
    """Arched brows, thinner and higher for some."""
    tilt, arch = face.random(-0.1, 0.2), face.random(2, 6)
    reach = face.x.abs() - 0.033
    y = face.y - (EYE_Y - face.random(0.017, 0.023)) - tilt * reach * 0.4 - arch * reach.square() * 2
    thick = face.random(0.0025, 0.0042) * (1 - 0.25 * face.female)
    brow = ellipse(reach, y, 0.021, thick * (1 - 0.3 * soft_step(reach, 0.03)), 0.6)
    return over(image, brow * face.random(0.6, 0.95), torch.minimum(face.hair, face.skin * 0.6) * 0.75)


def _paint_beard(face: Face, image: Tensor) -> Tensor:
    """Stubble, full beard or moustache around the mouth."""
    wearer = (1 - face.female) * face.some(0.45)
    rim = 0.165 + 0.15 * (0.07 - face.x.abs()).clamp(min=0)
    jaw = soft_step(face.y - rim, 0.015) * soft_step(0.1 - face.x.abs(), 0.02)
    jaw = jaw * (1 - face.spot(image, 0.0, MOUTH_Y, 0.025, 0.012))
    moustache = face.spot(image, 0.0, MOUTH_Y - 0.013, 0.028, 0.008)
    chin = face.spot(image, 0.0, MOUTH_Y + 0.028, 0.022, 0.016)
    full, goatee = face.some(0.6), face.some(0.4)
    mask = torch.maximum(moustache * face.some(0.7), torch.maximum(jaw * full, chin * goatee))
    weight = face.random(0.25, 0.9) * (0.85 + 0.15 * face.noise[:, 1:]).clamp(0, 1)
    return over(image, mask * wearer * weight, torch.minimum(face.hair, face.skin * 0.75) * 0.9)


def _paint_glasses(face: Face, image: Tensor) -> Tensor:
    """Frames with a bridge and temples; some are sun glasses."""
    worn, sun = face.some(0.14), face.some(0.3)
    rx, ry, rim = face.random(0.02, 0.026), face.random(0.014, 0.02), 0.0035
    x = face.x.abs() - 0.033
    radius = ((x / rx).abs().pow(3) + ((face.y - EYE_Y - 0.002) / ry).abs().pow(3)).add(1e-9).pow(1 / 3)
    lens, frame = soft_step(1 - radius, 0.15), soft_step(0.12 - (radius - 1.05).abs(), 0.1)
    bar = soft_step(rim - (face.y - EYE_Y + 0.004).abs(), 0.003) * (face.x.abs() < 0.1)
    bar = bar * soft_step(radius - 1, 0.1)
    dark = torch.where(face.some(0.7) > 0, 0.06, 0.45)[:, :, 0, 0].expand_as(face.skin)
    image = over(image, lens * worn * (0.08 + 0.82 * sun), dark * 0.5)
    return over(image, torch.maximum(frame, bar) * worn * 0.9, dark)


def _paint_hairline(face: Face, image: Tensor) -> Tensor:
    """Hair on top, at the sides and at the back of the head, with parting or fringe; a few heads are bald."""
    forehead = face.random(0.035, 0.065) - 0.03 * face.some(0.15)
    side = face.random(0.078, 0.1)
    part = face.random(-0.03, 0.03)
    edge = forehead + 0.012 * torch.cos((face.x - part) * 45) + 0.004 * face.noise[:, :1]
    temple = (face.x.abs() / side).clamp(max=1.4).pow(6) * 0.11
    bottom = torch.where(face.x.abs() > side + 0.01, 0.2, edge + temple)
    covered = soft_step(bottom - face.y, 0.012) * (1 - face.some(0.05))
    batch, _, height, width = image.shape
    streaks = spectral_noise(batch, 1, height, width, face.generator, slope=0.8, stretch=6)
    hair = column(face.hair, 4) * (1 + 0.18 * streaks)
    return over(image, covered, hair.expand_as(image))


_PAINTERS = (
    _paint_complexion, _paint_nose, _paint_beard, _paint_mouth, _paint_eyes, _paint_brows, _paint_glasses,
    _paint_hairline,
)  # fmt: skip
