"""Discriminators (official format, section 3.9): images or clips in [-1, 1] in, a map of logits out.

Every convolution has spectral norm; state-dict keys are the authors'. `official_discriminators` builds those that the
authors trained each of their networks against. Used in training only.

B batch, C channels, T frames, H, W image size, h, w size of a feature map.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from models.layers import activation, channels_at

GENERATOR_WIDTH = 64  # channels of the first layer of the authors' generators
DANCE_VIDEO_FRAMES = 6  # consecutive frames that the video discriminator of person animation sees
FACE_VIDEO_FRAMES = 3  # consecutive frames whose differences the video discriminator of face animation sees
IMAGE_CHANNELS = 3


class ResBlockEncoder(nn.Module):
    """Residual block without norm that halves the size: [B,C_in,H,W] -> [B,C_out,H/2,W/2].

    inputs, hidden, outputs: channels before, between and after the two convolutions.
    """

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
    """Residual block of clips that halves the size and loses two frames: [B,C_in,T,H,W] -> [B,C_out,T-2,H/2,W/2].

    inputs, hidden, outputs: channels before, between and after the two convolutions.
    """

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
    """Residual discriminator of images, or of frame differences stacked as channels.

    Args:
        channels: input channels C.
        width: channels of the first layer; every further layer has twice as many, up to max_width.
        max_width: cap of the channels.
        layers: number of times that the image size is halved.
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
    """Discriminator of short clips (animation paper): two 3-D blocks, after which the remaining frames are channels.

    Args:
        channels: C, channels of a frame.
        frames: T, at least 5.
        width: channels of the first layer; every further layer has twice as many, up to max_width.
        max_width: cap of the channels.
        layers: number of times that the image size is halved, at least 2: two of them in 3-D.
    """

    def __init__(
        self, *, channels: int = 3, frames: int = 6, width: int = 32, max_width: int = 128, layers: int = 4
    ) -> None:
        super().__init__()
        sizes = [channels_at(level, width=width, max_width=max_width) for level in range(layers)]
        self.block0 = ResBlock3DEncoder(inputs=channels, outputs=sizes[0], hidden=sizes[0])
        self.block1 = ResBlock3DEncoder(inputs=sizes[0], outputs=sizes[1], hidden=sizes[0])
        flat = [sizes[1] * (frames - 4), *sizes[2:]]  # each 3-D block loses two frames
        _add_encoders(self, flat)
        self.head = activation()
        self.conv = spectral_norm(nn.Conv2d(flat[-1], 1, 1))

    def forward(self, clip: Tensor) -> Tensor:
        """Clip [B,C,T,H,W] in [-1, 1] -> logits [B,1,H/2^layers,W/2^layers]."""
        x = self.block1(self.block0(clip)).flatten(1, 2)  # [B,C*(T-4),h,w], time fastest
        return self.conv(self.head(_encode(self, x)))


class PatchDiscriminator(nn.Module):
    """Discriminator of convolutions only, each of whose outputs judges one patch.

    To make it conditional, concatenate the image and its structure map.

    Args:
        channels: input channels C.
        width: channels of the first layer; every further layer has twice as many, up to max_width.
        max_width: cap of the channels.
        layers: number of times that the image size is halved.
    """

    def __init__(self, *, channels: int = 3, width: int = 64, max_width: int = 512, layers: int = 3) -> None:
        super().__init__()
        sizes = [channels, *(channels_at(level, width=width, max_width=max_width) for level in range(layers))]
        convolutions = [_patch_convolution(sizes[level], sizes[level + 1], stride=2) for level in range(layers)]
        convolutions += [_patch_convolution(sizes[-1], sizes[-1], stride=1)]
        self.model = nn.Sequential(
            *(layer for convolution in convolutions for layer in (convolution, activation())),
            _patch_convolution(sizes[-1], 1, stride=1),
        )

    def forward(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Image [B,C,H,W] in [-1, 1] -> logits [B,1,H/2^layers-2,W/2^layers-2] and the features of every layer."""
        features = []
        for layer in self.model:
            image = layer(image)
            if isinstance(layer, nn.LeakyReLU):
                features.append(image)
        return image, features


def official_discriminators(name: str, *, generator_width: int = GENERATOR_WIDTH) -> list[nn.Module]:
    """The discriminators that the authors trained configuration `name` against: of images, then of video if any.

    Args:
        name: one of `models.weights.official.OFFICIAL`, such as "pose_fashion"; "keypoint" has none.
        generator_width: channels of the generator's first layer; all widths of the discriminators are proportional.

    Raises:
        KeyError: unknown name.
    """
    return [build(generator_width) for build in OFFICIAL_DISCRIMINATORS[name]]


def res_fashion(generator_width: int = GENERATOR_WIDTH) -> ResDiscriminator:
    """The authors' discriminator of 256 x 256 images: person images, animation, faces, view synthesis."""
    return ResDiscriminator(**_widths(generator_width), layers=4)


def res_market(generator_width: int = GENERATOR_WIDTH) -> ResDiscriminator:
    """The authors' discriminator of Market-1501 images, 128 x 64."""
    return ResDiscriminator(**_widths(generator_width), layers=3)


def res_face_video(generator_width: int = GENERATOR_WIDTH) -> ResDiscriminator:
    """The authors' discriminator of face clips: of the differences [B,6,H,W] between FACE_VIDEO_FRAMES frames."""
    channels = IMAGE_CHANNELS * (FACE_VIDEO_FRAMES - 1)
    return ResDiscriminator(channels=channels, **_widths(generator_width), layers=4)


def temporal_dance(generator_width: int = GENERATOR_WIDTH) -> TemporalDiscriminator:
    """The authors' discriminator of clips [B,3,6,H,W] of a person: DANCE_VIDEO_FRAMES frames."""
    return TemporalDiscriminator(frames=DANCE_VIDEO_FRAMES, **_widths(generator_width), layers=4)


OFFICIAL_DISCRIMINATORS: dict[str, tuple[Callable[[int], nn.Module], ...]] = {
    "pose_fashion": (res_fashion,),
    "pose_market": (res_market,),
    "dance_fashion": (res_fashion, temporal_dance),
    "dance_iper": (res_fashion, temporal_dance),
    "face": (res_fashion, res_face_video),
    "shapenet_car": (res_fashion,),
    "shapenet_chair": (res_fashion,),
    "keypoint": (),
}


def _widths(generator_width: int) -> dict[str, int]:
    return {"width": generator_width // 2, "max_width": 2 * generator_width}


def _patch_convolution(inputs: int, outputs: int, *, stride: int) -> nn.Conv2d:
    return spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=stride, padding=1, bias=False))


def _add_encoders(module: nn.Module, sizes: list[int]) -> None:
    for level, (inputs, outputs) in enumerate(pairwise(sizes)):
        module.add_module(f"encoder{level}", ResBlockEncoder(inputs=inputs, outputs=outputs, hidden=inputs))


def _encode(module: nn.Module, x: Tensor) -> Tensor:
    for name, block in module.named_children():
        if name.startswith("encoder"):
            x = block(x)
    return x
