"""What arms do in the procedural clips: each action fills in the arms of a batch of poses over time.

Legend: N clips, T frames, M movements of a sequence.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.motion.inverse_kinematics import Pose
from pipelines.synthetic.motion.timeline import Action, Script, through
from pipelines.synthetic.people.skeleton import constant

# Hands from the shoulder in arm lengths (out, up, forward), swivel of the elbow, flexion and twist of the wrist.
HANDS = (
    (0.10, -0.965, 0.05, 0.3, 0.1, 0.0),  # hanging
    (-0.05, -0.90, 0.25, 0.2, 0.2, 0.4),  # before the thighs
    (0.02, -0.60, 0.04, 1.1, -0.5, -0.6),  # on the hip
    (0.08, -0.78, 0.16, 0.6, 0.0, 0.3),  # in the pocket
    (-0.18, -0.70, -0.32, 0.6, 0.0, 0.0),  # behind the back
    (-0.52, -0.33, 0.40, 0.3, 0.0, 0.0),  # crossed before the chest
    (-0.30, -0.20, 0.40, 0.5, 0.3, 0.0),  # on the chest
    (-0.30, -0.58, 0.38, 0.4, 0.2, 0.0),  # on the belly
    (-0.06, 0.44, 0.10, 1.0, 0.2, 0.0),  # at the side of the head
    (-0.16, 0.42, -0.18, 1.0, 0.4, 0.0),  # behind the head
    (-0.30, 0.12, 0.42, 0.4, 0.3, 0.0),  # at the chin
    (-0.20, 0.42, 0.38, 0.9, 0.2, 0.0),  # over the eyes
    (0.10, 0.96, 0.12, 0.3, 0.0, 0.0),  # up
    (0.50, 0.80, 0.12, 0.2, 0.0, 0.0),  # up and out
    (-0.26, 0.88, 0.12, 0.6, 0.2, 0.0),  # together over the head
    (0.97, 0.05, 0.10, 0.0, 0.0, 0.0),  # out to the side
    (0.68, -0.66, 0.12, 0.2, 0.0, 0.0),  # out and low
    (0.70, 0.60, 0.20, 0.2, 0.0, 0.0),  # out and high
    (0.02, -0.05, 0.98, 0.1, 0.0, 0.0),  # to the front
    (0.05, -0.60, 0.75, 0.1, -0.3, 0.0),  # low to the front
    (-0.60, 0.05, 0.68, 0.4, 0.0, 0.0),  # across to the other side
    (-0.45, -0.70, 0.40, 0.5, 0.0, 0.0),  # across and low
    (0.52, 0.50, 0.18, 0.0, 0.0, 0.0),  # forearm up beside the head
    (0.36, 0.42, 0.32, 0.1, 0.0, 0.0),  # waving
    (-0.62, 0.02, 0.30, 0.5, 0.2, 0.0),  # on the other shoulder
    (0.10, 0.12, 0.22, 0.3, 0.4, 0.0),  # on the own shoulder
    (-0.31, -0.28, 0.55, 0.5, -0.2, 0.0),  # together in front
    (-0.18, -0.15, 0.50, 0.2, 0.3, 0.0),  # holding a phone
    (0.08, -0.45, 0.48, 0.3, 0.0, 0.0),  # forearm forward
    (0.16, -0.72, -0.38, 0.3, 0.0, 0.0),  # swung back
    (0.45, -0.30, 0.05, 1.2, 0.0, 0.0),  # elbow out
)  # fmt: skip


def arms_hang(script: Script, pose: Pose) -> None:
    """Arms hang or rest in one place and sway a little."""
    keys = hand_keys(script, 1)
    hang = keys.new_zeros(keys.shape) + pose.arms[:, :1]
    hang = hang + script.normal(0.04, 1, 2, 6)
    pose.arms = torch.where(script.coin(0.6, 1, 1, 1) > 0, hang, keys).expand_as(pose.arms).clone()


def arms_gesture(script: Script, pose: Pose) -> None:
    """Hands go from place to place with pauses; each hand on its own, or both together."""
    starts, lengths = script.slow_steps((0.0, 1.0), (0.35, 1.1))
    keys = hand_keys(script, starts.shape[1] + 1)
    pose.arms = through(script, keys, starts, lengths)


def arms_beat(script: Script, pose: Pose) -> None:
    """A figure of two to four hand poses, repeated on the beat."""
    starts, lengths = script.beat_steps(1.0, 0.9)
    figure = hand_keys(script, 4)
    size = torch.randint(2, 5, (script.batch, 1), device=script.device, generator=script.generator)
    order = torch.arange(starts.shape[1] + 1, device=script.device)[None] % size  # [N, M+1]
    keys = figure.gather(1, order[:, :, None, None].expand(-1, -1, 2, 6))
    pose.arms = through(script, keys, starts, lengths)


def arms_wave(script: Script, pose: Pose) -> None:
    """One or both hands up, waving sideways; the other rests."""
    up = script.pick((HANDS[23], HANDS[22], HANDS[13], HANDS[12]), 1, 2) + script.normal(0.06, 1, 2, 6)
    rest = script.pick(HANDS[:8], 1, 2)
    waving = torch.cat([script.coin(0.7, 1, 1), script.coin(0.4, 1, 1)], 2)[..., None]  # [N, 1, 2, 1]
    pose.arms = (waving * up + (1 - waving) * rest).expand_as(pose.arms).clone()
    swing = script.uniform(0.08, 0.28) * script.wave(1.0)
    pose.arms[..., 0] += waving[..., 0] * torch.stack([swing, swing], -1)
    pose.arms[..., 5] += waving[..., 0] * torch.stack([swing, swing], -1) * 2


def arms_circle(script: Script, pose: Pose) -> None:
    """Hands circle around a centre in front, at the sides or overhead, together or one after the other."""
    centre = script.pick(
        ((0.55, 0.0, 0.3), (0.1, -0.1, 0.6), (-0.15, -0.2, 0.5), (0.2, 0.6, 0.3), (0.3, -0.5, 0.4)), 1, 1
    )
    radius, turn = script.uniform(0.12, 0.4), script.uniform(0, 1)
    lag = script.pick(((0.0, 0.0), (0.0, math.pi), (0.0, math.pi / 2)))
    for side in range(2):
        shift = lag[:, side : side + 1]
        across, high = radius * script.wave(2.0, shift), radius * script.wave(2.0, shift + math.pi / 2)
        circle = torch.stack([across * turn, high, across * (1 - turn)], -1)
        pose.arms[:, :, side, :3] = centre[:, 0] + circle
    pose.arms[..., 3] = 0.4


def arms_clap(script: Script, pose: Pose) -> None:
    """Hands meet on every beat, in front, high or low."""
    height, front = script.uniform(-0.5, 0.9, 1), script.uniform(0.35, 0.6, 1)
    meet = 0.5 + 0.5 * script.wave(1.0)
    out = -0.27 + script.uniform(0.15, 0.7) * (1 - meet) ** 1.5
    both = torch.stack([out, height.expand_as(out), front * (1 - 0.5 * height.abs()) + 0.1 * meet], -1)
    pose.arms[..., :3] = both[:, :, None]
    pose.arms[..., 3] = 0.5


def arms_swing(script: Script, pose: Pose) -> None:
    """Arms swing against the legs (as in `legs_walk`), from hanging to bent as in running."""
    bent, size = script.uniform(0, 1) ** 2, script.uniform(0.25, 1.0)
    for side, shift in enumerate((math.pi, 0.0)):
        angle = 0.15 * bent + size * 0.55 * script.wave(2.0, shift)
        length = 0.97 - 0.3 * bent
        pose.arms[:, :, side, 0] = 0.12 - 0.1 * angle.clamp(min=0)
        pose.arms[:, :, side, 1] = -length * torch.cos(angle)
        pose.arms[:, :, side, 2] = length * torch.sin(angle) + 0.08 + 0.15 * angle.clamp(min=0)


def hand_keys(script: Script, count: int) -> Tensor:
    """Keyposes [N, count, 2, 6] of both hands, symmetric in half of the clips, with jitter."""
    keys = script.pick(HANDS, count, 2)
    same = script.coin(0.5, 1, 1, 1) * script.coin(0.85, count, 1, 1)
    keys = torch.where(same > 0, keys[:, :, :1], keys)
    jitter = script.normal(1.0, count, 2, 6) * constant((0.07, 0.07, 0.06, 0.25, 0.25, 0.35), script.device)
    return keys + jitter


ARMS: tuple[Action, ...] = (
    arms_hang, arms_gesture, arms_beat, arms_wave, arms_circle, arms_clap, arms_swing,
)  # fmt: skip
