"""The people of the example inputs: who they are, how they stand and dance, and how the camera shows them."""

from dataclasses import replace

import torch
from torch import Generator, Tensor

from pipelines.synthetic.clips import ClipConfig
from pipelines.synthetic.motion.expressions import FACE_ACTIONS
from pipelines.synthetic.motion.faces import FaceTrack
from pipelines.synthetic.motion.full_motion import FullMotion
from pipelines.synthetic.motion.inverse_kinematics import solve_pose
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.camera import Camera
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.scene import Scene, compose_scene, find_bounds, pose_bodies

RATE, LENGTH = 25, 100  # frames a second, and frames
FLOOR = 0.94  # height at which feet stand, in heights of the picture
SHADOW = 0.2  # strength on the floor; there is none on the wall
# Where the right and the left hand are on each of the dance's eight beats, as in `Pose.arms`.
HANDS = (
    ((0.65, -0.6, 0.2), (0.65, -0.6, 0.2)), ((0.5, 0.75, 0.2), (0.85, -0.2, 0.2)),
    ((0.85, 0.1, 0.2), (0.85, 0.1, 0.2)), ((0.85, -0.2, 0.2), (0.5, 0.75, 0.2)),
    ((0.55, 0.75, 0.2), (0.55, 0.75, 0.2)), ((0.75, 0.5, 0.2), (0.35, 0.85, 0.2)),
    ((0.35, 0.85, 0.2), (0.75, 0.5, 0.2)), ((0.85, -0.1, 0.2), (0.85, -0.1, 0.2)),
)  # fmt: skip
STEPS = ((0.0, 0.0), (0.3, 0.0), (0.0, 0.0), (0.0, 0.3), (0.08, 0.08), (0.25, 0.08), (0.08, 0.25), (0.0, 0.0))
"""How far to the side the right and the left foot are on each beat, in leg lengths."""
LEAN = (0.0, -0.14, 0.0, 0.14, 0.0, 0.2, -0.2, 0.0)  # radians that the trunk bends to the side on each beat


def stand() -> Pose:
    """Standing at ease, facing the camera, the arms a little away from the body."""
    pose = Pose.neutral(1, LENGTH)
    pose.arms[..., :3] = torch.tensor((0.42, -0.84, 0.1))
    pose.legs[..., 0] += 0.05
    pose.heading += 0.1
    return pose


def dance() -> Pose:
    """Steps to the side and arms in the air, on the beat of the tune; the end leads into the beginning."""
    pose, beat = Pose.neutral(1, LENGTH), torch.arange(LENGTH) * len(HANDS) / LENGTH
    start, since = beat.long(), beat.frac()
    share = (1 - torch.cos(torch.pi * since)) / 2

    def move(keys: tuple[object, ...]) -> tuple[Tensor, Tensor]:
        """Where the keys of the beats lead at each moment, and how far it is from one key to the next."""
        values = torch.tensor(keys)
        change = values.roll(-1, 0)[start] - values[start]
        return values[start] + share.view(-1, *[1] * (values.dim() - 1)) * change, change

    pose.arms[0, ..., :3] = move(HANDS)[0]
    side, change = move(STEPS)
    pose.legs[0, ..., 0] += side
    pose.legs[0, ..., 1] += 0.3 * change.abs() * torch.sin(torch.pi * since)[:, None]
    pose.pelvis[0, :, 1] = -0.05 * torch.sin(torch.pi * since)
    pose.spine[0, :, 2] = move(LEAN)[0]
    pose.heading[0] = 0.25 * torch.sin(2 * torch.pi * beat / len(HANDS))
    return pose


def draw_scene(person: int, background: int, pose: Pose, size: tuple[int, int], fill: float) -> Scene:
    """The person and the background of these seeds; size: (width, height); fill: share of it that the motion spans."""
    width, height = size
    config = ClipConfig(height, width, length=LENGTH, fps=RATE, fill=(fill, fill), texture_size=256)
    smile = torch.tensor([0.5 * name.startswith("mouthSmile") for name in FACE_ACTIONS]).expand(1, LENGTH, -1)
    full = FullMotion(solve_pose(pose), pose.fingers, FaceTrack(smile, torch.zeros(1, LENGTH, 2)))

    def move(_: ClipConfig, model: BodyModel, rest: RestBody, generator: Generator) -> BodyPose:
        return pose_bodies(model, rest, full, 0.0, generator)

    scene = compose_scene(config, move, aim, batch=1, generator=torch.Generator().manual_seed(person))
    return replace(
        scene,
        background=sample_backgrounds(1, height, width, torch.Generator().manual_seed(background)),
        shadow=torch.tensor([[SHADOW, 0.0, 0.0]]),
        cast=scene.cast * torch.tensor([0.0, 1.0]),
    )


def aim(config: ClipConfig, rest: RestBody, pose: BodyPose, _: Generator) -> tuple[Camera, None]:
    """A camera that shows the whole motion, in the middle between left and right."""
    low, high = find_bounds(rest, pose)
    size = low.new_tensor([config.width, config.height])
    scale = config.fill[0] * (size / (high - low)).amin(-1)
    x = (config.width - 1) / 2 - scale * (low + high)[:, 0] / 2
    return Camera(scale, torch.stack([x, FLOOR * config.height + scale * low[:, 1]], -1)), None
