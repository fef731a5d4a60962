"""Times and random numbers of a batch of clips, and smooth movements between keyposes.

`motion.sample_motion_at` makes a `Timeline` for each batch; the actions of arms and legs draw from it.

Legend: B batch of clips, T frames, M movements of a sequence, C channels.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.tensors import constant

_BEATS = 0.38, 0.85  # shortest and longest beat, seconds


class Timeline:
    """Times and random numbers of a batch of clips; all motion is a function of the time.

    time: [B or 1, T] seconds from 0 to `duration`, in any order. beat: [B, 1] seconds per beat. phase: [B, 1] radians
    of the beat at the start. course: [B, 1] mean heading in radians. straight: [B, 1] 1.0 where the heading stays near
    it.
    """

    def __init__(self, batch: int, time: Tensor, duration: float, generator: torch.Generator) -> None:
        self.batch, self.generator, self.device = batch, generator, generator.device
        self.duration, self.time = duration, time
        self.course = self.straight = torch.zeros(batch, 1, device=self.device)
        self.beat = self.uniform(*_BEATS)
        self.phase = self.uniform(0, 2 * math.pi)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform numbers [B, *shape], or [B, 1] without a shape."""
        sizes = (self.batch, *(shape or (1,)))
        return low + (high - low) * torch.rand(sizes, device=self.device, generator=self.generator)

    def normal(self, spread: float, *shape: int) -> Tensor:
        """Normal numbers [B, *shape] (or [B, 1]) with standard deviation `spread`, clipped at 2.2 of it."""
        sizes = (self.batch, *(shape or (1,)))
        return spread * torch.randn(sizes, device=self.device, generator=self.generator).clamp(-2.2, 2.2)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """1.0 with the given probability, else 0.0: [B, *shape] or [B, 1]."""
        return (self.uniform(0, 1, *shape) < probability).float()

    def pick(self, table: tuple, *shape: int) -> Tensor:
        """Random rows [B, *shape, C] of a table of rows with C numbers."""
        rows = constant(table, self.device)
        sizes = (self.batch, *shape)
        return rows[torch.randint(len(table), sizes, device=self.device, generator=self.generator)]

    def wave(self, beats: float | Tensor, shift: float | Tensor = 0.0) -> Tensor:
        """Sine [B, T] with a period of `beats` beats; `beats` and `shift` (radians) are numbers or [B, 1]."""
        return torch.sin(2 * math.pi * self.time / (self.beat * beats) + self.phase + shift)

    def cycle(self, shift: float = 0.0) -> Tensor:
        """Progress [B, T] in 0..1 through periods of two beats, starting `shift` periods later."""
        return (self.time / (2 * self.beat) + self.phase / (2 * math.pi) + shift) % 1

    def smooth_noise(self, channels: int, fastest: float = 0.9) -> Tensor:
        """Slow smooth noise [B, T, channels] of about unit size, up to `fastest` hertz."""
        frequency = self.uniform(0.08, fastest, 3, 1, channels)
        phase = self.uniform(0, 2 * math.pi, 3, 1, channels)
        size = self.normal(0.6, 3, 1, channels) / (0.6 + frequency)
        return (size * torch.sin(2 * math.pi * frequency * self.time[:, None, :, None] + phase)).sum(1)

    def slow_steps(self, hold: tuple[float, float], move: tuple[float, float]) -> tuple[Tensor, Tensor]:
        """Starts and lengths [B, M] in seconds of movements that cover the clip.

        hold, move: ranges of the pauses between movements and of the movements, seconds.
        """
        count = int(self.duration / (hold[0] + move[0])) + 2
        lengths = self.uniform(*move, count)
        gaps = self.uniform(*hold, count)
        starts = torch.cumsum(lengths + gaps, 1) - lengths - self.uniform(0, 1) * (hold[1] + move[1])
        return starts, lengths

    def beat_steps(self, every: float = 1.0, share: float = 0.6) -> tuple[Tensor, Tensor]:
        """Starts and lengths [B, M] in seconds of movements at every `every`-th beat that take a share of its time."""
        count = int(self.duration / (_BEATS[0] * every)) + 2
        period = self.beat * every
        steps = torch.arange(count, device=self.device)[None] - self.phase / (2 * math.pi)
        return steps * period, (period * share).expand(-1, count)

    def progress(self, starts: Tensor, lengths: Tensor) -> Tensor:
        """How far each movement is, [B, T, M] in 0..1 with minimum jerk; starts, lengths: [B, M] seconds."""
        u = ((self.time[..., None] - starts[:, None]) / lengths[:, None]).clamp(0, 1)
        return u * u * u * (10 + u * (6 * u - 15))

    def interpolate(self, keys: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
        """Values [B, T, ...] that go through the keys [B, M + 1, ...] by M movements with minimum jerk.

        starts, lengths: [B, M] seconds.
        """
        steps = keys.diff(dim=1)
        moved = torch.einsum("ntm,nmc->ntc", self.progress(starts, lengths), steps.flatten(2))
        return keys[:, :1] + moved.unflatten(2, keys.shape[2:])


Action = Callable[[Timeline, Pose], None]  # fills in the pose of its part of the body
