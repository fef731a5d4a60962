"""Accuracy of a motion network on held-out windows, called by `motion.recipe`.

Legend: B windows, T frames, K = 17 joints. Errors are in pixels of a square 256 pixels wide, where a body is about 190
pixels tall.
"""

import torch
from torch import Tensor

from models.pose_refiner import PoseRefiner
from pipelines.keypoints.layouts import H36M17_NAMES
from pipelines.keypoints.refinement import map_track
from pipelines.training.motion.data import PIXELS_PER_UNIT, Recipe, Windows, draw_windows
from pipelines.training.motion.losses import WRONG

VALIDATION_SEED = 2008_12606
FRAMES = 24  # of a window without its margins
BATCH = 256
FAR = 20.0  # pixels
RATES = {"slow": (0.0, 12.0), "usual": (12.0, 60.0), "fast": (60.0, 1000.0)}  # frames per second


@torch.no_grad()
def validate(network: PoseRefiner, recipe: Recipe, device: torch.device) -> dict[str, float]:
    """Errors of the joints on the same windows every time.

    Returns:
        `error` (mean), `median`, `far` (share of joints more than 20 pixels off), `velocity_error` (pixels per frame),
        `error_slow`, `error_usual`, `error_fast` (below 12, up to 60, above 60 frames per second) and `<joint>` of the
        network; the same names with `naive_` of the detections mapped by geometry alone; `sure_moved`: by how much the
        network moves joints that were found in their place.
    """
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    margin, errors, naive, moved, inside, rates = network.config.margin, [], [], [], [], []
    for start in range(0, recipe.validation_windows, BATCH):
        count = min(BATCH, recipe.validation_windows - start)
        windows = draw_windows(recipe, count, FRAMES + 2 * margin, generator)
        output, mapped, sure = _refine(network, windows)
        truth = windows.truth[:, margin:-margin]
        errors.append((output - truth) * PIXELS_PER_UNIT)
        naive.append((mapped - truth) * PIXELS_PER_UNIT)
        moved.append((output - mapped).norm(dim=-1)[sure] * PIXELS_PER_UNIT)
        inside.append(windows.inside[:, margin:-margin])
        rates.append(windows.rate)
    frames, rate = torch.cat(inside), torch.cat(rates)
    numbers = _measure(torch.cat(errors), frames, rate)
    rivals = _measure(torch.cat(naive), frames, rate)
    rivals = {f"naive_{name}": value for name, value in rivals.items()}
    return numbers | rivals | {"sure_moved": float(torch.cat(moved).mean())}


def _refine(network: PoseRefiner, windows: Windows) -> tuple[Tensor, Tensor, Tensor]:
    """Corrected and mapped joints [B, T, 17, 2] within the margins, and which were seen where they are [B, T, 17]."""
    margin = network.config.margin
    points, confidence = windows.points[:, margin:-margin], windows.confidence[:, margin:-margin]
    mapped, free = map_track(points, confidence)
    output = network(windows.points, windows.confidence, mapped, free, windows.rate).points
    right = (mapped - windows.truth[:, margin:-margin]).norm(dim=-1) < WRONG
    return output, mapped, right & ~free & windows.inside[:, margin:-margin, None]


def _measure(error: Tensor, inside: Tensor, rate: Tensor) -> dict[str, float]:
    """Errors [B, T, K, 2] in pixels, of the frames `inside` [B, T], by frame rate [B]."""
    distance = error.norm(dim=-1)  # [B, T, K]
    velocity = error.diff(dim=1).norm(dim=-1)[inside[:, 1:] & inside[:, :-1]]
    joints = distance[inside]  # [frames, K]
    values = {
        "error": joints.mean(),
        "median": joints.median(),
        "far": (joints > FAR).float().mean(),
        "velocity_error": velocity.mean(),
    }
    for name, (low, high) in RATES.items():
        chosen = inside & ((rate >= low) & (rate < high))[:, None]
        values[f"error_{name}"] = distance[chosen].mean()
    values |= {name: joints[:, joint].mean() for joint, name in enumerate(H36M17_NAMES)}
    return {name: float(value) for name, value in values.items()}
