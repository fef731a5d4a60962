"""Verdicts on pairs: when they are good, doubtful or impossible, and that nothing is looked at twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import WeightsError
from pipelines.configs import AnimateConfig
from pipelines.faces.bundled_landmarks import BundledLandmarks
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.media.pictures import load_picture
from pipelines.preflight import check as preflight
from pipelines.preflight.check import DOUBTFUL, GOOD, IMPOSSIBLE, InputChecker, InputReport, largest_share
from pipelines.preflight.inspection import SourceInspection
from pipelines.preflight.timing import TimingEstimate, estimate_timing
from tests.helpers.media_files import DRIVING, SOURCE, write_picture, write_video
from tests.helpers.poses import make_standing_pose
from tests.helpers.two_people import add_detector

BUNDLED = AnimateConfig(Path(), Path(), keypoints="bundled")
BACK = (make_standing_pose() * (-1, 1, 1) + (200, 0, 0)).astype(np.float32)
NOBODY = np.empty((0, 17, 3), np.float32)


class Pair:
    """A checker that sees `portrait` in any picture; timings take no time and are counted."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.portrait, self.timed, self.looked = folder, portrait(), [], []
        self.certainty: float | None = 0.9
        monkeypatch.setattr(preflight, "inspect_source", self.inspect_source)
        monkeypatch.setattr(preflight, "estimate_timing", self.estimate_timing)

    def inspect_source(self, path: Path, detector: object) -> SourceInspection:
        self.looked.append(path.name)
        return self.portrait

    def estimate_timing(self, config: AnimateConfig, clip: object, detector: str) -> TimingEstimate:
        self.timed.append(config.source.name)
        return TimingEstimate(start=2.0, frame=0.5, side=250, certainty=self.certainty)

    def check(self, people: list[np.ndarray], *, source: Path = Path("me.png"), **options) -> InputReport:
        path = self.folder / "track.json"
        frames = [PoseFrame(index, each) for index, each in enumerate(people)]
        save_track(path, PoseTrack("coco17", 200, 300, Fraction(1, 25), frames))
        return InputChecker(replace(BUNDLED, **options)).check(source, path)


def portrait(pose: np.ndarray | None = None, *, size: tuple[int, int] = (200, 300), hidden=()) -> SourceInspection:
    return SourceInspection(size, make_standing_pose() if pose is None else pose, hidden)


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(tmp_path, monkeypatch)


def test_a_good_pair_and_its_numbers(pair: Pair) -> None:
    pair.portrait = portrait(make_standing_pose(size=1.25), size=(250, 375))
    found = pair.check([make_standing_pose()[None]] * 40)
    assert (found.verdict, found.reasons, found.frames, found.looks, found.person_share) == (GOOD, (), 40, 40, 1)
    assert (found.whole_share, found.hidden) == (1, ())
    assert found.scale == pytest.approx(1.25)
    assert found.seconds == pytest.approx(2 + 40 * 0.5)
    assert found.memory == 860 * 2**20 + 165 * 250 * 375 + 80 * 250**2 + 20 * 200 * 300


@pytest.mark.parametrize(
    ("certainty", "verdict", "shown"), [(0.9, GOOD, "90% sure"), (0.5, DOUBTFUL, "50% sure"), (None, GOOD, "")]
)
def test_an_unsure_outline_is_doubtful(pair: Pair, certainty: float | None, verdict: str, shown: str) -> None:
    pair.certainty = certainty
    found = pair.check([make_standing_pose()[None]] * 40)
    assert found.verdict == verdict
    assert any("outline" in reason for reason in found.reasons) == (verdict == DOUBTFUL)
    assert dict(found.lines()).get("outline", "").startswith(shown)


@pytest.mark.parametrize(
    ("people", "reason"),
    [
        ([make_standing_pose()[None]] * 8 + [NOBODY] * 2, "the person in 80% of the frames"),
        ([make_standing_pose()[None]] * 7 + [make_standing_pose(0, 52)[None]] * 3, "the feet in 70% of the frames"),
        ([make_standing_pose(size=0.3)[None]] * 5, "in the video is 61 pixels tall"),
        ([make_standing_pose(0, 52)[None]] * 5, "in the video is found, but only down to the knees"),
        (
            [make_standing_pose(-40)[None]] * 5 + [make_standing_pose(35)[None]] * 5,
            "faster than people move, once, at 0.20",
        ),
        ([make_standing_pose()[None]] * 10 + [BACK[None]] * 10, "from 0.40 s on in 50% of the frames"),
    ],
)
def test_a_video_that_will_show_is_doubtful(pair: Pair, people: list[np.ndarray], reason: str) -> None:
    found = pair.check(people)
    assert found.verdict == DOUBTFUL
    assert [reason in line for line in found.reasons] == [True]


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (portrait(hidden=("knees", "feet")), "in the picture is found, but only down to the hips"),
        (portrait(hidden=("head", "feet")), "does not show the head and feet"),
        (portrait(make_standing_pose(size=0.2)), "in the picture is 41 pixels tall"),
        (portrait(size=(400_000, 300_000)), "of memory are needed"),
    ],
)
def test_a_picture_that_will_show_is_doubtful(pair: Pair, seen: SourceInspection, reason: str) -> None:
    pair.portrait = seen
    found = pair.check([make_standing_pose()[None]] * 5)
    assert found.verdict == DOUBTFUL
    assert [reason in line for line in found.reasons] == [True]


def test_bodies_must_be_alike_only_without_retargeting(pair: Pair) -> None:
    pair.portrait = portrait(size=(400, 600))
    assert pair.check([make_standing_pose()[None]] * 5).verdict == GOOD
    assert "0.5 times as tall" in pair.check([make_standing_pose()[None]] * 5, retarget="none").reasons[0]
    pair.portrait = portrait(make_standing_pose(size=2), size=(400, 600))
    assert pair.check([make_standing_pose()[None]] * 5, retarget="none").verdict == GOOD


def test_too_few_frames_with_a_person_are_impossible(pair: Pair) -> None:
    found = pair.check([make_standing_pose()[None]] + [NOBODY] * 9)
    assert (found.verdict, found.seconds, found.memory, pair.timed) == (IMPOSSIBLE, None, None, [])
    assert "track.json: a person in only 1 of the 10 inspected frames" in found.reasons[0]


def test_a_share_from_some_frames_refuses_only_when_it_is_certain() -> None:
    assert largest_share(0.15, None) == 0.15
    assert largest_share(0.15, 60) > 0.2 > largest_share(0.05, 60)


def test_every_picture_and_video_is_looked_at_and_timed_once(tmp_path: Path, pair: Pair) -> None:
    pair.check([make_standing_pose()[None]] * 5)
    pair.timed.clear()
    pair.looked.clear()
    checker, track, damaged = InputChecker(BUNDLED), tmp_path / "track.json", tmp_path / "damaged.json"
    damaged.write_text("{")
    verdicts = [checker.check(Path(name), path).verdict for name in ("a.png", "b.png") for path in (track, damaged)]
    assert verdicts == [GOOD, IMPOSSIBLE] * 2
    track.replace(damaged)
    assert checker.check(Path("c.png"), track).verdict == GOOD, "what was found is not looked for again"
    assert checker.check(Path("c.png"), damaged).verdict == IMPOSSIBLE, "nor what was damaged"
    assert pair.looked == pair.timed == ["a.png", "b.png", "c.png"]


def test_what_more_people_take_is_timed_apart(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    add_detector(monkeypatch)
    pair.portrait = replace(portrait(), people=2)
    checker = InputChecker(replace(BUNDLED, keypoints="halves", people="all"))
    for name, count in (("one.json", 1), ("both.json", 2), ("twins.json", 2)):
        people = np.stack([make_standing_pose() + np.array([90 * number, 0, 0], np.float32) for number in range(count)])
        save_track(pair.folder / name, PoseTrack("coco17", 200, 300, Fraction(1, 25), [PoseFrame(0, people)]))
        assert checker.check(Path("two.png"), pair.folder / name).people == (2, count)
    assert len(pair.timed) == 2


@pytest.fixture(scope="module")
def checker() -> Iterator[InputChecker]:
    """The real thing, on the first frames of videos and with short timings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.preflight.timing.TIMED_FRAMES", 3)
        yield InputChecker(replace(BUNDLED, max_frames=3))


def test_the_example_is_good(checker: InputChecker) -> None:
    found = checker.check(SOURCE, DRIVING)
    assert (found.verdict, found.reasons, found.frames) == (GOOD, (), 3)
    assert found.seconds is not None
    assert 0.5 < found.seconds < 300


@pytest.mark.parametrize(
    ("name", "side", "reason"), [("blank.png", 200, "no person found in the picture"), ("dot.png", 10, "no person")]
)
def test_a_picture_of_nobody_is_impossible(
    checker: InputChecker, tmp_path: Path, name: str, side: int, reason: str
) -> None:
    found = checker.check(write_picture(tmp_path / name, width=side, height=side), DRIVING)
    assert found.verdict == IMPOSSIBLE
    assert name in found.reasons[0]
    assert reason in found.reasons[0]


def test_missing_files_and_empty_videos_are_impossible(checker: InputChecker, tmp_path: Path) -> None:
    assert "gone.png does not exist" in checker.check(tmp_path / "gone.png", DRIVING).reasons[0]
    assert "gone.mp4 does not exist" in checker.check(SOURCE, tmp_path / "gone.mp4").reasons[0]
    nobody = write_video(tmp_path / "nobody.mp4", frames=2)
    assert "nobody.mp4: no person found in any of the 2 inspected frames" in checker.check(SOURCE, nobody).reasons[0]


def test_a_picture_without_feet_is_doubtful(checker: InputChecker, tmp_path: Path) -> None:
    Image.fromarray(load_picture(SOURCE)[:500]).save(tmp_path / "cut.png")
    found = checker.check(tmp_path / "cut.png", DRIVING)
    assert (found.verdict, found.hidden) == (DOUBTFUL, ("feet",))


def test_a_picture_on_its_side_is_doubtful(pair: Pair) -> None:
    pair.portrait = replace(portrait(), orientation="the person in the picture is not upright: turned")
    assert pair.check([make_standing_pose()[None]] * 5).reasons == (pair.portrait.orientation,)


def test_weights_that_are_none_are_an_error_of_the_run(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "estimate_timing", estimate_timing)
    with pytest.raises(WeightsError, match="giant"):
        pair.check([make_standing_pose()[None]], source=SOURCE, weights="giant")


def test_faces_that_can_t_be_moved_are_doubtful_only_where_they_are_to_move(
    checker: InputChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "create_landmark_detector", lambda name: BundledLandmarks())
    moving = InputChecker(replace(checker.config, face=True))
    none = [f"--face has no effect: the face in the {where} has" for where in ("picture", "video")]
    found = moving.check(SOURCE, DRIVING)
    assert found.verdict == DOUBTFUL
    assert [reason.startswith(each) for reason, each in zip(found.reasons, none, strict=True)] == [True, True]


def test_a_face_can_t_follow_poses(pair: Pair) -> None:
    found = pair.check([make_standing_pose()[None]] * 40, face=True)
    assert found.verdict == IMPOSSIBLE
    assert "--face needs a driving video" in found.reasons[0]


def test_a_background_that_can_t_be_is_impossible(pair: Pair) -> None:
    found = pair.check([make_standing_pose()[None]] * 40, background="gone.png")
    assert (found.verdict, "background 'gone.png' is no file" in found.reasons[0]) == (IMPOSSIBLE, True)
    found = pair.check([make_standing_pose()[None]] * 40, background="driving")
    assert (found.verdict, "needs a driving video" in found.reasons[0]) == (IMPOSSIBLE, True)
    assert pair.check([make_standing_pose()[None]] * 40, background="white").verdict == GOOD


def test_faces_that_are_to_move_take_their_time(checker: InputChecker, monkeypatch: pytest.MonkeyPatch) -> None:
    timing = TimingEstimate(start=2.0, frame=0.5, side=250, certainty=0.9)
    for name, value in {
        "create_landmark_detector": None, "judge_source_face": None, "judge_driving_face": None,
        "time_detection": 0.25, "time_landmarks": 0.75, "time_face": 1.5, "estimate_timing": timing,
    }.items():  # fmt: skip
        monkeypatch.setattr(preflight, name, make_stand_in(name, value))
    for face, each in ((False, 0.75), (True, 3.0)):
        found = InputChecker(replace(checker.config, face=face)).check(SOURCE, DRIVING)
        assert found.seconds == pytest.approx(2 + 3 * each)


def make_stand_in(name: str, value: object) -> Callable[..., object]:
    """A function of this name that returns a value."""

    def stand_in(*arguments: object) -> object:
        return value

    stand_in.__name__ = name
    return stand_in
