"""Keypoint network: a crop around one person in, one heat map per joint and the person's mask out.

Our own network, not the paper's; used by `pipelines.keypoints.detectors`. Positions are x, y in pixels of the crop;
pixel centres are integers, so cell i of a heat map is at 4*i + 1.5.

B batch, K joints, M places per joint, H, W size of the crop, h, w size of the heat maps: a quarter of the crop's.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import PositionConv2d

STRIDE = 4  # pixels of the crop per cell of a heat map
MASK_STRIDE = 2  # pixels of the crop per cell of the mask


@dataclass(frozen=True)
class KeypointConfig:
    """Size of the keypoint network."""

    joints: int = 17
    """K, number of joints (17: COCO-17)."""

    widths: tuple[int, ...] = (32, 64, 128, 256, 256)
    """Channels at 1/2, 1/4, ... of the crop's size; at least two."""

    mask: bool = False
    """Whether the network also finds the person's mask."""


class KeypointMaps(NamedTuple):
    """What the network finds in crops."""

    joints: Tensor
    """Logits [B,K,h,w] of heat maps in 0..1."""

    mask: Tensor | None
    """Logits [B,1,H/2,W/2] of the coverage by the person in the middle, 0..1; None if it was not asked for."""


class KeypointNetwork(nn.Module):
    """U-Net with batch norm; on its deepest map (8 x 8 for a 256 x 256 crop) every joint sees the complete body.

    In half precision, the way down alone takes it: on photographs, joints went wrong with the rest in bfloat16.
    """

    def __init__(self, *, config: KeypointConfig) -> None:
        super().__init__()
        self.config = config
        stem, *widths = config.widths
        self.stem = _convolution(3, stem, stride=2, kind=PositionConv2d)
        self.down = nn.ModuleList()
        for inputs, outputs in zip(config.widths, widths, strict=False):
            self.down.append(nn.Sequential(_convolution(inputs, outputs, stride=2), _Residual(outputs)))
        self.bottom = nn.Sequential(_Residual(widths[-1]), _Residual(widths[-1]))
        self.reduce, self.up = nn.ModuleList(), nn.ModuleList()
        for deep, shallow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.reduce.append(PositionConv2d(deep, shallow, 1))
            self.up.append(_convolution(shallow, shallow, kind=PositionConv2d))
        self.head = PositionConv2d(widths[0], config.joints, 1)
        self.mask_head = _MaskHead(widths[0], stem) if config.mask else None

    def forward(self, image: Tensor, *, mask: bool = False) -> KeypointMaps:
        """Find joints, and with `mask` the person's mask, in crops [B,3,H,W] in [-1, 1], H and W multiples of 32.

        Raises:
            ValueError: `mask`, but the network was made without (`KeypointConfig.mask`).
        """
        if mask and self.mask_head is None:
            raise ValueError("this keypoint network finds no masks: use one with `mask` in its config")
        x = stem = self.stem(image)
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.bottom(x)
        for reduce, up, skip in zip(self.reduce, self.up, skips[-2::-1], strict=True):
            x = up(F.interpolate(reduce(x), size=skip.shape[-2:], mode="nearest") + skip)
        return KeypointMaps(self.head(x), self.mask_head(x, stem) if mask and self.mask_head else None)


def refine_cells(logs: Tensor, index: Tensor) -> Tensor:
    """Find maxima of heat maps to a fraction of a cell: the vertex of a parabola through a cell and its neighbours.

    Exact for Gaussian peaks, whose logarithm is a parabola.

    Args:
        logs: [B,K,h,w] logarithms of heat maps.
        index: [B,K,M] cells near the maxima, counted row by row: row * w + column.

    Returns:
        Positions [B,K,M,2], x and y in pixels of the crop.
    """
    width = logs.shape[-1]
    row, column = index // width, index % width
    rows = logs.gather(2, row[..., None].expand(-1, -1, -1, width))  # [B,K,M,w]
    columns = logs.mT.gather(2, column[..., None].expand(-1, -1, -1, logs.shape[-2]))  # [B,K,M,h]
    x, y = column + _vertex_offset(rows, column), row + _vertex_offset(columns, row)
    return STRIDE * torch.stack([x, y], dim=-1) + (STRIDE - 1) / 2


def _vertex_offset(line: Tensor, index: Tensor) -> Tensor:
    """Offset in -0.5..0.5 cells from `index` [B,K,M] to the maximum of a line [B,K,M,n]; 0 at the line's ends."""
    neighbours = index[..., None] + torch.arange(-1, 2, device=line.device)
    inside = (index > 0) & (index < line.shape[-1] - 1)
    before, at, after = line.gather(3, neighbours.clamp(0, line.shape[-1] - 1)).unbind(3)
    curvature = (2 * at - before - after).clamp_min(1e-6)
    return torch.where(inside, ((after - before) / (2 * curvature)).clamp(-0.5, 0.5), 0)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *_convolution(channels, channels), nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.model(x) + x)


class _MaskHead(nn.Module):
    """Features [B,C,h,w] and those of the stem [B,S,2h,2w] -> logits [B,1,2h,2w]."""

    def __init__(self, channels: int, stem: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, stem, 1)
        self.model = nn.Sequential(*_convolution(stem, stem), nn.Conv2d(stem, 1, 1))

    def forward(self, x: Tensor, stem: Tensor) -> Tensor:
        return self.model(F.interpolate(self.reduce(x), size=stem.shape[-2:], mode="bilinear") + stem)


def _convolution(inputs: int, outputs: int, *, stride: int = 1, kind: type[nn.Conv2d] = nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(
        kind(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
