"""Random numbers, periodic 1/f noise, soft masks and blur that everything synthetic is painted with.

Legend: B batch, C channels, H height, W width. All random numbers come from the given generator, on its device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor


def uniform(generator: Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Uniform numbers in [low, high) of the given shape."""
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low


def normal(generator: Generator, *shape: int) -> Tensor:
    """Standard normal numbers of the given shape."""
    return torch.randn(shape, generator=generator, device=generator.device)


def chance(generator: Generator, probability: float, *shape: int) -> Tensor:
    """Booleans of the given shape, each true with the given probability."""
    return torch.rand(shape, generator=generator, device=generator.device) < probability


def pick(generator: Generator, weights: Sequence[float], *shape: int) -> Tensor:
    """Indices drawn in proportion to `weights`, int64 of the given shape."""
    bounds = torch.tensor(weights, device=generator.device).cumsum(0)
    return torch.searchsorted(bounds, uniform(generator, *shape) * bounds[-1]).clamp(max=len(weights) - 1)


def column(values: Tensor, dims: int) -> Tensor:
    """Values [B, ...] with trailing dimensions of size 1, up to `dims` dimensions in all."""
    return values.reshape(*values.shape, *[1] * (dims - values.dim()))


def uniform_column(generator: Generator, batch: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Uniform numbers in [low, high), one for each sample: [B, 1, 1, 1]."""
    return uniform(generator, batch, 1, 1, 1, low=low, high=high)


def chance_column(generator: Generator, batch: int, probability: float) -> Tensor:
    """1 with the given probability, else 0: [B, 1, 1, 1]."""
    return chance(generator, probability, batch, 1, 1, 1).float()


def spectral_noise(
    batch: int,
    channels: int,
    height: int,
    width: int,
    generator: Generator,
    *,
    slope: Tensor | float = 1.0,
    stretch: Tensor | float = 1.0,
) -> Tensor:
    """Gaussian noise with amplitude spectrum f^-slope, periodic in both directions.

    Args:
        slope: a number or [B]; 0 is white noise, 1 natural pictures, 2 clouds.
        stretch: a number or [B]; above 1 features become streaks from top to bottom, below 1 from left to right.

    Returns:
        [B, C, H, W] with mean 0 and standard deviation 1 for each sample and channel.
    """
    device = generator.device
    rows = torch.fft.fftfreq(height, device=device)[:, None] * _per_sample(stretch, device)
    columns = torch.fft.rfftfreq(width, device=device)
    radius = (rows.square() + columns.square()).sqrt().clamp(min=0.5 / max(height, width))
    amplitude = radius.pow(-_per_sample(slope, device))  # [1 or B, H, W/2+1]
    amplitude = amplitude.expand(batch, *amplitude.shape[-2:]).clone()
    amplitude[:, 0, 0] = 0
    spectrum = torch.fft.rfft2(normal(generator, batch, channels, height, width)) * amplitude[:, None]
    field = torch.fft.irfft2(spectrum, s=(height, width))
    return field / field.std(dim=(-2, -1), keepdim=True).clamp(min=1e-6)


def _per_sample(value: Tensor | float, device: torch.device) -> Tensor:
    """A number or per-sample values [B] as [1 or B, 1, 1]."""
    return torch.as_tensor(value, device=device, dtype=torch.float32).reshape(-1, 1, 1)


def natural_noise(
    batch: int, height: int, width: int, generator: Generator, *, slope: Tensor | float = 1.1, chroma: float = 0.35
) -> Tensor:
    """1/f noise [B, 3, H, W] with the colours of photos: brightness of unit deviation, colour differences of `chroma`.

    slope: a number or [B], as in `spectral_noise`.
    """
    field = spectral_noise(batch, 3, height, width, generator, slope=slope)
    bright, warm, green = field.unbind(1)
    warm, green = chroma * warm, 0.5 * chroma * green
    return torch.stack([bright + warm + green, bright - green, bright - warm + green], 1)


def cell_noise(columns: Tensor, rows: Tensor, seed: Tensor | float) -> Tensor:
    """A number in [0, 1) for each integer cell (columns, rows), equal for equal cells and seeds; shapes broadcast."""
    return (torch.sin(columns * 12.9898 + rows * 78.233 + seed * 37.719) * 43758.5453).frac().abs()


def soft_step(signed: Tensor, width: Tensor | float) -> Tensor:
    """Anti-aliased step: 0 where `signed` is below -width/2, 1 above width/2, linear between; both shapes broadcast."""
    return (signed / width + 0.5).clamp(0, 1)


def ellipse(x: Tensor, y: Tensor, radius_x: Tensor | float, radius_y: Tensor | float, softness: float = 0.25) -> Tensor:
    """Soft mask in [0, 1] of an ellipse about the origin; all shapes broadcast.

    x, y and the radii are in the same unit; `softness` is the width of the rim in radii.
    """
    distance = ((x / radius_x).square() + (y / radius_y).square()).add(1e-8).sqrt()
    return soft_step(1 - distance, softness)


def over(image: Tensor, mask: Tensor, colour: Tensor) -> Tensor:
    """Lays `colour` [B, 3] or a picture [B, 3, H, W] over `image` [B, 3, H, W] where `mask` [B, 1, H, W] is 1."""
    return torch.lerp(image, column(colour, 4).expand_as(image), mask.expand_as(image).to(image.dtype))


def pixel_grid(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Pixel centres as fractions of the picture: x [1, 1, 1, W] and y [1, 1, H, 1], both in (0, 1)."""
    x = (torch.arange(width, device=device) + 0.5) / width
    y = (torch.arange(height, device=device) + 0.5) / height
    return x.view(1, 1, 1, -1), y.view(1, 1, -1, 1)


def gaussian_blur(images: Tensor, sigma: Tensor, *, max_sigma: float) -> Tensor:
    """Blurs each sample of `images` [B, C, H, W] with its own Gaussian.

    Args:
        sigma: [B] standard deviations in pixels; values near 0 leave a sample as it is.
        max_sigma: upper bound of `sigma`, sets the size of the window.
    """
    batch, channels, height, width = images.shape
    radius = min(max(1, math.ceil(2.5 * max_sigma)), height - 1, width - 1)
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / sigma.clamp(min=0.1, max=max_sigma)[:, None]).square())
    kernel = (kernel / kernel.sum(1, keepdim=True)).to(images.dtype).repeat_interleave(channels, 0)
    flat = functional.pad(images, (radius,) * 4, mode="reflect").view(1, batch * channels, height + 2 * radius, -1)
    flat = functional.conv2d(flat, kernel[:, None, None, :], groups=batch * channels)
    flat = functional.conv2d(flat, kernel[:, None, :, None], groups=batch * channels)
    return flat.view(batch, channels, height, width)
