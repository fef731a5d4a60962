"""Render the example inputs source.png and driving.mp4: python examples/render_examples.py FOLDER [FRAMES] [SCALE]"""

import tempfile
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scenes import LENGTH, RATE, dance, draw_scene, stand

from pipelines.media.audio import AudioPlan
from pipelines.media.writer import open_output
from pipelines.synthetic.clips import render_clip
from pipelines.synthetic.scene import Scene

# Chosen by looking at many; to be chosen anew when people look different with the same seeds.
SOURCE_PERSON, SOURCE_BACKGROUND = 93, 9
DRIVING_PERSON, DRIVING_BACKGROUND = 42, 35
SOURCE_SIZE, DRIVING_SIZE = (480, 640), (360, 480)  # width and height
SOURCE_FILL, DRIVING_FILL = 0.72, 0.9  # of the pictures; the source has room for raised arms
SAMPLES = 44100  # of sound, a second
MELODY = (0, 7, 12, 7, 3, 7, 10, 15, 5, 8, 12, 17, 7, 10, 14, 19)  # semitones above A3, one per half beat


def render_frame(scene: Scene, time: int) -> np.ndarray:
    image = (render_clip(scene, torch.tensor([[time]])).images[0, 0] + 1) * 127.5
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
    large, small = ((round(width * size), round(height * size)) for width, height in (SOURCE_SIZE, DRIVING_SIZE))
    person = draw_scene(SOURCE_PERSON, SOURCE_BACKGROUND, stand(), large, SOURCE_FILL)
    Image.fromarray(render_frame(person, 0)).save(place / "source.png")
    driver = draw_scene(DRIVING_PERSON, DRIVING_BACKGROUND, dance(), small, DRIVING_FILL)
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
