"""Backgrounds with the person filled in, for the validation of people that are laid over them.

Legend: B clips, H, W image size. Pictures are in [-1, 1].
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import WeightsError
from models.weights import load_weights
from pipelines.runtime.progress import Progress

GROWN = 7  # side of the square by which a hole is larger than the matte, in pixels
FAINT = 0.02  # coverage or shadow that is not left in the background

Fill = Callable[[Tensor, Tensor], Tensor]


def choose_fill(device: torch.device, progress: Progress) -> Fill:
    """What fills holes [B, 1, H, W] in pictures [B, 3, H, W]: the network of the bundled plate weights, if there are
    any, else `fill_smoothly`; a note says so."""
    try:
        return load_weights("plate", device=device, expect="plate")
    except WeightsError:
        progress.note("there are no weights 'plate': the validation's backgrounds are filled by a smooth surface")
        return fill_smoothly


def estimate_plate(image: Tensor, coverage: Tensor, shadow: Tensor, fill: Fill) -> Tensor:
    """The picture [B, 3, H, W] without the person, from coverage and shadow [B, 1, H, W] each."""
    hole = F.max_pool2d(torch.maximum(coverage, shadow), GROWN, 1, GROWN // 2) > FAINT
    return fill(image, hole.to(image.dtype))


def fill_smoothly(image: Tensor, hole: Tensor) -> Tensor:
    """Fill the hole [B, 1, H, W] (1 inside) of pictures [B, 3, H, W] with the means of what surrounds it.

    Every 2 x 2 pixels become one, the mean of those that are known, until one is left; then the holes of each size are
    filled from the next smaller one.
    """
    if min(image.shape[-2:]) == 1:
        return image
    known = 1 - hole
    share = F.avg_pool2d(known, 2, ceil_mode=True)
    mean = F.avg_pool2d(image * known, 2, ceil_mode=True) / share.clamp(min=1e-6)
    smaller = fill_smoothly(mean, (share == 0).to(image.dtype))
    filled = F.interpolate(smaller, size=image.shape[-2:], mode="bilinear", align_corners=False)
    return torch.where(hole > 0, filled, image)
