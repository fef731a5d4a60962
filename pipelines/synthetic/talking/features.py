"""Features of a talking face: curves that landmarks and paint share, so that both sit on each other exactly.

Legend: N pictures, "..." any shape that broadcasts with the numbers. x, y: metres on the skin as in `faces`: x from the
middle of the face to its left, y down from the crown; a head is `faces.HEIGHT` high and `faces.AROUND` around.
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
    """Sizes and expression of N faces, each [N] or [N, 1, ...], in metres.

    eye: distance of an eye from the middle; lid, lid_low: heights of the open lids; brow, arch: height over the eye;
    nose, mouth: half widths; upper, lower: lips. opening: of the mouth; smile: lift of its corners; blink: 0 open,
    1 closed; frown: lift of the brows; gaze_x, gaze_y: shift of the irises.
    """

    eye: Tensor
    eye_width: Tensor
    lid: Tensor
    lid_low: Tensor
    brow: Tensor
    arch: Tensor
    nose: Tensor
    mouth: Tensor
    upper: Tensor
    lower: Tensor
    opening: Tensor
    smile: Tensor
    blink: Tensor
    frown: Tensor
    gaze_x: Tensor
    gaze_y: Tensor

    def shaped(self, dims: int) -> Features:
        """The same numbers with trailing ones up to `dims` dimensions."""
        return Features(*(column(getattr(self, item.name), dims) for item in fields(self)))

    def __getitem__(self, pictures: slice) -> Features:
        return Features(*(getattr(self, item.name)[pictures] for item in fields(self)))

    def lids(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y [...] of upper and lower lid at x from the eye's middle."""
        arc = _arc(x / self.eye_width)
        return EYE_Y + (self.lid_low - (self.lid + self.lid_low) * (1 - self.blink)) * arc, EYE_Y + self.lid_low * arc

    def brow_line(self, outward: Tensor) -> Tensor:
        """y [...] of the brow's middle at a distance `outward` from above the eye's middle."""
        bend = (outward + 0.25 * BROW) / BROW
        return EYE_Y - self.brow - self.frown - self.arch * (1 - bend.square())

    def lips(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """y [...] of upper lip's outer and inner, lower lip's inner and outer edge at x."""
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
        """How far the jaw is down, [...] m."""
        return 0.7 * self.opening


def feature_points(features: Features) -> Tensor:
    """Landmarks 17 to 67 of N faces on the skin, [N, 51, 2] x, y."""
    f = features.shaped(2)
    parts = [_brows(f), _nose(f), _eyes(f), _mouth(f)]
    return torch.cat(parts, 1)


def jaw_points(features: Features) -> tuple[Tensor, Tensor]:
    """Angles [17] about the head's axis, in radians from the face's middle, and y [N, 17] of landmarks 0 to 16."""
    device = features.drop.device
    angle, y, follows = (_both_sides(values, device) for values in (JAW_ANGLE, JAW_Y, JAW_FOLLOWS))
    side = torch.arange(-8, 9, device=device).sign()
    return torch.deg2rad(angle) * side, y + follows * features.drop[:, None]


def _both_sides(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values[:0:-1] + values, device=device)


def _row(f: Features, *values: float) -> Tensor:
    """Numbers as [1, n]."""
    return torch.tensor([values], device=f.eye.device)


def _brows(f: Features) -> Tensor:
    outward = BROW * _row(f, 0.95, 0.5, 0.05, -0.4, -0.85)
    y = f.brow_line(outward)
    right, left = torch.stack([-f.eye - outward, y], -1), torch.stack([f.eye + outward, y], -1)
    return torch.cat([right, left.flip(1)], 1)


def _nose(f: Features) -> Tensor:
    bridge = EYE_Y + 0.003 + (NOSE_Y - EYE_Y - 0.005) * _row(f, 0, 1 / 3, 2 / 3, 1)
    across = _row(f, -1, -0.5, 0, 0.5, 1)
    x = f.nose * across
    base = torch.stack([x, (NOSTRIL_Y + 0.003 * (1 - across.square())).expand_as(x)], -1)
    middle = torch.stack([0 * bridge, bridge], -1).expand(len(base), -1, -1)
    return torch.cat([middle, base], 1)


def _eyes(f: Features) -> Tensor:
    """Both from the left of the picture: corner, two on the upper lid, corner, two on the lower lid back."""
    upper, _ = f.lids(f.eye_width * _row(f, -1, -0.4, 0.4, 1))
    _, lower = f.lids(f.eye_width * _row(f, 0.4, -0.4))
    x, y = f.eye_width * _row(f, -1, -0.4, 0.4, 1, 0.4, -0.4), torch.cat([upper, lower], 1)
    return torch.cat([torch.stack([side * f.eye + x, y], -1) for side in (-1, 1)], 1)


def _mouth(f: Features) -> Tensor:
    def points(edge: int, *places: float) -> Tensor:
        x = f.mouth * _row(f, *places)
        return torch.stack([x, f.lips(x)[edge]], -1)

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
    """1 in the middle, 0 from -1 and 1 outward, round."""
    return (1 - across.square()).clamp(min=0).sqrt()


def sample_features(batch: int, frames: int, generator: Generator, *, fps: float = 25.0) -> Features:
    """Faces that talk, blink and look about: `batch` identities times `frames` frames, flattened to N."""

    def own(low: float, high: float) -> Tensor:
        return uniform(generator, batch, 1, low=low, high=high).expand(-1, frames)

    def wave(low: float, high: float) -> Tensor:
        return waves(batch, frames, generator, low=low, high=high, fps=fps)

    talks = chance(generator, 0.85, batch, 1)
    syllables = (0.15 + 0.55 * wave(1.5, 4.0) + 0.5 * wave(0.3, 1.0)).clamp(0, 1)
    opening = talks * own(0.008, 0.02) * syllables
    values = Features(
        eye=own(0.0305, 0.0345),
        eye_width=own(0.0135, 0.0165),
        lid=own(0.005, 0.0075),
        lid_low=own(0.003, 0.0045),
        brow=own(0.015, 0.02),
        arch=own(0.001, 0.006),
        nose=own(0.013, 0.0185),
        mouth=own(0.021, 0.0275) * (1 + 0.1 * wave(0.8, 3.0) * talks),
        upper=own(0.004, 0.007),
        lower=own(0.005, 0.009),
        opening=opening,
        smile=own(-0.001, 0.005) + 0.0015 * wave(0.2, 0.8),
        blink=_blinks(batch, frames, generator, fps),
        frown=0.003 * wave(0.2, 1.2),
        gaze_x=own(-0.002, 0.002) + 0.002 * wave(0.2, 0.6),
        gaze_y=0.001 * wave(0.2, 0.6),
    )
    return Features(*(getattr(values, item.name).flatten() for item in fields(values)))


def waves(batch: int, frames: int, generator: Generator, *, low: float, high: float, fps: float) -> Tensor:
    """Smooth signals [batch, frames] of about -1 .. 1 with three frequencies between `low` and `high` Hz."""
    time = torch.arange(frames, device=generator.device) / fps
    frequency = uniform(generator, batch, 3, 1, low=low, high=high)
    phase = uniform(generator, batch, 3, 1, high=2 * math.pi)
    return torch.sin(2 * math.pi * frequency * time + phase).mean(1) * 1.5


def _blinks(batch: int, frames: int, generator: Generator, fps: float) -> Tensor:
    """0 open .. 1 closed [batch, frames]: a fifth of a second every 2 to 5 seconds."""
    time = torch.arange(frames, device=generator.device) / fps
    period = uniform(generator, batch, 1, low=2.0, high=5.0)
    since = (time + period * uniform(generator, batch, 1)) % period
    return (1 - (since - 0.12).abs() / 0.12).clamp(min=0)
