"""Render the example inputs source.png and driving.mp4: python examples/render_examples.py FOLDER [FRAMES] [SCALE]"""

import tempfile
import wave
from dataclasses import dataclass, replace
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
from pipelines.synthetic.motion.faces import FaceTrack
from pipelines.synthetic.motion.full_motion import FullMotion, sample_full_motion
from pipelines.synthetic.motion.motion import Shares
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose
from pipelines.synthetic.people.camera import Camera
from pipelines.synthetic.people.skeleton import Motion
from pipelines.synthetic.rendering.backgrounds import sample_backgrounds
from pipelines.synthetic.rotations import mix_rotations


@dataclass(frozen=True)
class Take:
    """A picture or a video of one person, each part from a seed of its own, chosen by looking at many."""

    person: int
    """Seed of body, clothes and light."""
    motion: int
    background: int
    amplitude: float
    """Of the motion, as in `ClipConfig`."""


SOURCE = Take(person=21, motion=12, background=9, amplitude=0.4)
DRIVING = Take(person=13, motion=184, background=4, amplitude=1.0)
RATE, LENGTH, SAMPLES = 25, 100, 44100
OVERLAP = 16  # frames in which the end of the driving video turns into its beginning, so that it can be looped
FILL = 0.85  # share of the picture that the person's motion spans
MELODY = (0, 7, 12, 7, 3, 7, 10, 15, 5, 8, 12, 17, 7, 10, 14, 19)  # semitones above A3, one per half beat


def draw_scene(take: Take, width: int, height: int) -> BodyScene:
    """The person of a take in front of its background."""
    config = ClipConfig(height, width, length=LENGTH, fps=RATE, texture_size=256, shadow=1.0)

    def move(_: ClipConfig, model: BodyModel, rest: RestBody, generator: Generator) -> BodyPose:
        own, length = torch.Generator().manual_seed(take.motion), LENGTH + OVERLAP
        full = sample_full_motion(1, length, own, shares=Shares(), fps=RATE, amplitude=take.amplitude, tilt=0.0)
        return pose_bodies(model, rest, close_loop(full), 0.0, generator)

    scene = compose_scene(config, move, aim, batch=1, generator=torch.Generator().manual_seed(take.person))
    own = torch.Generator().manual_seed(take.background)
    return replace(scene, background=sample_backgrounds(1, height, width, own))


def close_loop(full: FullMotion) -> FullMotion:
    """`LENGTH` frames that can be repeated, from a motion of `OVERLAP` more: the first ones begin as those after the
    last one go on."""
    share = torch.linspace(0, 1, OVERLAP)

    def mix(values: Tensor) -> Tensor:
        weight = share.view(-1, *[1] * (values.dim() - 2))
        return torch.cat([torch.lerp(values[:, LENGTH:], values[:, :OVERLAP], weight), values[:, OVERLAP:LENGTH]], 1)

    turned = full.motion.rotations
    first = mix_rotations(turned[:, LENGTH:], turned[:, :OVERLAP], share[:, None, None, None])
    motion = Motion(torch.cat([first, turned[:, OVERLAP:LENGTH]], 1), mix(full.motion.root))
    return FullMotion(motion, mix(full.fingers), FaceTrack(mix(full.face.actions), mix(full.face.gaze)))


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
    person = draw_scene(SOURCE, round(480 * size), round(640 * size))
    Image.fromarray(render_frame(person, 0)).save(place / "source.png")
    driver, rate = draw_scene(DRIVING, round(360 * size), round(480 * size)), Fraction(RATE)
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
