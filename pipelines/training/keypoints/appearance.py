"""Looks that rendered images lack: other colours, tones, textures, low light and motion blur.

A network trained on rendered people learns the renderer's look as well. Changing it at random, more than any camera
would, leaves shape as the only thing that is always right. Called by `keypoints.crops` and `landmarks.data`.

Legend: B batch, H height, W width. Images are [B, 3, H, W] in [0, 1].
"""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, column, normal, uniform
from pipelines.training.data.augmentation import subset

KERNELS = (1, 3, 5)  # sides of the random filters, in pixels
STREAK = 15  # side of the kernel of the motion blur, in pixels
KNOTS = 5  # of a tone curve


def restyle(images: Tensor, share: float, generator: Generator) -> Tensor:
    """Images of which each of five changes alters a fraction `share`, independently of the others."""
    for change in (_filter, _mix_channels, _bend_tones, _darken, _shake):
        chosen = subset(generator, share, len(images))
        if len(chosen):
            images = images.index_copy(0, chosen, change(images[chosen], generator).clamp(0, 1))
    return images


def _filter(images: Tensor, generator: Generator) -> Tensor:
    """Images blended with themselves after a random 1x1, 3x3 or 5x5 convolution of all channels, at equal mean and
    deviation (random convolutions, arXiv 2007.13003)."""
    batch = len(images)
    side = KERNELS[int(torch.randint(len(KERNELS), (1,), generator=generator, device=generator.device))]
    kernels = normal(generator, batch * 3, 3, side, side) / math.sqrt(3 * side**2)
    padded = F.pad(images, (side // 2,) * 4, mode="reflect").view(
        1, batch * 3, *(n + side - 1 for n in images.shape[2:])
    )
    filtered = F.conv2d(padded, kernels, groups=batch).view_as(images)
    filtered = (filtered - filtered.mean((2, 3), keepdim=True)) / (filtered.std((2, 3), keepdim=True) + 1e-3)
    mean, deviation = images.mean((2, 3), keepdim=True), images.std((2, 3), keepdim=True)
    return torch.lerp(images, filtered * deviation + mean, column(uniform(generator, batch, high=0.8), 4))


def _mix_channels(images: Tensor, generator: Generator) -> Tensor:
    """Images whose channels are mixtures of all three, which changes every hue."""
    identity = torch.eye(3, device=images.device)
    matrix = identity + 0.35 * normal(generator, len(images), 3, 3)
    matrix = matrix / matrix.sum(-1, keepdim=True).clamp(min=0.3)
    return torch.einsum("bij,bjhw->bihw", matrix, images)


def _bend_tones(images: Tensor, generator: Generator) -> Tensor:
    """Images through a random rising tone curve, and a quarter of them as negatives of their brightness."""
    batch = len(images)
    steps = torch.exp(0.7 * normal(generator, batch, KNOTS - 1))
    heights = F.pad(steps.cumsum(1) / steps.sum(1, keepdim=True), (1, 0))  # [B, KNOTS], from 0 to 1
    position = images.flatten(1) * (KNOTS - 1)
    knot = position.long().clamp(max=KNOTS - 2)
    low, high = heights.gather(1, knot), heights.gather(1, knot + 1)
    curved = torch.lerp(low, high, position - knot).view_as(images)
    grey = curved.mean(1, keepdim=True)
    negative = curved + 1 - 2 * grey
    return torch.where(column(chance(generator, 0.1, batch), 4), negative, curved)


def _darken(images: Tensor, generator: Generator) -> Tensor:
    """Images in low light: dark, with the noise of a high sensitivity, brightened again by half of them."""
    batch = len(images)
    light = column(uniform(generator, batch, low=0.2, high=0.7), 4)
    noisy = images * light + column(uniform(generator, batch, high=0.05), 4) * normal(generator, *images.shape)
    brightened = column(chance(generator, 0.5, batch), 4)
    return torch.where(brightened, noisy / light * 0.9, noisy)


def _shake(images: Tensor, generator: Generator) -> Tensor:
    """Images blurred along a line, as by a moving camera."""
    batch = len(images)
    axis = torch.arange(STREAK, device=images.device) - STREAK // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    angle = column(uniform(generator, batch, high=math.pi), 3)
    length = column(uniform(generator, batch, low=1.0, high=STREAK / 2), 3)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    kernels = (length / 2 + 0.5 - along.abs()).clamp(0, 1) * (1 - across.abs()).clamp(0, 1)  # [B, STREAK, STREAK]
    kernels = kernels / kernels.sum((1, 2), keepdim=True)
    padded = F.pad(images, (STREAK // 2,) * 4, mode="reflect")
    flat = padded.view(1, batch * 3, *padded.shape[2:])
    return F.conv2d(flat, kernels.repeat_interleave(3, 0)[:, None], groups=batch * 3).view_as(images)
