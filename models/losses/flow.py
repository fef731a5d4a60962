"""Losses against the true flow and visibility of rendered frames.

B batch, H, W image size, h, w size of a flow map; flow in pixels of its own map, channel 0 = x.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def pool_flow(flow: Tensor, visible: Tensor, cell: int) -> tuple[Tensor, Tensor]:
    """True flow and visible share on a map `cell` times coarser.

    Args:
        flow: [B, 2, H, W] in pixels of the full map.
        visible: [B, 1, H, W], 0 or 1.
        cell: side of the square of pixels that becomes one.

    Returns:
        flow [B, 2, H/cell, W/cell] in pixels of the coarse map, the mean over visible pixels (0 where none is),
        and visible share [B, 1, H/cell, W/cell] in 0..1.
    """
    share = F.avg_pool2d(visible, cell)
    mean = F.avg_pool2d(flow * visible, cell) / share.clamp(min=1e-3)
    return mean / cell, share


def supervised_flow(flow: Tensor, true: Tensor, weight: Tensor, *, softness: float = 0.1) -> Tensor:
    """Charbonnier distance of flow and true flow, weighted per pixel.

    Args:
        flow, true: [B, 2, h, w] in the same pixels.
        weight: [B, 1, h, w], 0 where the true flow is unknown.
        softness: below this distance (pixels) the loss is quadratic.
    """
    distance = ((flow.float() - true).square().sum(1, keepdim=True) + softness**2).sqrt() - softness
    return (distance * weight).mean()


def visibility(mask: Tensor, share: Tensor) -> Tensor:
    """Binary cross-entropy between an attention mask and the true visible share.

    Args:
        mask: [B, 1, h, w] in (0, 1): 1 means "take the warped source".
        share: [B, 1, h, w] in 0..1.
    """
    mask = mask.float().clamp(1e-4, 1 - 1e-4)
    return -(share * torch.log(mask) + (1 - share) * torch.log1p(-mask)).mean()
