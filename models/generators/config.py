"""Sizes of the animation generator, and the numbers of each known network."""

from dataclasses import dataclass

from models.layers import channels_at


@dataclass(frozen=True)
class AnimationConfig:
    """Size of the generator; the defaults are the authors'.

    `attention_layers` are resolutions (layer l is 1/2^l of the image) and `kernel_sizes` belongs to them one by one.
    `detail_hidden` 0 leaves the detail head out.
    """

    image_channels: int = 3
    structure_channels: int = 20
    width: int = 64
    max_width: int = 512
    layers: int = 3
    flow_width: int = 32
    flow_max_width: int = 256
    flow_layers: int = 5
    attention_layers: tuple[int, ...] = (2, 3)
    kernel_sizes: tuple[int, ...] = (5, 3)
    attention_hidden: int = 128
    norm: str = "instance"
    detail_hidden: int = 0

    def channels(self, level: int) -> int:
        """Feature channels at 1/2^(level+1) of the image size."""
        return channels_at(level, width=self.width, max_width=self.max_width)

    @property
    def attended(self) -> tuple[tuple[int, int], ...]:
        """(decoder step, kernel size) of every attention, coarse to fine."""
        pairs = zip(self.attention_layers, self.kernel_sizes, strict=True)
        return tuple(sorted((self.layers - layer, kernel) for layer, kernel in pairs))


def dance_fashion() -> AnimationConfig:
    """The authors' generator for danceFashion."""
    return AnimationConfig()


def dance_iper() -> AnimationConfig:
    """The authors' generator for iPER: the same network, trained with masks."""
    return AnimationConfig()


def bundled_person() -> AnimationConfig:
    """The generator that ships with this package."""
    return AnimationConfig(
        width=32,
        max_width=256,
        flow_width=24,
        flow_max_width=192,
        kernel_sizes=(3, 3),
        attention_hidden=64,
        norm="batch",
        detail_hidden=24,
    )
