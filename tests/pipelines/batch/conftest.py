"""Small inputs, made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.configs import KeypointsConfig
from pipelines.keypoint_extraction import extract_keypoints as extract
from tests.helpers.small_batches import small_clip, small_source, small_weights


@dataclass(frozen=True)
class Inputs:
    """Two pictures of people, two clips and the poses in them, files that are none, and weights."""

    sources: list[Path]
    clips: list[Path]
    tracks: list[Path]
    broken_source: Path
    broken_clip: Path
    weights: Path


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("bad.png", "bad.mp4"):
        (folder / name).write_text("This is not a picture.\n" * 50)
    clips = [small_clip(folder / "walk.mp4"), small_clip(folder / "turn.mp4", start=40, frames=6)]
    tracks = [clip.with_suffix(".json") for clip in clips]
    for clip, track in zip(clips, tracks, strict=True):
        extract(KeypointsConfig(clip, track, keypoints="bundled", device="cpu"))
    return Inputs(
        sources=[small_source(folder / f"{name}.png", shade=shade) for name, shade in (("ann", 1.0), ("bob", 0.8))],
        clips=clips,
        tracks=tracks,
        broken_source=folder / "bad.png",
        broken_clip=folder / "bad.mp4",
        weights=small_weights(folder / "small.safetensors"),
    )
