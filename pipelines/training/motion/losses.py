"""Losses of the motion network, called by `motion.recipe`. Legend: B windows, T frames, K = 17 joints."""

from torch import Tensor

from pipelines.training.motion.data import PIXELS_PER_UNIT, Recipe, to_points


def motion_losses(recipe: Recipe, output: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Errors of the joints and of their velocities, weighted scalars by name.

    output, truth: [B, 2K, T] in canvas units.
    """
    error = to_points(output - truth) * PIXELS_PER_UNIT  # [B, T, K, 2]
    distance = (error.square().sum(-1) + 0.25).sqrt().mean()
    velocity = (error.diff(dim=1).square().sum(-1) + 0.01).sqrt().mean()
    square = error.square().sum(-1).clamp(max=900).mean()
    return {"distance": distance, "velocity": recipe.velocity * velocity, "square": recipe.square * 0.1 * square}
