"""Conversion between images (uint8 arrays) and the tensors of the networks (official format, section 9.7).

Images are uint8 RGB [..., H, W, 3] with values 0..255; tensors are [..., 3, H, W] with values in [-1, 1]; leading
dimensions are kept. Used wherever a network reads or returns an image, in training too: needs neither PyAV nor OpenCV.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

Rounding = Literal["truncate", "round"]


def image_to_tensor(image: np.ndarray) -> Tensor:
    """Image uint8 [..., H, W, 3] -> float32 [..., 3, H, W] in [-1, 1], contiguous and on the CPU."""
    pixels = torch.from_numpy(np.moveaxis(image, -1, -3).copy())  # [..., 3, H, W]
    return normalise_pixels(pixels)


def tensor_to_image(tensor: Tensor, *, rounding: Rounding) -> np.ndarray:
    """Tensor [..., C, H, W] in [-1, 1] on any device -> image uint8 [..., H, W, C]; see `quantise` for the rounding."""
    return quantise(tensor, rounding=rounding).movedim(-3, -1).cpu().numpy()


def normalise_pixels(pixels: Tensor) -> Tensor:
    """Pixel values 0..255 of any shape and type -> float32 in [-1, 1] of the same shape, on the same device."""
    return pixels.float() / 127.5 - 1


def quantise(values: Tensor, *, rounding: Rounding) -> Tensor:
    """Values in [-1, 1] of any shape -> uint8 of the same shape, on the same device; values outside are clipped.

    rounding: "truncate" rounds down, as the authors' programs save images, so an image that goes through
    `normalise_pixels` and back can lose 1 in a pixel; "round" takes the nearest value and restores every image.
    """
    clipped = values.float().clamp(-1, 1)
    if rounding == "truncate":
        return ((clipped + 1) * 127.5).to(torch.uint8)
    return (clipped * 127.5 + 127.5).round().to(torch.uint8)
