"""Phrases: movements of the whole body that are written down as key poses, such as a kick or sitting down.

`martial_phrases`, `floor_phrases` and `turn_phrases` write them down; `motion.sample_motion_at` plays one in a clip.

Legend: B batch of clips, T frames, M movements of a clip, K key poses of a phrase, C = 41 numbers of a key pose.
Lengths are leg lengths, angles radians, as in `Pose`.
"""

from dataclasses import astuple, dataclass
from functools import cached_property

import torch
from torch import Tensor

from pipelines.synthetic.motion.pose import HANGING, STANDING, Pose
from pipelines.synthetic.motion.timeline import Timeline
from pipelines.synthetic.tensors import constant

_TEMPO = 0.75, 1.4  # slowest and fastest clip, as a factor of the speed written down
# Standard deviations of the numbers of a key pose between clips and repetitions.
_SPREAD = (
    *(0.015, 0.02, 0.015), *(0.04,) * 3, *(0.05,) * 3, *(0.08,) * 3, *(0.0,) * 3,
    *(0.02, 0.0, 0.025, 0.04, 0.05) * 2, *(0.03, 0.03, 0.03, 0.1, 0.1, 0.1) * 2, *(0.0,) * 4,
)  # fmt: skip


@dataclass(frozen=True)
class KeyPose:
    """A moment of a phrase. The numbers are those of `Pose`."""

    seconds: float = 0.3
    """Time from the key pose before, at the usual tempo."""
    pelvis: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Offset from standing."""
    hips: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Flexion, twist and bend of the pelvis."""
    spine: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Flexion, twist and bend of the trunk."""
    neck: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Flexion, twist and bend of the neck."""
    tumble: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Turn of the whole body: forwards, about its long axis to the left, sideways to the right."""
    right: tuple[float, float, float, float, float] = STANDING
    """The right leg."""
    left: tuple[float, float, float, float, float] = STANDING
    """The left leg."""
    right_hand: tuple[float, float, float, float, float, float] = HANGING
    """The right arm."""
    left_hand: tuple[float, float, float, float, float, float] = HANGING
    """The left arm."""
    ahead: float = 0.0
    """Way gone forwards since the start of the phrase."""
    aside: float = 0.0
    """Way gone to the left since the start of the phrase."""
    turn: float = 0.0
    """Turn of the heading to the left since the start of the phrase."""
    lift: float = 0.0
    """Height of a jump."""

    def numbers(self) -> tuple[float, ...]:
        """All but `seconds` as one row of C numbers."""
        flat: list[float] = []
        for value in astuple(self)[1:]:
            flat.extend(value if isinstance(value, tuple) else (value,))
        return tuple(flat)


@dataclass(frozen=True)
class Phrase:
    """Key poses that are repeated over a clip, as it is or mirrored; an action of legs, arms and trunk."""

    name: str
    """What is done, as an identifier."""
    keys: tuple[KeyPose, ...]
    """The last one is the first again, but for whole turns and the way gone."""
    pause: tuple[float, float] = (0.1, 0.8)
    """Range of the pause before each repetition, seconds."""
    overlap: float = 1.3
    """Time of a movement as a factor of the time between its key poses: above 1 movements flow into each other."""

    @property
    def __name__(self) -> str:
        """As functions, the other actions, have it."""
        return self.name

    @cached_property
    def _rows(self) -> tuple[tuple[float, ...], ...]:
        """The key poses as K rows of C numbers."""
        return tuple(key.numbers() for key in self.keys)

    def __call__(self, timeline: Timeline, pose: Pose) -> None:
        """Fills in everything but the fingers of `pose`, from a random moment of the phrase on."""
        keys = constant(self._rows, timeline.device)  # [K, C]
        spans = constant(tuple(key.seconds for key in self.keys[1:]), timeline.device)  # [K - 1]
        shortest = sum(key.seconds for key in self.keys[1:]) * 0.85 / _TEMPO[1] + self.pause[0]
        loops = int(timeline.duration / shortest) + 2  # the first may be over when the clip starts
        values = torch.cat([keys[:1], keys[:1] + keys.diff(dim=0).tile(loops, 1).cumsum(0)])  # [M + 1, C]
        values = values + timeline.normal(1.0, *values.shape) * constant(_SPREAD, timeline.device)
        lengths = spans.tile(loops) * timeline.uniform(0.85, 1.15, loops * len(spans)) / timeline.uniform(*_TEMPO)
        waits = torch.zeros_like(lengths)
        waits[:, :: len(spans)] = timeline.uniform(*self.pause, loops)
        ends = torch.cumsum(lengths + waits, 1)
        starts = ends - lengths - timeline.uniform(0, 1) * ends[:, len(spans) - 1 : len(spans)]
        starts = starts - lengths * (self.overlap - 1) / 2
        played = timeline.interpolate(values, starts, lengths * self.overlap)
        mirrored = timeline.chance(0.5)[..., None] > 0
        _fill(timeline, pose, torch.where(mirrored, _mirror(played), played))


def _mirror(values: Tensor) -> Tensor:
    """Key poses [..., C] with right and left exchanged."""
    angles, tumble, right_leg, left_leg, right_arm, left_arm, way = values.split((12, 3, 5, 5, 6, 6, 4), -1)
    flip = (-1.0, 1.0, 1.0, *(1.0, -1.0, -1.0) * 3), (1.0, -1.0, -1.0), (1.0, -1.0, -1.0, 1.0)
    angles, tumble, way = (
        part * constant(sign, values.device) for part, sign in zip((angles, tumble, way), flip, strict=True)
    )
    return torch.cat([angles, tumble, left_leg, right_leg, left_arm, right_arm, way], -1)


def _fill(timeline: Timeline, pose: Pose, values: Tensor) -> None:
    """Takes the numbers [B, T, C] of key poses over into the pose."""
    pose.pelvis, pose.hips, pose.spine, pose.neck, pose.tumble, legs, arms, way = values.split(
        (3, 3, 3, 3, 3, 10, 12, 4), -1
    )
    pose.legs, pose.arms = legs.unflatten(-1, (2, 5)), arms.unflatten(-1, (2, 6))
    ahead, aside, turn, lift = way.unbind(-1)
    sine, cosine = torch.sin(timeline.course), torch.cos(timeline.course)
    pose.travel = pose.travel + torch.stack([sine * ahead + cosine * aside, cosine * ahead - sine * aside], -1)
    pose.heading, pose.lift = timeline.course + turn, pose.lift + lift
