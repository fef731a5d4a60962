"""Convolutions and what comes before or after them, which in inference on CUDA is one kernel.

A convolution runs without its bias there; norm, bias, the sum with another map and the activation are computed together
(`models.ops.pointwise_triton`), where otherwise each is an operation of torch. Used by `models.layers` and the heads.

B batch, C channels, H, W size of a map.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.ops.neighbours import can_fuse

ALIGNMENT = 8  # channels of which cuDNN's convolutions for tensor cores need a multiple


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

    def finish(self, slope: float = 1.0, *, other: "Unfinished | None" = None, wide: int | None = None) -> Tensor:
        """The leaky ReLU of the map, added to another one if there is one -> [B,C,H,W].

        slope: 1 for no activation. The other map must have no scale. wide: channels of the result, C and some of zeros,
        where kernels are fused.
        """
        if self.scale is None and self.shift is None and other is None and slope == 1:
            return self.x
        if can_fuse(self.x):
            from models.ops.pointwise_triton import scale_and_shift_triton

            added, added_shift = (None, None) if other is None else (other.x, other.shift)
            return scale_and_shift_triton(*self, other=added, other_shift=added_shift, slope=slope, wide=wide)
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


def padded(channels: int) -> int:
    """The next multiple of `ALIGNMENT`."""
    return channels + -channels % ALIGNMENT


@torch.no_grad()
def pad_convolution(
    weight: Tensor, bias: Tensor | None, *, inputs: int, outputs: int, kind: type[nn.Conv2d] = nn.Conv2d
) -> nn.Conv2d:
    """A convolution [outputs,inputs,k,k] that keeps the size of maps, from a smaller one; the further weights are 0."""
    kernel = weight.shape[-1]
    layer = kind(inputs, outputs, kernel, padding=kernel // 2, bias=bias is not None).to(weight)
    layer.weight.copy_(F.pad(weight, (0, 0, 0, 0, 0, inputs - weight.shape[1], 0, outputs - weight.shape[0])))
    if layer.bias is not None and bias is not None:
        layer.bias.copy_(F.pad(bias, (0, outputs - len(bias))))
    return layer.eval().requires_grad_(False)
