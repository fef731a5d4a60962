"""Jobs that take a moment: the example person, half a second of the example clip, a network of a few channels."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import torch
from PIL import Image

from models.generators.animation import AnimationGenerator
from models.generators.config import bundled_person
from models.weights import save_weights
from pipelines.batch.jobs import Job
from tests.helpers.media_files import DRIVING, SOURCE

SIZE = (180, 240)


def small_weights(path: Path) -> Path:
    """An animation generator that was never trained."""
    torch.manual_seed(4)
    config = replace(bundled_person(), width=4, max_width=16, flow_width=4, flow_max_width=8, attention_hidden=8)
    model = AnimationGenerator(config=config).eval()
    save_weights(path, model, architecture="animation", licence="test", command="test", extra={})
    return path


def small_source(path: Path, *, shade: float = 1.0) -> Path:
    """The example person, a quarter the size, in any brightness."""
    picture = Image.open(SOURCE).convert("RGB").resize(SIZE).point(lambda value: int(value * shade))
    picture.save(path)
    return path


def small_clip(path: Path, *, start: int = 0, frames: int = 4) -> Path:
    """A part of the example clip, half the size."""
    with av.open(str(DRIVING)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream("libx264", rate=25)
        stream.width, stream.height = SIZE
        for index, frame in enumerate(old.decode(video=0)):
            if start <= index < start + frames:
                shrunk = frame.reformat(*SIZE)
                shrunk.pts, shrunk.time_base = index - start, Fraction(1, 25)
                new.mux(stream.encode(shrunk))
        new.mux(stream.encode())
    return path


def animate_job(source: Path, driving: Path, weights: Path, **options: object) -> Job:
    """`gfla animate` of small files."""
    fixed = {"source": str(source), "driving": str(driving), "weights": str(weights), "keypoints": "bundled"}
    name = f"{source.stem}--{driving.stem}"
    return Job(name, "animate", {**fixed, "device": "cpu", **options}, f"{name}.mp4")
