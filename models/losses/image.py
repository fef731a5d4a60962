"""Losses between a generated image and its target: images in any common range in, scalars out.

B batch, C channels, H, W image size.
"""

import torch.nn.functional as F
from torch import Tensor


def weighted_l1(image: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean over all values of the absolute difference times `weight`; not divided by the mean weight.

    Args:
        image, target: [B,C,H,W].
        weight: [B,1,H,W], at least 0.
    """
    return ((image - target).abs() * weight).mean()


def gradient_pyramid(image: Tensor, target: Tensor, *, levels: int = 3) -> Tensor:
    """L1 of the spatial gradients at full, half, quarter, ... resolution, and of the downscaled images.

    Penalises blur more than a plain L1 loss.

    Args:
        image, target: [B,C,H,W], H and W at least 2^levels.
        levels: number of resolutions.
    """
    error = image - target
    loss = image.new_zeros(())
    for _ in range(levels):
        loss = loss + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        loss = loss + (error[..., 1:] - error[..., :-1]).abs().mean()
        error = F.avg_pool2d(error, 2)  # [B,C,H/2,W/2], halved again at every level
        loss = loss + error.abs().mean()
    return loss
