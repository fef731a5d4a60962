"""Hands, feet and depth of poses: from a detector's details to the source person."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from models.joints import DETAIL_NAMES, HAND_POINTS
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.layouts import DETAIL_JOINTS
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.retargeting import retarget
from pipelines.keypoints.structure_details import find_source_details, retarget_details
from pipelines.keypoints.tracking import GapSummary
from pipelines.synthetic.people.skeleton import SIDES, Frames, Proportions, coco17, forward_kinematics, human36m17
from tests.helpers.poses import make_standing_pose, sample_motion, sample_people

FRAMES = 12
NAMED, LEFT_HAND, RIGHT_HAND, FEET = slice(0, 10), slice(0, 3), slice(3, 6), slice(6, 10)
# Knuckles of index and little finger and tip of the middle finger in the wrist's frame, in hand lengths; heel and big
# toe in the ankle's frame, in foot lengths: x away from the body, y up, z to the front.
HAND = ((-0.005, -0.46, 0.13), (-0.015, -0.44, -0.14), (-0.06, -0.98, 0.03))
FOOT = ((0.0, -0.16, -0.2), (-0.05, -0.19, 0.66))
Truth = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def detail_points(frames: Frames, person: Proportions) -> torch.Tensor:
    """World positions [1, T, 10, 3] of the points `DETAIL_NAMES`, of stiff hands and feet."""
    points = []
    for joint, places, size in (("wrist", HAND, person.hand), ("ankle", FOOT, person.foot)):
        for side, sign in reversed(SIDES):  # left first
            points += [frames.point(f"{side}_{joint}", size * torch.tensor((sign * x, y, z))) for x, y, z in places]
    return torch.stack(points, 2)


def move(person: Proportions, scale: float) -> Truth:
    """COCO-17 [T, 17, 3], Human3.6M-17 [T, 17, 3], points [T, 10, 2] and COCO depths [T, 17] of a person, pixels."""
    frames = forward_kinematics(person, sample_motion(1, FRAMES, 2))
    sets = coco17(frames, person), human36m17(frames, person), detail_points(frames, person)
    coco, human, points = (each[0].double().numpy() * (scale, -scale, -scale) + (200, 300, 0) for each in sets)
    depth = coco[..., 2] - human[:, :1, 2]
    sure = np.full((FRAMES, 17, 1), 0.9)
    coco, human = (np.concatenate([each[..., :2], sure], -1).astype(np.float32) for each in (coco, human))
    return coco, human, points[..., :2], depth


def describe(points: np.ndarray, wrists: np.ndarray, depth: np.ndarray | None = None) -> PersonDetails:
    """What a detector knows: hands whose wrists [2, 2] are 5 pixels off, with their fingers, and feet."""
    hands = []
    for at, wrist in zip((LEFT_HAND, RIGHT_HAND), wrists, strict=True):
        hand = np.full((HAND_POINTS, 3), 999.0, np.float32)
        hand[[0, 5, 17, 12], :2] = np.concatenate([wrist[None], points[at]]) + 5
        hands.append(hand)
    feet = np.concatenate([points[[6, 8, 7, 9]], np.full((4, 1), 0.8)], 1).astype(np.float32)
    return PersonDetails(depth, feet, *hands)


def drive(truth: Truth, details: list[PersonDetails | None], rate: int = 25) -> DrivingMotion:
    pts = list(range(len(details)))
    coco, human, *_ = truth
    gaps = GapSummary(len(pts), 0, 0)
    return DrivingMotion(human, coco, pts, [None] * len(pts), Fraction(1, rate), (400, 400), gaps, details=details)


def details_of(truth: Truth) -> list[PersonDetails | None]:
    coco, _, points, depth = truth
    return [describe(*each) for each in zip(points, coco[:, 9:11, :2], depth, strict=True)]


def test_the_source_has_its_own_details_and_hands_hang_on_wrists() -> None:
    truth = move(sample_people(1, 1), 150)
    source = SourcePerson(np.zeros((4, 4, 3), np.uint8), truth[0][0], truth[1][0], details=details_of(truth)[0])
    found = find_source_details(source)
    np.testing.assert_allclose(found.points[0, NAMED], truth[2][0], atol=1e-3)
    for named, first, wrist in ((LEFT_HAND, 10, 9), (RIGHT_HAND, 31, 10)):
        np.testing.assert_array_equal(found.points[0, [first + 5, first + 17, first + 12]], found.points[0, named])
        np.testing.assert_allclose(found.points[0, first], truth[0][0, wrist, :2])
    np.testing.assert_allclose(found.depth[0], truth[3][0])


def test_nothing_is_known_without_details() -> None:
    truth = move(sample_people(1, 1), 150)
    source = SourcePerson(np.zeros((4, 4, 3), np.uint8), truth[0][0], truth[1][0])
    for found in (find_source_details(source), retarget_details(drive(truth, [None] * FRAMES), truth[1][..., :2])):
        assert np.isnan(found.points).all()
        assert np.isnan(found.depth).all()


def test_unsure_points_and_what_hangs_on_unsure_joints_are_not_known() -> None:
    truth = move(sample_people(1, 1), 150)
    details = details_of(truth)[0]
    assert details is not None
    assert details.feet is not None
    details.feet[0, 2] = 0.1  # left heel
    pose = truth[0][0].copy()
    pose[10, 2] = 0.1  # right wrist
    found = find_source_details(SourcePerson(np.zeros((4, 4, 3), np.uint8), pose, truth[1][0], details=details))
    unknown = [name for name, point in zip(DETAIL_NAMES, found.points[0, NAMED], strict=True) if np.isnan(point).any()]
    assert np.isnan(found.points[0, 31:]).all(), "the right hand"
    assert np.isfinite(found.points[0, 10:31]).all(), "the left hand"
    assert unknown == ["right_index_base", "right_little_base", "right_middle_tip", "left_heel"]
    assert np.isnan(found.depth[0]).nonzero()[0].tolist() == [10]


def test_a_hand_far_from_its_wrist_is_another_one() -> None:
    truth = move(sample_people(1, 1), 150)
    pose, human, points, _ = (each[0] for each in truth)
    details = describe(points, pose[[9, 9], :2])  # the detector finds the left hand twice
    distance = np.linalg.norm(pose[9, :2] - pose[10, :2])
    assert distance > 30
    found = find_source_details(SourcePerson(np.zeros((4, 4, 3), np.uint8), pose, human, details=details))
    assert np.isfinite(found.points[0, LEFT_HAND]).all()
    assert np.isnan(found.points[0, RIGHT_HAND]).all()


def test_details_follow_a_driver_of_another_size_and_build() -> None:
    theirs, own = move(sample_people(1, 2), 150), move(sample_people(1, 6), 260)
    poses = retarget(theirs[1], own[1][4])
    found = retarget_details(drive(theirs, details_of(theirs)), poses)
    joints = {layout: list(indices) for layout, indices in DETAIL_JOINTS.items()}
    offsets = (found.points - poses[:, joints["h36m17"]])[:, NAMED]
    true = own[2] - own[0][:, joints["coco17"][NAMED], :2]
    sizes = np.linalg.norm(true, axis=-1)
    assert sizes.max() > 40
    assert np.linalg.norm(offsets - true, axis=-1).mean() < 0.12 * sizes.mean()
    depth = own[3][:, [9, 10, 15, 16]]
    np.testing.assert_allclose(found.depth[:, [13, 16, 6, 3]], depth, atol=0.15 * np.abs(depth).max())


def test_placed_poses_take_their_details_along() -> None:
    truth = move(sample_people(1, 3), 150)
    motion, poses = drive(truth, details_of(truth)), truth[1][..., :2].astype(np.float64)
    step = np.array([31, -17])
    moved = retarget_details(motion, poses + step)
    np.testing.assert_allclose(moved.points, retarget_details(motion, poses).points + step, atol=1e-9)


@pytest.mark.parametrize(("rate", "filled"), [(25, 2), (100, 9), (5, 0)])
def test_short_gaps_are_filled_whatever_the_rate(rate: int, filled: int) -> None:
    truth = move(sample_people(1, 3), 150)
    details = details_of(truth)[:1] + [None] * (FRAMES - 1)
    found = retarget_details(drive(truth, details, rate), truth[1][..., :2].astype(np.float64))
    known = np.isfinite(found.points[:, 0, 0])
    assert known[: filled + 1].all()
    assert known.sum() <= filled + 2


def test_noise_is_smoothed_but_motion_is_not_delayed() -> None:
    truth = move(sample_people(1, 3), 150)
    poses = truth[1][..., :2].astype(np.float64)
    exact = retarget_details(drive(truth, details_of(truth)), poses).points[:, NAMED]
    assert np.linalg.norm(exact - truth[2], axis=-1).mean() < 1.5
    rng = np.random.default_rng(0)
    noisy = (*truth[:2], truth[2] + rng.normal(0, 3, truth[2].shape), truth[3])
    found = retarget_details(drive(noisy, details_of(noisy)), poses).points[:, NAMED]
    assert (found - exact).std() < 2.2


def test_joints_that_the_driver_never_shows_have_no_depth() -> None:
    truth = move(sample_people(1, 3), 150)
    truth[1][:, 3, 2] = 0  # right foot
    depth = retarget_details(drive(truth, details_of(truth)), truth[1][..., :2].astype(np.float64)).depth
    assert np.isnan(depth[:, 3]).all()
    assert np.isfinite(np.delete(depth, 3, 1)).all()


def test_a_pose_without_time_is_a_motion_of_one_frame() -> None:
    pose = make_standing_pose()[None]
    human = move(sample_people(1, 1), 150)[1][:1]
    details = describe(np.arange(20.0).reshape(10, 2), pose[0, 9:11, :2])
    motion = DrivingMotion(human, pose, [0], [None], Fraction(1, 25), (9, 9), GapSummary(1, 0, 0), details=[details])
    assert np.isfinite(retarget_details(motion, human[..., :2]).points).all()
