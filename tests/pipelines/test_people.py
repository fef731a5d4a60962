"""`animate` with several people, from files to files, by a small network."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines import AnimateConfig, animate
from pipelines.animation import prepare_animation
from pipelines.configs import PreviewConfig
from pipelines.generation import resume_folder
from pipelines.generation.people_processor import PeopleProcessor
from pipelines.generation.resources import Resources
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.preflight import check
from pipelines.preflight.check import check_inputs
from pipelines.preflight.timing import TimingEstimate
from pipelines.preview import preview_animation
from pipelines.runtime.progress import SILENT, NotesProgress
from tests.helpers.poses import make_standing_pose
from tests.helpers.small_batches import SIZE, write_small_weights
from tests.helpers.two_people import LEFT, RIGHT, add_detector, write_two_people

FRAMES = 3


@pytest.fixture(scope="module", autouse=True)
def _detector() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        add_detector(patch)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of two people, a video of two, and weights."""
    place = tmp_path_factory.mktemp("two")
    write_two_people(place)
    write_small_weights(place / "small.safetensors")
    return place


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    return Resources(tmp_path_factory.mktemp("poses"))


def config(folder: Path, output: Path, **options: Any) -> AnimateConfig:
    fixed = {"keypoints": "halves", "device": "cpu", "weights": str(folder / "small.safetensors"), "max_frames": FRAMES}
    return AnimateConfig(folder / "two.png", folder / "dance.mp4", output=output, **fixed | options)


def run(folder: Path, resources: Resources, output: Path, **options: Any) -> np.ndarray:
    """The frames of an animation, int [T, H, W, 3 or 4]."""
    animate(config(folder, output, **options), resources=resources)
    return np.stack([np.asarray(Image.open(path)) for path in sorted(output.iterdir())]).astype(int)


def test_each_moves_as_the_person_whom_they_follow(folder: Path, resources: Resources, tmp_path: Path) -> None:
    people = {}
    for pairs in ("all", "1:2,2:1"):
        with prepare_animation(config(folder, tmp_path / "out.mp4", people=pairs), SILENT, resources) as animation:
            people[pairs] = [(each.source.number, each.driving.detected) for each in animation.people]
            processor = animation.processor
            assert isinstance(processor, PeopleProcessor)
            assert len({each.canvas.shape for each in processor.people}) == 1
    (_, first), (_, second) = people["all"]
    assert first[:, 0, 0].max() < SIZE[0] < second[:, 0, 0].min()
    assert [number for number, _ in people["1:2,2:1"]] == [1, 2]
    np.testing.assert_array_equal(people["1:2,2:1"][0][1], second)
    np.testing.assert_array_equal(people["1:2,2:1"][1][1], first)


def test_both_are_layers_over_one_picture(folder: Path, resources: Resources, tmp_path: Path) -> None:
    """What is made of both together is what is made of each alone; who is not named stays as they are."""
    together = run(folder, resources, tmp_path / "both", people="all")
    source = np.asarray(Image.open(folder / "two.png")).astype(int)
    for number, own, other in ((1, LEFT, RIGHT), (2, RIGHT, LEFT)):
        alone = run(folder, resources, tmp_path / str(number), people=f"{number}:{number}")
        assert np.abs(alone[:, :, own] - source[:, own]).mean() > 2, "this one moves"
        middle = slice(other.start + 40, other.stop - 40)
        assert np.abs(alone[:, :, middle] - source[:, middle]).mean() < 0.5, "the other one stays"
        inner = slice(own.start + 40, own.stop - 40)
        assert np.abs(alone[:, :, inner] - together[:, :, inner]).mean() < 1


def test_who_finds_nobody_to_follow_stays_and_is_named(folder: Path, resources: Resources, tmp_path: Path) -> None:
    pose, progress = make_standing_pose(20), NotesProgress()
    track = PoseTrack("coco17", 200, 300, Fraction(1, 25), [PoseFrame(number, pose[None]) for number in (0, 1)])
    save_track(tmp_path / "one.json", track)
    options = replace(config(folder, tmp_path / "out.mp4", people="all"), driving=tmp_path / "one.json")
    with prepare_animation(options, progress, resources) as animation:
        assert [each.source.number for each in animation.people] == [1]
    assert any(note.startswith("--people all: 1 of 2 people in the picture can move") for note in progress.notes)


def test_nothing_is_behind_them(folder: Path, resources: Resources, tmp_path: Path) -> None:
    frames = run(folder, resources, tmp_path / "clear", people="all", background="transparent")
    alpha = frames[..., 3]
    assert (alpha[:, :, LEFT] > 128).mean() > 0.05
    assert (alpha[:, :, RIGHT] > 128).mean() > 0.05
    assert alpha[:, :4].max() < 32


@pytest.mark.slow
def test_they_take_the_places_of_those_in_the_video(folder: Path, resources: Resources, tmp_path: Path) -> None:
    frames = run(folder, resources, tmp_path / "there", people="1:2,2:1", background="driving", max_frames=2)
    assert frames.shape[1:] == (SIZE[1], 2 * SIZE[0], 3)


def test_an_interrupted_run_goes_on_to_the_same_bytes(
    folder: Path, resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume_folder, "SEGMENT", 2)
    options = {"people": "all", "resume": True, "max_frames": 5, "debug": ("matte", "plate"), "compare": True}

    class Interruption(NotesProgress):
        def advance(self, n: int = 1) -> None:
            self.made = getattr(self, "made", 0) + n
            if self.made == 3:
                raise KeyboardInterrupt

        def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
            self.made = 0 if name == "animate" else -1000

    whole, output = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    animate(config(folder, whole, **options), resources=resources)
    with pytest.raises(KeyboardInterrupt):
        animate(config(folder, output, **options), Interruption(), resources)
    progress = NotesProgress()
    animate(config(folder, output, **options), progress, resources)
    assert any(note.startswith("going on after 2 frames") for note in progress.notes)
    for name in ("{}.mp4", "{}--debug.mp4"):
        assert (tmp_path / name.format("out")).read_bytes() == (tmp_path / name.format("whole")).read_bytes()


def test_a_preview_shows_both(folder: Path, resources: Resources, tmp_path: Path) -> None:
    options = vars(config(folder, tmp_path / "sheet.png", people="all"))
    result = preview_animation(PreviewConfig(**options, count=2), resources=resources)
    assert len(result.times) == 2


def test_a_check_says_how_many_there_are(folder: Path, tmp_path: Path) -> None:
    report = check_inputs(config(folder, tmp_path / "out.mp4", people="all"))
    assert report.people == (2, 2)
    assert ("people", "2 in the picture, 2 in the video") in report.lines()


def test_a_check_counts_every_face(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timing = TimingEstimate(start=2.0, frame=0.5, side=250, certainty=0.9)
    for name, value in {
        "create_landmark_detector": None, "judge_source_face": None, "judge_driving_face": None,
        "time_detection": 0.25, "time_landmarks": 0.75, "time_face": 1.5, "estimate_timing": timing,
    }.items():  # fmt: skip
        stand_in = Mock(return_value=value)
        stand_in.__name__ = name
        monkeypatch.setattr(check, name, stand_in)
    for people, faces in (("1:1", 1), ("all", 2)):
        found = check_inputs(config(folder, tmp_path / "out.mp4", people=people, face=True))
        assert found.seconds == pytest.approx(2 + FRAMES * (0.25 + 0.5 + faces * (0.75 + 1.5)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"people": "3:1"}, r"two\.png: --people 3:1 asks for person 3 of the picture, which shows 2 people"),
        ({"people": "1:3"}, r"dance\.mp4: --people 1:3 asks for person 3 of the video, which shows 2 people"),
        ({"people": "1-2"}, "must be 'all' or pairs"),
        ({"people": "1:1,1:2"}, "person 1 of the picture can follow one person only"),
        ({"people": "all", "person": "2"}, "leave one of them out"),
        ({"people": "all", "also": (Path("back.png"),)}, "omit it with --people"),
        ({"people": "all", "frame": "crop"}, "omit it with --people"),
        ({"people": "all", "keypoints": "bundled"}, "finds one person only: use --keypoints mediapipe"),
    ],
)
def test_what_can_not_be_done_is_refused(
    folder: Path, resources: Resources, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        animate(config(folder, tmp_path / "out.mp4", **options), resources=resources)
    assert not (tmp_path / "out.mp4").exists()
