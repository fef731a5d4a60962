"""Plate network: the background of a picture, with the person filled in.

In: a picture and the hole to fill. Out: the picture with a filled hole. Our addition to the paper, trained by
`pipelines.training.plate`.

The network refines a push-pull filling. A U-net of gated convolutions leads to 1/8 of the image's size, where every
block also works on the picture's spectrum, so that bricks, planks and edges continue through a hole of any size, and
where one attention layer copies what is similar elsewhere.

B batch, C channels, H, W image size, h, w size of a map, S channels of the spectrum.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.layers import activation, zero_parameters
from models.ops.filling import push_pull

_INPUTS = 7  # channels: the known picture, the push-pull filling, what is known
_STEP = 8  # pixels of a cell of the coarsest map


@dataclass(frozen=True)
class PlateConfig:
    """Size of the plate network."""

    widths: tuple[int, int, int] = (32, 64, 128)
    """Channels at 1/2, 1/4 and 1/8 of the image's size."""

    dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4, 1)
    """One block at 1/8 of the image's size for each, with this distance of its convolution's taps."""

    spectral: int = 64
    """S, channels in which a block works on the spectrum."""

    heads: int = 4
    """Heads of the attention, in which the channels at 1/8 are divided."""


def bundled_plate() -> PlateConfig:
    """The plate network that ships with this package."""
    return PlateConfig()


class GatedConv(nn.Module):
    """Norm, then a convolution whose result is weighted by a second one: [B,C_in,h,w] -> [B,C_out,h/s,w/s].

    The gate lets a convolution ignore what is unknown. stride: s, 1 or 2.
    """

    def __init__(self, *, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, 2 * outputs, 2 + stride, stride=stride, padding=1)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        return _gate(self.activation, self.conv(self.norm(x)))


class Spectrum(nn.Module):
    """A convolution over the whole map: each frequency's channels are mixed, alike for all: [B,C,h,w] -> [B,C,h,w]."""

    def __init__(self, *, channels: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, hidden, 1)
        self.mix = nn.Sequential(nn.Conv2d(2 * hidden, 2 * hidden, 1), nn.BatchNorm2d(2 * hidden), activation())
        self.leave = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        with torch.autocast(x.device.type, enabled=False):
            waves = torch.fft.rfft2(x.float(), norm="ortho")  # [B,S,h,w//2+1]
        waves = self.mix(torch.cat([waves.real, waves.imag], 1)).float()
        with torch.autocast(x.device.type, enabled=False):
            real, imaginary = waves.chunk(2, 1)
            spread = torch.fft.irfft2(torch.complex(real, imaginary), s=x.shape[-2:], norm="ortho")
        return self.leave(x + spread)


class PlateBlock(nn.Module):
    """Residual block that works on neighbours and on the whole map: [B,C,h,w] -> [B,C,h,w]."""

    def __init__(self, *, channels: int, spectral: int, dilation: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.local = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.spectrum = Spectrum(channels=channels, hidden=spectral)
        self.join = nn.Conv2d(channels, 2 * channels, 1)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.norm1(x))
        y = self.activation(self.norm2(self.local(y) + self.spectrum(y)))
        return x + _gate(self.activation, self.join(y))


class CopyAttention(nn.Module):
    """Every cell takes what the cells most similar to it hold: [B,C,h,w] -> [B,C,h,w]."""

    def __init__(self, *, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.BatchNorm2d(channels)
        self.project = nn.Conv2d(channels, 3 * channels, 1)
        self.leave = nn.Conv2d(channels, channels, 1)
        zero_parameters(self.leave)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.project(self.norm(x)).unflatten(1, (3, self.heads, -1)).flatten(4)  # [B,3,heads,C/heads,h*w]
        query, key, value = (part.mT.contiguous() for part in parts.unbind(1))  # [B,heads,h*w,C/heads]
        found = F.scaled_dot_product_attention(query, key, value)
        return x + self.leave(found.mT.reshape(x.shape))


class PlateNetwork(nn.Module):
    """Fills a hole of a picture of any size."""

    def __init__(self, *, config: PlateConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth = config.widths
        self.enter = GatedConv(inputs=4 * _INPUTS, outputs=half)
        self.down1 = nn.Sequential(
            GatedConv(inputs=half, outputs=quarter, stride=2), GatedConv(inputs=quarter, outputs=quarter)
        )
        self.down2 = GatedConv(inputs=quarter, outputs=eighth, stride=2)
        blocks: list[nn.Module] = [
            PlateBlock(channels=eighth, spectral=config.spectral, dilation=dilation) for dilation in config.dilations
        ]
        blocks.insert(len(blocks) // 2, CopyAttention(channels=eighth, heads=config.heads))
        self.blocks = nn.Sequential(*blocks)
        self.up1 = GatedConv(inputs=eighth + quarter, outputs=quarter)
        self.up2 = GatedConv(inputs=quarter + half, outputs=half)
        self.detail = GatedConv(inputs=half, outputs=half)
        self.leave = nn.Conv2d(half, 4 * 3, 3, padding=1)
        zero_parameters(self.leave)

    def forward(self, image: Tensor, hole: Tensor) -> Tensor:
        """Fill the hole of a picture.

        Args:
            image: [B,3,H,W] in [-1, 1]; where the hole is above 0 it is not read.
            hole: [B,1,H,W] in 0..1, 1 where to fill; between, the filling is blended with the image.

        Returns:
            [B,3,H,W], exactly the image where the hole is 0.
        """
        height, width = image.shape[-2:]
        margin = (0, -width % _STEP, 0, -height % _STEP)
        known = F.pad((hole == 0).to(image.dtype), margin)  # what is added is unknown
        picture = F.pad(image, margin) * known
        start = push_pull(picture, known)
        filled = start.float() + self._refine(torch.cat([picture, start, known], 1)).float()
        return torch.lerp(image, filled[..., :height, :width].to(image.dtype), hole)

    def _refine(self, inputs: Tensor) -> Tensor:
        """What to add to the push-pull filling: [B,7,H,W] -> [B,3,H,W], H and W multiples of 8."""
        half = self.enter(F.pixel_unshuffle(inputs, 2))
        quarter = self.down1(half)
        eighth = self.blocks(self.down2(quarter))
        quarter = self.up1(torch.cat([_double(eighth), quarter], 1))
        half = self.up2(torch.cat([_double(quarter), half], 1))
        return F.pixel_shuffle(self.leave(self.detail(half)), 2)


def _gate(activation: nn.Module, x: Tensor) -> Tensor:
    """[B,2C,h,w] -> [B,C,h,w]: the first half, weighted by the second."""
    values, gate = x.chunk(2, 1)
    return activation(values) * gate.sigmoid()


def _double(x: Tensor) -> Tensor:
    """[B,C,h,w] -> [B,C,2h,2w]."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
