"""Losses against the true flow and visibility of rendered frames: maps in, scalars out. Our addition to the paper.

B batch, H, W image size, h, w size of a flow map. Flow is backward flow in pixels of its own map, channel 0 = x.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def pool_flow(flow: Tensor, visible: Tensor, cell: int) -> tuple[Tensor, Tensor]:
    """Downscale the true flow and visibility by a factor `cell`.

    Args:
        flow: [B,2,H,W].
        visible: [B,1,H,W], 1 where the pixel is visible in the source, otherwise 0.
        cell: side in pixels of the square that becomes one pixel.

    Returns:
        Flow [B,2,H/cell,W/cell] in pixels of the coarse map, the mean over visible pixels (0 where there are none),
        and the visible share [B,1,H/cell,W/cell] in 0..1.
    """
    share = F.avg_pool2d(visible, cell)
    mean = F.avg_pool2d(flow * visible, cell) / share.clamp(min=1e-3)
    return mean / cell, share


def supervised_flow(flow: Tensor, true: Tensor, weight: Tensor, *, softness: float = 0.1) -> Tensor:
    """Weighted mean Charbonnier distance of a flow to the true flow.

    Args:
        flow, true: [B,2,h,w].
        weight: [B,1,h,w], at least 0; 0 where the true flow is unknown.
        softness: distance in pixels below which the loss is about quadratic rather than linear.
    """
    distance = ((flow.float() - true).square().sum(1, keepdim=True) + softness**2).sqrt() - softness
    return (distance * weight).mean()


def visibility(mask: Tensor, share: Tensor) -> Tensor:
    """Mean binary cross-entropy between an attention mask and the true visible share.

    Args:
        mask: [B,1,h,w] in 0..1, 1 means "take the warped source".
        share: [B,1,h,w] in 0..1.
    """
    mask = mask.float().clamp(1e-4, 1 - 1e-4)
    return -(share * torch.log(mask) + (1 - share) * torch.log1p(-mask)).mean()
