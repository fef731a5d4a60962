"""Held-out rendered objects and the quality of a view-synthesis generator on them.

Called by `view_synthesis.recipe` and `benchmarks.view_synthesis`.

Legend: B objects, T = 18 views of each, 20 degrees apart at elevation 0, H = W image size. Images are in [-1, 1],
angles in degrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from models.generators.view import SourceViews, View, ViewGenerator
from pipelines.runtime.progress import SILENT, Progress
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.image_metrics import l1, psnr, ssim

VALIDATION_SEED = 20261
VIEWS = 18  # of each object
STEP = 360.0 / VIEWS  # degrees between two views
AT_ONCE = 25  # objects that are rendered together


@dataclass
class HeldOutObjects:
    """Rendered objects that training never draws."""

    images: Tensor
    """All views [B, T, 3, H, W]."""
    azimuth: Tensor
    """Of the views [T]."""
    source: Tensor
    """Number of the view that is the source [B]."""

    @property
    def sources(self) -> Tensor:
        """The sources [B, 3, H, W]."""
        return self.images[torch.arange(len(self.images), device=self.images.device), self.source]


def render_held_out(
    category: str, count: int, *, size: int, device: torch.device, progress: Progress = SILENT
) -> Iterator[HeldOutObjects]:
    """`count` objects in groups of `AT_ONCE`, the same every time on one kind of device."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    azimuth = torch.arange(0, 360, STEP, device=device)
    for start in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - start)
        objects = sample_objects(category=category, batch=number, generator=generator)
        source = torch.randint(len(azimuth), (number,), generator=generator, device=device)
        angles = azimuth.expand(number, -1)
        views = []
        for angle in angles.split(len(azimuth) if device.type == "cuda" else 1, dim=1):
            views.append(render(objects, angle, torch.zeros_like(angle), size=size).images)
            progress.advance(0)
        images = torch.cat(views, 1)
        yield HeldOutObjects(images, azimuth, source)


@torch.no_grad()
def validate(
    model: ViewGenerator, category: str, count: int, *, size: int, progress: Progress = SILENT
) -> tuple[dict[str, float], list[Tensor]]:
    """Generate all views of every object but the source's own, and compare with the truth.

    Returns:
        Means over views of PSNR (dB), SSIM and L1 (range 0 to 1), and the same of copying the source (`copy`,
        `copy_ssim`, `copy_l1`); and the first objects as rows of `draw_rows`.
    """
    device = next(model.parameters()).device
    measured: list[Tensor] = []
    rows: list[Tensor] = []
    for group in render_held_out(category, count, size=size, device=device, progress=progress):
        level = torch.zeros_like(group.azimuth[group.source])
        source = model.encode(group.sources, group.azimuth[group.source], level)
        for number, azimuth in enumerate(group.azimuth):
            view, truth = model.view(source, azimuth.expand(len(level)), level), group.images[:, number]
            others = group.source != number
            pairs = ((view.image, truth), (group.sources, truth))
            numbers = [measure(*pair)[others] for pair in pairs for measure in (psnr, ssim, l1)]
            measured.append(torch.stack(numbers, 1))  # [B, 6]
            progress.advance(len(level))
        if not rows:
            rows = _draw_group(model, group, source)
    names = "psnr", "ssim", "l1", "copy", "copy_ssim", "copy_l1"
    return dict(zip(names, torch.cat(measured).mean(0).tolist(), strict=True)), rows


def _draw_group(model: ViewGenerator, group: HeldOutObjects, source: SourceViews) -> list[Tensor]:
    """A row of a sheet for each object, turned further from one to the next."""
    number = torch.arange(len(group.images), device=group.images.device)
    target = (group.source + 2 + 5 * number) % len(group.azimuth)
    view = model.view(source, group.azimuth[target], source.elevation)
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
