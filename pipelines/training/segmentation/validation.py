"""Held-out pictures and the quality of a segmentation network on them.

Called by `segmentation.recipe`.

Legend: B pictures, H = W size.
"""

import torch
from torch import Tensor

from models.segmentation import SegmentationNetwork, judge_mask
from pipelines.runtime.progress import SILENT, Progress
from pipelines.training.segmentation.data import Recipe, Scenes, draw_scenes, join

VALIDATION_SEED = 20263
AT_ONCE = 25  # pictures that are rendered together
GOOD = 0.9  # overlap from which on a mask is good enough to work with


def render_held_out(recipe: Recipe, count: int, device: torch.device, progress: Progress = SILENT) -> Scenes:
    """`count` pictures that training never draws, the same every time on one kind of device."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    parts = []
    for start in range(0, count, AT_ONCE):
        parts.append(draw_scenes(recipe, min(AT_ONCE, count - start), generator))
        progress.advance(len(parts[-1]))
    return join(parts)


@torch.no_grad()
def validate(
    network: SegmentationNetwork, scenes: Scenes, progress: Progress = SILENT
) -> tuple[dict[str, float], Tensor]:
    """How well the network cuts objects out.

    Returns:
        Means of the overlap (intersection over union of masks above one half) and of the error of the coverage; the
        share of pictures with a good overlap (`good`), and the mean of what `judge_mask` expects (`expected`), which
        should equal the overlap; and what the network found [B, 1, H, W] in 0..1.
    """
    found = []
    for start in range(0, len(scenes), AT_ONCE):
        found.append(network(scenes.image[start : start + AT_ONCE]).float().sigmoid())
        progress.advance(len(found[-1]))
    coverage = torch.cat(found)
    overlap = measure_overlap(coverage, scenes.coverage)
    numbers = {
        "overlap": overlap.mean(),
        "good": (overlap > GOOD).float().mean(),
        "error": (coverage - scenes.coverage).abs().mean(),
        "expected": judge_mask(coverage).mean(),
    }
    return {name: float(value) for name, value in numbers.items()}, coverage


def measure_overlap(found: Tensor, true: Tensor) -> Tensor:
    """Intersection over union [B] of what is above one half in masks [B, 1, H, W]."""
    inside, truth = found > 0.5, true > 0.5
    both, either = (each.sum((1, 2, 3)) for each in (inside & truth, inside | truth))
    return both / either.clamp(min=1)
