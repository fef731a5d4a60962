"""Timing: what a rehearsal counts and what it leaves out."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.configs import AnimateConfig
from pipelines.generation.video_output import check_outputs
from pipelines.keypoints.followed_person import FollowedPerson
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.preflight import timing as rehearsal
from pipelines.preflight.inspection import DrivingInspection
from pipelines.preflight.timing import TIMED_FRAMES, estimate_memory, estimate_timing, time_detection
from pipelines.runtime.progress import Progress
from tests.helpers.poses import make_standing_pose
from tests.helpers.videos import make_clip, read_shade

POSES = np.stack([make_standing_pose(x) for x in range(20)])
TRACK = PoseTrack(
    "coco17", 200, 300, Fraction(1, 25), [PoseFrame(number, pose[None]) for number, pose in enumerate(POSES)]
)
CLIP = DrivingInspection(FollowedPerson(TRACK, POSES), 900, {}, Fraction(2, 5))
CONFIG = AnimateConfig(Path("me.png"), Path("dance.mp4"), person="2", start=3, audio="driving", compare=True)


class Clock:
    """Time that passes only when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rehearsal, "perf_counter", clock)
    return clock


def test_the_first_frame_warms_up_and_the_last_is_encoded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(config: AnimateConfig, progress: Progress) -> SimpleNamespace:
        assert (config.keypoints, config.audio, config.person, config.start) == ("bundled", "none", "largest", None)
        poses = [frame.people[0] for frame in load_track(config.driving).frames]
        np.testing.assert_allclose(poses[0], CLIP.poses[0], atol=1e-3)
        np.testing.assert_allclose(poses[-1], CLIP.poses[-1], atol=1e-3)
        progress.stage("animate", len(poses))
        for seconds in [9.0] + [0.5] * (TIMED_FRAMES - 1):
            clock.now += seconds
            progress.advance()
        clock.now += 1.4
        seconds = {"load": 1.0, "source pose": 0.5, "motion": 0.15, "matte": 0.1}
        return SimpleNamespace(canvas=(10, 0, 110, 100), seconds=seconds, certainty=0.9)

    monkeypatch.setattr(rehearsal, "animate", run)
    found = estimate_timing(CONFIG, CLIP, "bundled")
    assert found.frame == pytest.approx(0.5 + 1.4 / (TIMED_FRAMES - 1))
    assert (found.start, found.side) == (1.75, 100)


@pytest.mark.parametrize(
    ("background", "output", "rehearsed", "suffix"),
    [
        ("driving", None, "picture", ".mp4"),
        ("transparent", None, "transparent", ".mov"),
        ("transparent", "frames/%05d.png", "transparent", ".png"),
        ("white", "frames/", "white", ".mp4"),
    ],
)
def test_backgrounds_are_rehearsed_where_poses_have_them(
    background: str, output: str | None, rehearsed: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[AnimateConfig] = []

    def run(config: AnimateConfig, progress: Progress) -> SimpleNamespace:
        check_outputs(config)  # would refuse .mp4 for what is transparent, and poses without a background
        configs.append(config)
        progress.stage("animate", 1)
        progress.advance()
        return SimpleNamespace(canvas=(0, 0, 9, 9), seconds=Counter(), certainty=0.9)

    monkeypatch.setattr(rehearsal, "animate", run)
    estimate_timing(
        replace(CONFIG, background=background, output=output and Path(output), compare=False), CLIP, "bundled"
    )
    (config,) = configs
    assert (config.background, config.target.suffix) == (rehearsed, suffix)


def test_watching_is_timed_where_the_person_is_and_without_the_search(clock: Clock, tmp_path: Path) -> None:
    class Slow:
        name = "slow"
        seen: list[int]

        def detect(self, image: np.ndarray) -> np.ndarray:
            raise AssertionError("of the video all frames are watched")

        def track(self, images):
            self.seen = []
            for image in images:
                clock.now += 0.25 if self.seen else 7.0
                self.seen.append(read_shade(image))
                yield make_standing_pose()[None]

    path, detector = make_clip(tmp_path / "clip.mp4", frames=26), Slow()
    assert time_detection(path, CONFIG, detector, CLIP) == pytest.approx(0.25)
    assert detector.seen == list(range(10, 10 + TIMED_FRAMES))
    late = replace(CLIP, moment=Fraction(1))
    assert time_detection(path, CONFIG, detector, late) == pytest.approx(7), "a single frame is better than none"
    assert time_detection(tmp_path / "track.json", CONFIG, detector, CLIP) == 0


def test_memory_grows_with_each_size() -> None:
    least = estimate_memory((10, 10), (10, 10), 10)
    assert least < estimate_memory((10, 10), (20, 10), 10) < estimate_memory((10, 10), (10, 10), 20)
    assert estimate_memory((1000, 1000), (10, 10), 10) - least == pytest.approx(165e6, rel=1e-3)
