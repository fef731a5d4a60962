"""Sizes of the generators, and the numbers of each known network."""

from dataclasses import dataclass

from models.joints import H36M17_LIMBS
from models.layers import channels_at

TORSO = ((1, 4), (11, 14), (1, 14), (4, 11))  # of the same joints: hips, shoulders, right and left side


@dataclass(frozen=True)
class GeneratorConfig:
    """Size of a generator; the defaults are the authors'.

    `attention_layers` are resolutions (layer l is 1/2^l of the image) and `kernel_sizes` belongs to them one by one.
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

    def channels(self, level: int) -> int:
        """Feature channels at 1/2^(level+1) of the image size."""
        return channels_at(level, width=self.width, max_width=self.max_width)

    @property
    def attended(self) -> tuple[tuple[int, int], ...]:
        """(decoder step, kernel size) of every attention, coarse to fine."""
        pairs = zip(self.attention_layers, self.kernel_sizes, strict=True)
        return tuple(sorted((self.layers - layer, kernel) for layer, kernel in pairs))


@dataclass(frozen=True)
class AnimationConfig(GeneratorConfig):
    """A recurrent generator with two sources.

    `detail_hidden` 0 leaves the detail head out; `restraint` is its own. `limbs` are pairs of joints whose rigid motion
    the flow can follow (`models.limbs`), none without.
    """

    detail_hidden: int = 0
    restraint: tuple[float, float] = (0.0, 0.0)
    limbs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class PictureConfig(GeneratorConfig):
    """A generator from one picture to one picture.

    `coded`: structures are codes [B,S,1,1], as in view synthesis, and not maps. `spectral`: spectral norm on all
    convolutions but the flow's heads and the attention.
    """

    structure_channels: int = 18
    coded: bool = False
    spectral: bool = False


@dataclass(frozen=True)
class ViewConfig(GeneratorConfig):
    """A generator of objects from any side, which needs no structures.

    `volume_channels` times `volume_depth` features stand behind each other at every place of the coarsest attended
    layer; poses are coded with `harmonics` multiples of the azimuth. `detail_hidden` and `restraint` are the detail
    head's.
    """

    structure_channels: int = 0
    volume_channels: int = 16
    volume_depth: int = 16
    harmonics: int = 4
    detail_hidden: int = 12
    restraint: tuple[float, float] = (0.0, 0.0)

    @property
    def pose_channels(self) -> int:
        """Of the code of one pose."""
        return 2 * self.harmonics + 1


def pose_fashion() -> PictureConfig:
    """The authors' person image generator for DeepFashion, 256 x 256."""
    return PictureConfig()


def pose_market() -> PictureConfig:
    """The authors' person image generator for Market-1501, 128 x 64."""
    return PictureConfig(attention_layers=(2,), kernel_sizes=(3,))


def shapenet_car() -> PictureConfig:
    """The authors' view synthesis of cars, 256 x 256: 18 azimuths and 3 elevations."""
    return PictureConfig(structure_channels=21, coded=True)


def shapenet_chair() -> PictureConfig:
    """The authors' view synthesis of chairs: the same network."""
    return shapenet_car()


def face() -> GeneratorConfig:
    """The authors' face animation, 256 x 256: curves, distances and labels of 68 landmarks."""
    return GeneratorConfig(structure_channels=16)


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
        flow_width=16,
        flow_max_width=128,
        kernel_sizes=(3, 3),
        attention_hidden=64,
        norm="batch",
        detail_hidden=12,
        restraint=(1.0, 1.5),
        limbs=H36M17_LIMBS + TORSO + tuple((joint, joint) for joint in range(17)),
    )


def bundled_objects() -> ViewConfig:
    """The generator of cars and chairs that ships with this package."""
    return ViewConfig(
        width=32,
        max_width=256,
        flow_width=32,
        flow_max_width=128,
        kernel_sizes=(3, 3),
        attention_hidden=64,
        norm="batch",
    )
