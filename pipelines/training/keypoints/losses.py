"""Losses of the keypoint network, called by `keypoints.recipe`.

Legend: B batch, K = 17 COCO joints, h, w heat-map size (a cell is 4 pixels of the crop). Keypoints [B, K, 3] are x, y
in pixels of the crop and a weight, 0 for a joint that does not count.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.keypoints import MASK_STRIDE, STRIDE
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.training.keypoints.data import Recipe

JOINT_WEIGHTS = (1.0,) * 5 + (1.0, 1.0, 1.3, 1.3, 1.5, 1.5, 1.0, 1.0, 1.3, 1.3, 1.5, 1.5)


def draw_heat_maps(keypoints: Tensor, size: int, sigma: float) -> Tensor:
    """Gaussian heat maps [B, K, size, size] in 0 to 1 of keypoints [B, K, 3]; 0 for weight 0. sigma is in cells."""
    axis = torch.arange(size, device=keypoints.device)
    cell = (keypoints[..., :2] - (STRIDE - 1) / 2) / STRIDE
    across, down = (torch.exp(-0.5 * ((axis - cell[..., i : i + 1]) / sigma).square()) for i in (0, 1))
    return down[..., :, None] * across[..., None, :] * (keypoints[..., 2] > 0)[..., None, None]


def keypoint_losses(recipe: Recipe, logits: Tensor, keypoints: Tensor) -> dict[str, Tensor]:
    """Weighted scalars by name: `heat`, the cross entropy of the heat maps; `place`, that of the joint's cell among all
    cells; `side`, that of whose joint is at the place.

    `side` counts only where left and right are apart, since the network finds both joints long before it can tell
    their sides. A joint outside of the image has an empty heat map and no place.

    logits: [B, K, h, w]; keypoints: [B, K, 3].
    """
    target = draw_heat_maps(keypoints, logits.shape[-1], recipe.sigma)
    inside = keypoints[..., 2] > 0
    weight = torch.where(inside, keypoints[..., 2], 0.5) * keypoints.new_tensor(JOINT_WEIGHTS)  # [B, K]
    area = 2 * torch.pi * recipe.sigma**2
    cells = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * (1 + recipe.peak * target)
    heat = cells.sum((-2, -1)) / area
    share = target.flatten(2) / target.flatten(2).sum(-1, keepdim=True).clamp(min=1e-6)  # [B, K, h * w]
    place = -(share * F.log_softmax(logits.flatten(2), dim=-1)).sum(-1)
    partner = list(COCO17_FLIP)
    lead = (share * (logits - logits[:, partner]).flatten(2)).sum(-1)
    apart = (keypoints - keypoints[:, partner])[..., :2].norm(dim=-1) / (2 * STRIDE * recipe.sigma)
    return {
        "heat": (weight * heat).mean(),
        "place": recipe.place * (weight * inside * place).mean(),
        "side": recipe.side * (weight * inside * apart.clamp(max=1) * F.softplus(-lead)).mean(),
    }


def mask_loss(recipe: Recipe, logits: Tensor, mask: Tensor) -> Tensor:
    """Weighted cross entropy and one minus the overlap (Dice) of predicted logits [B, 1, H/2, W/2] and the true mask
    [B, 1, H, W] in 0 to 1."""
    target = F.avg_pool2d(mask, MASK_STRIDE)
    cells = F.binary_cross_entropy_with_logits(logits, target)
    found = logits.sigmoid()
    common = 2 * (found * target).sum((1, 2, 3)) + 1
    overlap = common / ((found.square() + target.square()).sum((1, 2, 3)) + 1)
    return recipe.mask * (cells + (1 - overlap).mean())
