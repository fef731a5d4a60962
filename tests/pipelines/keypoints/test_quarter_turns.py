"""People who lie on their side or upside down are found upright; those who stand are left alone."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines.keypoints.detectors.registry import KeypointDetector, create_detector
from pipelines.keypoints.quarter_turns import choose_turn, detect_upright_image, detect_upright_video
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.media.turning import turn_picture
from tests.helpers.media_files import SOURCE
from tests.helpers.poses import make_standing_pose
from tests.helpers.videos import make_clip

STANDING = make_standing_pose()
LYING = STANDING[:, [1, 0, 2]]  # the head on the left
TILTED = "the person in the picture is not upright"


@pytest.fixture(scope="module")
def detector() -> KeypointDetector:
    return create_detector("bundled")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return cv2.resize(load_picture(SOURCE), (240, 320), interpolation=cv2.INTER_AREA)


class Scripted:
    """Sees the same pose in everything."""

    name = "scripted"

    def __init__(self, pose: np.ndarray) -> None:
        self.pose, self.calls = pose, 0

    def detect(self, image: np.ndarray) -> np.ndarray:
        self.calls += 1
        return self.pose[None]

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return map(self.detect, images)


@pytest.mark.parametrize(
    ("turns", "way"),
    [
        (1, "by 90° clockwise"),
        pytest.param(2, "by 180°", marks=pytest.mark.slow),
        pytest.param(3, "by 90° counterclockwise", marks=pytest.mark.slow),
    ],
)
def test_a_picture_is_turned_until_the_person_stands(
    detector: KeypointDetector, picture: np.ndarray, turns: int, way: str
) -> None:
    track = detect_upright_image(turn_picture(picture, turns), detector)
    assert (track.quarter_turns, track.size) == (4 - turns, (240, 320))
    assert (
        track.orientation == f"the person in the picture is not upright: the picture is turned {way} to find the pose"
    )
    np.testing.assert_array_equal(track.people[0], detector.detect(picture))


@pytest.mark.slow
def test_a_half_body_on_its_side_is_turned(detector: KeypointDetector, picture: np.ndarray) -> None:
    half = np.ascontiguousarray(picture[:140])
    track = detect_upright_image(turn_picture(half, 1), detector)
    assert track.quarter_turns == 3
    np.testing.assert_array_equal(track.people[0], detector.detect(half))


def test_a_clear_upright_person_costs_one_look() -> None:
    detector = Scripted(STANDING)
    track = detect_upright_image(np.zeros((300, 200, 3), np.uint8), detector)
    assert (track.quarter_turns, track.orientation, detector.calls) == (0, None, 1)


@pytest.mark.parametrize(
    ("pose", "way"),
    [
        (LYING, "by 90° clockwise"),
        (LYING * (-1, 1, 1), "by 90° counterclockwise"),
        (STANDING * (1, -1, 1), "by 180°"),
    ],
)
def test_who_surely_lies_is_left_lying_and_named(pose: np.ndarray, way: str) -> None:
    track = detect_upright_image(np.zeros((200, 300, 3), np.uint8), Scripted(pose.astype(np.float32)))
    assert track.quarter_turns == 0
    assert (
        track.orientation
        == f"the person in the picture is not upright: if they should be, turn the picture {way} first"
    )


def sure(pose: np.ndarray, confidence: float) -> np.ndarray:
    pose = pose.copy()
    pose[:, 2] = confidence
    return pose


@pytest.mark.parametrize(
    ("poses", "turns"),
    [
        ([sure(LYING, 0.7), None, sure(STANDING, 0.65), sure(STANDING, 0.85)], 3),
        ([None, sure(STANDING, 0.8), None, None], 1),
        ([None, sure(STANDING, 0.65), None, None], 0),
        ([sure(STANDING, 0.68), sure(LYING, 0.9), sure(STANDING, 0.72), None], 0),
        ([sure(LYING, 0.9), None, None, sure(STANDING, 0.9)], 0),
        ([None] * 4, 0),
    ],
    ids=["surest upright", "only one", "unsure", "as sure", "surely lying", "nobody"],
)
def test_the_turn_must_be_clearly_better(poses: list[np.ndarray | None], turns: int) -> None:
    assert choose_turn(poses) == turns


def test_a_video_is_turned_as_a_whole(detector: KeypointDetector, picture: np.ndarray, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "lying.mp4", frames=[turn_picture(picture, 1)] * 4)
    with open_video(path) as video:
        track = detect_upright_video(video, detector, require_all=True)
    assert (track.quarter_turns, track.size, len(track.frames)) == (3, (240, 320), 4)
    assert track.orientation == (
        "the person in the video is not upright: the video is turned by 90° clockwise to find the pose"
    )
    assert np.abs(track.people[3][0, :, :2] - detector.detect(picture)[0, :, :2]).max() < 4
    assert [frame.thumbnail is not None and frame.colours is not None for frame in track.frames] == [True] * 4


def test_a_video_of_nobody_is_not_turned(detector: KeypointDetector, tmp_path: Path) -> None:
    with open_video(make_clip(tmp_path / "nobody.mp4", frames=3)) as video:
        track = detect_upright_video(video, detector)
    assert (track.quarter_turns, track.orientation, len(track.frames)) == (0, None, 3)
