"""Losses of the viewpoint network, called by `viewpoint.recipe`. Legend: B images, N bins of the azimuth."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.turning import Camera
from models.viewpoint import OTHER, ViewpointOutput, azimuth_target
from pipelines.training.viewpoint.data import KINDS, LabelledImages, Recipe


def viewpoint_losses(recipe: Recipe, answer: ViewpointOutput, truth: LabelledImages) -> dict[str, Tensor]:
    """Cross entropies of azimuth and kind, log likelihoods of elevation and nearness, error of the frame, by name.

    All are weighted scalars. Images without an object count for the kind only; objects of other kinds have no azimuth.
    """
    shown, front = truth.shown.float(), (truth.kind != KINDS.index(OTHER)).float()  # [B]
    camera = Camera.unstack(truth.camera)
    target = azimuth_target(camera.azimuth, answer.azimuth.shape[1], recipe.spread, truth.folds)  # [B, N]
    azimuth = -(target * F.log_softmax(answer.azimuth, 1)).sum(1)
    errors = torch.stack([answer.elevation - camera.elevation, answer.nearness - camera.nearness], 1).abs()
    elevation, nearness = (errors / answer.spread + (2 * answer.spread).log()).unbind(1)  # of Laplace distributions
    return {
        "azimuth": (front * azimuth).mean(),
        "kind": recipe.kind * F.cross_entropy(answer.kind, truth.kind),
        "elevation": recipe.elevation * (shown * elevation).mean(),
        "nearness": recipe.elevation * (shown * nearness).mean(),
        "frame": recipe.frame * (shown * (answer.frame - truth.frame).abs().mean(1)).mean(),
    }
