"""Heat maps of keypoints, drawn and decoded: the counterpart of what the keypoint network returns."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.keypoints import STRIDE, refine_cells


def make_heatmap_logits(positions: Tensor, *, sigma: float = 1.5, height: int = 64, width: int = 48) -> Tensor:
    """Logits [B,K,h,w] of Gaussian heat maps with peaks of 0.9 at positions [B,K,2], x, y in pixels of the crop.

    sigma: standard deviation in cells. height, width: h, w.
    """
    cells = (positions - (STRIDE - 1) / 2) / STRIDE
    columns, rows = torch.arange(width), torch.arange(height)
    squared = (columns - cells[..., None, 0:1]) ** 2 + (rows[:, None] - cells[..., None, 1:2]) ** 2
    return torch.logit(0.9 * torch.exp(-squared / (2 * sigma**2)), eps=1e-6)


def decode_heatmaps(logits: Tensor) -> Tensor:
    """The highest peak of every heat map: logits [B,K,h,w] -> [B,K,3], x, y in pixels of the crop, value in 0..1."""
    logs = F.logsigmoid(logits.float())
    peak, index = logs.flatten(2).max(dim=2, keepdim=True)  # [B,K,1]
    return torch.cat([refine_cells(logs, index)[:, :, 0], peak.exp()], dim=2)
