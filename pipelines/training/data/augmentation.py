"""What cameras, scalers and codecs do to an image, and how an image is placed on a crop.

Called by the data of the keypoints, landmarks, viewpoint and view-synthesis recipes.

Legend: B batch, C channels, H height, W width, K keypoints. Images are [B, 3, H, W] in [0, 1].
"""

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, column, gaussian_blur, normal, spectral_noise, uniform

_BLOCK = 8  # side of a codec's block, in pixels
_FACTORS = (0.75, 0.6, 0.42)  # of down-sampling
_LUMA = (0.299, 0.587, 0.114)  # of red, green, blue


@dataclass(frozen=True)
class Placement:
    """Similarity transforms from source to target pixels: q = linear @ p + offset."""

    linear: Tensor
    """[B, 2, 2]."""
    offset: Tensor
    """[B, 2] in target pixels."""

    def points(self, points: Tensor) -> Tensor:
        """Source points [B, K, 2] -> target points [B, K, 2], both in pixels."""
        return points @ self.linear.mT + self.offset[:, None]

    def warp(self, images: Tensor, size: int) -> Tensor:
        """Source images [B, C, H, W] resampled to [B, C, size, size]; 0 outside of the source."""
        height, width = images.shape[-2:]
        axis = torch.arange(size, device=images.device, dtype=torch.float32)
        target = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).view(1, -1, 2)
        source = (target - self.offset[:, None]) @ torch.linalg.inv(self.linear).mT
        extent = torch.tensor([width, height], device=images.device)
        grid = ((2 * source + 1) / extent - 1).view(-1, size, size, 2)  # [B, size, size, 2]
        shrink = torch.linalg.det(self.linear).abs().sqrt()
        images = gaussian_blur(images, (0.45 / shrink - 0.45).clamp(0, 1.5), max_sigma=1.5)
        return F.grid_sample(images, grid, align_corners=False)


def place(scale: Tensor, angle: Tensor, mirrored: Tensor, source: Tensor, target: Tensor) -> Placement:
    """Transforms that mirror left-right where `mirrored` [B] (bool), scale by `scale` [B], turn clockwise by `angle`
    [B] (radians) and move the point `source` [B, 2] to `target` [B, 2]."""
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    sign = torch.where(mirrored, -1.0, 1.0)
    linear = torch.stack([cosine * sign, -sine, sine * sign, cosine], -1).view(-1, 2, 2)
    return Placement(linear, target - (linear @ source[..., None])[..., 0])


def swap_sides(points: Tensor, mirrored: Tensor, flip: tuple[int, ...]) -> Tensor:
    """Points [B, K, ...] with left and right exchanged where `mirrored` [B] (bool); flip: the partner of each joint."""
    return torch.where(column(mirrored, points.dim()), points[:, list(flip)], points)


def subset(generator: Generator, share: float, batch: int) -> Tensor:
    """Indices [round(share * batch)] of a random part of a batch, so that work for a part is done on that part only."""
    return torch.randperm(batch, generator=generator, device=generator.device)[: round(share * batch)]


def degrade(images: Tensor, generator: Generator) -> Tensor:
    """Images [B, 3, H, W] with poor light, colour, focus, resolution, sensor noise and compression, each in a part of
    the batch."""
    images = _change_light(images, generator)
    images = _change_colour(images, generator)
    images = _blur(images, generator)
    images = _reduce_resolution(images, generator)
    strength = uniform(generator, len(images)).square() * 0.045
    images = images + column(strength, 4) * normal(generator, *images.shape)
    return compress(images.clamp(0, 1), generator, share=0.5)


def _change_light(images: Tensor, generator: Generator) -> Tensor:
    """Uneven light, exposure, contrast and gamma."""
    batch, _, height, width = images.shape
    field = spectral_noise(batch, 1, max(height // 4, 1), max(width // 4, 1), generator, slope=2.2)
    field = F.interpolate(field, size=(height, width), mode="bilinear")
    images = images * (1 + column(uniform(generator, batch, high=0.08), 4) * field)
    mean = images.mean((1, 2, 3), keepdim=True)
    contrast = column(uniform(generator, batch, low=0.55, high=1.3), 4)
    bright = column(uniform(generator, batch, low=-0.12, high=0.12), 4)
    gamma = torch.exp(column(uniform(generator, batch, low=-0.4, high=0.4), 4))
    return (mean + (images - mean) * contrast + bright).clamp(1e-3, 1).pow(gamma)


def _change_colour(images: Tensor, generator: Generator) -> Tensor:
    """Saturation and colour cast; one image in seven is grey, some of these toned."""
    batch = len(images)
    grey = (images * images.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    saturation = uniform(generator, batch, low=0.4, high=1.35)
    saturation = torch.where(chance(generator, 0.14, batch), 0.0, saturation)
    images = grey + (images - grey) * column(saturation, 4)
    cast = column(0.06 * normal(generator, batch, 3) * chance(generator, 0.6, batch, 1), 4)
    return (images * (1 + cast)).clamp(0, 1)


def _blur(images: Tensor, generator: Generator) -> Tensor:
    """Defocus of a quarter of the images, so little that faces stay recognisable."""
    chosen = subset(generator, 0.26, len(images))
    if len(chosen):
        sigma = uniform(generator, len(chosen), low=0.3, high=1.5)
        images[chosen] = gaussian_blur(images[chosen], sigma, max_sigma=1.6)
    return images


def _reduce_resolution(images: Tensor, generator: Generator) -> Tensor:
    """Down- and up-sampling of a quarter of the images, as if they were small or taken from afar."""
    order = subset(generator, 0.25, len(images))
    for index, chosen in enumerate(order.tensor_split(len(_FACTORS))):
        if len(chosen):
            small = F.interpolate(images[chosen], scale_factor=_FACTORS[index], mode="bilinear", antialias=True)
            mode = "nearest" if index == 0 else "bilinear"
            images[chosen] = F.interpolate(small, size=images.shape[-2:], mode=mode)
    return images


@functools.cache
def _cosines(device: torch.device) -> Tensor:
    """Orthonormal DCT-II matrix [8, 8]."""
    k, n = torch.meshgrid(torch.arange(_BLOCK), torch.arange(_BLOCK), indexing="ij")
    matrix = torch.cos(math.pi * (2 * n + 1) * k / (2 * _BLOCK)) * math.sqrt(2 / _BLOCK)
    matrix[0] /= math.sqrt(2)
    return matrix.to(device)


def compress(images: Tensor, generator: Generator, *, share: float) -> Tensor:
    """Compression of a share of the images, much as JPEG does."""
    chosen = subset(generator, share, len(images))
    if len(chosen):
        images[chosen] = _quantise(images[chosen], generator)
    return images


def _quantise(images: Tensor, generator: Generator) -> Tensor:
    """Round the cosine coefficients of 8 x 8 blocks, high frequencies and colour differences more."""
    batch, _, height, width = images.shape
    padded = F.pad(images, (0, -width % _BLOCK, 0, -height % _BLOCK), mode="replicate")
    luma = (padded * padded.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    planes = torch.cat([luma, padded[:, 2:] - luma, padded[:, :1] - luma], 1)
    rows, columns = padded.shape[-2] // _BLOCK, padded.shape[-1] // _BLOCK
    blocks = planes.view(batch, 3, rows, _BLOCK, columns, _BLOCK).transpose(3, 4)  # [B, 3, rows, columns, 8, 8]
    cosines = _cosines(images.device)
    order = torch.arange(_BLOCK, device=images.device)
    step = (1 + 0.6 * (order[:, None] + order)) * uniform(generator, batch, 1, 1, 1, 1, 1).square() * 0.12 + 1e-4
    step = step * images.new_tensor([1.0, 2.0, 2.0]).view(1, 3, 1, 1, 1, 1)
    coefficients = ((cosines @ blocks @ cosines.T) / step).round() * step
    planes = (cosines.T @ coefficients @ cosines).transpose(3, 4).reshape(batch, 3, *padded.shape[-2:])
    luma, blue, red = planes[:, :1], planes[:, 1:2] + planes[:, :1], planes[:, 2:] + planes[:, :1]
    green = (luma - _LUMA[0] * red - _LUMA[2] * blue) / _LUMA[1]
    return torch.cat([red, green, blue], 1)[..., :height, :width].clamp(0, 1)
