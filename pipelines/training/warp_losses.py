"""Losses of what is copied from two sources, where the true flow and visibility are known.

B samples, H, W image size, h, w size of a flow map.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from models.detail import Detail
from models.losses.flow import pool_flow, supervised_flow, visibility
from models.losses.image import weighted_l1

BACKGROUND, SUBJECT = 0.3, 4.0  # weights of true flow

Level = tuple[Sequence[Tensor], Sequence[Tensor], Tensor, Tensor]


class Weights(Protocol):
    """What these losses read of a recipe."""

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


def flow_losses(weights: Weights, sources: Iterable[Level], subject: Tensor) -> dict[str, Tensor]:
    """Of the flows [B, 2, h, w] and masks [B, 1, h, w] of each source, with its true flow [B, 2, H, W] and visibility
    [B, 1, H, W]; subject: [B, 1, H, W] coverage by what counts most."""
    flow_loss = mask_loss = subject.new_zeros(())
    for flows, masks, true, visible in sources:
        for flow, mask in zip(flows, masks, strict=True):
            cell = subject.shape[-1] // flow.shape[-1]
            coarse, share = pool_flow(true, visible, cell)
            importance = share * (BACKGROUND + SUBJECT * F.avg_pool2d(subject, cell))
            flow_loss = flow_loss + weights.flow * supervised_flow(flow, coarse, importance)
            mask_loss = mask_loss + weights.mask * visibility(mask, share)
    return {"flow": flow_loss, "mask": mask_loss}


def detail_losses(
    weights: Weights,
    detail: Detail,
    previous: tuple[Tensor, Tensor],
    reference: tuple[Tensor, Tensor],
    image: Tensor,
    subject: Tensor,
) -> dict[str, Tensor]:
    """Of a detail head, with the true flow [B, 2, H, W] and visibility [B, 1, H, W] of both its sources and the true
    image [B, 3, H, W]."""
    fields = (
        (detail.flow_previous, detail.warped_previous, *previous),
        (detail.flow_reference, detail.warped_reference, *reference),
    )
    fine = warped = image.new_zeros(())
    for flow, picture, true, visible in fields:
        importance = visible * (BACKGROUND + SUBJECT * subject)
        fine = fine + supervised_flow(flow, true, importance, softness=0.3)
        warped = warped + weighted_l1(picture.float(), image, importance)
    made_again = reference[1] * (1 - detail.blend[:, 2:].float())
    return {
        "fine_flow": weights.fine_flow * fine,
        "warped": weights.warped * warped,
        "copy": weights.copy * made_again.mean(),
    }
