"""A view-synthesis generator and a viewpoint network on held-out objects of the former world, which are kept as files.

The objects are the first 200 cars and chairs of `view_synthesis.validation.render_held_out` as they were drawn on a CPU
before the world got more kinds, lights and cameras: from one view to two others, beside copying the source; and the
error of the azimuth that is estimated from the source.

    python -m benchmarks.former_objects [WEIGHTS] [--viewpoint NAME|FILE] [--objects N] [--device NAME]
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.fold import prepare_for_inference
from models.generators.view import ViewGenerator
from models.turning import Camera
from models.viewpoint import ViewpointNetwork, angle_between, decode_viewpoint
from models.weights import load_weights
from pipelines.media.sources import open_video
from pipelines.media.tensors import image_to_tensor
from pipelines.runtime.devices import choose_device
from pipelines.training.image_metrics import l1, psnr, ssim
from pipelines.training.viewpoint.data import fill_frame
from pipelines.training.viewpoint.validation import REVERSED

FOLDER = Path(__file__).with_name("former_objects_views")
CATEGORIES = ("car", "chair")
OBJECTS, VIEWS = 200, 3  # of each category, of each object
AT_ONCE = 20
NEARLY_WHITE = 0.98  # in [-1, 1]: what is darker is object


@dataclass
class FormerObjects:
    """B objects and their views, the source first; V = 3."""

    images: Tensor
    """[B, V, 3, 256, 256] in [-1, 1]."""
    camera: Camera
    """[B, V]."""
    category: str


def read_objects(category: str, count: int, device: torch.device) -> Iterator[FormerObjects]:
    """The first `count` objects of a category, `AT_ONCE` at a time."""
    with np.load(FOLDER / "cameras.npz") as file:
        azimuth = torch.from_numpy(file[f"{category}_azimuth"])
        distance, focal = (torch.from_numpy(file[f"{category}_{name}"])[:, None] for name in ("distance", "focal"))
    nearness, scale = (lens.expand_as(azimuth) for lens in (1 / distance, focal / distance))
    cameras = Camera(azimuth, torch.zeros_like(azimuth), nearness, scale).stack().to(device)
    with open_video(FOLDER / f"{category}s.mp4", max_frames=count * VIEWS) as frames:
        images = np.stack([frame.image for frame in frames])
    for start in range(0, count, AT_ONCE):
        part = slice(start, min(start + AT_ONCE, count))
        views = image_to_tensor(images[part.start * VIEWS : part.stop * VIEWS]).unflatten(0, (-1, VIEWS))
        yield FormerObjects(views.to(device), Camera.unstack(cameras[part]), category)


def measure_views(model: ViewGenerator, objects: FormerObjects) -> Tensor:
    """PSNR (dB), SSIM and L1 of the generated views, then of copying the source: [B * 2, 6]."""
    image, camera, classes = objects.images[:, 0], objects.camera, model.config.classes
    if not model.config.lens:  # such weights were trained with this lens, whatever the true one
        camera = Camera.usual(camera.azimuth, camera.elevation)
    kind = classes.index(objects.category) if objects.category in classes else -1
    source, rows = model.encode(image, camera[:, 0], torch.full_like(camera.azimuth[:, 0], kind)), []
    for number in range(1, VIEWS):
        made, truth = model.view(source, camera[:, number]).image, objects.images[:, number]
        rows.append(torch.stack([measure(shown, truth) for shown in (made, image) for measure in (psnr, ssim, l1)], 1))
    return torch.cat(rows)


def measure_azimuth(network: ViewpointNetwork, objects: FormerObjects) -> Tensor:
    """Error of the source's azimuth in degrees, [B]."""
    image, size = objects.images[:, 0], network.config.size
    mask = (image.amin(1, keepdim=True) < NEARLY_WHITE).float()
    image, mask = (F.interpolate(part, size=(size, size), mode="area") for part in (image, mask))
    image, _, _ = fill_frame(image, mask, objects.camera.scale[:, 0])
    return angle_between(decode_viewpoint(network(image)).azimuth, objects.camera.azimuth[:, 0])


@torch.inference_mode()
def main() -> None:
    """Read, generate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", default="objects", metavar="WEIGHTS")
    parser.add_argument("--viewpoint", default="viewpoint")
    parser.add_argument("--objects", type=int, default=OBJECTS, help="of each category, at most 200")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device = choose_device(options.device)
    model = prepare_for_inference(load_weights(options.weights, device=device, expect="view"))
    network = load_weights(options.viewpoint, device=device, expect="viewpoint")
    assert isinstance(model, ViewGenerator)
    assert isinstance(network, ViewpointNetwork)
    for category in CATEGORIES:
        scores, errors = [], []
        for objects in read_objects(category, options.objects, device):
            scores.append(measure_views(model, objects))
            errors.append(measure_azimuth(network, objects))
        found = zip(("psnr", "ssim", "l1", "copy", "copy_ssim", "copy_l1"), torch.cat(scores).mean(0), strict=True)
        error = torch.cat(errors)
        reversed_share = (error > REVERSED).float().mean()
        print(
            f"{options.objects} {category}s of the former world:",
            "  ".join(f"{name} {value:.4g}" for name, value in found),
            f" azimuth off by {error.median():.2f} degrees, {reversed_share:.1%} reversed",
            flush=True,
        )


if __name__ == "__main__":
    main()
