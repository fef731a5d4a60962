"""A cached track is the track that was detected, with everything that judging it needs."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.joints import HAND_POINTS
from pipelines.keypoints.details import FACE_POINTS, PersonDetails
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_cache import TrackCache
from tests.helpers.poses import make_standing_pose


def make_track(*, seen: bool) -> PoseTrack:
    """Two people, nobody, one person."""
    both = np.stack((make_standing_pose(), make_standing_pose(80)))
    frames = [
        PoseFrame(
            number,
            people,
            3 if number else None,
            np.full((16, 16, 3), number, np.uint8) if seen else None,
            np.full((len(people), 3), 40 * number, np.float32) if seen else None,
        )
        for number, people in enumerate((both, both[:0], both[1:]))
    ]
    return PoseTrack("coco17", 300, 200, Fraction(1, 25), frames, ("cut short",), 3, "not upright")


def test_details_of_people_are_stored_as_far_as_the_chains_use_them(tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_text("x")
    cache, track = TrackCache(tmp_path), make_track(seen=True)
    rng = np.random.default_rng(0)
    full = PersonDetails(
        depth=rng.normal(size=17).astype(np.float32),
        feet=rng.random((4, 3)).astype(np.float32),
        left_hand=rng.random((HAND_POINTS, 3)).astype(np.float32),
        face=rng.random((FACE_POINTS, 3)).astype(np.float32),
    )
    track.frames[0] = replace(track.frames[0], details=(None, full))
    with cache.entry(tmp_path / "dance.mp4") as entry:
        entry.track = track
    with cache.entry(tmp_path / "dance.mp4") as entry:
        found = entry.track
    assert found is not None
    assert [len(frame.details) for frame in found.frames] == [2, 0, 1]
    others, stored = [found.frames[0].details[0], found.frames[2].details[0]], found.frames[0].details[1]
    assert others == [PersonDetails()] * 2
    assert stored is not None
    for name in ("depth", "feet", "left_hand"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(full, name))
    assert stored.right_hand is stored.face is None


@pytest.mark.parametrize("seen", [True, False])
def test_a_stored_track_comes_back_whole(seen: bool, tmp_path: Path) -> None:
    (tmp_path / "dance.mp4").write_text("x")
    cache, track = TrackCache(tmp_path), make_track(seen=seen)
    with cache.entry(tmp_path / "dance.mp4") as entry:
        assert entry.track is None
        entry.track = track
    with cache.entry(tmp_path / "dance.mp4") as entry:
        found = entry.track
    assert found is not None
    assert vars(found) | {"frames": None} == vars(track) | {"frames": None}
    for frame, expected in zip(found.frames, track.frames, strict=True):
        assert (frame.pts, frame.duration) == (expected.pts, expected.duration)
        for name in ("people", "thumbnail", "colours"):
            np.testing.assert_array_equal(getattr(frame, name), getattr(expected, name))
