"""Rendered people without background, to be put into training pictures.

The recipes of the keypoint network and of the plate draw scenes, render them, and place what they get anew each time:
drawing people costs more than rendering them, and rendering more than placing them.

Legend: N rendered people, S source size, T poses of each, K = 17 COCO joints.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.clips import render_clip
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.camera import aim_camera
from pipelines.synthetic.people.skeleton import INDEX, Frames
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rotations import rotate, rotation_about
from pipelines.synthetic.scene import Scene, find_bounds, sample_scene, select_pose

_SECONDS, _RATE = 5, 5  # of a person's motion, and its frames per second
_FILL = (0.88, 0.92)  # of the picture by the person


@dataclass(frozen=True)
class CutoutConfig:
    """What the people look like."""

    source: int = 448
    """Height and width at which people are rendered before they are scaled, in pixels."""
    supersample: int = 1
    """Samples per pixel and direction."""
    poses: int = 1
    """Images of each person in one rendering."""
    texture_size: int = 128
    """Texels of clothes and skin per side."""
    athletic: float = 0.3
    """Fraction of people in sports and floor work: crouching, kneeling, sitting, lying, kicking, jumping."""
    any_heading: float = 0.75
    """Chance that a person is turned by any angle; otherwise its heading is the motion's, two in three frontal."""


@dataclass
class Cutouts:
    """Rendered people without background, and backgrounds to put them on. Images are uint8."""

    colours: Tensor
    """Colours times coverage [N, 3, S, S]."""
    coverage: Tensor
    """[N, 1, S, S]: the person with hair, clothes and all that is worn."""
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


def draw_scene(config: CutoutConfig, number: int, generator: Generator) -> Scene:
    """People in motion, as many as give at least `number` images in one rendering."""
    clips = ClipConfig(
        height=config.source, width=config.source, length=_SECONDS * _RATE, fps=_RATE, texture_size=config.texture_size,
        supersample=config.supersample, shadow=0.0, athletic=config.athletic,
    )  # fmt: skip
    return sample_scene(clips, batch=-(-number // config.poses), generator=generator)


def render_cutouts(config: CutoutConfig, scene: Scene, generator: Generator) -> Cutouts:
    """Renders every person of the scene in `config.poses` poses, each from any side, all of it in the picture."""
    batch, size = len(scene.gamma), (config.source, config.source)
    times = torch.randint(0, scene.config.length, (batch, config.poses), generator=generator, device=generator.device)
    pose = _turn_people(select_pose(scene.pose, times), config.any_heading, generator)
    low, high = find_bounds(scene.dressed.rest, pose)
    camera = aim_camera(low, high, generator, size=size, fill=_FILL, zoom=(1.0, 1.0), shift=0.0)
    order = torch.arange(config.poses, device=generator.device).expand(batch, -1)
    clip = render_clip(replace(scene, pose=pose, camera=camera), order)
    rgba = clip.rgba.flatten(0, 1)
    return Cutouts(
        _to_uint8((rgba[:, :3] + rgba[:, 3:]) / 2),
        _to_uint8(rgba[:, 3:]),
        clip.coco.flatten(0, 1),
        clip.coco_visible.flatten(0, 1),
        _to_uint8(scene.background).repeat_interleave(config.poses, 0),
    )


def _to_uint8(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


def _turn_people(pose: BodyPose, share: float, generator: Generator) -> BodyPose:
    """The poses seen from a random side, for a fraction `share` of them, with the pelvis above the world's origin."""
    frames = pose.frames
    angle = uniform(generator, *frames.origin.shape[:2], low=-torch.pi, high=torch.pi)
    turn = rotation_about(1, angle * chance(generator, share, *angle.shape))[:, :, None]  # [N / T, T, 1, 3, 3]
    pelvis = frames.origin[:, :, INDEX["pelvis"], None]
    ground = pelvis * pelvis.new_tensor([1.0, 0.0, 1.0])
    return replace(pose, frames=Frames(turn @ frames.rotation, rotate(turn, frames.origin - ground)))
