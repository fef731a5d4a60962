"""Push-pull: unknown pixels filled smoothly from the known ones around them, coarse to fine.

The start of `models.plate`. Legend: B batch, C channels, H, W image size.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_FEW = 1e-4  # share of known pixels below which a cell counts as unknown


def push_pull(image: Tensor, known: Tensor) -> Tensor:
    """Fill image [B,C,H,W] where `known` [B,1,H,W] is below 1; where it is 1 the image stays as it is.

    The image is averaged over its known pixels at ever coarser resolutions, and every unknown pixel takes the mean of
    the finest cell that knows one, smoothly enlarged. An image without known pixels becomes 0.
    """
    levels = [(image * known, known)]
    while max(levels[-1][0].shape[-2:]) > 1:
        value, weight = levels[-1]
        levels.append((_halve(value), _halve(weight)))
    value, weight = levels[-1]
    filled = value / weight.clamp(min=_FEW)
    for value, weight in reversed(levels[:-1]):
        coarse = F.interpolate(filled, size=value.shape[-2:], mode="bilinear", align_corners=False)
        filled = torch.lerp(coarse, value / weight.clamp(min=_FEW), weight.clamp(max=1))
    return filled


def _halve(x: Tensor) -> Tensor:
    """[B,C,H,W] -> means of 2 x 2 pixels [B,C,ceil(H/2),ceil(W/2)]."""
    size = [2 if side > 1 else 1 for side in x.shape[-2:]]
    return F.avg_pool2d(x, size, ceil_mode=True)
