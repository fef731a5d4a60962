"""Losses of one generated frame. B clips, H, W image size."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.generators.animation import Step
from models.losses.flow import pool_flow, supervised_flow, visibility
from models.losses.image import gradient_pyramid, weighted_l1
from pipelines.training.animate_data import Recipe, Truth

BACKGROUND, PERSON = 0.3, 4.0  # weights of true flow
EXTREMITIES = (3, 6, 9, 10, 13, 16)  # feet, face, head and wrists of the structure's joints


def reconstruction(recipe: Recipe, step: Step, truth: Truth) -> dict[str, Tensor]:
    """Every loss of one frame except the adversarial ones, already weighted."""
    weight = 1 + truth.person * (3 + recipe.extremities * _extremities(truth))
    losses = {
        "picture": recipe.picture * weighted_l1(step.image.float(), truth.image, weight),
        "gradient": recipe.gradient * gradient_pyramid(step.image.float(), truth.image),
        "generated": recipe.generated * weighted_l1(step.generated.float(), truth.image, weight),
        "flow": truth.image.new_zeros(()),
        "mask": truth.image.new_zeros(()),
    }
    fields = (
        (step.flows_previous, step.masks_previous, truth.flow_previous, truth.visible_previous),
        (step.flows_reference, step.masks_reference, truth.flow_reference, truth.visible_reference),
    )
    for flows, masks, true, visible in fields:
        for flow, mask in zip(flows, masks, strict=True):
            cell = truth.image.shape[-1] // flow.shape[-1]
            coarse, share = pool_flow(true, visible, cell)
            importance = share * (BACKGROUND + PERSON * F.avg_pool2d(truth.person, cell))
            losses["flow"] = losses["flow"] + recipe.flow * supervised_flow(flow, coarse, importance)
            losses["mask"] = losses["mask"] + recipe.mask * visibility(mask, share)
    return losses | _detail_losses(recipe, step, truth)


def _extremities(truth: Truth) -> Tensor:
    """[B, 1, H, W] 1 at hands, feet and head, fading over twice the width of their heat maps."""
    maps = torch.stack([truth.structure[:, joint] for joint in EXTREMITIES], 1)
    return maps.float().amax(1, keepdim=True).clamp(min=0) ** 0.25


def _detail_losses(recipe: Recipe, step: Step, truth: Truth) -> dict[str, Tensor]:
    if step.detail is None:
        return {}
    detail = step.detail
    fields = (
        (detail.flow_previous, detail.warped_previous, truth.flow_previous, truth.visible_previous),
        (detail.flow_reference, detail.warped_reference, truth.flow_reference, truth.visible_reference),
    )
    fine, warped = truth.image.new_zeros(()), truth.image.new_zeros(())
    for flow, picture, true, visible in fields:
        importance = visible * (BACKGROUND + PERSON * truth.person)
        fine = fine + supervised_flow(flow, true, importance, softness=0.3)
        warped = warped + weighted_l1(picture.float(), truth.image, importance)
    made_again = truth.visible_reference * (1 - detail.blend[:, 2:].float())
    return {
        "fine_flow": recipe.fine_flow * fine,
        "warped": recipe.warped * warped,
        "copy": recipe.copy * made_again.mean(),
    }
