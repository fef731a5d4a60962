"""Random numbers over the frames of a batch of clips, for `motion.detector_noise` and `motion.detector_confidence`.

Legend: B clips, T frames. Rates and durations are in seconds, so that clips of any frame rate get the same errors.
"""

import torch
from torch import Tensor


class Sampler:
    """Random masks and numbers in the shape of a batch of clips."""

    def __init__(self, clips: Tensor, rate: Tensor, generator: torch.Generator) -> None:
        """clips: any tensor [B, T, ...]; rate: [B] frames per second."""
        self.batch, self.length = clips.shape[:2]
        self.device, self.generator = clips.device, generator
        self.rate = rate[:, None]  # [B, 1]

    def uniform(self, *shape: int) -> Tensor:
        """[B, *shape] in 0..1, or [B, 1] without a shape."""
        return torch.rand(self.batch, *(shape or (1,)), device=self.device, generator=self.generator)

    def normal(self, *shape: int) -> Tensor:
        """[B, *shape] with standard deviation 1."""
        return torch.randn(self.batch, *shape, device=self.device, generator=self.generator)

    def clips(self, chance: float, *shape: int) -> Tensor:
        """Float [B, 1, *shape]: 1 with this chance, else 0."""
        return (self.uniform(1, *shape) < chance).float()

    def runs(self, rate: Tensor | float, longest: Tensor | float, *shape: int) -> Tensor:
        """Bool [B, T, *shape]: runs of one frame to `longest` seconds, of which `rate` start per second.

        rate, longest: numbers, or tensors that broadcast with [B, T, *shape].
        """
        one = self.rate.view(-1, 1, *[1] * len(shape))
        starts = self.uniform(self.length, *shape) * one < rate
        time = torch.arange(self.length, device=self.device).view(1, -1, *[1] * len(shape))
        ends = time + 1 + (self.uniform(self.length, *shape) ** 2 * longest * one).floor()
        return torch.where(starts, ends, torch.zeros_like(ends)).cummax(1).values > time

    def smooth_noise(self, hertz: float, channels: int) -> Tensor:
        """[B, T, channels] of about unit size, lines between values that are new `hertz` times a second."""
        place = torch.arange(self.length, device=self.device) / self.rate.clamp(min=hertz) * hertz  # [B, T]
        values = self.normal(self.length + 1, channels)
        first = place.long()
        low, high = (
            values.gather(1, index[..., None].expand(-1, -1, channels)) for index in (first, first + 1)
        )  # [B, T, channels]
        return torch.lerp(low, high, (place - first)[..., None]) * 1.2  # lines have less variance than their ends
