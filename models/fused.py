"""Convolutions and what comes before or after them, which in inference on CUDA is one kernel.

A convolution runs without its bias there; norm, bias, the sum with another map and the activation are computed together
(`models.ops.pointwise_triton`), where otherwise each is an operation of torch. Used by `models.layers` and the heads.

B batch, C channels, H, W size of a map.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from models.ops.neighbours import can_fuse


class FixedBatchNorm2d(nn.BatchNorm2d):
    """A trained batch norm in eval mode, which also knows the scale and shift that it amounts to."""

    scale: Tensor
    """[C]."""

    shift: Tensor
    """[C]."""


class Unfinished(NamedTuple):
    """The map x * scale + shift; what is None is left out."""

    x: Tensor
    """[B,C,H,W]."""

    scale: Tensor | None = None
    """[C]."""

    shift: Tensor | None = None
    """[C]."""

    def finish(self, slope: float = 1.0, *, other: "Unfinished | None" = None) -> Tensor:
        """The leaky ReLU of the map, added to another one if there is one -> [B,C,H,W].

        slope: 1 for no activation. The other map must have no scale.
        """
        if self.scale is None and self.shift is None and other is None and slope == 1:
            return self.x
        if can_fuse(self.x):
            from models.ops.pointwise_triton import scale_and_shift_triton

            added, added_shift = (None, None) if other is None else (other.x, other.shift)
            return scale_and_shift_triton(*self, other=added, other_shift=added_shift, slope=slope)
        x = self.x if self.scale is None else self.x * self.scale[:, None, None]
        x = x if self.shift is None else x + self.shift[:, None, None]
        x = x if other is None else x + other.finish()
        return x if slope == 1 else F.leaky_relu(x, slope)


def convolve(layer: nn.Module, x: Tensor) -> Unfinished:
    """A layer's result for x [B,C,H,W], its bias yet to be added if it is a convolution of a network that is fused."""
    # Spectral norm computes its weight, then no parameter, when the layer is called.
    if can_fuse(x) and isinstance(getattr(layer, "weight", None), nn.Parameter):
        if type(layer) is nn.Conv2d:
            result = F.conv2d(x, layer.weight, None, layer.stride, layer.padding, layer.dilation, layer.groups)
            return Unfinished(result, shift=layer.bias)
        if type(layer) is nn.ConvTranspose2d:
            options = layer.stride, layer.padding, layer.output_padding, layer.groups, layer.dilation
            return Unfinished(F.conv_transpose2d(x, layer.weight, None, *options), shift=layer.bias)  # pyright: ignore
    return Unfinished(layer(x))


def run_fused(layers: Iterable[nn.Module], start: Unfinished) -> Unfinished:
    """Layers in a row, each finished when the next one needs it."""
    for layer in layers:
        if isinstance(layer, nn.LeakyReLU):
            start = Unfinished(start.finish(layer.negative_slope))
        elif isinstance(layer, FixedBatchNorm2d):
            start = Unfinished(start.finish(), layer.scale, layer.shift)
        elif not isinstance(layer, nn.Identity):
            start = convolve(layer, start.finish())
    return start
