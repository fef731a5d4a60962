"""Discriminators: pictures or clips in, a map of logits out; spectral norm on every convolution.

State-dict keys are the authors'. B batch, C channels, T frames, H, W image size, h, w size of a feature map.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from models.layers import activation, channels_at


class ResBlockEncoder(nn.Module):
    """Halves the size: [B,C_in,H,W] -> [B,C_out,H/2,W/2]."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            activation(),
            spectral_norm(nn.Conv2d(inputs, hidden, 3, padding=1)),
            activation(),
            spectral_norm(nn.Conv2d(hidden, outputs, 4, stride=2, padding=1)),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), spectral_norm(nn.Conv2d(inputs, outputs, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.shortcut(x)


class ResBlock3DEncoder(nn.Module):
    """Halves the size and loses two frames: [B,C_in,T,H,W] -> [B,C_out,T-2,H/2,W/2]."""

    def __init__(self, *, inputs: int, outputs: int, hidden: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            activation(),
            spectral_norm(nn.Conv3d(inputs, hidden, 3, padding=1)),
            activation(),
            spectral_norm(nn.Conv3d(hidden, outputs, (3, 4, 4), stride=(1, 2, 2), padding=(0, 1, 1))),
        )
        pool = nn.AvgPool3d((3, 2, 2), stride=(1, 2, 2))
        self.shortcut = nn.Sequential(pool, spectral_norm(nn.Conv3d(inputs, outputs, 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x) + self.shortcut(x)


class ResDiscriminator(nn.Module):
    """Residual discriminator of pictures, or of frame differences stacked as channels.

    Args:
        channels: input channels C.
        width, max_width: channels of the first layer, doubled up to the cap.
        layers: halvings of the image size.
    """

    def __init__(self, *, channels: int = 3, width: int = 32, max_width: int = 128, layers: int = 4) -> None:
        super().__init__()
        sizes = [channels_at(level, width=width, max_width=max_width) for level in range(layers)]
        self.block0 = ResBlockEncoder(inputs=channels, outputs=width, hidden=width)
        _add_encoders(self, sizes)
        self.head = activation()
        self.conv = spectral_norm(nn.Conv2d(sizes[-1], 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Image [B,C,H,W] in [-1, 1] -> logits [B,1,H/2^layers,W/2^layers]."""
        return self.conv(self.head(_encode(self, self.block0(image))))


class TemporalDiscriminator(nn.Module):
    """Discriminator of short clips (animation paper): two 3-D blocks, then the frames left are channels.

    Args:
        channels: of a frame.
        frames: T, at least 5.
        width, max_width: channels of the first layer, doubled up to the cap.
        layers: halvings of the image size, two of them in 3-D.
    """

    def __init__(
        self, *, channels: int = 3, frames: int = 6, width: int = 32, max_width: int = 128, layers: int = 4
    ) -> None:
        super().__init__()
        sizes = [channels_at(level, width=width, max_width=max_width) for level in range(layers)]
        self.block0 = ResBlock3DEncoder(inputs=channels, outputs=sizes[0], hidden=sizes[0])
        self.block1 = ResBlock3DEncoder(inputs=sizes[0], outputs=sizes[1], hidden=sizes[0])
        flat = [sizes[1] * (frames - 4), *sizes[2:]]
        _add_encoders(self, flat)
        self.head = activation()
        self.conv = spectral_norm(nn.Conv2d(flat[-1], 1, 1))

    def forward(self, clip: Tensor) -> Tensor:
        """Clip [B,C,T,H,W] in [-1, 1] -> logits [B,1,H/2^layers,W/2^layers]."""
        x = self.block1(self.block0(clip)).flatten(1, 2)  # [B,C*(T-4),h,w], time fastest
        return self.conv(self.head(_encode(self, x)))


class PatchDiscriminator(nn.Module):
    """Convolutions only; each output judges one patch.

    Used conditionally: picture and structure map are concatenated by the caller.

    Args:
        channels: input channels C.
        width, max_width: channels of the first layer, doubled up to the cap.
        layers: halvings of the image size.
    """

    def __init__(self, *, channels: int = 3, width: int = 64, max_width: int = 512, layers: int = 3) -> None:
        super().__init__()
        sizes = [channels, *(channels_at(level, width=width, max_width=max_width) for level in range(layers))]
        convolutions = [_patch(sizes[level], sizes[level + 1], stride=2) for level in range(layers)]
        convolutions += [_patch(sizes[-1], sizes[-1], stride=1)]
        self.model = nn.Sequential(
            *(layer for convolution in convolutions for layer in (convolution, activation())),
            _patch(sizes[-1], 1, stride=1),
        )

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """image [B, C, H, W] -> logits [B, 1, H/2^layers - 2, W/2^layers - 2] and the features of each layer."""
        features = []
        for layer in self.model:
            image = layer(image)
            if isinstance(layer, nn.LeakyReLU):
                features.append(image)
        return image, features


def res_fashion() -> ResDiscriminator:
    """The authors' for pictures of 256 x 256: person images, animation, faces, view synthesis."""
    return ResDiscriminator()


def res_market() -> ResDiscriminator:
    """The authors' for Market-1501, 128 x 64."""
    return ResDiscriminator(layers=3)


def res_face_video() -> ResDiscriminator:
    """The authors' for the differences of three neighbouring frames of a face."""
    return ResDiscriminator(channels=6)


def temporal_dance() -> TemporalDiscriminator:
    """The authors' for six frames of a person."""
    return TemporalDiscriminator()


def _patch(inputs: int, outputs: int, *, stride: int) -> nn.Conv2d:
    return spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=stride, padding=1, bias=False))


def _add_encoders(module: nn.Module, sizes: list[int]) -> None:
    for level, (inputs, outputs) in enumerate(pairwise(sizes)):
        module.add_module(f"encoder{level}", ResBlockEncoder(inputs=inputs, outputs=outputs, hidden=inputs))


def _encode(module: nn.Module, x: Tensor) -> Tensor:
    for name, block in module.named_children():
        if name.startswith("encoder"):
            x = block(x)
    return x
