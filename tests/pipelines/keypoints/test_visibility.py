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
