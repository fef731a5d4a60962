"""Grain for what was made at a lower resolution, or too smoothly, so that it looks like the picture around it.

In: a picture, part of which was made. Out: the same with noise on that part. The noise is as coarse and as coloured as
the fine detail of the known pixels, but has no direction: edges would leave theirs. Per place it is as strong as what
the made pixels lack of the strength of the known pixels nearby. It is the same on every run.

h, w: picture; T: side of the noise, which repeats. Tensors are in [-1, 1].
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.filling import push_pull

BLOCK = 16  # pixels: side of the blocks in which the strength is measured
NEIGHBOURS = 7  # blocks: side of the squares whose calm blocks give the strength, so that edges do not count
CALM = 0.15  # quantile of their strength
MIN_SHARE = 0.25  # share of a block from which on it is measured
TILE = 512  # T, pixels
LIMIT = 2.5  # standard deviations from which on detail is an edge


def add_grain(image: Tensor, known: Tensor, scale: float) -> Tensor:
    """The image [1, 3, h, w] with grain where `known` [1, 1, h, w] is 0.

    scale: fine detail is what is lost when the image is made smaller by this factor.
    """
    size = image.shape[-2:]
    fine, kept = _find_detail(image, known, scale), _find_detail(image, 1 - known, scale)
    there, made = _measure(fine, known), _measure(kept, 1 - known)
    lacking = (there.square() - made.square()).clamp(min=0).sqrt()
    pure = fine / _enlarge(there, size).clamp(min=1e-4)
    pure = pure * (pure.abs() < LIMIT)
    return image + (1 - known) * _enlarge(lacking, size) * _make_noise(pure)


def _find_detail(image: Tensor, weight: Tensor, scale: float) -> Tensor:
    """Fine detail [1, 3, h, w] where the weight [1, 1, h, w] is 1, whatever is beside it; 0 where the weight is 0."""
    small = [max(1, round(side * scale)) for side in image.shape[-2:]]
    share = F.interpolate(weight, size=small, mode="area")
    coarse = F.interpolate(image * weight, size=small, mode="area") / share.clamp(min=1e-6)
    coarse = push_pull(coarse, (share > 0).float())
    return weight * (image - F.interpolate(coarse, size=image.shape[-2:], mode="bicubic", align_corners=False))


def _measure(fine: Tensor, weight: Tensor) -> Tensor:
    """Standard deviation of fine detail [1, 3, h, w] that is known where the weight [1, 1, h, w] is 1, and 0 elsewhere,
    continued where it is 0.

    Returns:
        [1, 3, ceil(h / BLOCK), ceil(w / BLOCK)].
    """
    share = F.avg_pool2d(weight, BLOCK, ceil_mode=True)
    power = F.avg_pool2d(fine.square(), BLOCK, ceil_mode=True) / share.clamp(min=1e-6)
    power = power.sqrt().masked_fill(share < MIN_SHARE, torch.nan)
    reach = NEIGHBOURS // 2
    around = F.pad(power, (reach,) * 4, value=torch.nan).unfold(2, NEIGHBOURS, 1).unfold(3, NEIGHBOURS, 1)
    plain = around.flatten(4).nanquantile(CALM, -1)
    return push_pull(plain.nan_to_num(), (~plain[:, :1].isnan()).float())


def _make_noise(pure: Tensor) -> Tensor:
    """Noise of variance 1 [1, 3, h, w] with the spectrum of detail [1, 3, h, w] that is 0 where it is not known."""
    height, width = pure.shape[-2:]
    padded = F.pad(pure[0], (0, -width % TILE, 0, -height % TILE))
    rows, columns = padded.shape[1] // TILE, padded.shape[2] // TILE
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(2, (rows, 1, columns, 1), generator=generator).to(pure) * 2 - 1
    folded = (padded.view(3, rows, TILE, columns, TILE) * signs).sum((1, 3))  # [3, T, T], the spectra's mean
    spectrum = torch.fft.rfft2(folded)  # [3, T, T/2+1]
    power = spectrum.abs().square().mean(0)
    even = (_average_rings(power) / power.clamp(min=1e-12)).sqrt()
    white = torch.fft.rfft2(torch.randn(TILE, TILE, generator=generator).to(pure))
    noise = torch.fft.irfft2(spectrum * even * white, s=(TILE, TILE))
    noise = noise / noise.std((1, 2), keepdim=True).clamp(min=1e-6)
    return noise.repeat(1, rows, columns)[None, :, :height, :width]


def _average_rings(power: Tensor) -> Tensor:
    """Power of the frequencies [T, T/2+1] -> the mean over all directions, of the same shape."""
    down, across = torch.fft.fftfreq(TILE) * TILE, torch.fft.rfftfreq(TILE) * TILE
    ring = torch.hypot(down[:, None], across).round().long().flatten().to(power.device)
    sums, counts = (torch.bincount(ring, values) for values in (power.flatten(), torch.ones_like(power).flatten()))
    return (sums / counts)[ring].view_as(power)


def _enlarge(blocks: Tensor, size: torch.Size) -> Tensor:
    """Values per block -> per pixel of an image of `size`."""
    whole = [side * BLOCK for side in blocks.shape[-2:]]
    return F.interpolate(blocks, size=whole, mode="bilinear", align_corners=False)[..., : size[0], : size[1]]
