"""Losses of a filled hole, called by `plate.recipe`. Legend: B pictures, H, W size."""

import torch.nn.functional as F
from torch import Tensor

from models.losses.image import gradient_pyramid, weighted_l1
from pipelines.training.plate.data import Recipe

BORDER = 8  # pixels
LEVELS = 4  # resolutions of the gradients


def filling_losses(recipe: Recipe, filled: Tensor, truth: Tensor, hole: Tensor) -> dict[str, Tensor]:
    """Every loss but the adversarial ones, weighted scalars by name; both are means over the hole.

    filled, truth: [B, 3, H, W] in [-1, 1], equal where the hole [B, 1, H, W] is 0.
    """
    share = hole.mean().clamp(min=1e-3)
    known = F.avg_pool2d(1 - hole, 2 * BORDER + 1, 1, BORDER, count_include_pad=False)
    weight = hole * (1 + 2 * recipe.border * known)  # `known` is 1/2 at a straight border
    return {
        "picture": recipe.picture * weighted_l1(filled, truth, weight) / share,
        "gradient": recipe.gradient * gradient_pyramid(filled, truth, levels=LEVELS) / share,
    }
