"""`animate` with the authors' networks: the pictures equal their chain written out in tests/helpers."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError, WeightsError
from models.joints import DETAILED_CHANNELS, HAND_POINTS, STRUCTURE_CHANNELS
from models.weights import load_weights
from models.weights.bundled import bundled_files
from pipelines import AnimateConfig, AnimateResult, animate
from pipelines.animation import prepare_animation
from pipelines.generation.resources import Resources
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import SOURCE
from tests.helpers.official_checkpoints import find_official_files
from tests.helpers.official_networks import (
    FRAMES,
    HEIGHT,
    WIDTH,
    assert_same_picture,
    expected_clip,
    import_official,
    load_source,
    make_driving_poses,
    write_official_weights,
)
from tests.helpers.poses import make_standing_pose
from tests.helpers.small_batches import write_small_weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights, and the pose track driving.json."""
    return write_official_weights(tmp_path_factory.mktemp("official"))


@pytest.fixture(autouse=True)
def _weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(folder))


def config(folder: Path, output: Path, **fields: str) -> AnimateConfig:
    common = {"device": "cpu", "keypoints": "bundled", "precision": "fp32"}
    return AnimateConfig(SOURCE, folder / "driving.json", output=output, **common, **fields)  # pyright: ignore[reportArgumentType]


def write_cut_track(path: Path) -> Path:
    """Two frames of a person without legs."""
    pose = make_standing_pose()
    pose[13:, 2] = 0
    save_track(path, PoseTrack("coco17", 200, 300, Fraction(1, 25), [PoseFrame(n, pose[None]) for n in (0, 1)]))
    return path


def crops(folder: Path, made: Path, weights: str, motion: str) -> AnimateResult:
    """Write the pictures that the generator makes without retargeting into the folder `made`."""
    return animate(config(folder, made / "%05d.png", weights=weights, motion=motion, retarget="none", frame="crop"))


def assert_same_clip(made: Path, expected: list[np.ndarray]) -> None:
    files = sorted(made.glob("*.png"))
    assert len(files) == FRAMES
    for path, picture in zip(files, expected, strict=True):
        assert_same_picture(np.asarray(Image.open(path)), picture)


def test_a_clip_by_the_authors_networks(folder: Path, tmp_path: Path) -> None:
    report = crops(folder, tmp_path, "iper", "cleaner").summary()
    assert_same_clip(tmp_path, expected_clip(load_weights("iper"), load_weights("cleaner")))
    assert (report["frames"], report["weights"], report["keypoints"]) == (FRAMES, "iper", "bundled")
    assert len(report["inputs"]["source"]["sha256"]) == 64
    assert report["options"]["retarget"] == "none"
    assert report["versions"]["torch"]
    assert report["seconds"]["generate"] >= 0


def test_a_picture_on_its_side_is_animated_and_lies_as_before(folder: Path, tmp_path: Path) -> None:
    write_small_weights(folder / "small.safetensors")
    lying, progress = tmp_path / "lying.webp", NotesProgress()
    still = Image.open(SOURCE).convert("RGB").resize((240, 320)).transpose(Image.Transpose.ROTATE_90)
    still.save(lying, save_all=True, append_images=[still.rotate(180)], lossless=True)
    track = write_cut_track(tmp_path / "driving.json")
    options = {"device": "cpu", "keypoints": "bundled", "weights": "small"}
    turned = AnimateConfig(lying, track, output=tmp_path / "%05d.png", **options)  # pyright: ignore[reportArgumentType]
    animate(turned, progress)
    result = np.asarray(Image.open(tmp_path / "00000.png"))
    assert result.shape == (240, 320, 3)
    same = (result == np.asarray(still)).all(-1)
    assert same[:, -1].all(), "what is beside the person stays as it lies"
    assert [note.split(":")[0] for note in progress.notes] == [
        f"{lying} has 2 pictures",
        "the person in the picture is not upright",
        "the person in the video is found, but only down to the hips",
    ]


def write_detailed_track(path: Path) -> Path:
    """A frame of a person whose left hand is known."""
    pose, hand = make_standing_pose(), np.zeros((HAND_POINTS, 3), np.float32)
    hand[:, :2] = pose[9, :2] + np.arange(HAND_POINTS)[:, None]
    frame = PoseFrame(0, pose[None], details=(PersonDetails(left_hand=hand),))
    save_track(path, PoseTrack("coco17", 200, 300, Fraction(1, 25), [frame]))
    return path


@pytest.mark.parametrize("channels", [STRUCTURE_CHANNELS, DETAILED_CHANNELS])
def test_a_hand_of_a_pose_file_reaches_the_generator_that_sees_hands(
    channels: int, folder: Path, tmp_path: Path
) -> None:
    write_small_weights(folder / "detailed.safetensors", structure_channels=channels)
    track = write_detailed_track(tmp_path / "driving.json")
    options = {"device": "cpu", "keypoints": "bundled", "weights": "detailed"}
    job = AnimateConfig(SOURCE, track, output=tmp_path / "%05d.png", **options)  # pyright: ignore[reportArgumentType]
    with prepare_animation(job, NotesProgress(), Resources()) as animation:
        maps = animation.processor.frame_inputs(0).structure
        source = animation.processor.source_inputs().structure
    drawn = maps[STRUCTURE_CHANNELS:].max((1, 2))
    expected = [1, 1, 1] + 7 * [0] + [1, 0, 0, 0] + [1, 0]  # the left hand, that hands are known, and its fingers
    np.testing.assert_allclose(drawn, expected[: len(drawn)], atol=0.05)
    assert source.shape[0] == channels
    assert not source[STRUCTURE_CHANNELS:].any(), "the bundled detector knows no details of the source"


def test_further_pictures_lie_as_they_like_and_are_part_of_the_report(folder: Path, tmp_path: Path) -> None:
    weights = str(write_small_weights(tmp_path / "small.safetensors"))
    lying = tmp_path / "lying.png"
    Image.open(SOURCE).convert("RGB").transpose(Image.Transpose.ROTATE_90).save(lying)
    options = {"keypoints": "bundled", "weights": weights, "device": "cpu", "max_frames": 1}
    alone = AnimateConfig(SOURCE, folder / "driving.json", output=tmp_path / "alone" / "%05d.png", **options)
    several = replace(alone, also=(lying, SOURCE), output=tmp_path / "several" / "%05d.png")
    animate(alone)
    report = animate(several).summary()
    frames = [np.asarray(Image.open(tmp_path / name / "00000.png")).astype(int) for name in ("alone", "several")]
    assert np.abs(frames[0] - frames[1]).mean() < 1, "the same picture three times is one picture"
    assert [Path(each["path"]).name for each in report["record"]["inputs"]["also"]] == [lying.name, SOURCE.name]


def test_weights_that_paint_the_background_take_no_further_pictures(folder: Path, tmp_path: Path) -> None:
    job = config(folder, tmp_path / "out.mp4", weights="iper", motion="cleaner")
    with pytest.raises(InputError, match="--also: iper weights don't make the person alone; use --weights person"):
        animate(replace(job, also=(SOURCE,)))


@pytest.mark.slow
@pytest.mark.skipif(
    not {"dance_fashion", "keypoint"} <= set(find_official_files()), reason="the reference files lack it"
)
def test_a_clip_by_imported_checkpoints(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    expected = expected_clip(import_official("dance_fashion", tmp_path), import_official("keypoint", tmp_path))
    crops(folder, tmp_path, "dance_fashion", "keypoint")
    assert_same_clip(tmp_path, expected)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A track of somebody who walks out of the source picture to the right."""
    poses = make_driving_poses()[[0] * 10]
    poses[..., 0] += 60 * np.arange(10)[:, None]
    frames = [PoseFrame(number, pose[None]) for number, pose in enumerate(poses)]
    path = tmp_path_factory.mktemp("walk") / "walk.json"
    save_track(path, PoseTrack("coco17", WIDTH, HEIGHT, Fraction(1, 25), frames))
    return path


@pytest.mark.parametrize(
    ("options", "inside", "told"),
    [
        ({}, True, True),
        ({"place": "follow"}, False, False),
        ({"place": "still"}, True, False),
        ({"retarget": "fit"}, True, True),
        ({"retarget": "none"}, False, False),
    ],
)
def test_the_body_stays_in_the_picture_unless_its_path_is_followed(
    options: dict[str, Any], inside: bool, told: bool, walk: Path, tmp_path: Path
) -> None:
    weights, progress = str(write_small_weights(tmp_path / "small.safetensors")), NotesProgress()
    config = AnimateConfig(SOURCE, walk, output=tmp_path / "out.mp4", weights=weights, keypoints="bundled", **options)
    with prepare_animation(config, progress, Resources()) as animation:
        hips = animation.processor.poses[:, 0, 0]
    assert (hips.min() > 0 and hips.max() < load_source().shape[1]) == inside
    assert any("the motion leaves the picture" in note for note in progress.notes) == told


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"weights": "fashion"}, "fashion holds 'picture' weights, which are for gfla pose"),
        ({"weights": "car"}, "car holds 'picture' weights, which are for gfla view-synth"),
        ({"motion": "iper"}, "iper holds 'animation' weights, which are for gfla animate and gfla pose"),
        *(
            ({"weights": name}, f"{name} holds '.+' weights, which are for ")
            for name in bundled_files()
            if name not in ("person", "face")
        ),
        ({"weights": "face"}, "face holds 'animation' weights, which are for gfla face"),
        (
            {"weights": "nobody"},
            "no weights 'nobody': use a file, or one of: face, keypoints, landmarks, motion, objects, person, plate",
        ),
    ],
)
def test_weights_for_something_else_are_refused(
    weights: dict[str, str], message: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=message):
        animate(config(folder, tmp_path / "out.mp4", **weights))
    assert not (tmp_path / "out.mp4").exists()
