"""How far down a picture or a video shows a person, and what is said about it."""

import numpy as np
import pytest

from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.visibility import (
    PARTS,
    describe_cut_driving,
    describe_cut_source,
    lowest_part,
    missing_body_parts,
    shown_parts,
)
from pipelines.media.pictures import load_picture
from tests.helpers.media_files import SOURCE
from tests.helpers.poses import make_standing_pose

SIZE = (200, 300)


def without(pose: np.ndarray, *joints: int) -> np.ndarray:
    pose = pose.copy()
    pose[list(joints), 2] = 0
    return pose


def test_a_whole_person_inside_the_picture_hides_nothing() -> None:
    assert missing_body_parts(make_standing_pose(), SIZE) == ()
    assert missing_body_parts(without(make_standing_pose(), 3, 5, 12, 13, 16), SIZE) == (), (
        "one of two is enough: seen from the side"
    )


@pytest.mark.parametrize(
    ("pose", "hidden"),
    [
        (without(make_standing_pose(), 15, 16), ("feet",)),
        (without(make_standing_pose(), 0, 1, 2, 3, 4), ("head",)),
        (without(make_standing_pose(), 13, 14, 15, 16), ("knees", "feet")),
        (make_standing_pose(0, 52), ("feet",)),
        (make_standing_pose(0, 90), ("feet",)),
        (make_standing_pose(0, -33), ("head",)),
        (make_standing_pose(-82, 0), ("shoulders", "hips", "knees", "feet")),
    ],
)
def test_what_is_unsure_or_at_the_edge_is_hidden(pose: np.ndarray, hidden: tuple[str, ...]) -> None:
    assert missing_body_parts(pose, SIZE) == hidden


@pytest.mark.parametrize(("name", "rows"), [("head", slice(230, None)), ("feet", slice(0, 500))])
def test_the_networks_poses_of_cut_pictures_show_it(name: str, rows: slice) -> None:
    detector, picture = create_detector("bundled"), load_picture(SOURCE)
    assert missing_body_parts(detector.detect(picture)[0], picture.shape[1::-1]) == ()
    part = np.ascontiguousarray(picture[rows])
    assert name in missing_body_parts(detector.detect(part)[0], part.shape[1::-1])


@pytest.mark.parametrize(
    ("hidden", "lowest"),
    [
        ((), None),
        (("feet",), "knees"),
        (("knees", "feet"), "hips"),
        (("hips", "knees", "feet"), "waist"),
        (("shoulders", "hips", "knees", "feet"), "shoulders"),
        (("head", "feet"), None),
        (("hips",), None),
    ],
)
def test_the_lowest_part_shown(hidden: tuple[str, ...], lowest: str | None) -> None:
    assert lowest_part(hidden) == lowest


@pytest.mark.parametrize(("rows", "lowest"), [(640, None), (485, "knees"), (363, "hips"), (275, "waist")])
def test_a_cut_picture_says_how_far_down_the_person_goes(rows: int, lowest: str | None) -> None:
    part = np.ascontiguousarray(load_picture(SOURCE)[:rows])
    pose = create_detector("bundled").detect(part)[0]
    line = describe_cut_source(missing_body_parts(pose, (part.shape[1], part.shape[0])))
    assert line is None if lowest is None else f"found, but only down to the {lowest}:" in (line or "")


def test_a_person_without_head_is_not_only_cut_below() -> None:
    assert describe_cut_source(("head", "feet")) == (
        "the picture does not show the head and feet: what it hides has to be made up"
    )


def test_a_video_is_cut_if_hardly_a_frame_shows_the_parts() -> None:
    half = make_standing_pose()
    half[13:, 2] = 0
    shown = shown_parts(np.array([half] * 8 + [make_standing_pose()] * 2), SIZE)
    assert shown == {name: 0.2 if name in ("knees", "feet") else 1 for name in PARTS}
    assert "in the video is found, but only down to the hips" in (describe_cut_driving(shown) or "")
    assert describe_cut_driving(shown_parts(np.array([half] * 3 + [make_standing_pose()] * 2), SIZE)) is None
