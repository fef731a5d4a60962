"""`extract_keypoints`: from frames and from files, one person's track."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.errors import InputError
from pipelines import AnimateConfig, KeypointsConfig, KeypointsResult, PoseConfig, animate, extract_keypoints
from pipelines.keypoints.details import DetailName, People, PersonDetails, PersonMask
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.pose_transfer import transfer_pose
from pipelines.preflight.check import check_inputs
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import DRIVING, SOURCE, write_picture, write_video


def pose(x: float, size: float = 40) -> np.ndarray:
    """A confident body [17, 3] of that size at x."""
    places = np.stack((np.linspace(x, x + size / 3, 17), np.linspace(10, 10 + size, 17)), 1)
    return np.concatenate((places, np.full((17, 1), 0.9)), 1).astype(np.float32)


class Walker:
    """A detector that sees someone walk to the right, except in its third frame."""

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for index, _ in enumerate(images):
            yield np.empty((0, 17, 3), np.float32) if index == 2 else pose(10 + 2 * index)[None]


@pytest.fixture
def walker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.keypoint_extraction.create_detector", lambda *args, **kwargs: Walker())


def saved(tmp_path: Path, *, layout: str = "coco17") -> Path:
    """A track of two people, a small one on the left, 10 frames at 25 a second, first time stamp 100."""
    frames = [PoseFrame(100 + index, np.stack((pose(2, 20), pose(50 + index)))) for index in range(10)]
    save_track(tmp_path / "in.json", PoseTrack(layout, 128, 96, Fraction(1, 25), frames))
    return tmp_path / "in.json"


def run(source: Path, output: Path, **options: Any) -> KeypointsResult:
    return extract_keypoints(KeypointsConfig(source, output, device="cpu", **options))


class DetailedWalker(Walker):
    """The same, who shows the left hand in every second frame, beside somebody smaller."""

    name = "detailed"
    findable: frozenset[DetailName] = frozenset(["hands", "face", "mask"])
    wanted: frozenset[DetailName] = frozenset()

    def detect_people(self, image: np.ndarray) -> People:
        return next(self.track_people([image]))

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        for index, poses in enumerate(self.track(images)):
            hand = np.full((21, 3), index, np.float32) if index % 2 == 0 else None
            square = np.array([[0.5, 0, 10], [0, 0.5, 20]])
            mask = PersonMask.of(np.ones((64, 64), np.float32), square)
            known = PersonDetails(depth=np.arange(17, dtype=np.float32), left_hand=hand, mask=mask)
            yield People(np.concatenate([pose(70, 15)[None], poses]), (None, *[known] * len(poses)))


@pytest.fixture
def detailed_walker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the detectors that were asked for."""
    names: list[str] = []

    def create(name: str, **options: object) -> DetailedWalker:
        names.append(name)
        return DetailedWalker()

    monkeypatch.setattr("pipelines.keypoint_extraction.create_detector", create)
    return names


def test_details_of_the_person_are_saved_and_drawn(tmp_path: Path, detailed_walker: list[str]) -> None:
    video, output = write_video(tmp_path / "walk.mp4", frames=6), tmp_path / "track.json"
    result = run(video, output, hands=True, mask=True, debug=("skeleton",))
    assert detailed_walker == ["mediapipe"]
    assert "left hand in 2, right hand in 0, mask in 5" in result.line()
    assert result.summary()["frames_with"] == {"left_hand": 2, "right_hand": 0, "mask": 5}
    details = [frame.details[0] if frame.details else None for frame in load_track(output).frames]
    assert [each is not None for each in details] == [True, True, False, True, True, True]
    assert [each.left_hand[0, 0] if each and each.left_hand is not None else None for each in details] == [
        *(0, None, None, None, 4, None)
    ]
    masks = [load_picture(tmp_path / "track--mask" / f"{index:05d}.png") for index in range(6)]
    assert [bool(mask.any()) for mask in masks] == [True, True, False, True, True, True]
    assert masks[0].shape == (96, 96, 3)
    assert masks[0][25, 15].tolist() == [255] * 3
    assert not masks[0][:15].any()
    with open_video(tmp_path / "track--debug.mp4") as drawing:
        assert len(list(drawing)) == 6


def test_details_are_refused_where_there_are_none(tmp_path: Path, walker: None) -> None:
    video = write_video(tmp_path / "walk.mp4", frames=2)
    with pytest.raises(InputError, match=r"--face: .*--keypoints mediapipe"):
        run(video, tmp_path / "track.json", face=True)
    with pytest.raises(InputError, match=r"in\.json is a pose file, --hands, --debug need the frames"):
        run(saved(tmp_path), tmp_path / "track.json", hands=True, debug=("skeleton",))
    assert not (tmp_path / "track.json").exists()


def test_an_existing_mask_folder_is_refused_before_any_work(tmp_path: Path, detailed_walker: list[str]) -> None:
    (tmp_path / "track--mask").mkdir()
    (tmp_path / "track--mask" / "00000.png").touch()
    with pytest.raises(InputError, match="track--mask already exists"):
        run(write_video(tmp_path / "walk.mp4", frames=2), tmp_path / "track.json", mask=True)
    assert detailed_walker == []


@pytest.mark.usefixtures("walker")
def test_a_video_becomes_a_track_with_the_gap_filled(tmp_path: Path) -> None:
    video, output = write_video(tmp_path / "walk.mp4", frames=6), tmp_path / "track.json"
    assert "6 frames, 1 without the person" in run(video, output).line()
    track = load_track(output)
    assert (track.width, track.height, track.layout) == (96, 96, "coco17")
    assert [frame.pts * track.time_base for frame in track.frames] == [Fraction(index, 25) for index in range(6)]
    np.testing.assert_allclose(track.frames[2].people[0, :, :2], pose(14)[:, :2], atol=0.01)
    assert (track.frames[2].people[0, :, 2] < 0.3).all()


@pytest.mark.usefixtures("walker")
@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({"start": Fraction(1, 5)}, [5, 6, 7]),
        ({"end": Fraction(3, 25)}, [0, 1, 2]),
        ({"start": Fraction(1, 25), "max_frames": 2}, [1, 2]),
    ],
)
def test_a_part_of_a_video(options: dict[str, Any], times: list[int], tmp_path: Path) -> None:
    video, output = write_video(tmp_path / "walk.mp4", frames=8), tmp_path / "track.json"
    run(video, output, **options)
    track = load_track(output)
    assert [frame.pts * track.time_base * 25 for frame in track.frames] == times


@pytest.mark.usefixtures("walker")
def test_a_picture_becomes_a_track_of_one_frame(tmp_path: Path) -> None:
    run(write_picture(tmp_path / "one.png"), tmp_path / "track.json")
    assert len(load_track(tmp_path / "track.json").frames) == 1


@pytest.mark.usefixtures("walker")
def test_a_frame_without_the_person_can_be_a_failure(tmp_path: Path) -> None:
    video = write_video(tmp_path / "walk.mp4", frames=6)
    with pytest.raises(InputError, match=r"walk\.mp4"):
        run(video, tmp_path / "track.json", on_missing="fail")
    assert not (tmp_path / "track.json").exists()


def animation(folder: Path) -> None:
    animate(AnimateConfig(SOURCE, DRIVING, output=folder / "out.mp4", keypoints="bundled", person="2"))


def pose_transfer(folder: Path) -> None:
    transfer_pose(PoseConfig(SOURCE, (SOURCE,), output=folder / "out.png", keypoints="bundled", person="2"))


def extraction(folder: Path) -> None:
    run(DRIVING, folder / "out.json", keypoints="bundled", person="2")


def preflight(folder: Path) -> None:
    (reason,) = check_inputs(AnimateConfig(SOURCE, DRIVING, keypoints="bundled", person="2")).reasons
    raise InputError(reason)


@pytest.mark.parametrize("command", [animation, pose_transfer, extraction, preflight])
def test_a_second_person_is_not_asked_of_a_detector_that_finds_one(
    command: Callable[[Path], None], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="person 2 asked for, but the bundled detector finds one person only: use "):
        command(tmp_path)


@pytest.mark.parametrize(("person", "x"), [("largest", 50), ("1", 2), ("2", 50)])
def test_a_track_is_imported_with_one_person(person: str, x: float, tmp_path: Path) -> None:
    run(saved(tmp_path), tmp_path / "out.json", person=person)
    first = load_track(tmp_path / "out.json").frames[0]
    assert first.pts == 100
    assert first.people.shape == (1, 17, 3)
    assert first.people[0, 0, 0] == pytest.approx(x)


def test_what_is_wrong_with_a_clip_is_noted(tmp_path: Path) -> None:
    frames = [PoseFrame(index, pose(10 + 14 * (index > 4))[None]) for index in range(10)]
    save_track(tmp_path / "in.json", PoseTrack("coco17", 128, 96, Fraction(1, 25), frames))
    progress = NotesProgress()
    extract_keypoints(KeypointsConfig(tmp_path / "in.json", tmp_path / "out.json", start=Fraction(1, 25)), progress)
    assert [note.split(":")[0] for note in progress.notes] == [
        "the pose jumps faster than people move, once, at 0.20 s"
    ]


def test_a_part_of_a_track_counts_from_its_first_frame(tmp_path: Path) -> None:
    run(saved(tmp_path), tmp_path / "out.json", start=Fraction(2, 25), end=Fraction(1, 5))
    assert [frame.pts for frame in load_track(tmp_path / "out.json").frames] == [102, 103, 104]


def test_a_part_after_the_end_of_a_track(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0\.36 s long"):
        run(saved(tmp_path), tmp_path / "out.json", start=9)


def test_the_summary_is_plain_data(tmp_path: Path) -> None:
    report = run(saved(tmp_path), tmp_path / "out.json").summary()
    assert report["output"] == tmp_path / "out.json"
    assert (report["frames"], report["frames_without_person"], report["layout"]) == (10, 0, "coco17")


def test_cleaned_joints_do_not_become_coco(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--layout h36m17"):
        run(saved(tmp_path, layout="h36m17"), tmp_path / "out.json")


def test_the_motion_network_cleans_a_track(tmp_path: Path) -> None:
    run(saved(tmp_path), tmp_path / "out.json", layout="h36m17")
    track = load_track(tmp_path / "out.json")
    assert (track.layout, len(track.frames)) == ("h36m17", 10)


def test_an_existing_track_is_kept_unless_overwritten(tmp_path: Path) -> None:
    source, output = saved(tmp_path), tmp_path / "out.json"
    output.write_text("precious")
    with pytest.raises(InputError, match="already exists"):
        run(source, output)
    assert output.read_text() == "precious"
    run(source, output, overwrite=True)
    assert len(load_track(output).frames) == 10
