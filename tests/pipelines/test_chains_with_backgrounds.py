"""`animate` and `transfer_pose` with every background, from files to files, by a small network."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from pipelines.animation import animate
from pipelines.configs import AnimateConfig, PoseConfig
from pipelines.generation.resources import Resources
from pipelines.media.sources import open_video
from pipelines.pose_transfer import transfer_pose
from pipelines.runtime.progress import NotesProgress
from tests.helpers.small_batches import SIZE, write_small_clip, write_small_source, write_small_weights
from tests.helpers.videos import make_clip, read_shade

FAINT = 16  # levels: networks that were never trained make everything a little visible
FAST: dict[str, Any] = {"keypoints": "bundled", "device": "cpu", "audio": "none"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person, a video of one who moves, weights, and a video that counts."""
    place = tmp_path_factory.mktemp("chains")
    write_small_source(place / "ann.png")
    Image.open(place / "ann.png").rotate(90, expand=True).save(place / "lying.png")
    write_small_clip(place / "walk.mp4", frames=2)
    write_small_weights(place / "layers.safetensors", channels=4)
    make_clip(place / "count.mp4", frames=1)
    return place


@pytest.fixture(scope="module")
def resources() -> Resources:
    return Resources()


def run(folder: Path, resources: Resources, output: Path, **options: Any) -> tuple[dict, list[str]]:
    """Run `animate`: its report and notes."""
    source = folder / options.pop("source", "ann.png")
    weights, progress = str(folder / "layers.safetensors"), NotesProgress()
    config = AnimateConfig(source, folder / "walk.mp4", output=output, weights=weights, **FAST, **options)
    return animate(config, progress, resources).summary(), progress.notes


def frames(path: Path) -> list[np.ndarray]:
    return [frame.image for frame in open_video(path)]


def test_a_video_goes_on_behind_the_person_and_is_an_input_of_the_report(
    folder: Path, resources: Resources, tmp_path: Path
) -> None:
    report, notes = run(folder, resources, tmp_path / "frames", background=str(folder / "count.mp4"))
    corners = [np.asarray(Image.open(path))[:4, :4] for path in sorted((tmp_path / "frames").iterdir())]
    assert [read_shade(corner) for corner in corners] == [0, 0]
    assert report["inputs"]["background"]["path"] == str(folder / "count.mp4")
    assert any("it starts again" in note for note in notes)


def test_nothing_is_behind_the_person_in_a_video_with_alpha(folder: Path, resources: Resources, tmp_path: Path) -> None:
    run(folder, resources, tmp_path / "out.mov", background="transparent")
    with av.open(str(tmp_path / "out.mov")) as container:
        (first, *rest) = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    assert len(rest) == 1
    assert first[:4, :4, 3].max() < FAINT
    assert first[..., 3].max() > 128


def test_a_comparison_shows_a_checkerboard(folder: Path, resources: Resources, tmp_path: Path) -> None:
    run(folder, resources, tmp_path / "out.mp4", background="transparent", compare=True)
    panel = frames(tmp_path / "out.mp4")[0][-SIZE[1] :, -SIZE[0] :]
    assert np.abs(panel[4:12, 4:12].astype(int) - 204).max() < 12
    assert np.abs(panel[4:12, 20:28].astype(int) - 255).max() < 12


def test_the_driving_video_has_its_own_size_and_another_person(
    folder: Path, resources: Resources, tmp_path: Path
) -> None:
    report, _ = run(folder, resources, tmp_path / "out.mp4", background="driving", crf=4)
    driving, result = frames(folder / "walk.mp4"), frames(tmp_path / "out.mp4")
    assert report["size"] == [driving[0].shape[1], driving[0].shape[0]]
    assert len(result) == len(driving)
    for before, after in zip(driving, result, strict=True):
        assert np.abs(before[:6].astype(int) - after[:6]).mean() < 4
        assert np.abs(before.astype(int) - after).max() > 60


def test_a_picture_on_its_side_has_an_upright_background(folder: Path, resources: Resources, tmp_path: Path) -> None:
    """The person lies as in the picture, the file is shown as it is."""
    slope = np.repeat(np.arange(240, dtype=np.uint8)[None, :, None], 180, 0).repeat(3, 2)
    Image.fromarray(slope).save(tmp_path / "slope.png")
    output = tmp_path / "frames"
    run(folder, resources, output, source="lying.png", background=str(tmp_path / "slope.png"))
    picture = np.asarray(Image.open(output / "00000.png"))
    assert picture.shape == slope.shape
    assert np.abs(picture[0].astype(int) - slope[0]).max() < FAINT


def test_a_pose_before_a_colour(folder: Path, resources: Resources, tmp_path: Path) -> None:
    options: dict[str, Any] = {"keypoints": "bundled", "device": "cpu", "weights": str(folder / "layers.safetensors")}
    source, output = folder / "ann.png", tmp_path / "out.png"
    transfer_pose(PoseConfig(source, (source,), output=output, background="#1e90ff", **options), resources=resources)
    picture = np.asarray(Image.open(output)).astype(int)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(picture[:4, :4] - (30, 144, 255)).max() < FAINT
    assert np.abs(picture - (30, 144, 255)).max() > 128
