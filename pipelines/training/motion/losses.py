"""Losses of the motion network, called by `motion.recipe`. Legend: B windows, T frames, K = 17 joints."""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.pose_refiner import MIDDLE_RATE, Refined
from pipelines.training.motion.data import PIXELS_PER_UNIT, Recipe

WRONG = 0.06  # distance of a joint from its true place that is a reason to doubt it, in half sides of the square


def motion_losses(
    recipe: Recipe, output: Refined, mapped: Tensor, free: Tensor, truth: Tensor, rate: Tensor, inside: Tensor
) -> dict[str, Tensor]:
    """Errors of the joints and of their velocities, and of the doubts in them; weighted scalars by name.

    output: of the network. mapped, truth: [B, T, K, 2]. free: [B, T, K]. rate: [B]. inside: [B, T].
    """
    error = (output.points - truth) * PIXELS_PER_UNIT  # [B, T, K, 2]
    counts = inside[..., None].float().expand_as(output.doubt)
    pace = (rate / MIDDLE_RATE).clamp(0.3, 4)[:, None, None]
    distance = (error.square().sum(-1) + 0.25).sqrt()
    velocity = (error.diff(dim=1).square().sum(-1) + 0.01).sqrt() * pace
    wrong = ((mapped - truth).norm(dim=-1) > WRONG).float()
    doubt = F.binary_cross_entropy_with_logits(output.doubt, wrong, reduction="none")
    return {
        "distance": _mean(distance, counts),
        "velocity": recipe.velocity * _mean(velocity, counts[:, 1:] * counts[:, :-1]),
        "square": recipe.square * 0.1 * _mean(error.square().sum(-1).clamp(max=900), counts),
        "doubt": recipe.doubt * _mean(doubt, counts * ~free),
    }


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    return torch.sum(values * counts) / counts.sum().clamp(min=1)
