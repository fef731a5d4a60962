"""The one natural order."""

import itertools
from pathlib import Path

import pytest

from pipelines.media.ordering import natural_key


@pytest.mark.parametrize(
    "names",
    [
        ["a2b", "a10", "b9", "b10"],
        ["9.png", "10.png", "a1.png"],
        ["frame_2_keypoints.json", "frame_10_keypoints.json"],
        ["IMG_9.png", "img_10.png", "IMG_11.png"],
        ["01", "1", "2", "²"],
        ["", "0", "a"],
    ],
)
def test_numbers_count_and_case_does_not(names: list[str]) -> None:
    for order in itertools.permutations(names):
        assert sorted(order, key=natural_key) == names


def test_case_counts_on_request() -> None:
    names = ["B1", "B10", "a2"]
    assert sorted(["a2", "B10", "B1"], key=lambda name: natural_key(name, ignore_case=False)) == names
    assert sorted(names, key=natural_key) == ["a2", "B1", "B10"]


def test_names_that_differ_in_zeros_or_case_only_have_an_order() -> None:
    assert sorted(["a1", "a01", "A1"], key=natural_key) == ["A1", "a01", "a1"]


def test_only_the_name_of_a_path_counts() -> None:
    assert sorted([Path("b/2.png"), Path("a/10.png")], key=natural_key) == [Path("b/2.png"), Path("a/10.png")]
