"""Segmentation network: which pixels of a photograph show the object in its foreground.

In: a picture. Out: logits of the coverage. Our addition to the paper, trained by `pipelines.training.segmentation`;
used by `pipelines.object_views.segmentation`.

B batch, C channels, H, W image size, h, w size of a map.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import EncoderBlock, activation

STEP = 32  # sides of images are multiples of it, in pixels


@dataclass(frozen=True)
class SegmentationConfig:
    """Size of the segmentation network."""

    widths: tuple[int, ...] = (16, 32, 56, 72, 88)
    """Channels at 1/2, 1/4, ... of the image's size; five."""

    dilations: tuple[int, ...] = (1, 2, 3)
    """One block at 1/32 of the image's size for each, with this distance of its convolution's taps."""

    detail: int = 12
    """Channels at the image's size."""


class ContextBlock(nn.Module):
    """Residual block that sees neighbours and the mean of the whole map: [B,C,h,w] -> [B,C,h,w]."""

    def __init__(self, *, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.local = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, groups=8)
        self.everywhere = nn.Conv2d(channels, channels, 1)
        self.join = nn.Sequential(nn.BatchNorm2d(channels), activation(), nn.Conv2d(channels, channels, 1))
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.norm(x))
        return x + self.join(self.local(y) + self.everywhere(y.mean((-2, -1), keepdim=True)))


class UpBlock(nn.Module):
    """Doubles the size and adds what the way down had there: [B,C_in,h,w], [B,C_out,2h,2w] -> [B,C_out,2h,2w]."""

    def __init__(self, *, inputs: int, outputs: int) -> None:
        super().__init__()
        self.reduce = nn.Sequential(nn.BatchNorm2d(inputs), activation(), nn.Conv2d(inputs, outputs, 1))
        self.mix = nn.Sequential(nn.BatchNorm2d(outputs), activation(), nn.Conv2d(outputs, outputs, 3, padding=1))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(self.reduce(x), scale_factor=2, mode="bilinear") + skip
        return x + self.mix(x)


class SegmentationNetwork(nn.Module):
    """U-Net whose deepest maps see the whole picture."""

    def __init__(self, *, config: SegmentationConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.enter = nn.Conv2d(3, config.detail, 3, padding=1)
        inputs = (config.detail, *widths)
        self.down = nn.ModuleList(
            EncoderBlock(inputs=a, outputs=b, norm="batch") for a, b in zip(inputs, widths, strict=False)
        )
        self.bottom = nn.Sequential(
            *(ContextBlock(channels=widths[-1], dilation=dilation) for dilation in config.dilations)
        )
        self.up = nn.ModuleList(UpBlock(inputs=a, outputs=b) for a, b in zip(widths[::-1], inputs[-2::-1], strict=True))
        self.leave = nn.Sequential(
            nn.BatchNorm2d(config.detail), activation(), nn.Conv2d(config.detail, 1, 3, padding=1)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Images [B,3,H,W] in [-1, 1], H and W multiples of `STEP` -> logits [B,1,H,W] of the object's coverage."""
        x, skips = self.enter(image), []
        for block in self.down:
            skips.append(x)
            x = block(x)
        x = self.bottom(x)
        for block, skip in zip(self.up, skips[::-1], strict=True):
            x = block(x, skip)
        return self.leave(x)


def judge_mask(coverage: Tensor) -> Tensor:
    """How sure the network is of each of the masks [B,1,H,W] in 0..1: their expected overlap with the truth, [B] in
    0..1, if each value is the probability that its pixel is object."""
    inside = coverage > 0.5
    certain = torch.where(inside, coverage, 0.0).sum((1, 2, 3))
    union = torch.where(inside, 1.0, coverage).sum((1, 2, 3))
    return certain / union.clamp(min=1)
