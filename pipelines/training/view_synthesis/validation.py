"""Held-out rendered objects and the quality of a view-synthesis generator on them.

Called by `view_synthesis.recipe` and `benchmarks.view_synthesis`.

Legend: B objects, T = 18 views of each, 20 degrees apart, H = W image size. Images are in [-1, 1], cameras as in
`models.turning`, angles in degrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from models.generators.view import SourceViews, View, ViewGenerator
from models.turning import Camera
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.cameras import sample_cameras
from pipelines.training.image_metrics import l1, psnr, ssim
from pipelines.training.view_synthesis.data import number_classes

VALIDATION_SEED = 20261
VIEWS = 18  # of each object
STEP = 360.0 / VIEWS  # degrees between two views
LEVEL = 0.5  # share of the objects that are seen from elevation 0
AT_ONCE = 25  # objects that are rendered together


@dataclass
class HeldOutObjects:
    """Rendered objects that training never draws."""

    images: Tensor
    """All views [B, T, 3, H, W]."""
    camera: Camera
    """Of the views [B, T]; those of an object differ in their azimuths only."""
    source: Tensor
    """Number of the view that is the source [B]."""
    kind: Tensor
    """Number of the object's class [B]."""

    @property
    def sources(self) -> Tensor:
        """The sources [B, 3, H, W]."""
        return self.images[torch.arange(len(self.images), device=self.images.device), self.source]

    def find_cameras(self, number: Tensor) -> Camera:
        """The camera of the view `number` [B] of each object."""
        return self.camera[torch.arange(len(self.images), device=self.images.device), number]

    def encode_sources(self, model: ViewGenerator) -> SourceViews:
        """What the generator makes of the sources."""
        return model.encode(self.sources, self.find_cameras(self.source), self.kind)


def render_held_out(
    category: str,
    count: int,
    *,
    size: int,
    device: torch.device,
    progress: Progress = SILENT,
    **styles: Any,
) -> Iterator[HeldOutObjects]:
    """`count` objects in groups of `AT_ONCE`, the same every time on one kind of device.

    They are seen from all distances, at all scales, half of them from elevation 0, the others from all elevations.

    styles: as in `sample_objects`.
    """
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    azimuth = torch.arange(0, 360, STEP, device=device)
    for start in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - start)
        objects = sample_objects(category=category, batch=number, generator=generator, **styles)
        source = torch.randint(len(azimuth), (number,), generator=generator, device=device)
        first = sample_cameras(number, 1, generator, level=LEVEL).stack().expand(-1, VIEWS, -1)
        camera = replace(Camera.unstack(first), azimuth=azimuth.expand(number, -1))
        views, at_once = [], VIEWS if device.type == "cuda" else 1
        for view in range(0, VIEWS, at_once):
            views.append(render(objects, camera[:, view : view + at_once], size=size).images)
            progress.advance(0)
        yield HeldOutObjects(torch.cat(views, 1), camera, source, number_classes(objects.classes, device))


@torch.no_grad()
def validate(
    model: ViewGenerator,
    category: str,
    count: int,
    *,
    size: int,
    progress: Progress = SILENT,
    **styles: Any,
) -> tuple[dict[str, float], list[Tensor]]:
    """Generate all views of every object but the source's own, and compare with the truth.

    styles: as in `sample_objects`.

    Returns:
        Means over views of PSNR (dB), SSIM and L1 (range 0 to 1), and the same of copying the source (`copy`,
        `copy_ssim`, `copy_l1`); and the first objects as rows of `draw_rows`.
    """
    device = next(model.parameters()).device
    measured: list[Tensor] = []
    rows: list[Tensor] = []
    for group in render_held_out(category, count, size=size, device=device, progress=progress, **styles):
        source = group.encode_sources(model)
        for number in range(VIEWS):
            view, truth = model.view(source, group.camera[:, number]), group.images[:, number]
            others = group.source != number
            pairs = ((view.image, truth), (group.sources, truth))
            numbers = [measure(*pair)[others] for pair in pairs for measure in (psnr, ssim, l1)]
            measured.append(torch.stack(numbers, 1))  # [B, 6]
            progress.advance(len(truth))
        if not rows:
            rows = _draw_group(model, group, source)
    names = "psnr", "ssim", "l1", "copy", "copy_ssim", "copy_l1"
    return dict(zip(names, torch.cat(measured).mean(0).tolist(), strict=True)), rows


def _draw_group(model: ViewGenerator, group: HeldOutObjects, source: SourceViews) -> list[Tensor]:
    """A row of a sheet for each object, turned further from one to the next."""
    number = torch.arange(len(group.images), device=group.images.device)
    target = (group.source + 2 + 5 * number) % VIEWS
    view = model.view(source, group.find_cameras(target))
    return draw_rows(group.sources, group.images[number, target], view)


def draw_rows(source: Tensor, target: Tensor, view: View) -> list[Tensor]:
    """A row of images [7, 3, H, W] for each sample.

    source, target: [B, 3, H, W]. The columns: source, target, result, warped source, warped mirror image, shares of the
    blend (red generated, green from the mirror image, blue from the source), alpha.
    """
    detail = view.detail
    masks = 2 * detail.blend.float() - 1, (2 * view.alpha - 1).expand_as(source)
    columns = source, target, view.image, detail.warped_reference, detail.warped_previous, *masks
    return list(torch.stack([column.float() for column in columns], 1))
