"""View synthesis of objects: on rendered ones that training never saw, on true views, and its speed.

Rendered objects: from a random one of 18 views to the 17 others by cameras of all distances and elevations; PSNR, SSIM
and L1 beside those of copying the source, and the errors of the estimated camera. True views, a folder of az_DDD.png
for each --true: from views in steps of 60 degrees to all others in steps of 20, first with the azimuth given, and with
elevation DEG and --distance if they are told, then with the camera estimated; and the estimates of all views. Speed:
one turntable as the command makes it.

    python -m benchmarks.view_synthesis [--weights NAME|FILE] [--viewpoint NAME|FILE] [--objects N] [--distance D]
        [--true car=FOLDER[@DEG]]
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from PIL import Image

from models.fold import prepare_for_inference
from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointNetwork, angle_between
from models.weights import load_weights
from pipelines.configs import ObjectCategory, ViewSynthConfig
from pipelines.object_views.comparison import find_true_views, mean_scores
from pipelines.runtime.devices import choose_device
from pipelines.synthetic.objects.classes import CLASSES
from pipelines.training.view_synthesis import validation as view_validation
from pipelines.training.viewpoint import validation as viewpoint
from pipelines.view_synthesis import ViewSynthResult, synthesize_views

SIZE = 256  # pixels
SOURCE_STEP, TARGET_STEP = 60, 20  # degrees between the views of a folder that serve as sources and as targets
REVERSED = 120  # degrees: an azimuth that is off by more takes the front for the back
SURE = 0.7  # confidence of an azimuth that should be right


def measure_rendered_objects(options: argparse.Namespace) -> None:
    """Print the scores of views and azimuths of objects that training never saw."""
    device = choose_device(options.device)
    model = prepare_for_inference(load_weights(options.weights, device=device, expect="view"))
    assert isinstance(model, ViewGenerator)
    network = load_weights(options.viewpoint, device=device, expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    for category in (name for name in CLASSES if name in model.config.categories):
        numbers, _ = view_validation.validate(model, category, options.objects, size=SIZE)
        show(f"{options.objects} rendered {category}s", numbers | {"gain": numbers["psnr"] - numbers["copy"]})
    for category in (name for name in CLASSES if name in network.config.kinds):
        show(f"cameras of {category}s", viewpoint.validate(network, category, options.objects))


def measure_true_views(
    options: argparse.Namespace, category: ObjectCategory, folder: Path, elevation: float | None
) -> None:
    """Print the scores of views and cameras on a folder of true views; elevation in degrees."""
    true = find_true_views(folder)
    for estimated in (False, True):
        scores = []
        for azimuth, path in true.items():
            if azimuth % SOURCE_STEP == 0:
                given = {"azimuth": azimuth, "elevation": elevation, "distance": options.distance}
                result = render_once(options, category, path, {} if estimated else given, compare=folder)
                scores += [
                    view for view in result.compared if view.azimuth % TARGET_STEP == 0 and view.azimuth != azimuth
                ]
        how = "estimated" if estimated else "given"
        show(f"{len(scores)} true views of a {category}, camera {how}", mean_scores(scores))
    sources = [render_once(options, category, path, {}).sources[0] for path in true.values()]
    errors = [
        float(angle_between(torch.tensor(source.azimuth), torch.tensor(azimuth)))
        for source, azimuth in zip(sources, true, strict=True)
    ]
    sure = [error for error, source in zip(errors, sources, strict=True) if (source.confidence or 0) > SURE]
    found = {"median": median(errors), "worst": max(errors), "reversed": sum(error > REVERSED for error in errors)}
    found |= {"sure": len(sure), "worst_sure": max(sure, default=0.0)}
    for name in ("elevation", "distance", "scale"):
        values = sorted(getattr(source, name) for source in sources)
        found |= {name: median(values), f"{name}_lowest": values[0], f"{name}_highest": values[-1]}
    show(f"camera of {len(errors)} true views of a {category}", found)


def render_once(
    options: argparse.Namespace,
    category: ObjectCategory,
    path: Path,
    camera: dict[str, float | None],
    compare: Path | None = None,
) -> ViewSynthResult:
    """Render one view of a picture, and whatever it is compared with; the output is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        config = ViewSynthConfig(
            images=(path,),
            category=category,
            output=Path(folder) / "one.png",
            device=options.device,
            weights=options.weights,
            viewpoint=options.viewpoint,
            compare=compare,
            angles=(0.0,),
            **camera,  # pyright: ignore[reportArgumentType]
        )
        return synthesize_views(config)


def measure_speed(options: argparse.Namespace) -> None:
    """Print the seconds of a full turntable of 72 frames, in all and by stage."""
    (group,) = view_validation.render_held_out("car", 1, size=SIZE, device=torch.device("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        picture = ((group.sources[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(picture).save(Path(folder) / "car.png")
        config = ViewSynthConfig(
            images=(Path(folder) / "car.png",),
            category="car",
            output=Path(folder) / "out.mp4",
            device=options.device,
            weights=options.weights,
            azimuth=40.0,
        )
        began = time.perf_counter()
        result = synthesize_views(config)
        show("turntable", {"seconds": time.perf_counter() - began, **result.seconds})


def show(title: str, numbers: dict[str, float]) -> None:
    """Print one line."""
    print(f"{title}:", "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="objects")
    parser.add_argument("--viewpoint", default="viewpoint")
    parser.add_argument("--distance", type=float, help="of the cameras of true views, where it is given")
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--true", action="append", default=[], metavar="CATEGORY=FOLDER[@DEG]")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.objects:
        measure_rendered_objects(options)
    for category, _, place in (given.partition("=") for given in options.true):
        folder, _, elevation = place.partition("@")
        measure_true_views(options, category, Path(folder), float(elevation) if elevation else None)
    measure_speed(options)


if __name__ == "__main__":
    main()
