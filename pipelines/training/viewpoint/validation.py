"""Quality of a viewpoint network on held-out rendered objects and other images.

Called by `viewpoint.recipe` and `benchmarks.view_synthesis`. Angles are in degrees.
"""

from typing import Any

import torch
from torch import Tensor

from models.turning import Camera
from models.viewpoint import (
    ELEVATION_REACH,
    NEARNESS_REACH,
    OTHER,
    REACH,
    ViewpointEstimate,
    ViewpointNetwork,
    angle_between,
    decode_viewpoint,
)
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.cameras import sample_cameras
from pipelines.training.viewpoint.data import draw_others, fill_frame

VALIDATION_SEED = 20262
REVERSED = 120.0  # degrees: a larger error of the azimuth confuses front and back
LEVEL = 0.5  # share of the objects that are seen from elevation 0
AT_ONCE = 50  # images that are rendered together
OF_AZIMUTH = ("median", "reversed", "within20", "confidence", "within20_sure")  # what objects without one lack


@torch.no_grad()
def validate(
    network: ViewpointNetwork, category: str, count: int, progress: Progress = SILENT, **styles: Any
) -> dict[str, float]:
    """How well the network knows `count` held-out objects by all cameras, half of them at elevation 0.

    Where an object looks the same from several azimuths (`Objects.folds`), any of them is right. styles: as in
    `sample_objects`.

    Returns:
        `median` error of the azimuth in degrees; shares of errors beyond `REVERSED` (`reversed`) and within `REACH`
        (`within20`); the mean `confidence`, which should equal the latter; `within20_sure`, the share within reach
        among the more confident half; none of these for objects of no class, which have no azimuth. `elevation` and
        `nearness`: median errors in degrees and in 1 / diagonals, with `_within`, the share within reach, and
        `_confidence`, which should equal it. `size`, the median error of the frame's size as a fraction; `kind`, the
        share whose kind is right.
    """
    device, size = next(network.parameters()).device, network.config.size
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    columns: list[Tensor] = []
    for start in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - start)
        drawn = sample_objects(category=category, batch=number, generator=generator, **styles)
        camera = sample_cameras(number, 1, generator, level=LEVEL)
        views, camera = render(drawn, camera, size=size), camera[:, 0]
        images, _, frame = fill_frame(views.images[:, 0], views.mask[:, 0], camera.scale)
        estimate, kind = decode_viewpoint(network(images)), network.config.kinds.index(category)
        columns.append(judge_estimates(estimate, camera, drawn.folds, frame, kind))
        progress.advance(number)
    names = (
        "azimuth",
        "confidence",
        "elevation",
        "elevation_confidence",
        "nearness",
        "nearness_confidence",
        "size",
        "kind",
    )
    found = dict(zip(names, torch.cat(columns).unbind(1), strict=True))
    error, confidence = found["azimuth"], found["confidence"]
    near = (error <= REACH).float()
    shares = {
        "reversed": error > REVERSED,
        "within20": near,
        "within20_sure": near[confidence >= confidence.median()],
        "elevation_within": found["elevation"] <= ELEVATION_REACH,
        "nearness_within": found["nearness"] <= NEARNESS_REACH,
        **{name: found[name] for name in names if name.endswith("confidence") or name == "kind"},
    }
    medians = {"median": error, **{name: found[name] for name in ("elevation", "nearness", "size")}}
    numbers = {name: float(value.median()) for name, value in medians.items()}
    numbers |= {name: float(value.float().mean()) for name, value in shares.items()}
    return {name: value for name, value in numbers.items() if category != OTHER or name not in OF_AZIMUTH}


def judge_estimates(found: ViewpointEstimate, camera: Camera, folds: Tensor, frame: Tensor, kind: int) -> Tensor:
    """Errors and confidences of estimates, whether the kind is right: [B, 8].

    folds: [B], see `Objects`. The confidence is that of one azimuth; the others that look the same are as probable.
    """
    values = (
        angle_between(found.azimuth, camera.azimuth, folds),
        (folds * found.confidence).clamp(max=1),
        (found.elevation - camera.elevation).abs(),
        found.elevation_confidence,
        (found.nearness - camera.nearness).abs(),
        found.nearness_confidence,
        (found.frame - frame)[:, 2].abs(),
        (found.kinds.argmax(1) == kind).float(),
    )
    return torch.stack(values, 1)


@torch.no_grad()
def recognise_others(network: ViewpointNetwork, count: int, progress: Progress = SILENT) -> float:
    """Share of `count` images of other things that are recognised as such, 0 to 1."""
    device = next(network.parameters()).device
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    found = []
    for start in range(0, count, AT_ONCE):
        images = draw_others(min(AT_ONCE, count - start), network.config.size, generator)
        found.append(network(images).kind.argmax(1) == network.config.kinds.index(OTHER))
        progress.advance(len(images))
    return float(torch.cat(found).float().mean())
