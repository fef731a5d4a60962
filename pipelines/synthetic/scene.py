"""Scenes of people in motion: who they are, how they move and where they stand, drawn but not yet rendered.

In: a `ClipConfig` and a generator. Out: a `Scene`, of which `clips.render_clip` renders any frames.

Legend: B batch, L frames of the whole motion, H height, W width.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.motion.motion import sample_motion
from pipelines.synthetic.people.body import sample_people
from pipelines.synthetic.people.camera import Camera, sample_camera, truncate_people
from pipelines.synthetic.people.primitives import People
from pipelines.synthetic.people.shading import Appearance, sample_appearance
from pipelines.synthetic.people.skeleton import Frames, Motion, Proportions, forward_kinematics, sample_proportions
from pipelines.synthetic.people.textures import sample_atlas, sample_outfit
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rendering.noise import chance, uniform
from pipelines.synthetic.rotations import rotate, rotation_about


@dataclass
class Scene:
    """B people in motion before their backgrounds; any frames can be rendered, at any time, in chunks of any size."""

    config: ClipConfig
    proportions: Proportions
    people: People
    appearance: Appearance
    frames: Frames
    """The whole motion of L frames."""
    camera: Camera
    background: Tensor
    """[B, 3, H, W] in [0, 1]."""
    shadow: Tensor
    """[B, 3] strengths of the shadows on floor and wall (0 none .. 1 black), and the shift of the wall shadow in parts
    of the width."""
    gain: Tensor
    """[B, 3] factor of the camera for red, green and blue."""
    gamma: Tensor
    """[B] exponent of the camera."""


def sample_scene(config: ClipConfig, *, batch: int, generator: Generator) -> Scene:
    """Draws people, clothes, motion, camera, light and background, on the generator's device."""
    proportions = sample_proportions(batch, generator)
    outfit = sample_outfit(batch, generator)
    people = sample_people(batch, generator, proportions, outfit=outfit)
    motion = _sample_motions(config, batch, generator)
    frames = _roll(forward_kinematics(proportions, motion), config.roll, generator)
    atlas = sample_atlas(batch, generator, size=config.texture_size, outfit=outfit)
    shadow = _sample_shadows(config, batch, generator)
    appearance = sample_appearance(atlas, outfit, generator)
    camera = sample_camera(
        people, frames, generator, size=(config.width, config.height), fill=config.fill, zoom=config.zoom,
        shift=config.shift,
    )  # fmt: skip
    if config.truncated:
        camera = truncate_people(camera, frames, generator, size=(config.width, config.height), share=config.truncated)
    return Scene(
        config=config,
        proportions=proportions,
        people=people,
        appearance=appearance,
        frames=frames,
        camera=camera,
        background=sample_backgrounds(batch, config.height, config.width, generator),
        shadow=shadow,
        gain=1 + 0.05 * uniform(generator, batch, 3, low=-1.0),
        gamma=torch.exp(0.15 * uniform(generator, batch, low=-1.0)),
    )


def _sample_motions(config: ClipConfig, batch: int, generator: Generator) -> Motion:
    """`config.actions` independent motions of equal length, one after the other without a transition."""
    lengths = [config.length // config.actions] * config.actions
    lengths[-1] += config.length - sum(lengths)
    motions = [
        sample_motion(batch, length, generator, fps=config.fps, amplitude=config.amplitude, athletic=config.athletic)
        for length in lengths
    ]
    rotations = torch.cat([motion.rotations for motion in motions], 1)  # [B, L, 17, 3, 3]
    return Motion(rotations, torch.cat([motion.root for motion in motions], 1))


def _roll(frames: Frames, roll: float, generator: Generator) -> Frames:
    """Turns the whole scene about the line of sight by a constant angle per clip, up to `roll` radians."""
    angle = roll * uniform(generator, len(frames.origin), low=-1.0)
    turn = rotation_about(2, angle)[:, None, None]  # [B, 1, 1, 3, 3]
    return Frames(turn @ frames.rotation, rotate(turn, frames.origin))


def _sample_shadows(config: ClipConfig, batch: int, generator: Generator) -> Tensor:
    """`Scene.shadow`, [B, 3]."""
    floor = uniform(generator, batch, low=0.1, high=0.55) * chance(generator, config.shadow, batch)
    wall = uniform(generator, batch, low=0.05, high=0.4) * chance(generator, config.shadow * 0.5, batch)
    wall = wall * config.wall_shadows
    return torch.stack([floor, wall, uniform(generator, batch, low=-1.0) * 0.12], -1)
