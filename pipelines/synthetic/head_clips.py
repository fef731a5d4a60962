"""Clips of heads and shoulders, filmed close up: people who turn their heads, talk, blink and look.

In: a `HeadClipConfig` and a generator. Out: a `Clip`, as of whole people, with the 68 points of their faces. The
training of face landmarks calls `sample_head_clip`, that of face animation chooses the frames of a `sample_head_scene`.

Legend: B people, T frames of the clip.
"""

from dataclasses import dataclass

from torch import Generator, Tensor

from pipelines.synthetic.clip_config import ClipConfig
from pipelines.synthetic.clips import Clip, render_clip
from pipelines.synthetic.motion.head_motion import sample_head_motion
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.camera import Camera
from pipelines.synthetic.people.skeleton import CHIN, CROWN
from pipelines.synthetic.rendering.noise import uniform
from pipelines.synthetic.scene import Scene, compose_scene, pose_bodies


@dataclass(frozen=True)
class HeadClipConfig(ClipConfig):
    """What clips of heads look like. Fields of `ClipConfig` about whole people have no effect."""

    shadow: float = 0.0
    """Share of the clips in which the person casts a shadow on the floor, which is not in the picture."""
    wall_shadows: bool = False
    """Whether people cast shadows on walls."""
    head: tuple[float, float] = (0.45, 0.8)
    """Range of the share of the picture's height that the head takes up from chin to crown."""
    shift: float = 0.1
    """Largest displacement of the head from the centre, in parts of the picture."""
    turn: tuple[float, float, float] = (0.35, 0.52, 0.25)
    """Largest pitch, yaw and roll of heads, radians."""
    gestures: float = 0.0
    """Share of the clips in which arms move, so that hands may be before the face."""
    wide_mouths: float = 0.5
    """Share of the clips in which a mouth goes from shut to far open and back."""
    shut_eyes: float = 0.4
    """Share of the clips in which eyes are shut for longer than a blink, again and again."""


def sample_head_clip(config: HeadClipConfig, *, batch: int, times: Tensor, generator: Generator) -> Clip:
    """Draws `batch` people and renders their frames `times` [B, T] (int64, below `config.length`)."""
    return render_clip(sample_head_scene(config, batch=batch, generator=generator), times)


def sample_head_scene(config: HeadClipConfig, *, batch: int, generator: Generator) -> Scene:
    """Draws `batch` people close up, of whom `render_clip` renders any frames."""
    return compose_scene(config, _sample_poses, _aim, batch=batch, generator=generator)


def _sample_poses(config: HeadClipConfig, model: BodyModel, rest: RestBody, generator: Generator) -> BodyPose:
    motion = sample_head_motion(
        len(rest.vertices), config.length, generator, turn=config.turn, gestures=config.gestures,
        wide_mouths=config.wide_mouths, shut_eyes=config.shut_eyes, fps=config.fps,
    )  # fmt: skip
    return pose_bodies(model, rest, motion, config.roll, generator)


def _aim(config: HeadClipConfig, rest: RestBody, pose: BodyPose, generator: Generator) -> tuple[Camera, None]:
    """A camera near whose centre the middle of the head is on average."""
    height = rest.proportions.head  # [B]
    local = (CHIN + CROWN) / 2 * height[:, None, None] * height.new_tensor([0.0, 1.0, 0.0])
    middle = pose.frames.point("head", local)[..., :2].mean(1)  # [B, 2]
    size = height.new_tensor((config.width, config.height))
    scale = uniform(generator, len(height), low=config.head[0], high=config.head[1]) * config.height / height
    moved = config.shift * size * uniform(generator, len(height), 2, low=-1.0)
    flipped = middle * middle.new_tensor([1.0, -1.0])
    return Camera(scale, (size - 1) / 2 - scale[:, None] * flipped + moved), None
