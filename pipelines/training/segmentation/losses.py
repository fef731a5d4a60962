"""Losses of the segmentation network, called by `segmentation.recipe`.

Legend: B pictures, H, W size.
"""

import torch.nn.functional as F
from torch import Tensor

from pipelines.training.segmentation.data import Recipe

EDGE = 9  # pixels: width of the band in which the edge counts more


def coverage_losses(recipe: Recipe, logits: Tensor, coverage: Tensor) -> dict[str, Tensor]:
    """Weighted scalars by name: `pixels`, the cross entropy, higher near the object's edge; `overlap`, one minus Dice.

    logits: [B, 1, H, W]; coverage: [B, 1, H, W] in 0..1.
    """
    mean = F.avg_pool2d(coverage, EDGE, 1, EDGE // 2, count_include_pad=False)
    weight = 1 + recipe.edge * 4 * mean * (1 - mean)
    pixels = F.binary_cross_entropy_with_logits(logits, coverage, reduction="none")
    found = logits.sigmoid()
    common = 2 * (found * coverage).sum((1, 2, 3)) + 1
    overlap = common / ((found.square() + coverage.square()).sum((1, 2, 3)) + 1)
    return {"pixels": (pixels * weight).mean(), "overlap": recipe.overlap * (1 - overlap).mean()}
