"""Render the example inputs source.png and driving.mp4: python examples/render_examples.py FOLDER [FRAMES] [SCALE]"""

import tempfile
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from pipelines.media.audio import AudioPlan
from pipelines.media.writer import open_output
from pipelines.synthetic.body_clips import ClipConfig, render_body_clip
from pipelines.synthetic.body_scene import BodyScene, compose_scene, find_bounds, pose_bodies
from pipelines.synthetic.motion.expressions import FACE_ACTIONS
from pipelines.synthetic.motion.faces import FaceTrack
from pipelines.synthetic.motion.full_motion import FullMotion
from pipelines.synthetic.motion.inverse_kinematics import solve_pose
from pipelines.synthetic.motion.pose import Pose
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.camera import Camera
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds

# Chosen by looking at many; to be chosen anew when people look different with the same seeds.
SOURCE_PERSON, SOURCE_BACKGROUND = 21, 9
DRIVING_PERSON, DRIVING_BACKGROUND = 2, 18
RATE, LENGTH, SAMPLES = 25, 100, 44100
FILL = 0.88  # share of the picture that the person's motion spans
SHADOW = 0.3  # strength on the floor; there is none on the wall
MELODY = (0, 7, 12, 7, 3, 7, 10, 15, 5, 8, 12, 17, 7, 10, 14, 19)  # semitones above A3, one per half beat
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


def draw_scene(person: int, background: int, pose: Pose, width: int, height: int) -> BodyScene:
    """The person and the background of these seeds."""
    config = ClipConfig(height, width, length=LENGTH, fps=RATE, texture_size=256)
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
    """A camera that has the whole motion in the middle of the picture."""
    low, high = find_bounds(rest, pose)
    size = low.new_tensor([config.width, config.height])
    scale = FILL * (size / (high - low)).amin(-1)
    middle = (low + high) / 2 * low.new_tensor([1.0, -1.0])
    return Camera(scale, (size - 1) / 2 - scale[:, None] * middle), None


def render_frame(scene: BodyScene, time: int) -> np.ndarray:
    image = (render_body_clip(scene, torch.tensor([[time]])).images[0, 0] + 1) * 127.5
    return image.round().byte().permute(1, 2, 0).numpy()  # [H, W, 3]


def tune(seconds: float, half_beat: float = 0.25) -> np.ndarray:
    """Plucked notes over a kick drum, 16-bit samples."""
    time = np.arange(round(seconds * SAMPLES)) / SAMPLES
    note, since = np.divmod(time, half_beat)
    pitch = 220 * 2 ** (np.take(MELODY, note.astype(int), mode="wrap") / 12)
    pluck = sum(np.sin(2 * np.pi * k * pitch * since) / k**2 for k in (1, 2, 3)) * np.exp(-7 * since)
    beat = time % (2 * half_beat)
    kick = np.sin(2 * np.pi * 9 * (1 - np.exp(-18 * beat))) * np.exp(-9 * beat)
    return ((0.35 * pluck + 0.45 * kick) * 28000 * np.minimum(1, 40 * since)).clip(-32768, 32767).astype("<i2")


def main(folder: str, frames: str = "100", scale: str = "1") -> None:
    place, count, size = Path(folder), int(frames), float(scale)
    place.mkdir(parents=True, exist_ok=True)
    person = draw_scene(SOURCE_PERSON, SOURCE_BACKGROUND, stand(), round(480 * size), round(640 * size))
    Image.fromarray(render_frame(person, 0)).save(place / "source.png")
    driver = draw_scene(DRIVING_PERSON, DRIVING_BACKGROUND, dance(), round(360 * size), round(480 * size))
    rate = Fraction(RATE)
    shape = {"width": driver.config.width, "height": driver.config.height, "time_base": 1 / rate, "rate": rate}
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with wave.open(file.name, "wb") as sound:
            sound.setparams((1, 2, SAMPLES, 0, "NONE", ""))
            sound.writeframes(tune(count / RATE).tobytes())
        with open_output(place / "driving.mp4", **shape, audio=AudioPlan(Path(file.name)), overwrite=True) as writer:
            for index in range(count):
                writer.write(render_frame(driver, index % LENGTH), pts=index, duration=1)


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
