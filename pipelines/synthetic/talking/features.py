"""Features of a talking face: curves that landmarks and paint share, so that both agree exactly.

In: a generator. Out: `Features` of every picture, which `heads` holds, `landmarks` measures and `paint` paints.

Legend: B faces, T frames, N = B * T pictures, "..." any shape that broadcasts with the fields. x, y: metres on the skin
as in `face_textures`: x from the middle of the face to its left, y down from the crown; a head is
`face_textures.HEIGHT` high and `face_textures.AROUND` around.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.face_textures import EYE_Y, MOUTH_Y, NOSE_Y
from pipelines.synthetic.rendering.noise import chance, column, uniform

NOSTRIL_Y = NOSE_Y + 0.007
INNER = 0.82  # width of the mouth's opening in widths of the mouth
BROW = 0.023  # half length of a brow
# From the chin to the ear: angle around the head in degrees, y, and how far the point follows the dropping jaw.
JAW_ANGLE = (0.0, 17.0, 34.0, 50.0, 62.0, 69.5, 74.0, 77.5, 80.5)
JAW_Y = (0.2275, 0.2255, 0.2185, 0.205, 0.188, 0.17, 0.153, 0.136, 0.119)
JAW_FOLLOWS = (1.0, 0.99, 0.9, 0.68, 0.4, 0.19, 0.09, 0.03, 0.0)


@dataclass(frozen=True)
class Features:
    """Sizes and expression of N faces; fields are [N], or [N, 1, ...] after `expand`, in metres unless noted."""

    eye: Tensor
    """Distance of the eyes from the middle of the face."""
    eye_width: Tensor
    """Half width of an eye."""
    lid: Tensor
    """Height of the open upper lid above the middle of the eye."""
    lid_low: Tensor
    """Depth of the lower lid below the middle of the eye."""
    brow: Tensor
    """Height of the brows above the middle of the eyes."""
    arch: Tensor
    """Height of the brows' arch."""
    nose: Tensor
    """Half width of the nose."""
    mouth: Tensor
    """Half width of the mouth."""
    upper: Tensor
    """Thickness of the upper lip."""
    lower: Tensor
    """Thickness of the lower lip."""
    opening: Tensor
    """Gap between the lips."""
    smile: Tensor
    """Lift of the corners of the mouth."""
    blink: Tensor
    """0 open .. 1 closed."""
    frown: Tensor
    """Lift of the brows."""
    gaze_x: Tensor
    """Shift of the irises to the person's left."""
    gaze_y: Tensor
    """Shift of the irises downwards."""

    def expand(self, dims: int) -> Features:
        """The same numbers with trailing dimensions of size 1, up to `dims` dimensions in all."""
        return Features(*(column(getattr(self, item.name), dims) for item in fields(self)))

    def __getitem__(self, pictures: slice) -> Features:
        """The features of some pictures."""
        return Features(*(getattr(self, item.name)[pictures] for item in fields(self)))

    def lids(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y [...] of upper and lower lid at x [...] from the middle of the eye."""
        arc = _arc(x / self.eye_width)
        return EYE_Y + (self.lid_low - (self.lid + self.lid_low) * (1 - self.blink)) * arc, EYE_Y + self.lid_low * arc

    def brow_line(self, outward: Tensor) -> Tensor:
        """y [...] of the middle of the brow at `outward` [...] metres from the middle of the eye."""
        bend = (outward + 0.25 * BROW) / BROW
        return EYE_Y - self.brow - self.frown - self.arch * (1 - bend.square())

    def lips(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """y [...] of the upper lip's outer and inner edge and the lower lip's inner and outer edge, at x [...]."""
        across = x / self.mouth
        middle = MOUTH_Y - self.smile * across.square()
        outer, inner = _arc(across), _arc(across / INNER)
        bow = 1 - 0.18 * torch.exp(-(x / 0.004).square())
        return (
            middle - (0.2 * self.opening + self.upper * bow) * outer,
            middle - 0.2 * self.opening * inner,
            middle + 0.8 * self.opening * inner,
            middle + (0.8 * self.opening + self.lower) * outer,
        )

    @property
    def drop(self) -> Tensor:
        """How far the jaw has dropped, [...] metres."""
        return 0.7 * self.opening


def place_feature_landmarks(features: Features) -> Tensor:
    """Landmarks 17 to 67 of N faces, [N, 51, 2] x, y on the skin."""
    expanded = features.expand(2)
    parts = [place(expanded) for place in (_brow_points, _nose_points, _eye_points, _mouth_points)]
    return torch.cat(parts, 1)


def place_jaw_landmarks(features: Features) -> tuple[Tensor, Tensor]:
    """Angles [17] about the head's axis, in radians from the middle of the face, and y [N, 17] of landmarks 0 to 16."""
    device = features.drop.device
    angle, y, follows = (_both_sides(values, device) for values in (JAW_ANGLE, JAW_Y, JAW_FOLLOWS))
    side = torch.arange(-8, 9, device=device).sign()
    return torch.deg2rad(angle) * side, y + follows * features.drop[:, None]


def _both_sides(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Values from the chin to the ear as [2 * len(values) - 1] from ear to ear."""
    return torch.tensor(values[:0:-1] + values, device=device)


def _row(features: Features, *values: float) -> Tensor:
    """Numbers as [1, n] on the features' device."""
    return torch.tensor([values], device=features.eye.device)


def _brow_points(features: Features) -> Tensor:
    """Points [N, 10, 2] of the right and left brow, from the left of the picture to the right; fields are [N, 1]."""
    outward = BROW * _row(features, 0.95, 0.5, 0.05, -0.4, -0.85)
    y = features.brow_line(outward)
    right, left = (torch.stack([side * (features.eye + outward), y], -1) for side in (-1, 1))
    return torch.cat([right, left.flip(1)], 1)


def _nose_points(features: Features) -> Tensor:
    """Points [N, 9, 2]: four down the bridge, five along the nostrils; fields are [N, 1]."""
    bridge = EYE_Y + 0.003 + (NOSE_Y - EYE_Y - 0.005) * _row(features, 0, 1 / 3, 2 / 3, 1)
    across = _row(features, -1, -0.5, 0, 0.5, 1)
    x = features.nose * across
    base = torch.stack([x, (NOSTRIL_Y + 0.003 * (1 - across.square())).expand_as(x)], -1)
    middle = torch.stack([0 * bridge, bridge], -1).expand(len(base), -1, -1)
    return torch.cat([middle, base], 1)


def _eye_points(features: Features) -> Tensor:
    """Points [N, 12, 2], for each eye from the left of the picture: corner, two on the upper lid, corner, two back on
    the lower lid; fields are [N, 1]."""
    upper, _ = features.lids(features.eye_width * _row(features, -1, -0.4, 0.4, 1))
    _, lower = features.lids(features.eye_width * _row(features, 0.4, -0.4))
    x, y = features.eye_width * _row(features, -1, -0.4, 0.4, 1, 0.4, -0.4), torch.cat([upper, lower], 1)
    return torch.cat([torch.stack([side * features.eye + x, y], -1) for side in (-1, 1)], 1)


def _mouth_points(features: Features) -> Tensor:
    """Points [N, 20, 2]: twelve around the lips, eight around the opening; fields are [N, 1]."""

    def points(edge: int, *places: float) -> Tensor:
        """Points [N, n, 2] on an edge of `Features.lips`, at `places` in half widths of the mouth."""
        x = features.mouth * _row(features, *places)
        return torch.stack([x, features.lips(x)[edge]], -1)

    return torch.cat(
        [
            points(0, -1, -0.62, -0.25, 0, 0.25, 0.62, 1),
            points(3, 0.62, 0.25, 0, -0.25, -0.62),
            points(1, -INNER, -0.4, 0, 0.4, INNER),
            points(2, 0.4, 0, -0.4),
        ],
        1,
    )


def _arc(across: Tensor) -> Tensor:
    """Half circle [...]: 1 where `across` [...] is 0, 0 from -1 and 1 outwards."""
    return (1 - across.square()).clamp(min=0).sqrt()


def sample_features(batch: int, frames: int, generator: Generator, *, fps: float = 25.0) -> Features:
    """Faces that talk, blink and look around: `batch` people times `frames` frames give N = batch * frames faces."""

    def constant(low: float, high: float) -> Tensor:
        """A number per face for all its frames, [B, T]."""
        return uniform(generator, batch, 1, low=low, high=high).expand(-1, frames)

    def wave(low: float, high: float) -> Tensor:
        """A signal [B, T] with frequencies in hertz."""
        return sample_waves(batch, frames, generator, low=low, high=high, fps=fps)

    talks = chance(generator, 0.85, batch, 1)
    syllables = (0.15 + 0.55 * wave(1.5, 4.0) + 0.5 * wave(0.3, 1.0)).clamp(0, 1)
    opening = talks * constant(0.008, 0.02) * syllables
    values = Features(
        eye=constant(0.0305, 0.0345),
        eye_width=constant(0.0135, 0.0165),
        lid=constant(0.005, 0.0075),
        lid_low=constant(0.003, 0.0045),
        brow=constant(0.015, 0.02),
        arch=constant(0.001, 0.006),
        nose=constant(0.013, 0.0185),
        mouth=constant(0.021, 0.0275) * (1 + 0.1 * wave(0.8, 3.0) * talks),
        upper=constant(0.004, 0.007),
        lower=constant(0.005, 0.009),
        opening=opening,
        smile=constant(-0.001, 0.005) + 0.0015 * wave(0.2, 0.8),
        blink=_sample_blinks(batch, frames, generator, fps),
        frown=0.003 * wave(0.2, 1.2),
        gaze_x=constant(-0.002, 0.002) + 0.002 * wave(0.2, 0.6),
        gaze_y=0.001 * wave(0.2, 0.6),
    )
    return Features(*(getattr(values, item.name).flatten() for item in fields(values)))


def sample_waves(batch: int, frames: int, generator: Generator, *, low: float, high: float, fps: float) -> Tensor:
    """Smooth signals [B, T] of about -1 .. 1, each of three frequencies between `low` and `high` hertz."""
    time = torch.arange(frames, device=generator.device) / fps
    frequency = uniform(generator, batch, 3, 1, low=low, high=high)
    phase = uniform(generator, batch, 3, 1, high=2 * math.pi)
    return torch.sin(2 * math.pi * frequency * time + phase).mean(1) * 1.5


def _sample_blinks(batch: int, frames: int, generator: Generator, fps: float) -> Tensor:
    """0 open .. 1 closed, [B, T]: eyes close for about a fifth of a second every 2 to 5 seconds."""
    time = torch.arange(frames, device=generator.device) / fps
    period = uniform(generator, batch, 1, low=2.0, high=5.0)
    since = (time + period * uniform(generator, batch, 1)) % period
    return (1 - (since - 0.12).abs() / 0.12).clamp(min=0)
