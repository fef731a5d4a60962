"""Building blocks of the generators (official format, section 2); module names give the authors' state-dict keys.

Feature maps in, feature maps out. Norm and activation come before each convolution, so a block also normalises its raw
input. Used by `models.flow`, `models.generators`, `models.landmarks`, `models.volume` and `models.viewpoint`.

B batch, C channels, H, W size of the map. `inputs`, `hidden` and `outputs` of a block are its channels before, between
and after its convolutions; `norm` is "instance" or "batch".
"""

from itertools import islice
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.fused import ALIGNMENT, FixedBatchNorm2d, Unfinished, convolve, padded, run_fused
from models.ops.local_attention import SLOPE
from models.ops.neighbours import can_fuse, can_run_triton
from models.ops.padding import pad


def channels_at(level: int, *, width: int, max_width: int) -> int:
    """Channels of resolution level 0, 1, 2, ...: `width`, doubled at every level up to `max_width`."""
    return min(width * 2**level, max_width)


def activation() -> nn.Module:
    """The leaky ReLU that all blocks use, of slope 0.1."""
    return nn.LeakyReLU(SLOPE)


def normalisation(kind: str, channels: int) -> nn.Module:
    """An affine norm for maps [B,C,H,W].

    Raises:
        ValueError: kind is neither "instance" nor "batch".
    """
    if kind == "instance":
        # One group per channel is an instance norm, several times faster on the CPU than InstanceNorm2d.
        return nn.GroupNorm(channels, channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    raise ValueError(f"norm must be 'instance' or 'batch', got {kind!r}")


def normalise(norm: nn.Module, x: Tensor, first: int) -> Tensor:
    """Apply to x [B,C,H,W] the part of `norm` that belongs to its channels first, ..., first+C-1 -> [B,C,H,W].

    Raises:
        TypeError: `norm` was not made by `normalisation`.
    """
    part = slice(first, first + x.shape[1])
    if isinstance(norm, nn.GroupNorm):
        return F.group_norm(x, x.shape[1], norm.weight[part], norm.bias[part], norm.eps)
    if not isinstance(norm, nn.BatchNorm2d):
        raise TypeError(f"norm must be made by `normalisation`, got {type(norm).__name__}")
    weight, bias = norm.weight[part], norm.bias[part]
    mean, variance = cast(Tensor, norm.running_mean)[part], cast(Tensor, norm.running_var)[part]
    return F.batch_norm(x, mean, variance, weight, bias, norm.training, cast(float, norm.momentum), norm.eps)


def normalise_and_activate(norm: nn.Module, activate: nn.Module, x: Tensor, first: int | None = None) -> Tensor:
    """`norm`, then `activate`, of x [B,C,H,W] -> [B,C,H,W]; on CUDA a batch norm is fused with it.

    first: x is only a part of the channels of `norm`, see `normalise`.
    """
    part = slice(first or 0, (first or 0) + x.shape[1])
    if isinstance(norm, FixedBatchNorm2d) and can_fuse(x):
        return Unfinished(x, norm.scale[part], norm.shift[part]).finish(SLOPE)
    if not (isinstance(norm, nn.BatchNorm2d) and norm.training and can_run_triton(x) is None):
        return activate(norm(x) if first is None else normalise(norm, x, first))
    from models.ops.batch_norm_triton import normalise_and_activate_triton

    if first is None:
        cast(Tensor, norm.num_batches_tracked).add_(1)  # as a call of the module does
    mean, variance = cast(Tensor, norm.running_mean)[part], cast(Tensor, norm.running_var)[part]
    options = {"momentum": cast(float, norm.momentum), "epsilon": norm.eps, "slope": SLOPE}
    return normalise_and_activate_triton(x, norm.weight[part], norm.bias[part], mean, variance, **options)


class Layers(nn.Sequential):
    """Layers in a row; an activation follows every batch norm. What is faster together is computed together."""

    def forward(self, x: Tensor) -> Tensor:
        return self.run(Unfinished(x)).finish()

    def run(self, start: Unfinished, *, first: int = 0) -> Unfinished:
        """The layers number first, first+1, ...; the result may lack the bias of the last one."""
        layers = islice(self, first, None)
        if can_fuse(start.x) and not self.training:
            return run_fused(layers, start)
        x = start.finish()
        for layer in layers:
            x = normalise_and_activate(layer, next(layers), x) if isinstance(layer, nn.BatchNorm2d) else layer(x)
        return Unfinished(x)


class EncoderBlock(nn.Module):
    """Halves the size: [B,C_in,H,W] -> [B,C_out,H/2,W/2].

    `forward(x)` equals `finish(begin(x))`. If some input channels stay the same from frame to frame, `begin` can be
    called for them once: the results of `begin` for all groups of channels are added and passed to `finish`.
    """

    def __init__(self, *, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        self.model = Layers(
            normalisation(norm, inputs),
            activation(),
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1),
            normalisation(norm, outputs),
            activation(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )

    def begin(self, part: Tensor, *, first: int = 0) -> Tensor:
        """Contribution of channels first, first+1, ... to the first convolution: [B,c,H,W] -> [B,C_out,H/2,W/2]."""
        norm, activate, convolution = self.model[0], self.model[1], cast(nn.Conv2d, self.model[2])
        x, weight = part, convolution.weight[:, first : first + part.shape[1]]
        if isinstance(norm, FixedBatchNorm2d) and can_fuse(part):
            x, weight = _widen(norm, x, weight, first)
        else:
            x = normalise_and_activate(norm, activate, x, first)
        return F.conv2d(x, weight, stride=2, padding=1)

    def finish(self, begun: Tensor) -> Tensor:
        """The sum [B,C_out,H/2,W/2] of all contributions -> the block's result [B,C_out,H/2,W/2]."""
        convolution = cast(nn.Conv2d, self.model[2])
        return self.model.run(Unfinished(begun, shift=convolution.bias), first=3).finish()

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


def _widen(norm: FixedBatchNorm2d, x: Tensor, weight: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """x [B,c,H,W], normalised and activated, and the weight [C_out,c,k,k] that reads it, both with more channels of
    zeros where tensor cores need them; for few channels cuDNN has a convolution of its own, which is faster."""
    part, count = slice(first, first + x.shape[1]), x.shape[1]
    wide = padded(count) if count > ALIGNMENT else count
    x = Unfinished(x, norm.scale[part], norm.shift[part]).finish(SLOPE, wide=wide)
    return x, F.pad(weight, (0, 0, 0, 0, 0, wide - count)) if wide > count else weight


class ResBlock(nn.Module):
    """Residual block that keeps the size: [B,C_in,H,W] -> [B,C_out,H,W]."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.model = Layers(
            normalisation(norm, inputs),
            activation(),
            nn.Conv2d(inputs, hidden, 3, padding=1),
            normalisation(norm, hidden),
            activation(),
            nn.Conv2d(hidden, outputs, 3, padding=1),
        )
        self.shortcut = Layers(nn.Conv2d(inputs, outputs, 1)) if inputs != outputs else Layers()

    def forward(self, x: Tensor) -> Tensor:
        return self.model.run(Unfinished(x)).finish(other=self.shortcut.run(Unfinished(x)))


class ResBlocks(nn.Module):
    """A residual block [B,C_in,H,W] -> [B,C_out,H,W] in the authors' wrapper, kept for its state-dict key `model.0`."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.model = nn.Sequential(ResBlock(inputs=inputs, outputs=outputs, hidden=hidden, norm=norm))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ResBlockDecoder(nn.Module):
    """Residual block that doubles the size: [B,C_in,H,W] -> [B,C_out,2H,2W]."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.model = Layers(
            normalisation(norm, inputs),
            activation(),
            nn.Conv2d(inputs, hidden, 3, padding=1),
            normalisation(norm, hidden),
            activation(),
            _upsampling(hidden, outputs),
        )
        self.shortcut = Layers(_upsampling(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.model.run(Unfinished(x)).finish(other=self.shortcut.run(Unfinished(x)))


class Jump(nn.Module):
    """Skip connection of a flow net, with reflection padding: [B,C_in,H,W] -> [B,C_out,H,W].

    It is added to another map [B,C_out,H,W] if there is one.
    """

    def __init__(self, *, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        skip = convolve(self.conv1, pad(x, 1, mode="reflect", slope=SLOPE))
        return skip.finish(other=None if other is None else Unfinished(other))


class Output(Jump):
    """Last layer of a generator: features [B,C_in,H,W] -> image [B,C_out,H,W] in [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).tanh()


class PositionConv2d(nn.Conv2d):
    """A convolution whose results carry positions, which need more than half precision: bfloat16 is wrong by up to a
    quarter of a pixel. It computes in the precision of its weights, also under autocast."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(device_type=x.device.type, enabled=False):
            return super().forward(x.to(self.weight.dtype))


def add_spectral_norm(module: nn.Module) -> None:
    """Add spectral norm to every convolution inside the blocks of this file, one power iteration per training step.

    Convolutions elsewhere (flow heads, attention) stay as they are, as in the authors' networks. `EncoderBlock.begin`
    can't be used on a block with spectral norm.
    """
    blocks = [
        child for child in module.modules() if isinstance(child, EncoderBlock | ResBlock | ResBlockDecoder | Jump)
    ]
    for block in blocks:
        for child in [child for child in block.modules() if isinstance(child, nn.Conv2d | nn.ConvTranspose2d)]:
            nn.utils.spectral_norm(child)


def zero_parameters(module: nn.Module) -> nn.Module:
    """Set all parameters of `module` to 0 and return it: a head that contributes nothing until it has learned."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def _upsampling(inputs: int, outputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
