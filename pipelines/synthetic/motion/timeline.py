"""The timing and the dice of a batch of clips, and smooth movements between keyposes.

Legend: N clips, T frames, M movements of a sequence, C channels.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pipelines.synthetic.motion.inverse_kinematics import Pose
from pipelines.synthetic.people.skeleton import constant


class Script:
    """Times and random numbers of a batch of clips; all motion is a function of the time.

    time [N or 1, T] seconds from 0 to `duration`, in any order; beat [N, 1] seconds per beat; phase [N, 1] radians at
    the start; course [N, 1] mean heading; straight [N, 1] 1.0 where the heading stays near it.
    """

    def __init__(self, batch: int, time: Tensor, duration: float, generator: torch.Generator) -> None:
        self.batch, self.generator, self.device = batch, generator, generator.device
        self.duration, self.time = duration, time
        self.course = self.straight = torch.zeros(batch, 1, device=self.device)
        self.beat = self.uniform(0.38, 0.85)
        self.phase = self.uniform(0, 2 * math.pi)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform numbers [N, *shape], or [N, 1] without a shape."""
        sizes = (self.batch, *(shape or (1,)))
        return low + (high - low) * torch.rand(sizes, device=self.device, generator=self.generator)

    def normal(self, spread: float, *shape: int) -> Tensor:
        """Normal numbers [N, *shape] (or [N, 1]), cut at 2.2 deviations."""
        sizes = (self.batch, *(shape or (1,)))
        return spread * torch.randn(sizes, device=self.device, generator=self.generator).clamp(-2.2, 2.2)

    def coin(self, chance: float, *shape: int) -> Tensor:
        """1.0 with the chance, else 0.0, [N, *shape] or [N, 1]."""
        return (self.uniform(0, 1, *shape) < chance).float()

    def pick(self, table: tuple, *shape: int) -> Tensor:
        """Random rows [N, *shape, C] of a table."""
        rows = constant(table, self.device)
        sizes = (self.batch, *shape)
        return rows[torch.randint(len(table), sizes, device=self.device, generator=self.generator)]

    def wave(self, beats: float | Tensor, shift: float | Tensor = 0.0) -> Tensor:
        """Sine [N, T] with a period of `beats` beats."""
        return torch.sin(2 * math.pi * self.time / (self.beat * beats) + self.phase + shift)

    def wander(self, channels: int, fastest: float = 0.9) -> Tensor:
        """Slow smooth noise [N, T, C] of about unit size, up to `fastest` hertz."""
        frequency = self.uniform(0.08, fastest, 3, 1, channels)
        phase = self.uniform(0, 2 * math.pi, 3, 1, channels)
        size = self.normal(0.6, 3, 1, channels) / (0.6 + frequency)
        return (size * torch.sin(2 * math.pi * frequency * self.time[:, None, :, None] + phase)).sum(1)

    def slow_steps(self, hold: tuple[float, float], move: tuple[float, float]) -> tuple[Tensor, Tensor]:
        """Start and length [N, M] in seconds of movements with random pauses, covering the clip."""
        count = int(self.duration / (hold[0] + move[0])) + 2
        lengths = self.uniform(*move, count)
        gaps = self.uniform(*hold, count)
        starts = torch.cumsum(lengths + gaps, 1) - lengths - self.uniform(0, 1) * (hold[1] + move[1])
        return starts, lengths

    def beat_steps(self, every: float = 1.0, sharpness: float = 0.6) -> tuple[Tensor, Tensor]:
        """Start and length [N, M] in seconds of movements at every `every`-th beat."""
        count = int(self.duration / (0.38 * every)) + 2
        period = self.beat * every
        steps = torch.arange(count, device=self.device)[None] - self.phase / (2 * math.pi)
        return steps * period, (period * sharpness).expand(-1, count)


def progress(script: Script, starts: Tensor, lengths: Tensor) -> Tensor:
    """How far each movement is [N, T, M], 0..1, with minimum jerk."""
    u = ((script.time[..., None] - starts[:, None]) / lengths[:, None]).clamp(0, 1)
    return u * u * u * (10 + u * (6 * u - 15))


def through(script: Script, keys: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Values [N, T, ...] that go through keys [N, M+1, ...] by M minimum-jerk movements."""
    steps = keys.diff(dim=1)
    moved = torch.einsum("ntm,nmc->ntc", progress(script, starts, lengths), steps.flatten(2))
    return keys[:, :1] + moved.unflatten(2, keys.shape[2:])


Action = Callable[[Script, Pose], None]
