"""Keypoint network: one person on a square crop in, one heat map per joint out.

B batch, K keypoints, C channels, H, W size of the crop; heat maps are at a quarter of it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 4


@dataclass(frozen=True)
class KeypointConfig:
    """Size of the network; `widths` are the channels at 1/2, 1/4, ... of the crop."""

    joints: int = 17
    widths: tuple[int, ...] = (32, 64, 128, 256, 256)


class KeypointNetwork(nn.Module):
    """U-Net with batch norm; the deepest map (8x8 of 256x256) lets every joint see the whole body."""

    def __init__(self, *, config: KeypointConfig) -> None:
        super().__init__()
        self.config = config
        stem, *widths = config.widths
        self.stem = _convolution(3, stem, stride=2)
        self.down = nn.ModuleList()
        for inputs, outputs in zip(config.widths, widths, strict=False):
            self.down.append(nn.Sequential(_convolution(inputs, outputs, stride=2), _Residual(outputs)))
        self.bottom = nn.Sequential(_Residual(widths[-1]), _Residual(widths[-1]))
        self.reduce, self.up = nn.ModuleList(), nn.ModuleList()
        for deep, shallow in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.reduce.append(nn.Conv2d(deep, shallow, 1))
            self.up.append(_convolution(shallow, shallow))
        self.head = nn.Conv2d(widths[0], config.joints, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Image [B,3,H,W] in [-1, 1], H and W multiples of 32 -> logits [B,K,H/4,W/4]; their sigmoid is a heat map."""
        x = self.stem(image)
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.bottom(x)
        for reduce, up, skip in zip(self.reduce, self.up, skips[-2::-1], strict=True):
            x = up(F.interpolate(reduce(x), size=skip.shape[-2:], mode="nearest") + skip)
        return self.head(x)


def decode_heatmaps(logits: Tensor) -> Tensor:
    """Logits [B,K,h,w] -> keypoints [B,K,3]: x, y in pixels of the network's input, confidence 0..1.

    Pixel centres are integers, so cell i is at 4*i + 1.5. The peak of a Gaussian heat map is found below the cell
    size by a parabola through the logarithms of the peak and its neighbours.
    """
    logs = F.logsigmoid(logits.float())
    peak, index = logs.flatten(2).max(dim=2, keepdim=True)  # [B,K,1]
    return torch.cat([refine_cells(logs, index)[:, :, 0], peak.exp()], dim=2)


def refine_cells(logs: Tensor, index: Tensor) -> Tensor:
    """Places [B,K,M,2], x and y in pixels of the network's input, of the maxima near the cells `index` [B,K,M].

    logs: [B,K,h,w] logarithms of heat maps; index: cells counted row by row.
    """
    width = logs.shape[-1]
    row, column = index // width, index % width
    x = column + _vertex(logs.gather(2, row[..., None].expand(-1, -1, -1, width)), column)
    y = row + _vertex(logs.mT.gather(2, column[..., None].expand(-1, -1, -1, logs.shape[-2])), row)
    return STRIDE * torch.stack([x, y], dim=-1) + (STRIDE - 1) / 2


def _vertex(line: Tensor, index: Tensor) -> Tensor:
    """Offset in -0.5..0.5 of the maximum near `index` [B,K,M] of a line [B,K,M,n]; 0 at the ends."""
    neighbours = index[..., None] + torch.tensor([-1, 0, 1], device=line.device)
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


def _convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )
