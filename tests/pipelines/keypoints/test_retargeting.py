import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.body import bone_vectors, joint_positions, measure_body
from pipelines.keypoints.layouts import H36M17_PARENT
from pipelines.keypoints.retargeting import retarget, retarget_coco17
from tests.helpers.poses import sample_people, sample_poses

COUNT, SCALE = 8, 150


def _lengths(poses: np.ndarray) -> np.ndarray:
    return np.linalg.norm(bone_vectors(poses)[..., 1:, :], axis=-1)


def _confident(poses: np.ndarray, confidence: float = 1.0) -> np.ndarray:
    return np.concatenate((poses, np.full((*poses.shape[:-1], 1), confidence)), -1)


def test_bones_and_joints_are_inverse() -> None:
    poses = np.random.default_rng(0).normal(size=(5, 17, 2))
    np.testing.assert_allclose(joint_positions(bone_vectors(poses)), poses, atol=1e-12)


def test_body_onto_the_same_person_changes_little() -> None:
    persons = sample_people(COUNT, 1)
    driver = sample_poses(persons, 2, scale=SCALE)[1]
    for number in range(COUNT):
        result = retarget(driver[number], driver[number, 0])
        error = np.linalg.norm(result - driver[number], axis=-1).mean() / (SCALE * float(persons.height[number]))
        assert error < 1e-6


def test_a_source_in_a_pose_of_the_driver_gets_the_right_lengths() -> None:
    """One frame in which both pose alike tells more than the longest limbs of one picture."""
    theirs, own = sample_people(COUNT, 3), sample_people(COUNT, 4)
    driver, truth = sample_poses(theirs, 5, scale=SCALE)[1], sample_poses(own, 5, scale=230)[1]
    for number in range(COUNT):
        result = retarget(driver[number], truth[number, 20])
        ratio = _lengths(result).mean(0) / _lengths(truth[number]).mean(0)
        assert np.abs(np.log(ratio)).mean() < 0.05


def test_body_is_nearer_to_the_truth_than_fit() -> None:
    """Another person who does the same motion is the truth; the source picture shows that person standing calmly."""
    theirs, own = sample_people(COUNT, 3), sample_people(COUNT, 4)
    driver, truth = sample_poses(theirs, 5, scale=SCALE)[1], sample_poses(own, 5, scale=230)[1]
    source = sample_poses(own, 6, scale=230, amplitude=0.3)[1][:, 0]
    errors: dict[str, list[float]] = {"body": [], "fit": []}
    for mode, found in errors.items():
        for number in range(COUNT):
            gap = retarget(driver[number], source[number], mode) - truth[number]
            gap -= np.median(gap[:, :1], axis=0)
            found.append(np.linalg.norm(gap, axis=-1).mean() / (230 * float(own.height[number])))
    assert np.mean(errors["body"]) < 0.025
    assert np.mean(errors["body"]) < 0.8 * np.mean(errors["fit"])


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_scale_and_place_of_the_driver_do_not_matter(factor: float) -> None:
    persons = sample_people(2, 7)
    driver = sample_poses(persons, 8)[1]
    expected = retarget(driver[0], driver[1, 0])
    np.testing.assert_allclose(retarget(driver[0] * factor + (70, -30), driver[1, 0]), expected, atol=1e-6)


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_result_follows_the_place_and_size_of_the_source(factor: float) -> None:
    driver = sample_poses(sample_people(2, 7), 8)[1]
    expected = retarget(driver[0], driver[1, 0]) * factor + (12, 34)
    np.testing.assert_allclose(retarget(driver[0], driver[1, 0] * factor + (12, 34)), expected, atol=1e-6)


def test_every_bone_keeps_one_ratio_and_its_direction() -> None:
    driver = sample_poses(sample_people(2, 9), 10)[1]
    result = retarget(driver[0], driver[1, 0])
    ratio = _lengths(result) / _lengths(driver[0])
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:1], ratio.shape), rtol=1e-9)
    old, new = bone_vectors(driver[0])[:, 1:], bone_vectors(result)[:, 1:]
    cosine = (old * new).sum(-1) / np.linalg.norm(old, axis=-1) / np.linalg.norm(new, axis=-1)
    np.testing.assert_allclose(cosine, 1, atol=1e-9)


def test_long_and_short_limbs_come_from_the_source() -> None:
    """A source with longer shins gets longer shins, and nothing else; left and right alike."""
    driver = np.repeat(sample_poses(sample_people(1, 11), 12, amplitude=0)[1][0, :1], 4, 0)
    source = driver[0].copy()
    source[[3, 6], 1] += 0.2 * np.abs(source[[3, 6], 1] - source[[2, 5], 1])
    ratio = (_lengths(retarget(driver, source)) / _lengths(driver))[0]
    np.testing.assert_allclose(ratio[[2, 5]], 1.2, atol=0.02)
    np.testing.assert_allclose(np.delete(ratio, [2, 5]), 1, atol=0.02)


def test_foreshortened_arm_of_the_source_is_not_taken_literally() -> None:
    driver = sample_poses(sample_people(1, 13), 14)[1][0]
    source = driver[0].copy()
    for start, chain in ((11, (12, 13)), (14, (15, 16))):
        source[list(chain)] = source[start]
    ratio = _lengths(retarget(driver, source))[:, 11] / _lengths(driver)[:, 11]
    assert ratio.min() > 0.7


@pytest.mark.parametrize("mode", ["body", "fit"])
def test_feet_stay_on_the_ground(mode: str) -> None:
    driver = sample_poses(sample_people(1, 15), 16, amplitude=0.5)[1][0]
    source = sample_poses(sample_people(1, 17), 18, amplitude=0.2, scale=200)[1][0, 0]
    lowest = retarget(_confident(driver), _confident(source), mode)[:, [3, 6], 1].max(1)
    ground = source[[3, 6], 1].max()
    assert abs(np.percentile(lowest, 90) - ground) < 1.0


def test_a_jump_stays_a_jump() -> None:
    driver = np.repeat(sample_poses(sample_people(1, 19), 20, amplitude=0)[1][0, :1], 20, 0)
    driver[8:11, :, 1] -= 40
    result = retarget(driver, driver[0])
    np.testing.assert_allclose(result[9] - result[0], driver[9] - driver[0], atol=0.5)


def test_legs_that_the_driver_does_not_show_are_the_sources() -> None:
    driver = _confident(sample_poses(sample_people(1, 21), 22)[1][0])
    driver[:, [1, 2, 3, 4, 5, 6], 2] = 0
    driver[:, [2, 3, 5, 6], :2] = np.random.default_rng(0).uniform(0, 500, (len(driver), 4, 2))
    source = sample_poses(sample_people(1, 23), 24, amplitude=0.2)[1][0, 0]
    result = retarget(driver, source)
    np.testing.assert_allclose(result[:, 1:7], np.broadcast_to(source[1:7], (len(driver), 6, 2)), atol=1e-9)
    assert np.abs(result[:, 13] - result[0, 13]).max() > 5


def test_measure_survives_missing_joints() -> None:
    poses = _confident(sample_poses(sample_people(1, 25), 26)[1][0])
    whole = measure_body(poses)
    poses[:, [1, 2, 3, 4, 5, 6], 2] = 0
    half = measure_body(poses)
    assert abs(half.stature / whole.stature - 1) < 0.15
    assert (half.lengths[1:] > 0).all()
    poses[..., 2] = 0
    with pytest.raises(InputError, match="no limb"):
        measure_body(poses)


def test_none_keeps_the_frame() -> None:
    driver = sample_poses(sample_people(1, 27), 28)[1][0]
    same = retarget(driver, driver[0], "none", driver_size=(640, 480), source_size=(640, 480))
    np.testing.assert_allclose(same, driver)
    corner = np.broadcast_to(np.array((639.5, 479.5)), (1, 17, 2))
    double = retarget(corner, driver[0], "none", driver_size=(640, 480), source_size=(1280, 1000))
    np.testing.assert_allclose(double, np.broadcast_to((1279.5, 979.5), (1, 17, 2)))


def test_unknown_mode() -> None:
    with pytest.raises(InputError, match="stretch"):
        retarget(np.ones((1, 17, 2)), np.ones((17, 2)), "stretch")


def test_parents_come_first() -> None:
    assert all(parent < joint for joint, parent in enumerate(H36M17_PARENT))


def test_coco_joints_go_where_the_body_goes() -> None:
    coco, h36m = (poses[0, 10] for poses in sample_poses(sample_people(1, 7), 8, scale=SCALE))
    moved = 2 * h36m + (30, -40)
    result = retarget_coco17(_confident(coco, 0.8), h36m, moved)
    np.testing.assert_allclose(result[:, :2], 2 * coco + (30, -40), atol=1e-6)
    assert (result[:, 2] == 0.8).all()


def test_limbs_that_the_source_lends_count_as_seen() -> None:
    coco, h36m = (poses[0, 10] for poses in sample_poses(sample_people(1, 7), 8, scale=SCALE))
    detected, own = _confident(coco, 0.8), _confident(coco, 0.9)
    detected[[0, 15], 2] = 0
    assert retarget_coco17(detected, h36m, h36m)[[0, 15], 2].tolist() == [0, 0]
    assert retarget_coco17(detected, h36m, h36m, own=own)[[0, 15], 2].tolist() == [0, 0.9]
