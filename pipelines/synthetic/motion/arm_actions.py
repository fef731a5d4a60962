"""What arms do in rendered clips: each action fills in the arms of a batch of poses over time.

`motion.sample_motion_at` picks one of `ARM_ACTIONS` per clip.

Legend: B batch of clips, T frames, M movements of a sequence. Hands are given as in `Pose.arms`.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.pose import HANGING, Pose
from pipelines.synthetic.motion.timeline import Action, Timeline
from pipelines.synthetic.tensors import constant

# Hands from the shoulder in arm lengths (out, up, forward), swivel of the elbow, flexion and twist of the wrist.
RESTING_HANDS = (
    HANGING,
    (-0.05, -0.90, 0.25, 0.2, 0.2, 0.4),  # before the thighs
    (0.02, -0.60, 0.04, 1.1, -0.5, -0.6),  # on the hip
    (0.08, -0.78, 0.16, 0.6, 0.0, 0.3),  # in the pocket
    (-0.18, -0.70, -0.32, 0.6, 0.0, 0.0),  # behind the back
    (-0.52, -0.33, 0.40, 0.3, 0.0, 0.0),  # crossed in front of the chest
    (-0.30, -0.20, 0.40, 0.5, 0.3, 0.0),  # on the chest
    (-0.30, -0.58, 0.38, 0.4, 0.2, 0.0),  # on the belly
)
_UP = (0.10, 0.96, 0.12, 0.3, 0.0, 0.0)
_UP_AND_OUT = (0.50, 0.80, 0.12, 0.2, 0.0, 0.0)
_BESIDE_HEAD = (0.52, 0.50, 0.18, 0.0, 0.0, 0.0)  # the forearm up
_WAVING = (0.36, 0.42, 0.32, 0.1, 0.0, 0.0)
HANDS = (
    *RESTING_HANDS,
    (-0.06, 0.44, 0.10, 1.0, 0.2, 0.0),  # at the side of the head
    (-0.16, 0.42, -0.18, 1.0, 0.4, 0.0),  # behind the head
    (-0.30, 0.12, 0.42, 0.4, 0.3, 0.0),  # at the chin
    (-0.20, 0.42, 0.38, 0.9, 0.2, 0.0),  # over the eyes
    _UP,
    _UP_AND_OUT,
    (-0.26, 0.88, 0.12, 0.6, 0.2, 0.0),  # together over the head
    (0.97, 0.05, 0.10, 0.0, 0.0, 0.0),  # out to the side
    (0.68, -0.66, 0.12, 0.2, 0.0, 0.0),  # out and low
    (0.70, 0.60, 0.20, 0.2, 0.0, 0.0),  # out and high
    (0.02, -0.05, 0.98, 0.1, 0.0, 0.0),  # to the front
    (0.05, -0.60, 0.75, 0.1, -0.3, 0.0),  # low to the front
    (-0.60, 0.05, 0.68, 0.4, 0.0, 0.0),  # across to the other side
    (-0.45, -0.70, 0.40, 0.5, 0.0, 0.0),  # across and low
    _BESIDE_HEAD,
    _WAVING,
    (-0.62, 0.02, 0.30, 0.5, 0.2, 0.0),  # on the other shoulder
    (0.10, 0.12, 0.22, 0.3, 0.4, 0.0),  # on the shoulder of the same side
    (-0.31, -0.28, 0.55, 0.5, -0.2, 0.0),  # together in front
    (-0.18, -0.15, 0.50, 0.2, 0.3, 0.0),  # holding a phone
    (0.08, -0.45, 0.48, 0.3, 0.0, 0.0),  # forearm forward
    (0.16, -0.72, -0.38, 0.3, 0.0, 0.0),  # swung back
    (0.45, -0.30, 0.05, 1.2, 0.0, 0.0),  # elbow out
)
# Centres of circling hands (out, up, forward): at the sides, in front, in front and close, overhead, low.
_CIRCLES = ((0.55, 0.0, 0.3), (0.1, -0.1, 0.6), (-0.15, -0.2, 0.5), (0.2, 0.6, 0.3), (0.3, -0.5, 0.4))
_LAGS = (0.0, 0.0), (0.0, math.pi), (0.0, math.pi / 2)  # of right and left hand on their circles, radians


def hang_arms(timeline: Timeline, pose: Pose) -> None:
    """Arms hang or rest in one place."""
    keys = sample_hands(timeline, 1)
    hanging = keys.new_zeros(keys.shape) + pose.arms[:, :1]
    hanging = hanging + timeline.normal(0.04, 1, 2, 6)
    pose.arms = torch.where(timeline.chance(0.6, 1, 1, 1) > 0, hanging, keys).expand_as(pose.arms).clone()


def gesture(timeline: Timeline, pose: Pose) -> None:
    """Hands go from place to place with pauses; each hand on its own, or both together."""
    starts, lengths = timeline.slow_steps((0.0, 1.0), (0.35, 1.1))
    keys = sample_hands(timeline, starts.shape[1] + 1)
    pose.arms = timeline.interpolate(keys, starts, lengths)


def dance_arms(timeline: Timeline, pose: Pose) -> None:
    """A sequence of two to four hand poses, repeated on the beat."""
    starts, lengths = timeline.beat_steps(1.0, 0.9)
    sequence = sample_hands(timeline, 4)
    size = torch.randint(2, 5, (timeline.batch, 1), device=timeline.device, generator=timeline.generator)
    order = torch.arange(starts.shape[1] + 1, device=timeline.device)[None] % size  # [B, M + 1]
    keys = sequence.gather(1, order[:, :, None, None].expand(-1, -1, 2, 6))
    pose.arms = timeline.interpolate(keys, starts, lengths)


def wave_hands(timeline: Timeline, pose: Pose) -> None:
    """One or both hands up, waving sideways; the other rests."""
    up = timeline.pick((_WAVING, _BESIDE_HEAD, _UP_AND_OUT, _UP), 1, 2) + timeline.normal(0.06, 1, 2, 6)
    rest = timeline.pick(RESTING_HANDS, 1, 2)
    waving = torch.cat([timeline.chance(0.7, 1, 1), timeline.chance(0.4, 1, 1)], 2)[..., None]  # [B, 1, 2, 1]
    pose.arms = (waving * up + (1 - waving) * rest).expand_as(pose.arms).clone()
    swing = timeline.uniform(0.08, 0.28) * timeline.wave(1.0)
    pose.arms[..., 0] += waving[..., 0] * torch.stack([swing, swing], -1)
    pose.arms[..., 5] += waving[..., 0] * torch.stack([swing, swing], -1) * 2


def circle_hands(timeline: Timeline, pose: Pose) -> None:
    """Hands circle around a centre in front, at the sides or overhead, together or one after the other."""
    centre = timeline.pick(_CIRCLES, 1, 1)
    radius, turn = timeline.uniform(0.12, 0.4), timeline.uniform(0, 1)
    lag = timeline.pick(_LAGS)  # [B, 2]
    for side in range(2):
        shift = lag[:, side : side + 1]
        across, high = radius * timeline.wave(2.0, shift), radius * timeline.wave(2.0, shift + math.pi / 2)
        circle = torch.stack([across * turn, high, across * (1 - turn)], -1)
        pose.arms[:, :, side, :3] = centre[:, 0] + circle
    pose.arms[..., 3] = 0.4


def clap(timeline: Timeline, pose: Pose) -> None:
    """Hands meet on every beat, in front, high or low."""
    height, front = timeline.uniform(-0.5, 0.9, 1), timeline.uniform(0.35, 0.6, 1)
    meet = 0.5 + 0.5 * timeline.wave(1.0)
    out = -0.27 + timeline.uniform(0.15, 0.7) * (1 - meet) ** 1.5
    both = torch.stack([out, height.expand_as(out), front * (1 - 0.5 * height.abs()) + 0.1 * meet], -1)
    pose.arms[..., :3] = both[:, :, None]
    pose.arms[..., 3] = 0.5


def swing_arms(timeline: Timeline, pose: Pose) -> None:
    """Arms swing against the legs (as in `leg_actions.walk`), from hanging to bent as in running."""
    bent, size = timeline.uniform(0, 1) ** 2, timeline.uniform(0.25, 1.0)
    for side, shift in enumerate((math.pi, 0.0)):
        angle = 0.15 * bent + size * 0.55 * timeline.wave(2.0, shift)
        length = 0.97 - 0.3 * bent
        pose.arms[:, :, side, 0] = 0.12 - 0.1 * angle.clamp(min=0)
        pose.arms[:, :, side, 1] = -length * torch.cos(angle)
        pose.arms[:, :, side, 2] = length * torch.sin(angle) + 0.08 + 0.15 * angle.clamp(min=0)


def sample_hands(timeline: Timeline, count: int) -> Tensor:
    """Keyposes [B, count, 2, 6] of both hands with jitter; in half of the clips most are symmetric."""
    keys = timeline.pick(HANDS, count, 2)
    same = timeline.chance(0.5, 1, 1, 1) * timeline.chance(0.85, count, 1, 1)
    keys = torch.where(same > 0, keys[:, :, :1], keys)
    jitter = timeline.normal(1.0, count, 2, 6) * constant((0.07, 0.07, 0.06, 0.25, 0.25, 0.35), timeline.device)
    return keys + jitter


ARM_ACTIONS: tuple[Action, ...] = (
    hang_arms, gesture, dance_arms, wave_hands, circle_hands, clap, swing_arms,
)  # fmt: skip
