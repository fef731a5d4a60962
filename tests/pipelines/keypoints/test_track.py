import copy
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.layouts import (
    COCO17_FLIP,
    COCO17_LIMBS,
    COCO17_NAMES,
    H36M17_FLIP,
    H36M17_LIMBS,
    H36M17_NAMES,
    OPENPOSE18_NAMES,
    OPENPOSE18_TO_COCO17,
)  # fmt: skip
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import parse_track, save_track


def _poses(count: int = 1, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    poses = random.uniform(1, 100, (count, 17, 3)).astype(np.float32)
    poses[..., 2] /= 100
    return poses


def _document() -> dict:
    joints = [[1.0 * index + 1, 2.0, 0.5] for index in range(17)]
    frames = [{"pts": pts, "people": [{"keypoints": copy.deepcopy(joints)}]} for pts in (0, 1, 5)]
    return {"version": 1, "layout": "coco17", "width": 64, "height": 48, "time_base": [1, 25], "frames": frames}


def test_round_trip_keeps_everything(tmp_path: Path) -> None:
    frames = [PoseFrame(-3, _poses(2)), PoseFrame(0, _poses(0)), PoseFrame(4, _poses(1, seed=1))]
    track = PoseTrack("h36m17", 640, 480, Fraction(1001, 30000), frames)
    save_track(tmp_path / "t.json", track)
    loaded = load_track(tmp_path / "t.json")
    assert (loaded.layout, loaded.width, loaded.height, loaded.time_base) == ("h36m17", 640, 480, Fraction(1001, 30000))
    assert [frame.pts for frame in loaded.frames] == [-3, 0, 4]
    for before, after in zip(frames, loaded.frames, strict=True):
        assert after.people.shape == before.people.shape
        np.testing.assert_allclose(after.people, before.people, atol=6e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


def test_saving_into_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't make folder"):
        save_track(
            tmp_path / "none" / "deeper" / "t.json",
            PoseTrack("coco17", 8, 8, Fraction(1, 25), [PoseFrame(0, _poses())]),
        )


def test_non_finite_is_not_written(tmp_path: Path) -> None:
    track = PoseTrack("coco17", 8, 8, Fraction(1, 25), [PoseFrame(0, np.full((1, 17, 3), np.nan, np.float32))])
    with pytest.raises(ValueError, match="JSON"):
        save_track(tmp_path / "t.json", track)
    assert not list(tmp_path.iterdir())


def _set(path: str, value: object):
    def change(document: dict) -> None:
        *keys, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in keys:
            document = document[key]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("version", 2), "version 2"),
        (_set("layout", "body25"), "body25"),
        (_set("width", 0), "width 0"),
        (_set("height", 10**9), "height"),
        (_set("width", True), "width True"),
        (_set("time_base", [1, 0]), "time_base 0"),
        (_set("time_base", "1/25"), "time_base"),
        (_set("frames", []), "frames must list"),
        (_set("frames.1", None), "frame 1"),
        (_set("frames.1.pts", 0), "pts 0 is not after"),
        (_set("frames.1.pts", 0.5), "pts 0.5"),
        (_set("frames.2.people", {}), "frame 2"),
        (_set("frames.0.people.0", []), "person 1"),
        (_set("frames.0.people.0.keypoints", [[1, 2, 0.5]] * 16), "17 joints"),
        (_set("frames.0.people.0.keypoints.3", [1, 2]), "joint 3"),
        (_set("frames.0.people.0.keypoints.3.0", "1"), "joint 3"),
        (_set("frames.0.people.0.keypoints.3.0", math.inf), "joint 3"),
        (_set("frames.0.people.0.keypoints.3.1", 1e300), "px away"),
        (_set("frames.0.people.0.keypoints.3.2", 1.5), "confidence 1.5"),
    ],
)
def test_every_bad_value_is_named(change, message: str) -> None:
    document = _document()
    parse_track(document, "t.json")
    change(document)
    with pytest.raises(InputError, match=message) as caught:
        parse_track(document, "t.json")
    assert str(caught.value).startswith("t.json: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "hello", "[1, 2", '{"frames": [NaN]}', "[]", '{"a": 1}', "[" * 100_000])
def test_text_that_is_no_track(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(InputError) as caught:
        load_track(tmp_path / "t.json")
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_track(tmp_path / "none.json")


def test_a_part_of_a_track_is_chosen_by_time_from_its_first_frame() -> None:
    frames = [PoseFrame(100 + 10 * index, np.zeros((0, 17, 3), np.float32)) for index in range(10)]
    track = PoseTrack("coco17", 64, 48, Fraction(1, 100), frames)
    assert [frame.pts for frame in select_frames(track, Fraction(1, 5), 0.5, None).frames] == [120, 130, 140]
    assert [frame.pts for frame in select_frames(track, Fraction(3, 10), None, 2).frames] == [130, 140]
    assert select_frames(track, None, None, None).frames == frames
    with pytest.raises(InputError, match=r"0\.9 s long"):
        select_frames(track, 1.0, None, None)


def test_is_track(tmp_path: Path) -> None:
    assert is_track("x.JSON")
    assert not is_track("x.mp4")
    assert not is_track(tmp_path)
    (tmp_path / "a_keypoints.json").touch()
    assert is_track(tmp_path)
    (tmp_path / "a.png").touch()
    assert not is_track(tmp_path)


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


@pytest.mark.parametrize(
    ("names", "flip", "limbs"), [(COCO17_NAMES, COCO17_FLIP, COCO17_LIMBS), (H36M17_NAMES, H36M17_FLIP, H36M17_LIMBS)]
)
def test_layouts_mirror(names, flip, limbs) -> None:
    swapped = [name.replace("left", "?").replace("right", "left").replace("?", "right") for name in names]
    assert [names[index] for index in flip] == swapped
    assert {frozenset(flip[j] for j in limb) for limb in limbs} == {frozenset(limb) for limb in limbs}
    assert len(OPENPOSE18_TO_COCO17) == 17
