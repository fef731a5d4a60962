"""Sizes of the generators, and the numbers of each known network (official format, section 3).

Configs without paths or devices, one per kind of generator, and a function per known network. Weights files store the
config of their network under these field names.

B batch, S structure channels, H, W image size. Layer l is the resolution H/2^l x W/2^l.
"""

from dataclasses import dataclass, replace

from models.joints import (
    DETAIL_LIMBS,
    DETAILED_CHANNELS,
    DETAILED_STRUCTURES,
    FACE_CHANNELS,
    FACE_LIMBS,
    H36M17_LIMBS,
    STRUCTURE_CHANNELS,
)
from models.layers import channels_at

ANY = "any"  # category of objects of no known class: they have no front, so azimuths count from the picture
TORSO = ((1, 4), (11, 14), (1, 14), (4, 11))  # of the same joints: hips, shoulders, right and left side


@dataclass(frozen=True)
class GeneratorConfig:
    """Size of a generator; the defaults are the authors'."""

    image_channels: int = 3
    """Channels of source and generated images."""

    structure_channels: int = STRUCTURE_CHANNELS
    """S, channels of a structure map or code."""

    width: int = 64
    """Channels of the first layer of source encoder and target decoder; every further layer has twice as many."""

    max_width: int = 512
    """Cap of the channels of source encoder and target decoder."""

    layers: int = 3
    """Number of times that source encoder and target decoder halve the image size."""

    flow_width: int = 32
    """Channels of the first layer of the flow net; every further layer has twice as many."""

    flow_max_width: int = 256
    """Cap of the channels of the flow net."""

    flow_layers: int = 5
    """Number of times that the flow net halves the image size; H and W must be multiples of 2^flow_layers."""

    attention_layers: tuple[int, ...] = (2, 3)
    """The layers l with local attention, each from 1 to `layers`."""

    kernel_sizes: tuple[int, ...] = (5, 3)
    """Side of the patch that the local attention reads, in pixels of its map, for each of `attention_layers`."""

    attention_hidden: int = 128
    """Hidden channels of the local attention."""

    norm: str = "instance"
    """Normalisation of all blocks: "instance" or "batch"."""

    def channels(self, level: int) -> int:
        """Feature channels of source encoder and target decoder at 1/2^(level+1) of the image size."""
        return channels_at(level, width=self.width, max_width=self.max_width)

    @property
    def output_channels(self) -> int:
        """Channels that the target decoder makes."""
        return self.image_channels

    @property
    def attended(self) -> tuple[tuple[int, int], ...]:
        """(decoder step, kernel size) of every attention, coarse to fine; step i reads layer `layers` - i.

        Raises ValueError if there is not one kernel size per attended layer.
        """
        pairs = zip(self.attention_layers, self.kernel_sizes, strict=True)
        return tuple(sorted((self.layers - layer, kernel) for layer, kernel in pairs))


@dataclass(frozen=True)
class AnimationConfig(GeneratorConfig):
    """Size of a recurrent generator of people, which reads the previous frame and the reference image.

    With four image channels it makes people without background, as premultiplied RGBA: colour in [-1, 1] times
    coverage, and coverage in 0 to 1 (`models.layer`). With one of `DETAILED_STRUCTURES` as structure channels it sees
    hands, feet and the order of limbs as well as the 17 joints (docs/weights.md).
    """

    detail_hidden: int = 0
    """Hidden channels of the detail head (`models.detail`); 0 for a generator without one, as the authors'."""

    finger_hidden: int = 0
    """Hidden channels of the finger head (`models.fingers`), for `DETAILED_CHANNELS` structure channels; 0 for a
    generator without one."""

    restraint: tuple[float, float] = (0.0, 0.0)
    """What the detail head subtracts in eval mode from the logits of the generated image and of the previous frame."""

    doubt: float = 0.0
    """How fast, in eval mode, the detail head's logit of a source falls where the source, warped, differs from the
    generated image or is distorted (`models.doubt`); 0 for never."""

    limbs: tuple[tuple[int, int], ...] = ()
    """Pairs of joint indices whose rigid motion the flow can follow (`models.limbs`); none in the authors' networks.
    After the 17 joints of a person come the points of hands and feet, `models.joints.DETAIL_NAMES`."""

    shadow: bool = False
    """Whether the decoder also makes the person's shadow on what is behind; not in the authors' networks."""

    @property
    def structure_details(self) -> bool:
        """Whether structure maps have details."""
        return self.structure_channels in DETAILED_STRUCTURES

    @property
    def output_channels(self) -> int:
        """Channels that the target decoder makes: the image and the shadow."""
        return self.image_channels + self.shadow


@dataclass(frozen=True)
class PictureConfig(GeneratorConfig):
    """Size of a generator from one image to one image."""

    structure_channels: int = 18
    """S, channels of a structure map or code."""

    coded: bool = False
    """Whether structures are codes [B,S,1,1], as in the authors' view synthesis, rather than maps [B,S,H,W]."""

    spectral: bool = False
    """Whether all convolutions but the flow's heads and the attention have spectral norm."""


@dataclass(frozen=True)
class ViewConfig(GeneratorConfig):
    """Size of a generator of objects from any side, which needs camera poses instead of structures."""

    structure_channels: int = 0
    """Not used."""

    volume_channels: int = 16
    """Features of each cell of the volume."""

    volume_depth: int = 16
    """Cells of the volume along the viewing direction."""

    harmonics: int = 4
    """Number of multiples of the azimuth in the code of a camera pose (`models.turning.pose_code`)."""

    detail_hidden: int = 12
    """Hidden channels of the detail head (`models.detail`)."""

    restraint: tuple[float, float] = (0.0, 0.0)
    """What the detail head subtracts in eval mode from the logits of the generated and of the mirrored image."""

    lens: bool = False
    """Whether the codes hold distance and scale of the cameras (`models.turning.lens_code`)."""

    classes: tuple[str, ...] = ()
    """The kinds of objects that the codes tell apart; none if the generator is not told the kind."""

    @property
    def categories(self) -> tuple[str, ...]:
        """What it can show: its classes and `ANY`; cars and chairs if it is not told the kind."""
        return (*self.classes, ANY) if self.classes else ("car", "chair")

    @property
    def source_code_channels(self) -> int:
        """Channels of the code of the source's camera and the kind of object: pose, lens, kind."""
        return 2 * self.harmonics + 1 + 2 * self.lens + len(self.classes)

    @property
    def target_code_channels(self) -> int:
        """Channels of the code of a view: its pose, alone and from the source's, both lenses, and the kind."""
        return 2 * (2 * self.harmonics + 1 + 2 * self.lens) + len(self.classes)


def pose_fashion() -> PictureConfig:
    """The authors' person image generator for DeepFashion, 256 x 256 (official format, section 3.4)."""
    return PictureConfig()


def pose_market() -> PictureConfig:
    """The authors' person image generator for Market-1501, 128 x 64 (official format, section 3.4)."""
    return PictureConfig(attention_layers=(2,), kernel_sizes=(3,))


def shapenet_car() -> PictureConfig:
    """The authors' view synthesis of cars, 256 x 256 (official format, section 3.7): 18 azimuths and 3 elevations."""
    return PictureConfig(structure_channels=21, coded=True)


def shapenet_chair() -> PictureConfig:
    """The authors' view synthesis of chairs: a network of the same size."""
    return shapenet_car()


def face() -> GeneratorConfig:
    """The authors' face animation, 256 x 256 (official format, section 3.6): structures of 68 landmarks."""
    return GeneratorConfig(structure_channels=16)


def dance_fashion() -> AnimationConfig:
    """The authors' person animation for danceFashion, 256 x 256 (official format, section 3.5)."""
    return AnimationConfig()


def dance_iper() -> AnimationConfig:
    """The authors' person animation for iPER, 256 x 256: a network of the same size, trained with masks."""
    return AnimationConfig()


def bundled_person() -> AnimationConfig:
    """The person animation that ships with this package: a person without background and their shadow.

    Half the authors' width, three quarters in the flow nets, with limbs, the detail head and the finger head; its
    structures hold hands, feet and the order of limbs.
    """
    return AnimationConfig(
        image_channels=4,
        structure_channels=DETAILED_CHANNELS,
        width=32,
        max_width=256,
        flow_width=24,
        flow_max_width=128,
        kernel_sizes=(3, 3),
        attention_hidden=64,
        norm="batch",
        detail_hidden=12,
        finger_hidden=12,
        restraint=(1.0, 1.5),
        doubt=40.0,
        shadow=True,
        limbs=H36M17_LIMBS + TORSO + tuple((joint, joint) for joint in range(17)) + DETAIL_LIMBS,
    )


def bundled_face() -> AnimationConfig:
    """The face animation that ships with this package: head and shoulders without background.

    Its structures are lines through the 68 landmarks, the openings of mouth and eyes and the irises, its limbs pairs of
    landmarks. Faces move less far than people, so the flow nets are narrower and one layer shallower, and there is
    little to doubt: with doubt, mouths follow their drivers less. The rest is as narrow as 15 frames/s on two CPU cores
    allow (docs/benchmarks.md).
    """
    return replace(
        bundled_person(),
        structure_channels=FACE_CHANNELS,
        width=24,
        max_width=192,
        attention_hidden=32,
        finger_hidden=0,
        doubt=0.0,
        shadow=False,
        flow_width=8,
        flow_layers=4,
        limbs=FACE_LIMBS,
    )


def bundled_objects() -> ViewConfig:
    """The view synthesis of objects that ships with this package."""
    return ViewConfig(
        width=32,
        max_width=256,
        flow_width=32,
        flow_max_width=128,
        kernel_sizes=(3, 3),
        attention_hidden=64,
        norm="batch",
    )
