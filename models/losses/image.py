"""Losses between pictures.

B batch, C channels, H, W image size.
"""

import torch.nn.functional as F
from torch import Tensor


def weighted_l1(image: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean of `weight` times the absolute difference.

    Args:
        image, target: [B, C, H, W].
        weight: [B, 1, H, W], at least 0.
    """
    return ((image - target).abs() * weight).mean()


def gradient_pyramid(image: Tensor, target: Tensor, *, levels: int = 3) -> Tensor:
    """L1 between the spatial differences of both pictures at full, half, quarter ... resolution,
    and between the halved pictures themselves: punishes blur where plain L1 does not.

    Args:
        image, target: [B, C, H, W], H and W at least 2**levels.
    """
    error = image - target
    loss = image.new_zeros(())
    for _ in range(levels):
        loss = loss + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        loss = loss + (error[..., 1:] - error[..., :-1]).abs().mean()
        error = F.avg_pool2d(error, 2)  # [B, C, H/2, W/2]
        loss = loss + error.abs().mean()
    return loss
