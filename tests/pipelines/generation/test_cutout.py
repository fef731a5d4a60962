"""Pictures taken apart into a person and a plate."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from pipelines.generation.cutout import CutOutMaker, cut_out, describe_certainty, find_hole
from pipelines.keypoints.motion import SourcePerson
from tests.helpers.poses import make_standing_pose

HEIGHT, WIDTH = 300, 200


def make_source(**changes) -> SourcePerson:
    """A green person who stands before a red wall."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[40:270, 70:130] = 1
    picture = np.where(mask[..., None] > 0, (20, 160, 60), (180, 60, 40)).astype(np.uint8)
    pose = make_standing_pose()
    return replace(SourcePerson(picture, pose, pose, mask=mask), **changes)


def fill_black(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return np.where(hole[..., None] > 0, 0, picture).astype(np.uint8)


def test_only_the_person_leaves_the_picture() -> None:
    source = make_source()
    assert source.mask is not None
    (parts,) = cut_out([source], fill_black)
    assert (parts.plate[source.mask > 0] == 0).all()
    np.testing.assert_array_equal(parts.plate[:, :50], source.picture[:, :50])
    np.testing.assert_array_equal(parts.plate[:30], source.picture[:30])
    np.testing.assert_allclose(parts.matte.alpha, source.mask, atol=0.1)


def test_a_picture_with_alpha_brings_its_matte() -> None:
    source = make_source()
    assert source.mask is not None
    (parts,) = cut_out([replace(source, alpha=source.mask * 0.9)], fill_black)
    np.testing.assert_allclose(parts.matte.alpha, source.mask * 0.9)
    assert (parts.plate == 255).all()
    assert parts.note
    assert "own alpha" in parts.note


def test_an_alpha_that_is_not_of_the_person_is_not_a_matte() -> None:
    """Such as that of rounded corners."""
    corners = np.ones((HEIGHT, WIDTH), np.float32)
    corners[:5, :5] = 0
    (parts,) = cut_out([make_source(alpha=corners)], fill_black)
    assert parts.matte.alpha[:, :50].max() == 0


def test_the_hole_holds_the_contact_shadow_of_feet_that_are_seen() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    pose = make_standing_pose()
    x, y = pose[15, :2].astype(int)
    alpha[40 : y + 6, x - 10 : x + 10] = 1
    standing, hidden = pose.copy(), pose.copy()
    hidden[[15, 16], 2] = 0
    beside = find_hole(alpha, standing)[y + 5, x + 14], find_hole(alpha, hidden)[y + 5, x + 14]
    assert beside[0] > 0
    assert beside[1] == 0


def test_a_picture_is_taken_apart_once() -> None:
    calls = []

    def fill(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
        calls.append(picture)
        return picture

    cut = CutOutMaker(lambda: fill)
    first = cut([make_source()])
    assert cut([make_source()]) is first
    assert cut([make_source(picture=make_source().picture + np.uint8(9))]) is not first
    assert len(calls) == 2


def test_threads_with_the_same_picture_wait_for_one_of_them() -> None:
    calls = []

    def fill(picture, hole):
        calls.append(picture)
        time.sleep(0.1)
        return picture

    cut = CutOutMaker(lambda: fill)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda source: cut([source]), [make_source(), make_source()])
    assert first is second
    assert len(calls) == 1


@pytest.mark.parametrize(("certainty", "said"), [(1.0, False), (0.8, False), (0.6, True), (0.0, True)])
def test_an_unsure_outline_is_described(certainty: float, said: bool) -> None:
    assert bool(describe_certainty(certainty)) == said
