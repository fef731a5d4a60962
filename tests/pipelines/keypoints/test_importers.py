"""Poses by OpenPose and AlphaPose become tracks."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from models.joints import HAND_POINTS
from pipelines.keypoints.layouts import COCO17_NAMES, OPENPOSE18_NAMES
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.track_file import save_track


def _flat(names: tuple[str, ...], missing: str = "") -> list[float]:
    """Joint i of COCO-17 at (10 i + 5, 20 i + 7), extra joints far away."""
    values = []
    for name in names:
        index = COCO17_NAMES.index(name) if name in COCO17_NAMES else 99
        values += [0, 0, 0] if name == missing else [10 * index + 5, 20 * index + 7, 0.25]
    return values


BODY25 = (*OPENPOSE18_NAMES[:8], "hip", *OPENPOSE18_NAMES[8:], *(f"foot{index}" for index in range(6)))
HALPE26 = (*COCO17_NAMES, *(f"extra{index}" for index in range(9)))
EXPECTED = np.array([(10 * index + 5, 20 * index + 7, 0.25) for index in range(17)], np.float32)


@pytest.mark.parametrize("names", [OPENPOSE18_NAMES, BODY25, COCO17_NAMES], ids=["body18", "body25", "coco17"])
def test_openpose_folder(tmp_path: Path, names: tuple[str, ...]) -> None:
    for number, people in ((10, []), (9, [_flat(names)]), (8, [_flat(names, missing="left_knee")] * 2)):
        document = {"version": 1.3, "people": [{"pose_keypoints_2d": flat} for flat in people]}
        (tmp_path / f"v_{number}_keypoints.json").write_text(json.dumps(document))
    track = load_track(tmp_path, rate=Fraction(50))
    assert [len(frame.people) for frame in track.frames] == [2, 1, 0]
    assert (track.layout, track.time_base, track.rate) == ("coco17", Fraction(1, 50), 50.0)
    np.testing.assert_allclose(track.frames[1].people[0], EXPECTED)
    assert not track.frames[0].people[0, 13].any()
    assert track.width >= 166
    assert track.height >= 328
    assert load_track(tmp_path, size=(800, 600)).width == 800


def _write_openpose(folder: Path, *names: str) -> Path:
    document = {"version": 1.3, "people": [{"pose_keypoints_2d": _flat(COCO17_NAMES)}]}
    for name in names:
        (folder / f"{name}_keypoints.json").write_text(json.dumps(document))
    return folder


def test_feet_and_hands_of_openpose_come_along(tmp_path: Path) -> None:
    hand = [value for point in range(HAND_POINTS) for value in (100 + point, 50, 0.8)]
    unsure = [value if index % 3 < 2 else 0.1 for index, value in enumerate(hand)]
    person = {"pose_keypoints_2d": [value for joint in range(25) for value in (joint + 1, 2 * joint + 1, 0.9)]}
    known = {"hand_left_keypoints_2d": hand, "hand_right_keypoints_2d": unsure}
    document = {"people": [person | known, person | {"hand_left_keypoints_2d": []}]}
    (tmp_path / "take_000_keypoints.json").write_text(json.dumps(document))
    first, second = load_track(tmp_path).frames[0].details
    assert first is not None
    assert second is not None
    assert first.feet is not None
    assert first.left_hand is not None
    assert first.feet[:, 0].tolist() == [22, 25, 20, 23]  # joints 21, 24, 19, 22
    assert first.left_hand.tolist() == [[100 + point, 50, 0] for point in range(HAND_POINTS)]
    assert first.right_hand is None
    np.testing.assert_array_equal(second.feet, first.feet)
    assert second.left_hand is second.right_hand is None


@pytest.mark.parametrize(("joints", "heel", "hand"), [(26, 24, None), (133, 19, 91), (136, 24, 94)])
def test_feet_and_hands_of_alphapose_come_along(joints: int, heel: int, hand: int | None, tmp_path: Path) -> None:
    flat = [value for joint in range(joints) for value in (joint + 1, 2, 0.9)]
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps([{"image_id": "0.jpg", "keypoints": flat, "score": 1.0}]))
    details = load_track(poses).frames[0].details[0]
    assert details is not None
    assert details.feet is not None
    assert details.feet[0].tolist() == pytest.approx([heel + 1, 2, 0.9])
    for found, first in ((details.left_hand, hand), (details.right_hand, hand and hand + HAND_POINTS)):
        assert (None if found is None else found[0, 0]) == (None if first is None else first + 1)


def test_poses_of_17_joints_have_no_details(tmp_path: Path) -> None:
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps([{"image_id": "0.jpg", "keypoints": [1, 2, 0.9] * 17, "score": 1.0}]))
    assert load_track(poses).frames[0].details == ()


def test_frames_without_an_openpose_file_keep_their_time_and_are_told(tmp_path: Path) -> None:
    track = load_track(_write_openpose(tmp_path, "v_003", "v_004", "v_007"), size=(800, 600), rate=Fraction(50))
    assert [len(frame.people) for frame in track.frames] == [1, 1, 0, 0, 1]
    assert ([frame.pts for frame in track.frames], track.first_number) == ([3, 4, 5, 6, 7], 3)
    assert track.warnings == (f"{tmp_path} has no file for 2 of 5 frames: taken as frames without a person",)
    poses = load_track(tmp_path, size=(800, 600), rate=Fraction(50), in_sequence=False)
    assert ([len(frame.people) for frame in poses.frames], poses.first_number, poses.warnings) == ([1] * 3, None, ())


@pytest.mark.parametrize(
    "names", [("front", "back"), ("1", "1000000000"), ("a_1", "b_1"), ("a_1", "a_2", "b_3", "b_4")]
)
def test_openpose_files_that_do_not_count_the_frames_of_one_video_stay_in_order(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    assert len(load_track(_write_openpose(tmp_path, *names)).frames) == len(names)


def test_openpose_files_of_two_videos_in_one_folder_are_refused(tmp_path: Path) -> None:
    _write_openpose(tmp_path, "solo_0", "solo_1", "solo_2", "group_1", "group_2")
    with pytest.raises(InputError, match=r"poses of several videos, solo_\.\.\. and group_\.\.\.; keep those of one"):
        load_track(tmp_path)
    assert len(load_track(tmp_path, in_sequence=False).frames) == 5


def test_official_clean_folder_is_human36m(tmp_path: Path) -> None:
    document = {"version": "Video to Pose 2D", "people": [{"pose_keypoints_2d": list(range(1, 52))}]}
    (tmp_path / "1.json").write_text(json.dumps(document))
    assert load_track(tmp_path).layout == "h36m17"


@pytest.mark.parametrize("names", [COCO17_NAMES, HALPE26], ids=["coco17", "halpe26"])
def test_alphapose_list_brings_back_empty_frames(tmp_path: Path, names: tuple[str, ...]) -> None:
    entries = [{"image_id": f"{number}.jpg", "keypoints": _flat(names), "score": 2.9} for number in (0, 0, 2, 11)]
    (tmp_path / "alphapose-results.json").write_text(json.dumps(entries))
    track = load_track(tmp_path / "alphapose-results.json")
    assert [len(frame.people) for frame in track.frames] == [2, 0, 1] + [0] * 8 + [1]
    np.testing.assert_allclose(track.frames[2].people[0], EXPECTED)


@pytest.mark.parametrize(("group", "joints"), [("people", "pose_keypoints_2d"), ("bodies", "joints")])
def test_alphapose_dictionaries(tmp_path: Path, group: str, joints: str) -> None:
    body = {joints: _flat(OPENPOSE18_NAMES)}
    (tmp_path / "r.json").write_text(json.dumps({"b.jpg": {group: [body]}, "a.jpg": {group: []}}))
    track = load_track(tmp_path / "r.json")
    assert [len(frame.people) for frame in track.frames] == [0, 1]
    np.testing.assert_allclose(track.frames[1].people[0], EXPECTED)


def test_alphapose_tracked_people(tmp_path: Path) -> None:
    people = [{"keypoints": _flat(COCO17_NAMES), "scores": 2.9, "idx": number} for number in (2, 7)]
    (tmp_path / "r.json").write_text(json.dumps({"4.jpg": people, "6.jpg": people[:1]}))
    track = load_track(tmp_path / "r.json")
    assert [len(frame.people) for frame in track.frames] == [2, 0, 1]
    np.testing.assert_allclose(track.frames[2].people[0], EXPECTED)


@pytest.mark.parametrize(
    "document",
    [
        {"version": 1.0, "people": [{"pose_keypoints": _flat(OPENPOSE18_NAMES), "face_keypoints": []}]},
        {"version": 1.0, "people": [{"pose_keypoints": _flat(BODY25), "pose_keypoints_3d": []}]},
        {"version": 0.1, "bodies": [{"joints": _flat(OPENPOSE18_NAMES)}]},
    ],
    ids=["1.1", "1.1 body25", "0.1"],
)
def test_old_openpose_files(document: dict, tmp_path: Path) -> None:
    (tmp_path / "0.json").write_text(json.dumps(document))
    for path in (tmp_path, tmp_path / "0.json"):
        np.testing.assert_allclose(load_track(path).frames[0].people[0], EXPECTED)


def test_what_a_file_does_not_tell_is_assumed_and_said(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps([{"image_id": "0.jpg", "keypoints": _flat(COCO17_NAMES)}]))
    size, rate = load_track(tmp_path / "r.json").warnings
    assert size.endswith("r.json does not tell the size of its frames: 176x336 assumed from the joints")
    assert rate.endswith("r.json does not tell its frame rate: 25 frames per second assumed, see --fps")
    assert load_track(tmp_path / "r.json", size=(800, 600), rate=Fraction(50)).warnings == ()
    save_track(tmp_path / "t.json", load_track(tmp_path / "r.json"))
    assert load_track(tmp_path / "t.json").warnings == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"images": [{"id": 1}], "annotations": [{"keypoints": []}]}', "an object with 'images', 'annotations'"),
        ('[{"bbox": [1, 2], "track_id": 3}]', "a list of objects with 'bbox', 'track_id'"),
        ("3", "int data"),
        ("[]", "nothing"),
    ],
)
def test_json_that_holds_no_poses_is_described(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError, match=f"{found}, not poses; known are tracks of gfla keypoints, OpenPose's JSON"):
        load_track(tmp_path / "r.json")


def test_fractions_of_the_frame_are_refused_with_a_known_size_as_well(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps([{"image_id": "0.jpg", "keypoints": [0.5, 0.5, 0.9] * 17}]))
    with pytest.raises(InputError, match="fractions of the frame"):
        load_track(tmp_path / "r.json", size=(800, 600))


@pytest.mark.parametrize("flat", [[1.0] * 30, [1.0] * 52, ["a"] * 54, None, [1e9] * 54, [0.5] * 54])
def test_bad_openpose_joints(tmp_path: Path, flat: object) -> None:
    (tmp_path / "1.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": flat}]}))
    with pytest.raises(InputError):
        load_track(tmp_path)


def test_alphapose_numbers_out_of_sequence_are_refused(tmp_path: Path) -> None:
    entries = [{"image_id": f"{number}.jpg", "keypoints": _flat(COCO17_NAMES)} for number in (0, 10**9)]
    (tmp_path / "r.json").write_text(json.dumps(entries))
    with pytest.raises(InputError, match="sequence"):
        load_track(tmp_path / "r.json")
