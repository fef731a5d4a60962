"""View synthesis of cars and chairs: on rendered objects that no training has seen, on true views, and in time.

Rendered: a source from a random side and the 17 other views of 18, at elevation 0; PSNR, SSIM and L1 beside copying the
source, and how well the azimuth is found. True views: a folder of az_DDD.png for each --true, every source in steps of
40 degrees, its azimuth given, and as it is found. Time: one turntable as the command makes it.

    python -m benchmarks.view_synthesis [--weights NAME|FILE] [--viewpoint NAME|FILE] [--objects N] [--true car=FOLDER]
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image

from models.fold import channels_last, fold_batch_norm
from models.generators.view import ViewGenerator
from models.viewpoint import angle_between
from models.weights import load_weights
from pipelines.devices import choose_device
from pipelines.training import view_validation, viewpoint
from pipelines.view_compare import true_views
from pipelines.view_job import ViewSynthConfig
from pipelines.view_synth import run

CATEGORIES = ("car", "chair")
SIZE = 256
SOURCES = 40  # degrees between the sources of a folder of true views


def rendered(options: argparse.Namespace) -> None:
    """Numbers on unseen objects."""
    device = choose_device(options.device)
    model = channels_last(fold_batch_norm(load_weights(options.weights, device=device, expect="view")))
    assert isinstance(model, ViewGenerator)
    network = load_weights(options.viewpoint, device=device, expect="viewpoint") if options.viewpoint else None
    for category in CATEGORIES:
        numbers, _ = view_validation.validate(model, category, options.objects, size=SIZE)
        show(f"{options.objects} rendered {category}s", numbers | {"gain": numbers["psnr"] - numbers["copy"]})
        if network is not None:
            show(f"azimuth of {category}s", viewpoint.validate(network, category, options.objects))  # pyright: ignore


def compared(options: argparse.Namespace, category: str, folder: Path) -> None:
    """Numbers on true views."""
    views = {azimuth: path for azimuth, path in true_views(folder).items() if azimuth % SOURCES == 0}
    for found in (False, True) if options.viewpoint else (False,):
        runs, errors = [], []
        for azimuth, path in views.items():
            with tempfile.TemporaryDirectory() as place:
                job = config(options, category, path, Path(place) / "one.png", azimuth=None if found else azimuth)
                result = run(job)
            errors.append(float(angle_between(torch.tensor(result.sources[0].azimuth), torch.tensor(azimuth))))
            runs.append(result.means)
        means = {name: sum(each[name] for each in runs) / len(runs) for name in runs[0]}
        worst = {"azimuth_error_median": float(torch.tensor(errors).median()), "azimuth_error_worst": max(errors)}
        show(f"true {category}, azimuth {'found' if found else 'given'}", means | (worst if found else {}))


def config(
    options: argparse.Namespace, category: str, path: Path, output: Path, *, azimuth: float | None
) -> ViewSynthConfig:
    """A job whose one view is thrown away, compared with the folder of `path`."""
    return ViewSynthConfig(
        images=(path,),
        category=category,
        output=output,
        device=options.device,
        weights=options.weights,
        viewpoint=options.viewpoint or "viewpoint",
        azimuth=azimuth,
        angles=(0.0,),
        compare=path.parent,
    )


def timed(options: argparse.Namespace) -> None:
    """Seconds of a whole turntable of 72 frames."""
    (group,) = view_validation.unseen("car", 1, size=SIZE, device=torch.device("cpu"))
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
        result = run(job)
        show("turntable", {"seconds": time.perf_counter() - began, **result.seconds})


def show(title: str, numbers: dict[str, float]) -> None:
    """One line."""
    print(f"{title}:", "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="objects")
    parser.add_argument("--viewpoint")
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--true", action="append", default=[], metavar="CATEGORY=FOLDER")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.objects:
        rendered(options)
    for category, _, folder in (given.partition("=") for given in options.true):
        compared(options, category, Path(folder))
    timed(options)


if __name__ == "__main__":
    main()
