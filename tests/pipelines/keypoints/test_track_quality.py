"""What is said about a clip: each kind of trouble, and nothing about people who only move."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from pipelines.keypoints.cleaning import map_joints
from pipelines.keypoints.layouts import COCO17_FLIP
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_quality import judge_track
from pipelines.keypoints.tracking import select_person
from tests.helpers.poses import make_standing_pose, sample_people, sample_poses

SIZE = (600, 400)
STAND, AHEAD, FAR = (make_standing_pose(x, 80) for x in (100, 210, 380))
LEFT, OUT = (make_standing_pose(x, 80) for x in (-65, -85))
BACK = np.where(np.arange(3) == 0, 400, 0) + STAND * (-1, 1, 1)
RED, BLUE = (200, 40, 40), (40, 40, 200)
NOBODY = np.empty((0, 17, 3), np.float32)
WALLS = {name: np.random.default_rng(seed).integers(0, 255, (16, 16, 3), np.uint8) for seed, name in enumerate("ab")}


@dataclass(frozen=True)
class Part:
    """Some seconds of a clip in which the people stand still."""

    seconds: float
    people: tuple[np.ndarray, ...] = (STAND,)
    wears: tuple[tuple[int, int, int], ...] = (RED,)
    wall: str = "a"


def make_track(parts: tuple[Part, ...], *, rate: int = 25) -> PoseTrack:
    frames: list[PoseFrame] = []
    for part in parts:
        people = np.array(part.people, np.float32) if part.people else NOBODY
        colours = np.array(part.wears[: len(people)], np.float32).reshape(-1, 3)
        count = round(part.seconds * rate)
        frames += [PoseFrame(len(frames) + n, people, None, WALLS[part.wall], colours) for n in range(count)]
    return PoseTrack("coco17", *SIZE, Fraction(1, rate), frames)


def judge(*parts: Part, rate: int = 25, source: np.ndarray | None = None, start: float = 0) -> list[str]:
    track = make_track(parts, rate=rate)
    return judge_track(track, select_person(track.people), source, start=start)


CUT = "the video has a cut at 1.00 s"
OTHER = "another person seems to take over at 1.00 s"
JUMP = "the pose jumps faster than people move, once, at 1.00 s"
SIDE = "the person shows the other side of the body, front or back, than in the picture, from 1.00 s on in 50% of the"
LEAVES = "the person leaves the picture of the video, from 1.00 s on in 50% of the frames"


@pytest.mark.parametrize("rate", [12, 25, 60])
@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ((Part(1), Part(1)), []),
        ((Part(1), Part(1, wall="b")), [CUT]),
        ((Part(1), Part(1, (FAR,), (BLUE,), wall="b")), [CUT]),
        ((Part(1), Part(1, wears=(BLUE,))), [OTHER]),
        ((Part(1), Part(1.2, (FAR,), (BLUE,))), [OTHER]),
        ((Part(1), Part(1.2, (FAR,))), [JUMP]),
        ((Part(1), Part(1.2, (AHEAD,))), [JUMP]),
        ((Part(1), Part(1, (BACK,))), [SIDE]),
        ((Part(1), Part(1, ())), []),
        ((Part(1, (LEFT,)), Part(1, ())), [LEAVES]),
        ((Part(1, (LEFT,)), Part(1, (OUT,))), [LEAVES]),
        ((Part(2, (OUT,)),), []),
        ((Part(1), Part(0.2, (STAND, FAR), (RED, BLUE)), Part(0.1, (FAR,), (BLUE,)), Part(1)), []),
    ],
)
def test_each_kind_of_trouble_has_its_line(parts: tuple[Part, ...], lines: list[str], rate: int) -> None:
    found = judge(*parts, rate=rate, source=STAND)
    assert len(found) == len(lines), found
    assert all(line.startswith(start) for line, start in zip(found, lines, strict=True)), found


@pytest.mark.parametrize("rate", [5, 12, 25, 60])
@pytest.mark.parametrize("seed", range(8))
def test_people_who_move_are_fine_at_any_rate(seed: int, rate: int) -> None:
    people, _ = sample_poses(sample_people(1, seed), seed, frames=75, amplitude=1.5)  # at 25 frames a second
    every = 25 / rate
    chosen = [people[0, round(number * every)] for number in range(int(74 / every) + 1)]
    front = [pose if pose[5, 0] > pose[6, 0] else pose[list(COCO17_FLIP)] for pose in chosen]
    poses = np.concatenate((front, np.full((len(front), 17, 1), 0.9)), -1)
    track = PoseTrack("coco17", 600, 600, Fraction(1, rate), [PoseFrame(n, each[None]) for n, each in enumerate(poses)])
    assert judge_track(track, poses) == []


def test_without_a_source_any_side_will_do() -> None:
    assert judge(Part(1), Part(1, (BACK,))) == []


def test_a_source_from_behind_wants_a_video_from_behind() -> None:
    assert judge(Part(1, (BACK,)), source=BACK) == []
    assert "in 100% of the frames" in judge(Part(1), source=BACK)[0]


def test_times_count_from_the_first_frame_of_the_file() -> None:
    assert "at 4.00 s" in judge(Part(1), Part(1, wall="b"), start=3)[0]


def test_a_half_body_is_named_for_videos_and_pictures() -> None:
    half = STAND.copy()
    half[13:, 2] = 0
    assert "the person in the video is found, but only down to the hips" in judge(Part(1, (half,)))[0]
    assert "the person in the picture is found, but only down to the hips" in judge(Part(0.04, (half,)))[0]


def test_poses_of_the_cleaned_layout_are_judged_as_well() -> None:
    track = make_track((Part(1), Part(1, (AHEAD,))))
    for number, frame in enumerate(track.frames):
        track.frames[number] = PoseFrame(frame.pts, map_joints(frame.people))
    track.layout = "h36m17"
    assert [line[:14] for line in judge_track(track, np.concatenate(track.people))] == ["the pose jumps"]
