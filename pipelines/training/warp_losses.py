"""Losses of what is copied from two sources, where the true flow and visibility are known.

Called by `animation.losses` (previous frame and reference) and `view_synthesis.losses` (mirror image and source).

Legend: B samples, H, W image size, h, w size of a flow map. Images are in [-1, 1], flows in pixels of their own map,
masks, visibility and coverage in 0 to 1.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from models.detail import Detail
from models.losses.flow import pool_flow, supervised_flow, visibility
from models.losses.image import weighted_l1

BACKGROUND_WEIGHT, SUBJECT_WEIGHT = 0.3, 4.0  # of a flow's error; on the subject both add up
DETAIL_SOFTNESS = 0.3  # pixels: errors of the full-resolution flows below this one count less

# A source: flows [B, 2, h, w] and masks [B, 1, h, w] by level, true flow [B, 2, H, W] and visibility [B, 1, H, W].
Source = tuple[Sequence[Tensor], Sequence[Tensor], Tensor, Tensor]


class WarpRecipe(Protocol):
    """What these losses read of a recipe: the weights of the losses."""

    @property
    def flow(self) -> float: ...
    @property
    def fine_flow(self) -> float: ...
    @property
    def mask(self) -> float: ...
    @property
    def warped(self) -> float: ...
    @property
    def copy(self) -> float: ...


def flow_losses(recipe: WarpRecipe, sources: Iterable[Source], subject: Tensor) -> dict[str, Tensor]:
    """`flow` and `mask`, weighted scalars: errors of all flows and masks of the sources.

    subject: [B, 1, H, W] coverage by the person or object, where errors count most.
    """
    flow_loss = mask_loss = subject.new_zeros(())
    for flows, masks, true, visible in sources:
        for flow, mask in zip(flows, masks, strict=True):
            cell = subject.shape[-1] // flow.shape[-1]
            coarse, share = pool_flow(true, visible, cell)  # [B, 2, h, w], [B, 1, h, w]
            importance = share * (BACKGROUND_WEIGHT + SUBJECT_WEIGHT * F.avg_pool2d(subject, cell))
            flow_loss = flow_loss + recipe.flow * supervised_flow(flow, coarse, importance)
            mask_loss = mask_loss + recipe.mask * visibility(mask, share)
    return {"flow": flow_loss, "mask": mask_loss}


def detail_losses(
    recipe: WarpRecipe,
    detail: Detail,
    previous: tuple[Tensor, Tensor],
    references: Sequence[tuple[Tensor, Tensor]],
    image: Tensor,
    subject: Tensor,
) -> dict[str, Tensor]:
    """`fine_flow`, `warped` and `copy`, weighted scalars: what the detail head copies at full resolution.

    Args:
        previous: true flow [B, 2, H, W] into it and visibility [B, 1, H, W].
        references: the same of the reference and of its further images.
        image: the true image [B, 3, H, W].
        subject: [B, 1, H, W] coverage by the person or object, where errors count most.
    """
    flows = detail.flow_previous, detail.flow_reference, *detail.flows_others
    warped_images = detail.warped_previous, detail.warped_reference, *detail.warped_others
    fields = zip(flows, warped_images, (previous, *references), strict=True)
    fine = warped = image.new_zeros(())
    for flow, warped_image, (true, visible) in fields:
        importance = visible * (BACKGROUND_WEIGHT + SUBJECT_WEIGHT * subject)
        fine = fine + supervised_flow(flow, true, importance, softness=DETAIL_SOFTNESS)
        warped = warped + weighted_l1(warped_image.float(), image, importance)
    shown = torch.stack([visible for _, visible in references]).amax(0)
    not_copied = shown * (1 - detail.blend[:, 2:].float().sum(1, keepdim=True))  # generated though a reference shows it
    return {
        "fine_flow": recipe.fine_flow * fine,
        "warped": recipe.warped * warped,
        "copy": recipe.copy * not_copied.mean(),
    }
