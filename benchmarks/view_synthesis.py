"""View synthesis of cars and chairs: on rendered objects that no training has seen, on true views, and in time.

Rendered: a source from a random side and the 17 other views of 18, at elevation 0; PSNR, SSIM and L1 beside copying the
source, and how well the azimuth is found. True views: a folder of az_DDD.png for each --true, made from the elevation
DEG; sources in steps of 60 degrees to all others in steps of 20, the azimuth given and found; how well it is found in
all of them. Time: one turntable as the command makes it.

    python -m benchmarks.view_synthesis [--weights NAME|FILE] [--viewpoint NAME|FILE] [--objects N] [--distance D]
        [--true car=FOLDER[@DEG]]
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import get_args

import torch
from PIL import Image

from models.fold import channels_last, fold_batch_norm
from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointNetwork, angle_between
from models.weights import load_weights
from pipelines.configs import DEFAULT_DISTANCE, ObjectCategory, ViewSynthConfig
from pipelines.object_views.comparison import means, true_views
from pipelines.runtime.devices import choose_device
from pipelines.training.view_synthesis import validation as view_validation
from pipelines.training.viewpoint import validation as viewpoint
from pipelines.view_synthesis import synthesize_views
from pipelines.view_synthesis_job import ViewSynthResult

CATEGORIES: tuple[ObjectCategory, ...] = get_args(ObjectCategory)
SIZE = 256
SOURCES, TARGETS = 60, 20  # degrees between those of a folder of true views


def rendered(options: argparse.Namespace) -> None:
    """Numbers on unseen objects."""
    device = choose_device(options.device)
    model = channels_last(fold_batch_norm(load_weights(options.weights, device=device, expect="view")))
    assert isinstance(model, ViewGenerator)
    network = load_weights(options.viewpoint, device=device, expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    for category in CATEGORIES:
        numbers, _ = view_validation.validate(model, category, options.objects, size=SIZE)
        show(f"{options.objects} rendered {category}s", numbers | {"gain": numbers["psnr"] - numbers["copy"]})
        show(f"azimuth of {category}s", viewpoint.validate(network, category, options.objects))


def compared(options: argparse.Namespace, category: ObjectCategory, folder: Path, elevation: float) -> None:
    """Numbers on true views."""
    views = {azimuth: path for azimuth, path in true_views(folder).items() if azimuth % SOURCES == 0}
    for found in (False, True):
        numbers = []
        for azimuth, path in views.items():
            result = job(options, category, path, elevation, azimuth=None if found else azimuth, compare=folder)
            numbers += [view for view in result.compared if view.azimuth % TARGETS == 0 and view.azimuth != azimuth]
        show(f"{len(numbers)} true views of a {category}, azimuth {'found' if found else 'given'}", means(numbers))
    errors, heights = [], []
    for azimuth, path in true_views(folder).items():
        (seen,) = job(options, category, path, elevation, azimuth=None).sources
        errors.append(float(angle_between(torch.tensor(seen.azimuth), torch.tensor(azimuth))))
        heights.append(seen.elevation)
    show(
        f"azimuth of {len(errors)} true views of a {category}",
        {"median": median(errors), "worst": max(errors), "reversed": sum(error > 120 for error in errors)}
        | {"elevation": median(heights)},
    )


def job(
    options: argparse.Namespace, category: ObjectCategory, path: Path, elevation: float, **asked: float | Path | None
) -> ViewSynthResult:
    """One view of a picture, thrown away."""
    with tempfile.TemporaryDirectory() as place:
        config = ViewSynthConfig(
            images=(path,),
            category=category,
            output=Path(place) / "one.png",
            device=options.device,
            weights=options.weights,
            viewpoint=options.viewpoint,
            elevation=elevation,
            distance=options.distance,
            angles=(0.0,),
            **asked,  # pyright: ignore[reportArgumentType]
        )
        return synthesize_views(config)


def timed(options: argparse.Namespace) -> None:
    """Seconds of a whole turntable of 72 frames."""
    (group,) = view_validation.render_held_out("car", 1, size=SIZE, device=torch.device("cpu"))
    with tempfile.TemporaryDirectory() as place:
        picture = ((group.sources[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(picture).save(Path(place) / "car.png")
        job = ViewSynthConfig(
            images=(Path(place) / "car.png",),
            category="car",
            output=Path(place) / "out.mp4",
            device=options.device,
            weights=options.weights,
            azimuth=40.0,
        )
        began = time.perf_counter()
        result = synthesize_views(job)
        show("turntable", {"seconds": time.perf_counter() - began, **result.seconds})


def show(title: str, numbers: dict[str, float]) -> None:
    """One line."""
    print(f"{title}:", "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="objects")
    parser.add_argument("--viewpoint", default="viewpoint")
    parser.add_argument("--distance", type=float, default=DEFAULT_DISTANCE)
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--true", action="append", default=[], metavar="CATEGORY=FOLDER[@DEG]")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.objects:
        rendered(options)
    for category, _, place in (given.partition("=") for given in options.true):
        folder, _, elevation = place.partition("@")
        compared(options, category, Path(folder), float(elevation or 0))
    timed(options)


if __name__ == "__main__":
    main()
