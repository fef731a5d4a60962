"""Scenes of people with real bodies in motion: who they are, how they move and where they stand, not yet rendered.

In: a `ClipConfig` and a generator. Out: a `Scene`, of which `clips.render_clip` renders any frames.

Legend: B people, T frames of a clip, L frames of the whole motion, H height, W width.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Generator, Tensor

from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.motion.expressions import FACE_ACTIONS
from pipelines.synthetic.motion.faces import FaceTrack
from pipelines.synthetic.motion.full_motion import FullMotion, sample_full_motion
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose, spread_arms, turn_bones
from pipelines.synthetic.people.body_shapes import Shape, sample_shape
from pipelines.synthetic.people.camera import (
    Camera,
    aim_at_upper_body,
    aim_camera,
    choose_cameras,
    sample_cut_height,
    truncate_people,
)
from pipelines.synthetic.people.complexion import sample_complexion
from pipelines.synthetic.people.dressed import Dressed, DressedBody
from pipelines.synthetic.people.hosiery import choose_hosiery
from pipelines.synthetic.people.lighting import Lighting
from pipelines.synthetic.people.mesh_shading import MeshAppearance, sample_mesh_appearance
from pipelines.synthetic.people.skeleton import CROWN, Frames, Motion, Proportions, forward_kinematics
from pipelines.synthetic.people.textures import sample_atlas, sample_outfit
from pipelines.synthetic.people.wardrobe import sample_wardrobe
from pipelines.synthetic.people.wrinkles import Wrinkles, sample_wrinkles
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.furniture import sample_furniture
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rotations import rotate, rotation_about

_EVERYDAY, _WHOLE_BODY = 0.35, 0.5  # share of everyday gestures, and of actions of the whole body among athletic ones
_CAST = 0.45  # share of the shadows on the floor that are long
_FURNITURE = (0.05, 0.6)  # m of furniture that are in the picture
_FLESH = 0.1  # m from the ends of bones to the outline of a dressed person

Config = TypeVar("Config", bound=ClipConfig)
SamplePoses = Callable[[Config, BodyModel, RestBody, Generator], BodyPose]
Aim = Callable[[Config, RestBody, BodyPose, Generator], tuple[Camera, Tensor | None]]


@dataclass
class Scene:
    """B people in motion before their backgrounds; any frames can be rendered, at any time, in chunks of any size."""

    config: ClipConfig
    shape: Shape
    dressed: Dressed
    appearance: MeshAppearance
    pose: BodyPose
    """The whole motion of L frames."""
    camera: Camera
    background: Tensor
    """[B, 3, H, W] in [0, 1]."""
    shadow: Tensor
    """[B, 3] strengths of the shadows on floor and wall (0 none .. 1 black), and the shift of the wall shadow in parts
    of the width."""
    cast: Tensor
    """[B, 2] strength of the shadow along the floor (0 none .. 1 black), and tilt of the floor, see `cast_shadow`."""
    gain: Tensor
    """[B, 3] factor of the camera for red, green and blue."""
    gamma: Tensor
    """[B] exponent of the camera."""
    foreground: Tensor | None
    """[B, 4, H, W] what stands in front of the person: colour in [-1, 1] times coverage, and coverage in 0 to 1."""
    wrinkles: Wrinkles

    @property
    def proportions(self) -> Proportions:
        """Sizes of the rig."""
        return self.dressed.rest.proportions

    @property
    def frames(self) -> Frames:
        """The rig in the whole motion."""
        return self.pose.frames


def sample_scene(config: ClipConfig, *, batch: int, generator: Generator) -> Scene:
    """Draws people, clothes, motion, camera, light and background, on the generator's device."""
    return compose_scene(config, _sample_poses, aim_at_motion, batch=batch, generator=generator)


def compose_scene(
    config: Config, sample_poses: SamplePoses[Config], aim: Aim[Config], *, batch: int, generator: Generator
) -> Scene:
    """Draws people whose poses and camera are made by functions of the configuration and the generator.

    Args:
        sample_poses: the whole motion of people of the model with these rest bodies.
        aim: the camera that films these poses, and `Scene.foreground`.
    """
    model = BodyModel.load(generator.device)
    shape = sample_shape(batch, generator, local_axes=len(model.local_axes))
    rest = model.rest(shape)
    outfit = sample_outfit(batch, generator)
    wardrobe = sample_wardrobe(shape.female, shape.years, outfit, generator)
    complexion = sample_complexion(shape, wardrobe.hairline, generator)
    outfit = replace(outfit, skin=complexion.skin, hair=complexion.hair)
    pose = sample_poses(config, model, rest, generator)
    atlas = sample_atlas(batch, generator, size=config.texture_size, outfit=outfit)
    appearance = sample_mesh_appearance(
        atlas, outfit, wardrobe, complexion, choose_hosiery(outfit, wardrobe), generator
    )
    shadow = sample_shadows(config, batch, generator)
    camera, foreground = aim(config, rest, pose, generator)
    dressed = DressedBody.load(generator.device).dress(rest, wardrobe)
    return Scene(
        config=config,
        shape=shape,
        dressed=dressed,
        appearance=appearance,
        pose=pose,
        camera=camera,
        background=sample_backgrounds(batch, config.height, config.width, generator),
        shadow=shadow,
        cast=_sample_cast(shadow, appearance.lighting, generator),
        gain=1 + 0.05 * uniform(generator, batch, 3, low=-1.0),
        gamma=torch.exp(0.15 * uniform(generator, batch, low=-1.0)),
        foreground=foreground,
        wrinkles=sample_wrinkles(outfit, wardrobe, dressed, generator),  # drawn last, so that all else stays as it was
    )


def aim_at_motion(
    config: ClipConfig, rest: RestBody, pose: BodyPose, generator: Generator
) -> tuple[Camera, Tensor | None]:
    """A camera that shows the whole motion, or less of some people."""
    low, high = find_bounds(rest, slice_pose(pose, slice(None, None, 4)))
    size = (config.width, config.height)
    camera = aim_camera(low, high, generator, size=size, fill=config.fill, zoom=config.zoom, shift=config.shift)
    return _cut_people(config, camera, pose.frames, generator)


def _sample_poses(config: ClipConfig, model: BodyModel, rest: RestBody, generator: Generator) -> BodyPose:
    """`config.actions` independent motions of equal length, one after the other without a transition."""
    batch = len(rest.vertices)
    lengths = [config.length // config.actions] * config.actions
    lengths[-1] += config.length - sum(lengths)
    shares = Shares(
        athletic=config.athletic * (1 - _WHOLE_BODY),
        everyday=_EVERYDAY,
        whole_body=config.athletic * _WHOLE_BODY,
        turntable=config.turntable,
    )
    motions = [
        sample_full_motion(batch, length, generator, shares=shares, fps=config.fps, amplitude=config.amplitude)
        for length in lengths
    ]
    full = FullMotion(
        Motion(
            torch.cat([each.motion.rotations for each in motions], 1),
            torch.cat([each.motion.root for each in motions], 1),
        ),
        torch.cat([each.fingers for each in motions], 1),
        FaceTrack(
            torch.cat([each.face.actions for each in motions], 1), torch.cat([each.face.gaze for each in motions], 1)
        ),
    )
    return pose_bodies(model, rest, full, config.roll, generator)


def pose_bodies(model: BodyModel, rest: RestBody, full: FullMotion, roll: float, generator: Generator) -> BodyPose:
    """The poses of bodies that move so, before a camera that is rolled by up to `roll` radians."""
    motion = spread_arms(full.motion, model.find_arm_angle(rest))
    frames = _roll(forward_kinematics(rest.proportions, motion), roll, generator)
    order = [FACE_ACTIONS.index(name) for name in model.actions]
    return BodyPose(frames, full.fingers, full.face.actions[..., order], full.face.gaze)


def _roll(frames: Frames, roll: float, generator: Generator) -> Frames:
    """Turns the whole scene about the line of sight by a constant angle per clip, up to `roll` radians."""
    angle = roll * uniform(generator, len(frames.origin), low=-1.0)
    turn = rotation_about(2, angle)[:, None, None]  # [B, 1, 1, 3, 3]
    return Frames(turn @ frames.rotation, rotate(turn, frames.origin))


def find_bounds(rest: RestBody, pose: BodyPose) -> tuple[Tensor, Tensor]:
    """World x, y [B, 2] of the lower and the upper corner of a box around people in all frames, in metres."""
    _, origins = turn_bones(rest.bones, pose)
    height = rest.proportions.head[:, None, None] * origins.new_tensor([0.0, CROWN, 0.0])
    points = torch.cat([origins, pose.frames.point("head", height)[:, :, None]], 2)[..., :2].flatten(1, 2)
    return points.amin(1) - _FLESH, points.amax(1) + _FLESH


def slice_pose(pose: BodyPose, part: slice) -> BodyPose:
    """Some frames of a pose."""
    frames = Frames(pose.frames.rotation[:, part], pose.frames.origin[:, part])
    return BodyPose(frames, pose.fingers[:, part], pose.actions[:, part], pose.gaze[:, part])


def select_pose(pose: BodyPose, times: Tensor) -> BodyPose:
    """The frames `times` [B, T] of a pose, others for each person."""
    row = torch.arange(len(times), device=times.device)[:, None]
    frames = Frames(pose.frames.rotation[row, times], pose.frames.origin[row, times])
    return BodyPose(frames, pose.fingers[row, times], pose.actions[row, times], pose.gaze[row, times])


def sample_shadows(config: ClipConfig, batch: int, generator: Generator) -> Tensor:
    """`Scene.shadow`, [B, 3]."""
    floor = uniform(generator, batch, low=0.1, high=0.55) * chance(generator, config.shadow, batch)
    wall = uniform(generator, batch, low=0.05, high=0.4) * chance(generator, config.shadow * 0.5, batch)
    wall = wall * config.wall_shadows
    return torch.stack([floor, wall, uniform(generator, batch, low=-1.0) * 0.12], -1)


def _cut_people(
    config: ClipConfig, camera: Camera, frames: Frames, generator: Generator
) -> tuple[Camera, Tensor | None]:
    """Cameras and `Scene.foreground` of clips of which some show less than the whole person."""
    size = (config.width, config.height)
    if config.truncated:
        camera = truncate_people(camera, frames, generator, size=size, share=config.truncated)
    if not config.furniture:
        return camera, None
    batch = len(frames.origin)
    cut = sample_cut_height(frames, generator)
    below = uniform(generator, batch, low=_FURNITURE[0], high=_FURNITURE[1])
    upper = aim_at_upper_body(frames, cut - below, generator, size=size)
    chosen = chance(generator, config.furniture, batch)
    camera = choose_cameras(chosen, upper, camera)
    layers = sample_furniture(batch, config.height, config.width, camera.centre[:, 1] - camera.scale * cut, generator)
    return camera, layers * chosen.view(-1, 1, 1, 1)


def _sample_cast(shadow: Tensor, lighting: Lighting, generator: Generator) -> Tensor:
    """`Scene.cast` [B, 2]: some of those with a shadow on the floor cast a long one, the darker the harder the
    light."""
    batch = len(shadow)
    strength = 0.75 * lighting.shadow * chance(generator, _CAST, batch) * (shadow[:, 0] > 0)
    return torch.stack([strength, uniform(generator, batch, low=0.12, high=0.4)], 1)
