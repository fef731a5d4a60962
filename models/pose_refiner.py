"""Pose refiner: what a detected pose track needs to become the true motion, and where it needs nothing.

In: a COCO-17 track with confidences and its Human3.6M-17 mapping by geometry. Out: the mapping, corrected. A joint that
was seen moves by no more than `tolerance`, unless the network is sure that the detector was wrong; a joint that was not
seen is placed freely. `pipelines.keypoints.refinement` calls it. The authors' network for the same purpose is in
`models.motion`.

B batch, T frames of the result, K = 17 joints, M frames of margin on either side, C channels. Positions are in units of
half the side of a square around the person, its middle at 0: x right, y down, about -1..1.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

JOINTS = 17
MIDDLE_RATE = 30.0  # frames per second that the network sees as 0
BEND_SCALE, BEND_LIMIT = 16.0, 4.0  # of what the network sees of how far a joint lies beside its neighbours in time
CHANGE_SCALE = 0.1  # of its answer, in half sides
RESOLUTION = 2.0  # factor of the logit beyond `caution`: few joints are left half way
TRUNK = (7, 8, 9, 10)  # Human3.6M joints that no detector reports: spine, thorax, neck, head


@dataclass(frozen=True)
class RefinerConfig:
    """Size of the network, and what it may do."""

    channels: int = 256
    """C, channels of all hidden layers."""

    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 8, 4, 2, 1)
    """Frames between the three taps of each block's convolution."""

    tolerance: float = 0.024
    """How far a joint that was seen moves at most, unless the network doubts it: in half sides of the square."""

    caution: float = 3.0
    """How much more than even the odds have to be that the detector was wrong, as a logit: 20 to 1. Training shows far
    more errors than good detectors make, so its odds are too high for them; training itself ignores this."""

    @property
    def margin(self) -> int:
        """M, frames that the result is shorter than the track on either side: 48."""
        return 2 + sum(self.dilations)


class Refined(NamedTuple):
    """What `PoseRefiner` returns."""

    points: Tensor
    """Human3.6M-17 joints [B,T,K,2], in the units of the input."""

    doubt: Tensor
    """Logit that a joint lies well outside of `tolerance` [B,T,K]; without meaning where a joint is free."""


class PoseRefiner(nn.Module):
    """Dilated convolutions over time, without norms that see more than one frame: any length gives the same result."""

    def __init__(self, *, config: RefinerConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(5 * JOINTS + 2, config.channels, 3)
        self.blocks = nn.ModuleList(_Block(config.channels, dilation) for dilation in config.dilations)
        self.norm = _FrameNorm(config.channels)
        self.leave = nn.Conv1d(config.channels, 3 * JOINTS, 1)
        for parameter in self.leave.parameters():  # at first nothing is corrected
            nn.init.zeros_(parameter)

    def forward(self, points: Tensor, confidence: Tensor, mapped: Tensor, free: Tensor, rate: Tensor) -> Refined:
        """Correct a pose track.

        Args:
            points: [B,T+2M,K,2] COCO-17 joints; 0 where a joint was never seen, and beyond the ends of the clip.
            confidence: [B,T+2M,K] of each of them in 0..1; 0 as above.
            mapped: [B,T,K,2] Human3.6M-17 joints from `points` by geometry.
            free: [B,T,K] which of them have nothing to hold on to and go where the network puts them; bool.
            rate: [B] frames per second.

        Raises:
            ValueError: a track that is not longer than both margins.
        """
        margin, length = self.config.margin, points.shape[1]
        if length <= 2 * margin:
            raise ValueError(f"expected more than {2 * margin} frames, got {length}")
        values = self.leave(self.norm(self._hidden(points, confidence, rate)))  # [B,3K,T]
        values = values.unflatten(1, (3, JOINTS)).permute(0, 3, 2, 1)  # [B,T,K,3]
        doubt = values[..., 2].float()
        odds = doubt if self.training else RESOLUTION * (doubt - self.config.caution)
        share = torch.where(free, 1.0, odds.sigmoid())[..., None]
        change = values[..., :2].float() * CHANGE_SCALE
        return Refined(mapped + _limit(change, self.config.tolerance, share), doubt)

    def _hidden(self, points: Tensor, confidence: Tensor, rate: Tensor) -> Tensor:
        """What the last block returns [B,C,T]."""
        x = self.enter(_describe(points, confidence, rate))
        for block in self.blocks:
            x = block(x)
        return x


def _describe(points: Tensor, confidence: Tensor, rate: Tensor) -> Tensor:
    """What the network sees of a track [B,T,K,2]: places, confidences, bends, which frames there are, how fast they
    follow each other; [B,5K+2,T-2]."""
    inside = (confidence > 0).any(-1, keepdim=True).to(points)  # [B,T,1]
    pace = (rate.to(points) / MIDDLE_RATE).log() / math.log(8)  # about -1 at 4, 1 at 240 frames per second
    whole = inside[:, 1:-1] * inside[:, :-2] * inside[:, 2:]
    bend = (points[:, 1:-1] - (points[:, :-2] + points[:, 2:]) / 2).flatten(2) * whole
    bend = (bend * BEND_SCALE).clamp(-BEND_LIMIT, BEND_LIMIT)  # [B,T-2,2K]
    rest = torch.cat([points.flatten(2), confidence, inside, inside * pace[:, None, None]], 2)[:, 1:-1]
    return torch.cat([rest, bend], 2).transpose(1, 2)


def _limit(change: Tensor, tolerance: float, share: Tensor) -> Tensor:
    """Changes [..., 2] cut to the length `tolerance`, of the rest only its `share` [..., 1] in 0..1."""
    length = (change.square().sum(-1, keepdim=True) + 1e-12).sqrt()
    within = change * (tolerance / length).clamp(max=1)
    return within + share * (change - within)


class _Block(nn.Module):
    """Norm, dilated convolution, activation, pointwise convolution; added to its input, which loses the margins."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = _FrameNorm(channels)
        self.over_time = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.across = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.dilation : -self.dilation] + self.across(F.gelu(self.over_time(self.norm(x))))


class _FrameNorm(nn.Module):
    """Normalises [B,C,T] over the channels of each frame by itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x.transpose(1, 2), x.shape[1:2], self.weight, self.bias).transpose(1, 2)
