"""Rendered people without background, from which training crops of the keypoint network are made.

`keypoints.data.CropStream` renders them into a pool, `keypoints.crops` pastes them on backgrounds.

Legend: B batch, N people in a pool, S source size, K = 17 COCO joints.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from pipelines.synthetic.clips import render_clip
from pipelines.synthetic.people.skeleton import Frames
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rotations import rotation_about
from pipelines.synthetic.scene import ClipConfig, Scene, sample_scene


@dataclass(frozen=True)
class CropConfig:
    """What the crops look like. Fractions are of the crops of a batch, unless said otherwise."""

    size: int = 256
    """Height and width of the crops, in pixels."""
    source: int = 256
    """Height and width at which people are rendered before they are scaled, in pixels."""
    supersample: int = 2
    """Rays per pixel and direction."""
    poses: int = 2
    """Images of each person in one rendering."""
    keep: int = 2
    """Renderings of the same people."""
    renew: int = 4
    """Batches between two renderings."""
    pool: int = 12
    """Renderings from which a batch is drawn."""
    texture_size: int = 128
    """Texels of clothes and skin per side."""
    framing: tuple[float, float, float, float] = (0.54, 0.14, 0.16, 0.16)
    """Weights of how the person is framed: as a detector that follows it does, far, close, cut off."""
    usual: tuple[float, float] = (0.64, 0.98)
    """Part of the crop that a followed person takes, as a range."""
    beside: float = 0.45
    """Fraction with another person behind; half of it have one more."""
    before: float = 0.2
    """Fraction with another person in front."""
    occluder: float = 0.25
    """Fraction with each of two things in front."""
    clutter: float = 0.35
    """Fraction with each of six things behind."""
    nobody: float = 0.05
    """Fraction without any person."""
    athletic: float = 0.2
    """Fraction of people in sports and floor work: crouching, kneeling, sitting, lying, kicking, jumping."""
    any_heading: float = 0.75
    """Chance that a person is turned by any angle; otherwise its heading is the motion's, mostly frontal."""
    worn: float = 0.85
    """Fraction that went through a camera and a codec."""
    restyled: float = 0.2
    """Fraction with each of five random looks: filters, hues, tones, low light, motion blur."""


def detector_crops(config: CropConfig) -> CropConfig:
    """The crops of a detector that follows one person through an ordinary place: little clutter, fair images."""
    return replace(
        config, framing=(1.0, 0.0, 0.0, 0.0), usual=(0.76, 0.92), beside=0.15, before=0.0, occluder=0.03, clutter=0.15,
        nobody=0.0, worn=0.5, restyled=0.0, athletic=0.0,
    )  # fmt: skip


@dataclass
class Cutouts:
    """Rendered people without background, and backgrounds to put them on. Images are uint8."""

    colours: Tensor
    """Colours times coverage [N, 3, S, S]."""
    coverage: Tensor
    """[N, 1, S, S]."""
    joints: Tensor
    """[N, K, 2] in pixels."""
    seen: Tensor
    """Which joints are visible [N, K], bool."""
    backgrounds: Tensor
    """[N, 3, S, S]."""

    def __getitem__(self, index: Tensor) -> "Cutouts":
        return Cutouts(*(tensor[index] for tensor in vars(self).values()))

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def layers(self) -> Tensor:
        """Colours times coverage, and coverage: [N, 4, S, S] in [0, 1]."""
        return torch.cat([self.colours, self.coverage], 1).float() / 255


def draw_scene(config: CropConfig, batch: int, generator: Generator) -> Scene:
    """People in motion, enough for `batch` crops."""
    clips = ClipConfig(
        height=config.source, width=config.source, length=25, fps=5.0, fill=(0.8, 0.86), shift=0.0,
        texture_size=config.texture_size, supersample=config.supersample, shadow=0.0, athletic=config.athletic,
    )  # fmt: skip
    return sample_scene(clips, batch=-(-batch // config.poses), generator=generator)


def render_cutouts(config: CropConfig, scene: Scene, generator: Generator) -> Cutouts:
    """Render every person of the scene in `config.poses` poses, seen from any side."""
    times = torch.randint(
        0, scene.config.length, (len(scene.gamma), config.poses), generator=generator, device=generator.device
    )
    turned = _turn_people(scene, config.any_heading, generator)
    clip = render_clip(replace(scene, frames=turned, background=torch.zeros_like(scene.background)), times)
    return Cutouts(
        _to_uint8((clip.images.flatten(0, 1) + 1) / 2),
        _to_uint8(clip.mask.flatten(0, 1)),
        clip.coco.flatten(0, 1),
        clip.coco_visible.flatten(0, 1),
        _to_uint8(scene.background).repeat_interleave(config.poses, 0),
    )


def _to_uint8(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


def _turn_people(scene: Scene, share: float, generator: Generator) -> Frames:
    """The motion seen from a random side, for a fraction `share` of the frames; people stay where they are."""
    frames = scene.frames
    angle = uniform(generator, *frames.origin.shape[:2], low=-torch.pi, high=torch.pi)
    turn = rotation_about(1, angle * chance(generator, share, *angle.shape))[:, :, None]
    pelvis = frames.origin[:, :, :1]
    return Frames(turn @ frames.rotation, (turn @ (frames.origin - pelvis)[..., None])[..., 0] + pelvis)
