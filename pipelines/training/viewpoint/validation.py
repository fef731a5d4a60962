"""Quality of a viewpoint network on held-out rendered objects and other images.

Called by `viewpoint.recipe` and `benchmarks.view_synthesis`. Angles are in degrees.
"""

import torch

from models.viewpoint import REACH, ViewpointNetwork, angle_between, decode_viewpoint
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.viewpoint.data import OTHER, draw_others, fill_frame

VALIDATION_SEED = 20262
REVERSED = 120.0  # degrees: a larger error of the azimuth confuses front and back
AT_ONCE = 50  # images that are rendered together


@torch.no_grad()
def validate(network: ViewpointNetwork, category: str, count: int, progress: Progress = SILENT) -> dict[str, float]:
    """How well the network knows `count` held-out objects from any azimuth at elevation 0.

    Returns:
        `median` error of the azimuth in degrees; shares of errors beyond `REVERSED` (`reversed`) and within `REACH`
        (`within20`); the mean `confidence`, which should equal the latter; `within20_sure`, the share within reach
        among the more confident half; `size`, the median error of the frame's size as a fraction; `kind`, the share
        whose kind is right.
    """
    device, size = next(network.parameters()).device, network.config.size
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    errors, confidences, right_kinds, size_errors = [], [], [], []
    for start in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - start)
        drawn = sample_objects(category=category, batch=number, generator=generator)
        azimuth = 360 * torch.rand(number, generator=generator, device=device)
        views = render(drawn, azimuth[:, None], torch.zeros_like(azimuth)[:, None], size=size)
        images, _, frame = fill_frame(views.images[:, 0], views.mask[:, 0])
        found = decode_viewpoint(network(images))
        size_errors.append((found.frame - frame)[:, 2].abs())
        errors.append(angle_between(found.azimuth, azimuth))
        confidences.append(found.confidence)
        right_kinds.append(found.kinds.argmax(1) == ("car", "chair").index(category))
        progress.advance(number)
    error, confidence = torch.cat(errors), torch.cat(confidences)
    near = (error <= REACH).float()
    return {
        "median": float(error.median()),
        "reversed": float((error > REVERSED).float().mean()),
        "within20": float(near.mean()),
        "confidence": float(confidence.mean()),
        "within20_sure": float(near[confidence >= confidence.median()].mean()),
        "size": float(torch.cat(size_errors).median()),
        "kind": float(torch.cat(right_kinds).float().mean()),
    }


@torch.no_grad()
def recognise_others(network: ViewpointNetwork, count: int, progress: Progress = SILENT) -> float:
    """Share of `count` images of other things that are recognised as such, 0 to 1."""
    device = next(network.parameters()).device
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    found = []
    for start in range(0, count, AT_ONCE):
        images = draw_others(min(AT_ONCE, count - start), network.config.size, generator)
        found.append(network(images).kind.argmax(1) == OTHER)
        progress.advance(len(images))
    return float(torch.cat(found).float().mean())
