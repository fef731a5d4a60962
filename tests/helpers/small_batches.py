"""Jobs that take a moment: the example person, parts of the example video, networks of a few channels."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import torch
from PIL import Image

from models.generators.animation import AnimationGenerator
from models.generators.config import PictureConfig, bundled_person
from models.generators.picture import PictureGenerator
from models.joints import STRUCTURE_CHANNELS
from models.weights import save_weights
from pipelines.batch.jobs import Job
from pipelines.configs import KeypointsConfig
from pipelines.keypoint_extraction import extract_keypoints
from tests.helpers.media_files import DRIVING, SOURCE

SIZE = (180, 240)  # width and height in pixels


@dataclass(frozen=True)
class BatchInputs:
    """Files of a small batch."""

    sources: list[Path]
    """Two pictures of a person."""
    clips: list[Path]
    """Two videos of 4 and 6 frames."""
    tracks: list[Path]
    """The pose tracks of the videos."""
    broken_source: Path
    broken_clip: Path
    """Text files with the suffixes of a picture and a video."""
    weights: Path
    """An animation generator."""


def write_batch_inputs(folder: Path) -> BatchInputs:
    """Write all inputs into `folder`."""
    for name in ("bad.png", "bad.mp4"):
        (folder / name).write_text("This is not a picture.\n" * 50)
    clips = [write_small_clip(folder / "walk.mp4"), write_small_clip(folder / "turn.mp4", start=4, frames=6)]
    tracks = [clip.with_suffix(".json") for clip in clips]
    for clip, track in zip(clips, tracks, strict=True):
        extract_keypoints(KeypointsConfig(clip, track, keypoints="bundled", device="cpu"))
    return BatchInputs(
        sources=[write_small_source(folder / "ann.png"), write_small_source(folder / "bob.png", shade=0.8)],
        clips=clips,
        tracks=tracks,
        broken_source=folder / "bad.png",
        broken_clip=folder / "bad.mp4",
        weights=write_small_weights(folder / "small.safetensors"),
    )


def write_small_weights(path: Path, *, channels: int = 4, structure_channels: int = STRUCTURE_CHANNELS) -> Path:
    """An animation generator that was never trained; with 4 channels one that makes the person alone, as gfla needs."""
    torch.manual_seed(4)
    small = replace(bundled_person(), image_channels=channels, structure_channels=structure_channels)
    config = replace(small, width=4, max_width=16, flow_width=4, flow_max_width=8, attention_hidden=8)
    config = replace(config, doubt=0.0)  # what it generates is nothing, beside which nothing would be copied
    model = AnimationGenerator(config=config).eval()
    save_weights(path, model, architecture="animation", licence="test", command="test", extra={})
    return path


def write_small_car_weights(path: Path) -> Path:
    """A view generator of the authors' kind for cars that was never trained."""
    torch.manual_seed(1)
    small = PictureConfig(width=8, max_width=16, flow_width=4, flow_max_width=8, attention_hidden=8)
    model = PictureGenerator(config=replace(small, structure_channels=21, coded=True)).eval()
    kinds = {"architecture": "picture", "licence": "test", "command": "test", "extra": {}}
    save_weights(path, model, **kinds, official="shapenet_car", exact=True)
    return path


def write_small_source(path: Path, *, shade: float = 1.0) -> Path:
    """The example person, a quarter the size, in any brightness."""
    picture = Image.open(SOURCE).convert("RGB").resize(SIZE).point(lambda value: int(value * shade))
    picture.save(path)
    return path


def write_small_clip(path: Path, *, start: int = 0, frames: int = 4) -> Path:
    """A part of the example video, half the size."""
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


def make_animate_job(source: Path, driving: Path, weights: Path, **options: object) -> Job:
    """A job of `gfla animate` on the CPU with the bundled detector."""
    fixed = {"source": str(source), "driving": str(driving), "weights": str(weights), "keypoints": "bundled"}
    name = f"{source.stem}--{driving.stem}"
    return Job(name, "animate", {**fixed, "device": "cpu", **options}, f"{name}.mp4")
