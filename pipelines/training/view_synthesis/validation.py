"""Unseen rendered objects and the numbers of a view-synthesis generator on them.

B objects, T = 18 views of each, 20 degrees apart at elevation 0; H = W image size; pictures in [-1, 1].
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.generators.view import SourceViews, View, ViewGenerator
from pipelines.synthetic.objects import render, sample_objects

VALIDATION_SEED = 20261
STEP = 20.0  # degrees
TOGETHER = 25  # objects that are rendered at once
WINDOW, SIGMA = 11, 1.5  # of the SSIM


@dataclass
class Unseen:
    """Objects that training never draws: images [B, T, 3, H, W], azimuth [T]; source [B]: which view is the source."""

    images: Tensor
    azimuth: Tensor
    source: Tensor

    @property
    def sources(self) -> Tensor:
        """[B, 3, H, W]."""
        return self.images[torch.arange(len(self.images), device=self.images.device), self.source]


def unseen(category: str, count: int, *, size: int, device: torch.device) -> Iterator[Unseen]:
    """`count` objects in groups of `TOGETHER`, the same every time on one kind of device."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    azimuth = torch.arange(0, 360, STEP, device=device)
    for start in range(0, count, TOGETHER):
        number = min(TOGETHER, count - start)
        objects = sample_objects(category=category, batch=number, generator=generator)
        source = torch.randint(len(azimuth), (number,), generator=generator, device=device)
        angles = azimuth.expand(number, -1)
        yield Unseen(render(objects, angles, torch.zeros_like(angles), size=size).images, azimuth, source)


def psnr(images: Tensor, truth: Tensor) -> Tensor:
    """[B, 3, H, W] each -> [B] dB for a range of 0..1."""
    error = ((images - truth) / 2).square().mean((1, 2, 3))
    return -10 * torch.log10(error.clamp(min=1e-10))


def ssim(images: Tensor, truth: Tensor) -> Tensor:
    """[B, 3, H, W] each -> [B]: like `evaluation.image_metrics.ssim`, without what training machines may lack."""
    x, y = (images + 1) / 2, (truth + 1) / 2
    mean_x, mean_y = _blurred(x), _blurred(y)
    spread_x, spread_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    common = _blurred(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return (light * (2 * common + 9e-4) / (spread_x + spread_y + 9e-4)).mean((1, 2, 3))


def _blurred(x: Tensor) -> Tensor:
    """Gaussian means where the window lies in the picture."""
    axis = torch.arange(WINDOW, device=x.device, dtype=x.dtype) - WINDOW // 2
    line = torch.exp(-0.5 * (axis / SIGMA).square())
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)
    return F.conv2d(F.conv2d(x, line, groups=x.shape[1]), line.mT, groups=x.shape[1])


@torch.no_grad()
def validate(model: ViewGenerator, category: str, count: int, *, size: int) -> tuple[dict[str, float], list[Tensor]]:
    """All views of each object but the source's own, against the truth and against copying the source.

    Returns:
        Means over views of PSNR, SSIM and L1 (range 0..1), made and copied; and the first objects as rows of a sheet,
        [7, 3, H, W] each: source, target, result, copied, copied from the mirror image, shares of the blend (red
        generated, green from the mirror image, blue from the picture), alpha.
    """
    device = next(model.parameters()).device
    made: list[Tensor] = []
    rows: list[Tensor] = []
    for group in unseen(category, count, size=size, device=device):
        level = torch.zeros_like(group.azimuth[group.source])
        source = model.encode(group.sources, group.azimuth[group.source], level)
        for number, azimuth in enumerate(group.azimuth):
            view, truth = model.view(source, azimuth.expand(len(level)), level), group.images[:, number]
            others = group.source != number
            pairs = ((view.image, truth), (group.sources, truth))
            numbers = [measure(*pair)[others] for pair in pairs for measure in (psnr, ssim, _l1)]
            made.append(torch.stack(numbers, 1))  # [B, 6]
        if not rows:
            rows = _shown(model, group, source)
    names = "psnr", "ssim", "l1", "copy", "copy_ssim", "copy_l1"
    return dict(zip(names, torch.cat(made).mean(0).tolist(), strict=True)), rows


def _shown(model: ViewGenerator, group: Unseen, source: SourceViews) -> list[Tensor]:
    """A row of a sheet for each object, turned further from one to the next."""
    number = torch.arange(len(group.images), device=group.images.device)
    target = (group.source + 2 + 5 * number) % len(group.azimuth)
    view = model.view(source, group.azimuth[target], source.elevation)
    return sheet_rows(group.sources, group.images[number, target], view)


def sheet_rows(source: Tensor, target: Tensor, view: View) -> list[Tensor]:
    """A row of pictures [7, 3, H, W] for each sample."""
    detail = view.detail
    masks = 2 * detail.blend.float() - 1, (2 * view.alpha - 1).expand_as(source)
    columns = source, target, view.image, detail.warped_reference, detail.warped_previous, *masks
    return list(torch.stack([column.float() for column in columns], 1))


def _l1(images: Tensor, truth: Tensor) -> Tensor:
    return ((images - truth) / 2).abs().mean((1, 2, 3))
