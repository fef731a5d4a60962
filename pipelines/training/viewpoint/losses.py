"""Losses of the viewpoint network, called by `viewpoint.recipe`. Legend: B images, N bins of the azimuth."""

import torch.nn.functional as F
from torch import Tensor

from models.viewpoint import ViewpointOutput, azimuth_target
from pipelines.training.viewpoint.data import OTHER, LabelledImages, Recipe


def viewpoint_losses(recipe: Recipe, answer: ViewpointOutput, truth: LabelledImages) -> dict[str, Tensor]:
    """Cross entropies of azimuth and kind, errors of elevation and frame, weighted scalars by name.

    Images without an object count for the kind only.
    """
    known = (truth.kind != OTHER).float()  # [B]
    target = azimuth_target(truth.azimuth, answer.azimuth.shape[1], recipe.spread)  # [B, N]
    azimuth = -(target * F.log_softmax(answer.azimuth, 1)).sum(1)
    elevation = F.smooth_l1_loss(answer.elevation / 10, truth.elevation / 10, reduction="none")
    return {
        "azimuth": (known * azimuth).mean(),
        "kind": recipe.kind * F.cross_entropy(answer.kind, truth.kind),
        "elevation": recipe.elevation * (known * elevation).mean(),
        "frame": recipe.frame * (known * (answer.frame - truth.frame).abs().mean(1)).mean(),
    }
