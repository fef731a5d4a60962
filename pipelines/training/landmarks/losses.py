"""Losses of the landmark network, called by `landmarks.recipe`.

Legend: B crops, K = 68 landmarks, h = w heat-map size (a cell is 4 pixels of the crop). Landmarks [B, K, 3] are x, y in
pixels of the crop and a weight, 0 for a landmark that does not count.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.keypoints import STRIDE
from models.landmarks import LandmarkOutput, decode_landmarks
from pipelines.training.landmarks.data import Crops, Recipe
from pipelines.training.landmarks.metrics import LIDS, LIPS, eye_distance, measure_openings

SOFT = 0.02  # distances up to which the loss of the distance is nearly quadratic, in distances of the eyes


def landmark_losses(recipe: Recipe, answer: LandmarkOutput, truth: Crops) -> dict[str, Tensor]:
    """Weighted scalars by name: `place`, the cross entropy of the landmark's place among all cells; `point`, the
    distance of the expected place; `opening`, the error of how far lids and lips are apart; `presence`, the cross
    entropy of there being a face."""
    points, weight = truth.landmarks[..., :2], truth.landmarks[..., 2]
    total = weight.sum().clamp(min=1)
    target = _draw_targets(points, answer.maps.shape[-1], recipe.spread)
    place = -(target * F.log_softmax(answer.maps.float().flatten(2), -1)).sum(-1)  # [B, K]
    found, size = decode_landmarks(answer.maps), eye_distance(points)[:, None]
    soft = _soften((found - points).norm(dim=-1) / size)
    pairs = LIDS + LIPS
    upper, lower = (weight[:, list(each)] for each in zip(*pairs, strict=True))
    known_pair = torch.minimum(upper, lower)  # [B, P]
    gap = _soften((measure_openings(found, pairs) - measure_openings(points, pairs)).norm(dim=-1) / size)
    present, known = truth.presence.unbind(-1)
    presence = F.binary_cross_entropy_with_logits(answer.presence.float(), present, reduction="none")
    return {
        "place": (weight * place).sum() / total,
        "point": recipe.point * (weight * soft).sum() / total,
        "opening": recipe.opening * (known_pair * gap).sum() / known_pair.sum().clamp(min=1),
        "presence": recipe.presence * (known * presence).sum() / known.sum().clamp(min=1),
    }


def _soften(distance: Tensor) -> Tensor:
    return (distance.square() + SOFT**2).sqrt() - SOFT


def _draw_targets(points: Tensor, size: int, spread: float) -> Tensor:
    """Probabilities [B, K, size * size] of the cells: Gaussians around points [B, K, 2]; spread is in cells."""
    axis = torch.arange(size, device=points.device)
    cell = (points - (STRIDE - 1) / 2) / STRIDE
    across, down = (torch.softmax(-0.5 * ((axis - cell[..., i : i + 1]) / spread).square(), -1) for i in (0, 1))
    return (down[..., :, None] * across[..., None, :]).flatten(2)
