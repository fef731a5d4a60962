"""Training data of the motion network: tracks as a detector reports them, and the true motion of a procedural person.

The tracks look as `pipelines.keypoints.cleaning` makes them in use: coordinates of a square canvas around the person,
in windows with context whose frames repeat the first or last one beyond the ends of a clip (official format, section
9.4).
`draw_windows` makes a batch; the recipe's numbers are in `Recipe`.

Legend: B windows, T frames of a window with its context, K = 17 joints. A canvas reaches from -1 to 1.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.synthetic.motion.motion import sample_motion_at
from pipelines.synthetic.people.skeleton import coco17, forward_kinematics, human36m17, sample_proportions
from pipelines.synthetic.rotations import rotation_about
from pipelines.training.motion.detector_noise import DetectorErrors, detect

PIXELS_PER_UNIT = 128.0  # of a canvas 256 pixels wide
SLOWEST, FASTEST = 12.0, 60.0  # frames per second
CLIP_MARGIN = 40  # frames: a clip begins and ends at most so far inside its window
FOLLOWING_FRAMES = 41  # over which the middle of a following canvas is averaged


@dataclass(frozen=True)
class Recipe:
    """Shape of the data and weights of the losses; the defaults trained the shipped network."""

    frames: tuple[int, ...] = (24, 24, 24, 64)
    """Frames of the windows without context, taken in turn, one for each update."""
    errors: DetectorErrors = field(default_factory=DetectorErrors)
    """Errors of the detector."""
    square: float = 0.2
    """Weight of the squared error of the joints, in tenths of squared pixels."""
    velocity: float = 0.5
    """Weight of the error of the joints' velocities, in pixels per frame; the joints' own error has 1."""
    dropout: float = 0.0
    """Dropout of the network; 0 because every window is new, so there is nothing to memorise."""
    validation_windows: int = 512
    """Number of held-out windows."""


@dataclass
class Windows:
    """A batch of windows, context included."""

    track: Tensor
    """Input of the network [B, 34, T]."""
    truth: Tensor
    """What the network should answer [B, 34, T]."""
    points: Tensor
    """COCO-17 joints as detected [B, T, 17, 2], from which the track was made."""
    found: Tensor
    """Which of them were detected [B, T, 17], bool."""


def draw_windows(recipe: Recipe, batch: int, length: int, generator: Generator) -> Windows:
    """Windows of `length` frames, context included, each with a person, motion, camera and detector of its own."""
    coco, human = _film_people(batch, length, generator)
    middle, half = _draw_canvas(coco[..., :2], generator)
    scale = torch.stack([1 / half, 1 / half, 1 / half], -1)  # [B, 1, 1, 3]
    coco = (coco - F.pad(middle, (0, 1))) * scale
    human = (human[..., :2] - middle) * scale[..., :2]
    points, found = detect(coco, generator, recipe.errors)
    frames = _draw_clip_ends(batch, length, generator)
    points, found, human = (_take_frames(values, frames) for values in (points, found, human))
    return Windows(encode_track(points, found, generator), to_rows(human), points, found)


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, device=generator.device, generator=generator)


def _film_people(batch: int, length: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """COCO-17 and Human3.6M-17 joints [B, T, 17, 3] in front of a random camera: x right, y down, z near, in metres."""
    pace = SLOWEST * (FASTEST / SLOWEST) ** _uniform(0, 1, (batch, 1), generator)
    time = torch.arange(length, device=generator.device)[None] / pace
    motion = sample_motion_at(time, length / SLOWEST, batch, generator, tilt=0.0)
    people = sample_proportions(batch, generator)
    frames = forward_kinematics(people, motion)
    around = _uniform(-math.pi, math.pi, (batch,), generator) * (_uniform(0, 1, (batch,), generator) < 0.35)
    pitch, roll = _uniform(-0.26, 0.26, (batch,), generator), _uniform(-0.12, 0.12, (batch,), generator)
    camera = rotation_about(2, roll) @ rotation_about(0, pitch) @ rotation_about(1, around)  # [B, 3, 3]
    distance = 2.5 / _uniform(0.05, 1.0, (batch, 1, 1, 1), generator)
    centre = frames.origin[:, :, :1].mean(1, keepdim=True)  # [B, 1, 1, 3]

    def project(joints: Tensor) -> Tensor:
        seen = (joints - centre) @ camera[:, None].mT
        nearer = distance / (distance - seen[..., 2:]).clamp(min=0.5)
        return torch.cat([seen[..., :1] * nearer, -seen[..., 1:2] * nearer, seen[..., 2:]], -1)

    return project(coco17(frames, people)), project(human36m17(frames, people))


def _draw_canvas(joints: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Middle [B, T, 1, 2] and half side [B, 1, 1] of a square around the joints [B, T, 17, 2], still or following.

    In use the body's height is three quarters of the side; here it varies around that.
    """
    batch = len(joints)
    low, high = joints.amin(2), joints.amax(2)  # [B, T, 2]
    height = (high - low).amax(-1).quantile(0.95, dim=1)[:, None, None]  # [B, 1, 1]
    usual = 0.75 * torch.exp(0.08 * torch.randn(batch, 1, 1, device=joints.device, generator=generator))
    unusual = _uniform(0.35, 1.05, (batch, 1, 1), generator)
    share = torch.where(_uniform(0, 1, (batch, 1, 1), generator) < 0.7, usual, unusual)
    side = height / share
    start, end = low.amin(1, keepdim=True), high.amax(1, keepdim=True)  # [B, 1, 2]
    follows = ((end - start).amax(-1, keepdim=True) > side).float()
    path, half = (low + high) / 2, FOLLOWING_FRAMES // 2  # [B, T, 2]
    path = F.avg_pool1d(F.pad(path.mT, (half, half), mode="replicate"), FOLLOWING_FRAMES, 1).mT
    room = (side - (end - start)).clamp(min=0) / 2 + 0.03 * side
    middle = torch.where(follows > 0, path, (start + end) / 2)
    return (middle + room * _uniform(-1, 1, (batch, 1, 2), generator))[:, :, None], side / 2


def _draw_clip_ends(batch: int, length: int, generator: Generator) -> Tensor:
    """Frame numbers [B, T] of the windows: some begin or end with the clip and repeat its first or last frame."""

    def draw_ends(chance: float, far: int) -> Tensor:
        some = _uniform(0, 1, (batch, 1), generator) < chance
        return (_uniform(0, far + 0.99, (batch, 1), generator) * some).long()

    first, last = draw_ends(0.3, CLIP_MARGIN), length - 1 - draw_ends(0.3, CLIP_MARGIN)
    short = _uniform(0, 1, (batch, 1), generator) < 0.08
    last = torch.where(short, torch.minimum(last, first + draw_ends(1.0, length - 2 * CLIP_MARGIN)), last)
    time = torch.arange(length, device=generator.device)[None]
    return torch.minimum(torch.maximum(time, first), last)


def _take_frames(values: Tensor, frames: Tensor) -> Tensor:
    """Frames [B, T] of values [B, T, ...]."""
    index = frames.view(*frames.shape, *[1] * (values.dim() - 2)).expand(-1, -1, *values.shape[2:])
    return values.gather(1, index)


def to_rows(points: Tensor) -> Tensor:
    """Points [B, T, K, 2] as the network's rows [B, 2K, T], the rows of y first."""
    return points.flip(-1).permute(0, 3, 2, 1).flatten(1, 2)


def to_points(rows: Tensor) -> Tensor:
    """The network's rows [B, 2K, T] as points [B, T, K, 2]."""
    return rows.unflatten(1, (2, -1)).permute(0, 3, 2, 1).flip(-1)


def encode_track(points: Tensor, found: Tensor, generator: Generator) -> Tensor:
    """The network's input [B, 34, T] of points [B, T, 17, 2] of which `found` [B, T, 17] were detected.

    Missing joints are -1; in half of the windows, frames without anybody are 0.
    """
    values = torch.where(found[..., None], points, -1.0)
    zero = (_uniform(0, 1, (len(points), 1, 1, 1), generator) < 0.5) & ~found.any(-1)[..., None, None]
    return to_rows(torch.where(zero, 0.0, values))
