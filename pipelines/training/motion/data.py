"""Training data of the motion network: tracks as a detector reports them, and the true motion of a procedural person.

The tracks look as `pipelines.keypoints.refinement` makes them in use: coordinates of a square around the person, gaps
filled as `tracking.fill_gaps` does, nothing beyond the ends of a clip.
`draw_windows` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B windows, T frames of a window with its margins, K = 17 joints. A square reaches from -1 to 1.
"""

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from pipelines.keypoints.following_square import BODY_SHARE, SMOOTHING_SECONDS
from pipelines.keypoints.tracking import CONFIDENT, MIN_JOINTS
from pipelines.training.motion.detector_noise import DetectorErrors, detect
from pipelines.training.motion.filming import draw_uniform, film_people

PIXELS_PER_UNIT = 128.0  # of a square 256 pixels wide
RARE = 0.1  # share of its frames up to which a clip that shows somebody is left out, as nobody would animate from it
FILLED = CONFIDENT / 2  # confidence of joints whose place was filled in


@dataclass(frozen=True)
class Recipe:
    """Shape of the data and weights of the losses; the defaults trained the shipped network."""

    frames: int = 64
    """Frames of the windows without margins."""
    slowest: float = 5.0
    """Lowest frame rate, in frames per second."""
    fastest: float = 240.0
    """Highest frame rate, in frames per second."""
    errors: DetectorErrors = field(default_factory=DetectorErrors)
    """Errors of the detector."""
    square: float = 0.2
    """Weight of the squared error of the joints, in tenths of squared pixels."""
    velocity: float = 0.5
    """Weight of the error of the joints' velocities, in pixels per thirtieth of a second; the joints' own error has
    1."""
    doubt: float = 4.0
    """Weight of the cross entropy of whether a joint that was seen is wrong."""
    validation_windows: int = 1024
    """Number of held-out windows."""


@dataclass
class Windows:
    """A batch of windows, margins included."""

    points: Tensor
    """COCO-17 joints as detected, gaps filled [B, T, 17, 2]; 0 where nothing is known."""
    confidence: Tensor
    """How sure the detector was of each [B, T, 17], 0..1; below 0.3 where a place was filled in, 0 where there is
    none."""
    truth: Tensor
    """The true Human3.6M-17 joints [B, T, 17, 2]."""
    rate: Tensor
    """Frames per second [B]."""
    inside: Tensor
    """Which frames belong to the clip [B, T], bool."""


def draw_windows(recipe: Recipe, batch: int, length: int, generator: Generator) -> Windows:
    """Windows of `length` frames, margins included, each with a person, motion, camera and detector of its own."""
    film = film_people(batch, length, generator, slowest=recipe.slowest, fastest=recipe.fastest)
    points, confidence = detect(film.coco, film.cut, film.rate, generator, recipe.errors)
    inside = _draw_clip_ends(batch, length, generator)
    points, confidence = _fill_gaps(points, confidence, inside, film.coco, generator)
    middle, half = _draw_square(points, confidence > 0, film.rate, generator)
    known = confidence > 0
    points = torch.where(known[..., None], (points - middle) / half, 0.0)
    found = (confidence >= CONFIDENT).any(-1).sum(1)  # [B] frames in which somebody is
    inside = inside & known.any(-1) & (found > RARE * inside.sum(1))[:, None]
    return Windows(points, confidence, (film.human[..., :2] - middle) / half, film.rate, inside)


def _draw_clip_ends(batch: int, length: int, generator: Generator) -> Tensor:
    """Bool [B, T]: frames of the clip. Most windows lie within their clip; some hold its start, its end or both."""
    time = torch.arange(length, device=generator.device)[None]

    def draw_end(chance: float) -> Tensor:
        some = draw_uniform(0, 1, (batch, 1), generator) < chance
        return draw_uniform(0, 0.5, (batch, 1), generator) * some * length

    inside = (time >= draw_end(0.35).floor()) & (time < length - draw_end(0.35).floor())
    middle = (time - length // 2).abs()
    short = draw_uniform(0, 1, (batch, 1), generator) < 0.08
    return torch.where(short, middle <= draw_uniform(0, 0.2, (batch, 1), generator) * length, inside)


def _fill_gaps(
    points: Tensor, confidence: Tensor, inside: Tensor, truth: Tensor, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Fill the gaps of detections [B, T, 17, 2] as `tracking.fill_gaps` does; nothing is left beyond the clip.

    A clip that goes on beyond its window knows more than is seen here: in some, a joint that is missing at the window's
    edge is taken as seen just there, so that gaps may be longer than a window.
    """
    seen = (confidence >= CONFIDENT) & inside[..., None]
    seen = seen & (seen.sum(-1, keepdim=True) >= MIN_JOINTS)
    edge = torch.zeros_like(seen)
    edge[:, 0], edge[:, -1] = inside[:, :1], inside[:, -1:]
    edge = edge & ~seen & (draw_uniform(0, 1, (len(points), 1, 17), generator) < 0.7)
    off = 0.15 * draw_uniform(-1, 1, points.shape, generator)  # in metres
    points = torch.where(edge[..., None], truth[..., :2] + off, points)
    filled, ever = _interpolate(points, seen | edge)
    confidence = torch.where(seen, confidence, FILLED) * (ever & inside[..., None])
    return filled, confidence


def _interpolate(points: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Points [B, T, 17, 2] with those that are not `known` [B, T, 17] on a line between their neighbours in time, the
    first and last held; and which joints are known at any time [B, 1, 17]."""
    last = points.shape[1] - 1
    time = torch.arange(last + 1, device=points.device)[None, :, None]
    before = torch.where(known, time, -1).cummax(1).values
    after = torch.where(known, time, last + 1).flip(1).cummin(1).values.flip(1)
    first, second = torch.where(before < 0, after, before), torch.where(after > last, before, after)
    first, second = first.clamp(0, last), second.clamp(0, last)  # [B, T, 17]
    share = ((time - first) / (second - first).clamp(min=1)).clamp(0, 1)[..., None]
    low, high = (points.gather(1, index[..., None].expand_as(points)) for index in (first, second))
    return torch.lerp(low, high, share), known.any(1, keepdim=True)


def _draw_square(points: Tensor, known: Tensor, rate: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Middle [B, T, 1, 2] and half side [B, 1, 1, 1] of squares around the known joints, as `fit_square` has them.

    A clip is longer than its window, so sides and places vary around what the window alone would give.
    """
    batch, far = len(points), 1e6
    low = torch.where(known[..., None], points, far).amin(2)  # [B, T, 2]
    high = torch.where(known[..., None], points, -far).amax(2)
    frames = known.any(2)[..., None]  # [B, T, 1]
    extent = torch.where(frames, high - low, torch.nan).amax(-1).nanquantile(0.95, dim=1)  # [B]
    spread = torch.exp(0.1 * torch.randn(batch, device=points.device, generator=generator))
    larger = draw_uniform(1, 2.2, (batch,), generator) ** (draw_uniform(0, 1, (batch,), generator) < 0.3)
    side = (extent.nan_to_num(1.0) / BODY_SHARE * spread * larger).clamp(min=0.05)[:, None, None]  # [B, 1, 1]
    ever = frames.any(1, keepdim=True)
    start = torch.where(ever, torch.where(frames, low, far).amin(1, keepdim=True), 0.0)  # [B, 1, 2]
    end = torch.where(ever, torch.where(frames, high, -far).amax(1, keepdim=True), 0.0)
    follows = (end - start).amax(-1, keepdim=True) > side
    path = _smooth((low + high) / 2, frames, rate)
    middle = torch.where(follows, path, (start + end) / 2)
    room = (side - (end - start)).clamp(min=0) / 2 + 0.03 * side
    return (middle + room * draw_uniform(-1, 1, (batch, 1, 2), generator))[:, :, None], side[..., None] / 2


def _smooth(path: Tensor, frames: Tensor, rate: Tensor) -> Tensor:
    """Gaussian mean over time of a path [B, T, 2] over the `frames` [B, T, 1] that have it."""
    time = torch.arange(path.shape[1], device=path.device) / rate[:, None]  # [B, T] seconds
    weights = torch.exp(-0.5 * ((time[:, :, None] - time[:, None]) / SMOOTHING_SECONDS) ** 2) * frames.mT
    return weights @ torch.where(frames, path, 0.0) / weights.sum(-1, keepdim=True).clamp(min=1e-6)
