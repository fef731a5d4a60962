"""What is seen of a person in a picture and in a clip, from all frames and from some."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.configs import AnimateConfig
from pipelines.keypoints.body import measure_body
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.preflight.inspection import (
    MAX_INSPECTED_FRAMES,
    DrivingInspection,
    inspect_driving,
    measurable_poses,
)
from pipelines.runtime.progress import SilentProgress
from tests.helpers.media_files import truncate_file, write_video
from tests.helpers.poses import make_standing_pose
from tests.helpers.videos import make_clip, make_shade, read_shade

SIZE = (200, 300)
NOBODY = np.empty((0, 17, 3), np.float32)
CONFIG = AnimateConfig(Path("source.png"), Path("driving.mp4"))


class Scripted:
    """Sees somebody in every frame but those whose numbers, as `make_clip` draws them, are among `empty`."""

    name = "scripted"

    def __init__(self, empty: Iterable[int] = ()) -> None:
        self.empty, self.seen = set(empty), []

    def detect(self, image: np.ndarray) -> np.ndarray:
        self.seen.append(read_shade(image))
        return NOBODY if self.seen[-1] in self.empty else make_standing_pose(size=0.15)[None]

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return map(self.detect, images)


def looked(path: Path, detector: Scripted | None = None, *, every_frame: bool = False, **options) -> DrivingInspection:
    config = AnimateConfig(CONFIG.source, CONFIG.driving, **options)
    return inspect_driving(path, config, detector or Scripted(), SilentProgress(), every_frame=every_frame)


def saved(folder: Path, people: list[np.ndarray], *, layout: str = "coco17") -> Path:
    frames = [PoseFrame(index, each) for index, each in enumerate(people)]
    save_track(folder / "track.json", PoseTrack(layout, *SIZE, Fraction(1, 25), frames))
    return folder / "track.json"


def without(pose: np.ndarray, *joints: int) -> np.ndarray:
    pose = pose.copy()
    pose[list(joints), 2] = 0
    return pose


def test_a_short_clip_is_looked_at_frame_by_frame(tmp_path: Path) -> None:
    clip = looked(make_clip(tmp_path / "clip.mp4", frames=10), Scripted(empty=[0, 1, 9]))
    assert (clip.frames, clip.looks, len(clip.poses), clip.size) == (10, 10, 7, (64, 48))
    assert clip.person_share == pytest.approx(0.7)
    assert clip.moment == Fraction(5, 25)


def test_of_a_long_clip_some_frames_evenly(tmp_path: Path) -> None:
    path, detector = make_clip(tmp_path / "clip.mp4", frames=150), Scripted()
    clip = looked(path, detector)
    assert (clip.frames, clip.looks) == (150, 50)
    assert detector.seen == [number % 26 for number in range(0, 150, 3)]
    assert clip.looks <= MAX_INSPECTED_FRAMES
    assert looked(path, every_frame=True).looks == 150


def test_options_pick_the_part_to_look_at(tmp_path: Path) -> None:
    path, detector = make_clip(tmp_path / "clip.mp4", frames=150), Scripted()
    clip = looked(path, detector, start=Fraction(2, 5), max_frames=70)
    assert (clip.frames, clip.looks) == (70, 35)
    assert detector.seen == [number % 26 for number in range(10, 80, 2)]
    assert clip.moment == Fraction(10 + 34, 25)
    assert looked(path, fps=5).frames == 30


def test_someone_seen_now_and_then_is_still_one_person(tmp_path: Path) -> None:
    class Walker(Scripted):
        def detect(self, image: np.ndarray) -> np.ndarray:
            self.seen.append(0)
            return make_standing_pose(6.0 * len(self.seen), size=0.1)[None]

    path = make_clip(tmp_path / "clip.mp4", frames=150)
    assert looked(path, Walker()).person_share == 1, "0.3 body heights from look to look, 3 frames apart"


@pytest.mark.parametrize(("first", "frames", "jumps"), [(8, 1, (2,)), (5, 5, ())])
def test_a_closer_look_tells_a_jump_from_a_run(first: int, frames: int, jumps: tuple[int, ...], tmp_path: Path) -> None:
    class Runner(Scripted):
        def detect(self, image: np.ndarray) -> np.ndarray:
            self.seen.append(read_shade(image))
            return make_standing_pose(15.0 * min(max(self.seen[-1] - first, 0) / frames, 1), size=0.15)[None]

    path = make_clip(tmp_path / "clip.mp4", frames=[make_shade(min(number, 25)) for number in range(300)])
    clip = looked(path, Runner())
    assert (clip.frames, clip.looks) == (300, 60)
    assert clip.jumps == jumps
    assert looked(path, Runner(), every_frame=True).jumps == ()


def test_a_track_is_read_whole_and_parts_are_counted(tmp_path: Path) -> None:
    poses = [make_standing_pose()[None]] * 6 + [without(make_standing_pose(), 15, 16)[None]] * 2 + [NOBODY] * 2
    clip = looked(saved(tmp_path, poses), start=Fraction(1, 25))
    assert (clip.frames, clip.looks, clip.size) == (9, 9, SIZE)
    assert clip.shown == {"head": 1, "shoulders": 1, "hips": 1, "knees": 1, "feet": pytest.approx(5 / 7)}


def test_the_cleaned_layout_has_no_face_to_miss(tmp_path: Path) -> None:
    clip = looked(saved(tmp_path, [measurable_poses(make_standing_pose()[None])] * 3, layout="h36m17"))
    assert clip.shown == {"shoulders": 1, "hips": 1, "knees": 1, "feet": 1}


def test_the_person_asked_for_is_looked_at(tmp_path: Path) -> None:
    left, right = make_standing_pose(size=0.3), make_standing_pose(120, size=0.5)
    path = saved(tmp_path, [np.stack((left, right))] * 3 + [right[None]])
    assert (looked(path).person_share, looked(path, person="1").person_share) == (1, 0.75)


def test_nobody_and_damage_are_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=100)
    with pytest.raises(InputError, match=r"clip.mp4: no person found in any of the 50 inspected frames"):
        looked(path, Scripted(empty=range(100)))
    with pytest.raises(InputError, match=r"cut.mp4 is damaged or cut short, only \d+ of its frames can be read"):
        looked(truncate_file(write_video(tmp_path / "cut.mp4", frames=40, moov_first=True), 0.85))


def test_a_bone_counts_only_with_both_ends() -> None:
    pose = make_standing_pose()
    half = without(pose, 11, 12)
    half[[11, 12], :2] = 0
    assert measure_body(measurable_poses(half[None])).seen[[2, 3, 5, 6]].tolist() == [False, True, False, True]
    assert measure_body(measurable_poses(pose[None])).seen.all()
