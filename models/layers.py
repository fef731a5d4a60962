"""Blocks that every generator is built of; module names give the authors' state-dict keys.

Norm and activation come before each convolution, so a block also normalises its raw input.
B batch, C channels, H height, W width.
"""

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from models.ops.local_attention import SLOPE


def channels_at(level: int, *, width: int, max_width: int) -> int:
    """Channels of resolution level 0, 1, 2, ...: the width doubles until the cap."""
    return width * min(2**level, max_width // width)


def activation() -> nn.Module:
    """The leaky rectifier used everywhere."""
    return nn.LeakyReLU(SLOPE)


def normalisation(kind: str, channels: int) -> nn.Module:
    """Affine "instance" or "batch" norm over [B,C,H,W]. Raises ValueError for another kind."""
    if kind == "instance":
        # One group per channel is an instance norm, several times faster on the CPU than InstanceNorm2d.
        return nn.GroupNorm(channels, channels)
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    raise ValueError(f"norm must be 'instance' or 'batch', got {kind!r}")


def normalise(norm: nn.Module, x: Tensor, first: int) -> Tensor:
    """Apply to x [B,C,H,W] the part of `norm` that belongs to its channels first..first+C-1."""
    part = slice(first, first + x.shape[1])
    if isinstance(norm, nn.GroupNorm):
        return F.group_norm(x, x.shape[1], norm.weight[part], norm.bias[part], norm.eps)
    if not isinstance(norm, nn.BatchNorm2d):
        raise TypeError(f"need a norm made by `normalisation`, got {type(norm).__name__}")
    weight, bias = norm.weight[part], norm.bias[part]
    mean, variance = cast(Tensor, norm.running_mean)[part], cast(Tensor, norm.running_var)[part]
    return F.batch_norm(x, mean, variance, weight, bias, norm.training, cast(float, norm.momentum), norm.eps)


class EncoderBlock(nn.Module):
    """Halves the size: [B,C_in,H,W] -> [B,C_out,H/2,W/2].

    `forward(x)` is `finish(begin(x))`; the inputs may also begin in parts, whose sum is finished.
    """

    def __init__(self, *, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        self.model = nn.Sequential(
            normalisation(norm, inputs),
            activation(),
            nn.Conv2d(inputs, outputs, 4, stride=2, padding=1),
            normalisation(norm, outputs),
            activation(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )

    def begin(self, part: Tensor, *, first: int = 0) -> Tensor:
        """What input channels first, first+1, ... add to the first convolution: [B,c,H,W] -> [B,C_out,H/2,W/2]."""
        convolution = cast(nn.Conv2d, self.model[2])
        x = self.model[1](normalise(self.model[0], part, first))
        return F.conv2d(x, convolution.weight[:, first : first + part.shape[1]], stride=2, padding=1)

    def finish(self, begun: Tensor) -> Tensor:
        """The sum [B,C_out,H/2,W/2] of all parts -> the block's result."""
        convolution = cast(nn.Conv2d, self.model[2])
        x = self.model[3](begun + cast(Tensor, convolution.bias)[:, None, None])
        return self.model[5](self.model[4](x))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ResBlock(nn.Module):
    """Keeps the size: [B,C_in,H,W] -> [B,C_out,H,W]."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.model = nn.Sequential(
            normalisation(norm, inputs),
            activation(),
            nn.Conv2d(inputs, hidden, 3, padding=1),
            normalisation(norm, hidden),
            activation(),
            nn.Conv2d(hidden, outputs, 3, padding=1),
        )
        if inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1))
        else:
            self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.shortcut(x)


class ResBlocks(nn.Module):
    """The authors' wrapper of one residual block, kept for its key `model.0`."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.model = nn.Sequential(ResBlock(inputs=inputs, outputs=outputs, hidden=hidden, norm=norm))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class ResBlockDecoder(nn.Module):
    """Doubles the size: [B,C_in,H,W] -> [B,C_out,2H,2W]."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int, norm: str) -> None:
        super().__init__()
        self.model = nn.Sequential(
            normalisation(norm, inputs),
            activation(),
            nn.Conv2d(inputs, hidden, 3, padding=1),
            normalisation(norm, hidden),
            activation(),
            _upsampling(hidden, outputs),
        )
        self.shortcut = nn.Sequential(_upsampling(inputs, outputs))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.shortcut(x)


class Jump(nn.Module):
    """Skip connection of a flow net: [B,C,H,W] -> [B,outputs,H,W], reflection padded."""

    def __init__(self, *, inputs: int, outputs: int) -> None:
        super().__init__()
        self.before = nn.Sequential(activation(), nn.ReflectionPad2d(1))
        self.conv1 = nn.Conv2d(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(self.before(x))


class Output(Jump):
    """Features [B,C,H,W] -> image [B,outputs,H,W] in [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).tanh()


def add_spectral_norm(module: nn.Module) -> None:
    """Spectral norm on every convolution inside the blocks of this file: one power iteration per training forward.

    Convolutions elsewhere (flow heads, attention) stay, as in the authors' networks. A block that has it can't
    `begin` in parts.
    """
    blocks = [
        child for child in module.modules() if isinstance(child, EncoderBlock | ResBlock | ResBlockDecoder | Jump)
    ]
    for block in blocks:
        for child in [child for child in block.modules() if isinstance(child, nn.Conv2d | nn.ConvTranspose2d)]:
            nn.utils.spectral_norm(child)


def _upsampling(inputs: int, outputs: int) -> nn.Module:
    return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
