"""Landmark network: a square around a face in, one heat map per landmark and whether there is a face out.

Our own network, not the paper's; used by `pipelines.faces.bundled_landmarks`. Positions are x, y in pixels of the
square; pixel centres are integers, so cell i of a heat map is at 4*i + 1.5, as in `models.keypoints`.

B batch, K landmarks, H = W size of the square, h = w size of the heat maps: a quarter of the square's.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.keypoints import STRIDE
from models.layers import EncoderBlock, ResBlock, activation

# The partner of each of the 68 landmarks (iBUG 300-W order) on the other side of the face.
LANDMARK_FLIP = (
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),  # nose
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # lips outside
    *(64, 63, 62, 61, 60, 67, 66, 65),  # lips inside
)


@dataclass(frozen=True)
class LandmarkConfig:
    """Size of the landmark network."""

    points: int = 68
    """K, number of landmarks (68: iBUG 300-W)."""

    widths: tuple[int, ...] = (24, 64, 96, 112, 128)
    """Channels at 1/2, 1/4, ... of the square's size; at least two."""

    size: int = 192
    """H = W, pixels; the size of square that the network was trained with."""


class LandmarkOutput(NamedTuple):
    """What the network finds in squares."""

    maps: Tensor
    """[B,K,h,w] logits: the softmax over a map's cells is the probability of the landmark's place."""

    presence: Tensor
    """[B] logits of there being a face."""


class LandmarkNetwork(nn.Module):
    """U-Net with batch norm; on its deepest map (6 x 6 for 192 x 192 pixels) every landmark sees the complete face."""

    def __init__(self, *, config: LandmarkConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.down = nn.ModuleList(
            EncoderBlock(inputs=inputs, outputs=outputs, norm="batch")
            for inputs, outputs in zip((3, *widths), widths, strict=False)
        )
        deepest = widths[-1]
        self.bottom = ResBlock(inputs=deepest, outputs=deepest, hidden=deepest, norm="batch")
        self.reduce, self.up = nn.ModuleList(), nn.ModuleList()
        for deep, shallow in zip(widths[:1:-1], widths[-2:0:-1], strict=True):
            self.reduce.append(nn.Conv2d(deep, shallow, 1))
            self.up.append(_convolution(shallow))
        self.head = nn.Conv2d(widths[1], config.points, 1)
        self.presence = nn.Sequential(nn.BatchNorm1d(deepest), activation(), nn.Linear(deepest, 1))

    def forward(self, image: Tensor) -> LandmarkOutput:
        """Squares [B,3,H,W] in [-1, 1], H and W multiples of 2 to the number of widths."""
        skips, x = [], image
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.bottom(x)
        presence = self.presence(x.mean((2, 3)))[:, 0]
        for reduce, up, skip in zip(self.reduce, self.up, skips[-2:0:-1], strict=True):
            x = up(F.interpolate(reduce(x), size=skip.shape[-2:], mode="nearest") + skip)
        return LandmarkOutput(self.head(x), presence)


def decode_landmarks(maps: Tensor) -> Tensor:
    """Logits [B,K,h,w] -> landmarks [B,K,2], the expected places, x, y in pixels of the square."""
    chances = maps.float().flatten(2).softmax(-1).view_as(maps)
    cells = [torch.arange(side, device=maps.device, dtype=torch.float32) for side in maps.shape[-2:]]
    x, y = (chances.sum(-2) * cells[1]).sum(-1), (chances.sum(-1) * cells[0]).sum(-1)
    return STRIDE * torch.stack([x, y], -1) + (STRIDE - 1) / 2


def _convolution(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), activation()
    )
