import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.tracking import fill_gaps, is_person, joint_distance, select_people, select_person
from tests.helpers.poses import make_standing_pose


def _crowd(frames: int = 10) -> list[np.ndarray]:
    """A small person who walks left to right past a large one; their order in each frame alternates."""
    small = [make_standing_pose(20 + 30 * t, 50, size=0.5) for t in range(frames)]
    large = [make_standing_pose(150, 0) for t in range(frames)]
    return [np.stack((a, b) if t % 2 else (b, a)) for t, (a, b) in enumerate(zip(small, large, strict=True))]


def test_largest_is_followed() -> None:
    np.testing.assert_allclose(select_person(_crowd())[:, 0, 0], make_standing_pose(150, 0)[0, 0])


def test_first_from_the_left_is_followed_past_the_other() -> None:
    track = select_person(_crowd(), "1")
    np.testing.assert_allclose(track[:, 0, 0], [make_standing_pose(20 + 30 * t, 50, size=0.5)[0, 0] for t in range(10)])


def _crossing(speed: float, rate: float, seen: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Two people of the same size who walk past each other in 4 s, and the first one's x [T]; joints shake by 1 %.

    Args:
        speed: of each, in body heights per second.
        rate: frames per second.
        seen: what is found where they cover each other: "both", "one" (the other is hidden), "nobody", or one "twice".
    """
    random = np.random.default_rng(int(10 * speed + rate))
    way = 200 * speed * np.linspace(-2, 2, int(4 * rate))  # pixels of each person from where they meet
    frames = []
    for at in way:
        pair = np.stack([make_standing_pose(500 + side, 0) for side in (at, -at)])
        covered = abs(at) < 25
        chosen = {"both": [0, 1], "one": [0], "nobody": [], "twice": [0, 0]}[seen] if covered else [0, 1]
        people = pair[random.permutation(chosen).astype(int)]
        people[..., :2] += random.normal(0, 2, people[..., :2].shape)
        frames.append(people)
    return frames, 500 + way


@pytest.mark.parametrize("seen", ["both", "one", "nobody", "twice"])
@pytest.mark.parametrize("rate", [8, 25, 60])
@pytest.mark.parametrize("speed", [0.4, 0.8, 2])
def test_people_who_cross_keep_apart(speed: float, rate: float, seen: str) -> None:
    frames, x = _crossing(speed, rate, seen)
    found = select_person(frames, "1")[:, :, 0].mean(1) - make_standing_pose()[:, 0].mean()
    apart = np.abs(x - 500) > 60  # pixels
    np.testing.assert_allclose(found[apart], x[apart], atol=5)


def test_people_who_meet_and_turn_back_keep_apart() -> None:
    distance = 30 + 100 * np.abs(np.linspace(-2, 2, 100))  # pixels of each from the middle
    frames = [np.stack([make_standing_pose(500 - at, 0), make_standing_pose(500 + at, 0)]) for at in distance]
    found = select_person(frames, "1")[:, 0, 0] - make_standing_pose()[0, 0]
    np.testing.assert_allclose(found, 500 - distance, atol=1e-3)


def test_number_counts_in_the_first_frame_with_enough_people() -> None:
    frames = [make_standing_pose(150, 0)[None], *_crowd()]
    assert not select_person(frames, "1")[:, 0, 0].std()
    crossing = select_person([frames[0][:0], *_crowd()], "2")
    np.testing.assert_allclose(crossing[1:, 0, 0], make_standing_pose(150, 0)[0, 0])
    assert not crossing[0].any()


def test_everybody_is_numbered_from_the_left_in_the_first_frame_that_shows_enough() -> None:
    large = make_standing_pose(150, 0)
    frames = [large[None], *_crowd()]
    small, other = select_people(frames)
    assert not small[0].any()
    assert small[1, 0, 0] < large[0, 0] < small[-1, 0, 0]
    np.testing.assert_allclose(other[:, 0, 0], large[0, 0])
    (one,) = select_people(frames, 1)
    np.testing.assert_array_equal(one, other)


def test_who_is_seen_for_a_moment_has_no_number() -> None:
    frames = _crowd()
    frames[0] = np.concatenate([frames[0], make_standing_pose(-600, 0)[None]])
    assert len(select_people(frames)) == 2
    assert select_people([np.empty((0, 17, 3), np.float32)] * 3) == []


def test_people_of_frames_far_apart_may_have_gone_far() -> None:
    frames = [np.stack([make_standing_pose(250 * step, 0), make_standing_pose(1500, 0)]) for step in range(4)]
    assert [track[:, 0, 0].std() > 0 for track in select_people(frames, interval=20)] == [True, False]


def test_person_is_found_again_after_a_gap() -> None:
    frames = [np.stack((make_standing_pose(0, 0), make_standing_pose(300, 0, size=0.8))) for _ in range(12)]
    for t in range(4, 8):
        frames[t] = frames[t][1:]
    track = select_person(frames)
    assert not track[4:8].any()
    np.testing.assert_allclose(track[8:], np.repeat(make_standing_pose(0, 0)[None], 4, 0))


@pytest.mark.parametrize(
    ("frames", "person", "message"),
    [
        ([np.empty((0, 17, 3), np.float32)] * 3, "largest", "any of the 3 frames"),
        ([np.empty((0, 17, 3), np.float32)], "largest", "the picture"),
        ([make_standing_pose(confidence=0.1)[None]], "largest", "no person"),
        (_crowd(), "3", "no frame shows more than 2; choose 1 to 2 or 'largest'"),
        ([frame[:1] for frame in _crowd()], "2", "no frame shows more than 1; leave out --person"),
        (_crowd(), "0", "'0'"),
        (_crowd(), "tall", "'tall'"),
    ],
)
def test_choice_that_can_not_be_made(frames: list[np.ndarray], person: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        select_person(frames, person)


def test_distance_ignores_joints_without_confidence() -> None:
    first, second = make_standing_pose(), make_standing_pose(20)
    assert joint_distance(first, second) == pytest.approx(0.1, rel=0.05)
    second[3] = (900, 900, 0)
    assert joint_distance(first, second) == pytest.approx(0.1, rel=0.05)
    assert joint_distance(first, make_standing_pose(confidence=0)) == float("inf")


def _walk() -> np.ndarray:
    return np.stack([make_standing_pose(10 * t, 0) for t in range(9)])


def test_interpolation_is_linear_across_gaps() -> None:
    track = _walk()
    track[3:6] = 0
    track[7, 9] = (999, 999, 0.05)
    filled, summary = fill_gaps(track)
    np.testing.assert_allclose(filled[..., :2], _walk()[..., :2], atol=1e-3)
    assert (summary.frames, summary.missing_frames, summary.filled_joints) == (9, 3, 1)
    assert (filled[3:6, :, 2] < 0.3).all()
    assert (filled[3:6, :, 2] > 0).all()
    np.testing.assert_allclose(filled[0, :, 2], 0.9)


def test_hold_repeats_the_last_pose_and_ends_are_held() -> None:
    track = _walk()
    track[[0, 4, 5, 8]] = 0
    filled, _ = fill_gaps(track, "hold")
    expected = _walk()[[1, 1, 2, 3, 3, 3, 6, 7, 7], :, :2]
    np.testing.assert_allclose(filled[..., :2], expected)


def test_fail_names_the_frame() -> None:
    track = _walk()
    assert fill_gaps(track, "fail")[1].missing_frames == 0
    track[4:6] = 0
    with pytest.raises(InputError, match=r"frame 5 \(2 of 9"):
        fill_gaps(track, "fail")


def test_joint_never_seen_stays_missing() -> None:
    track = _walk()
    track[:, 15] = 0
    filled, summary = fill_gaps(track)
    assert not filled[:, 15].any()
    assert summary.filled_joints == 0


def test_nobody_and_unknown_mode() -> None:
    with pytest.raises(InputError, match="no person"):
        fill_gaps(np.zeros((4, 17, 3), np.float32))
    with pytest.raises(InputError, match="skip"):
        fill_gaps(_walk(), "skip")


def test_is_person() -> None:
    pose = make_standing_pose()
    assert is_person(pose)
    pose[3:, 2] = 0
    assert not is_person(pose)


def test_somebody_in_hardly_any_frame_is_nobody() -> None:
    track = np.zeros((25, 17, 3), np.float32)
    track[12:14] = make_standing_pose(50, 20)
    with pytest.raises(InputError, match="in only 2 of 25 frames"):
        fill_gaps(track)
