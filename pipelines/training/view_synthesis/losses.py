"""Losses of one view, called by `view_synthesis.recipe`. Legend: B samples, H = W image size, h, w map size."""

import torch.nn.functional as F
from torch import Tensor

from models.generators.view import MIRRORED, OWN, View
from models.losses.flow import supervised_flow, visibility
from models.losses.image import gradient_pyramid, weighted_l1
from pipelines.training.view_synthesis.data import Recipe, Truth
from pipelines.training.warp_losses import detail_losses, flow_losses

DEPTH_SOFTNESS = 0.02  # diagonals of the object: errors below this one count less


def reconstruction_losses(recipe: Recipe, view: View, truth: Truth) -> dict[str, Tensor]:
    """Every loss of one view but the adversarial ones, weighted scalars by name."""
    own, mirrored = (truth.flow, truth.visible), (truth.flow_mirrored, truth.visible_mirrored)
    look = view.geometry
    sources = (
        (look.flows[OWN], look.masks[OWN], *own),
        (look.flows[MIRRORED], look.masks[MIRRORED], *mirrored),
    )
    result, target = view.on(truth.background).float(), truth.on_background()
    return {
        "picture": recipe.picture * weighted_l1(result, target, 1 + 3 * truth.mask),
        "gradient": recipe.gradient * gradient_pyramid(result, target),
        "generated": recipe.generated * weighted_l1(view.generated.float(), truth.image, 1 + 3 * truth.mask),
        "alpha": recipe.alpha * visibility(view.alpha, truth.mask),
        "depth": recipe.depth * _depth_loss(look.depths, truth.depth),
        **flow_losses(recipe, sources, truth.mask),
        **detail_losses(recipe, view.detail, mirrored, [own], truth.image, truth.mask),
    }


def _depth_loss(depths: list[Tensor], true: Tensor) -> Tensor:
    """Depths [B, 1, h, w] of all levels against the true one [B, 1, H, W], where there is one; a scalar."""
    known = (true != 0).float()
    loss = true.new_zeros(())
    for depth in depths:
        cell = true.shape[-1] // depth.shape[-1]
        share = F.avg_pool2d(known, cell)  # [B, 1, h, w]
        mean = F.avg_pool2d(true, cell) / share.clamp(min=1e-3)
        loss = loss + supervised_flow(depth, mean, share, softness=DEPTH_SOFTNESS)
    return loss
