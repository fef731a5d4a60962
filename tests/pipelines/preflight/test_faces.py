"""What moving a face takes: found and generated for real, by a clock that only some steps move."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.configs import AnimateConfig
from pipelines.generation.expression_frames import ExpressionFrames
from pipelines.keypoints.followed_person import FollowedPerson
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.preflight import faces
from pipelines.preflight.faces import time_face, time_landmarks
from pipelines.preflight.inspection import DrivingInspection, SourceInspection
from pipelines.preflight.timing import TIMED_FRAMES
from tests.helpers.media_files import SOURCE
from tests.helpers.poses import make_standing_pose
from tests.helpers.videos import make_clip

CONFIG = AnimateConfig(Path("me.png"), Path("talk.mp4"), device="cpu", precision="fp32", face=True)
POSE = make_standing_pose()


class Clock:
    """Time that passes only when told: much in the first step."""

    def __init__(self) -> None:
        self.now, self.steps = 100.0, 0

    def __call__(self) -> float:
        return self.now

    def step(self) -> None:
        self.now += 0.5 if self.steps else 9.0
        self.steps += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(faces, "perf_counter", clock)
    return clock


def test_a_face_is_generated_and_the_first_frame_does_not_count(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    angles = np.linspace(0, 2 * np.pi, 68)
    face = np.stack([240 + 40 * np.cos(angles), 100 + 40 * np.sin(angles), np.ones(68)], 1)
    monkeypatch.setattr(faces, "find_face", lambda *inputs: face)
    made: list[tuple[int, ...]] = []
    generate = ExpressionFrames.generate

    def generate_and_tell(self: ExpressionFrames) -> None:
        generate(self)
        made.append(tuple(self.made[-1].image.shape))
        clock.step()

    monkeypatch.setattr(ExpressionFrames, "generate", generate_and_tell)
    picture = SourceInspection((480, 640), POSE, ())
    assert time_face(SOURCE, picture, CONFIG, make_finder(clock)) == pytest.approx(0.5)
    assert made == [(1, 4, 256, 256)] * TIMED_FRAMES


class Finder:
    """Finds no face in any picture, slowly."""

    name = "slow"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def detect(self, image: np.ndarray) -> np.ndarray:
        raise AssertionError("the face is followed")

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        for _ in images:
            self.clock.step()
            yield np.empty((0, 68, 3), np.float32)


def make_finder(clock: Clock) -> Any:
    """A `Finder` where a detector is asked for."""
    return Finder(clock)


def test_faces_are_found_where_the_person_is(clock: Clock, tmp_path: Path) -> None:
    track = PoseTrack("coco17", 200, 300, Fraction(1, 25), [PoseFrame(0, POSE[None])])
    clip = DrivingInspection(FollowedPerson(track, POSE[None]), 26, {}, Fraction(2, 5))
    path = make_clip(tmp_path / "clip.mp4", frames=26)
    assert time_landmarks(path, clip, CONFIG, make_finder(clock)) == pytest.approx(0.5)
    assert clock.steps == TIMED_FRAMES
    late = replace(clip, moment=Fraction(1))
    assert time_landmarks(path, late, CONFIG, make_finder(clock)) == pytest.approx(0.5), "one frame"
