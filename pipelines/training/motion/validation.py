"""Accuracy of a motion network on held-out windows, called by `motion.recipe`.

Legend: B windows, T frames, K = 17 joints. Errors are in pixels of a canvas 256 pixels wide, where a body is about 190
pixels tall.
"""

import torch
from torch import Tensor

from models.motion import MotionNetwork
from pipelines.keypoints.cleaning import map_joints
from pipelines.keypoints.layouts import H36M17_NAMES
from pipelines.training.motion.data import PIXELS_PER_UNIT, Recipe, draw_windows, to_points

VALIDATION_SEED = 2008_12606
FRAMES = 24  # of a window without its context
FAR = 20.0  # pixels


@torch.no_grad()
def validate(network: MotionNetwork, recipe: Recipe, device: torch.device) -> dict[str, float]:
    """Errors of the joints on the same windows every time.

    Returns:
        `error` (mean), `median`, `far` (share of joints more than 20 pixels off), `velocity_error` (pixels per frame)
        and `<joint>` of the network; the same names with `naive_` of the detections with gaps filled and mapped to
        Human3.6M-17 by geometry alone.
    """
    margin = network.config.margin
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    windows = draw_windows(recipe, recipe.validation_windows, FRAMES + 2 * margin, generator)
    truth = to_points(windows.truth[..., margin:-margin])
    naive = map_joints(_fill_gaps(windows.points, windows.found).cpu().numpy())
    numbers = _measure(to_points(network(windows.track)), truth)
    rivals = _measure(torch.from_numpy(naive).to(truth)[:, margin:-margin], truth)
    return numbers | {f"naive_{name}": value for name, value in rivals.items()}


def _fill_gaps(points: Tensor, found: Tensor) -> Tensor:
    """Points [B, T, 17, 2], missing ones taken from the last frame that has them, or else from the next one."""
    time = torch.arange(points.shape[1], device=points.device)[None, :, None]
    last = torch.where(found, time, -1).cummax(1).values
    following = torch.where(found, time, points.shape[1] - 1).flip(1).cummin(1).values.flip(1)
    source = torch.where(last < 0, following, last)  # [B, T, 17]
    return points.gather(1, source[..., None].expand_as(points))


def _measure(points: Tensor, truth: Tensor) -> dict[str, float]:
    """Errors of points [B, T, K, 2] in canvas units."""
    error = (points - truth) * PIXELS_PER_UNIT
    distance = error.norm(dim=-1)  # [B, T, K]
    values = {
        "error": distance.mean(),
        "median": distance.median(),
        "far": (distance > FAR).float().mean(),
        "velocity_error": error.diff(dim=1).norm(dim=-1).mean(),
    }
    values |= {name: distance[..., joint].mean() for joint, name in enumerate(H36M17_NAMES)}
    return {name: float(value) for name, value in values.items()}
