import copy
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.layouts import (
    COCO17_FLIP,
    COCO17_LIMBS,
    COCO17_NAMES,
    H36M17_FLIP,
    H36M17_LIMBS,
    H36M17_NAMES,
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


def make_details() -> PersonDetails:
    random = np.random.default_rng(3)
    shapes = {"depth": (17,), "feet": (4, 3), "left_hand": (21, 3), "face": (468, 3)}
    return PersonDetails(**{name: random.uniform(0, 1, shape).astype(np.float32) for name, shape in shapes.items()})


def test_details_make_it_version_2_and_come_back(tmp_path: Path) -> None:
    frames = [PoseFrame(0, _poses(2), details=(None, make_details())), PoseFrame(1, _poses(1))]
    save_track(tmp_path / "t.json", PoseTrack("coco17", 640, 480, Fraction(1, 25), frames))
    assert json.loads((tmp_path / "t.json").read_text())["version"] == 2
    first, second = load_track(tmp_path / "t.json").frames
    assert second.details == ()
    nobody, known = first.details
    assert nobody is None
    assert known is not None
    assert known.right_hand is None
    for name in ("depth", "feet", "left_hand", "face"):
        np.testing.assert_allclose(getattr(known, name), getattr(make_details(), name), atol=6e-4)


def test_without_details_it_stays_version_1(tmp_path: Path) -> None:
    save_track(tmp_path / "t.json", PoseTrack("coco17", 8, 8, Fraction(1, 25), [PoseFrame(0, _poses())]))
    assert json.loads((tmp_path / "t.json").read_text())["version"] == 1


def test_version_1_has_no_details() -> None:
    document = _document()
    document["frames"][0]["people"][0]["depth"] = "a key of somebody else"
    assert parse_track(document, "t.json").frames[0].details == ()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("depth", [0.0] * 16, "depth must list 17"),
        ("depth", [0.0] * 16 + [math.nan], "depth must be finite"),
        ("feet", [[1, 2, 1.5]] * 4, "feet point 0: confidence 1.5"),
        ("feet", [[1, 2, 0.5]] * 3, "feet must list 4"),
        ("left_hand", [[1, 2, -3]] * 20 + [[1, 2]], "left_hand point 20"),
        ("right_hand", {}, "right_hand must list 21"),
        ("face", [[1, 2, 1e9]] * 468, "face point 0: .* px away"),
    ],
)
def test_every_bad_detail_is_named(key: str, value: object, message: str) -> None:
    document = _document()
    document["version"] = 2
    document["frames"][1]["people"][0][key] = value
    with pytest.raises(InputError, match=f"frame 1, person 1.*{message}"):
        parse_track(document, "t.json")


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
        (_set("version", 3), "version 3"),
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


@pytest.mark.parametrize(
    ("names", "flip", "limbs"), [(COCO17_NAMES, COCO17_FLIP, COCO17_LIMBS), (H36M17_NAMES, H36M17_FLIP, H36M17_LIMBS)]
)
def test_layouts_mirror(names, flip, limbs) -> None:
    swapped = [name.replace("left", "?").replace("right", "left").replace("?", "right") for name in names]
    assert [names[index] for index in flip] == swapped
    assert {frozenset(flip[j] for j in limb) for limb in limbs} == {frozenset(limb) for limb in limbs}
    assert len(OPENPOSE18_TO_COCO17) == 17
