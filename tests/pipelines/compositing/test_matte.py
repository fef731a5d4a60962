"""Mattes of drawn people whose outline is known."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from pipelines.compositing.matte import estimate_matte, make_trimap, matte_of_alpha
from pipelines.compositing.pymatting_functions import is_compiled

SIZE = 240, 180  # height and width
RED, GREY = (200, 40, 30), (120, 150, 140)


def draw(*, centre: tuple[int, int] = (90, 120), axes: tuple[int, int] = (40, 70)) -> np.ndarray:
    """Coverage float32 [H, W] of an ellipse with soft edges."""
    large = np.zeros((4 * SIZE[0], 4 * SIZE[1]), np.float32)
    cv2.ellipse(large, (4 * centre[0], 4 * centre[1]), (4 * axes[0], 4 * axes[1]), 0, 0, 360, 1, -1)
    return cv2.resize(large, SIZE[::-1], interpolation=cv2.INTER_AREA)


def picture(alpha: np.ndarray) -> np.ndarray:
    """A reddish shape before a greyish wall, both a little uneven, uint8 RGB."""
    noise = np.random.default_rng(0).normal(0, 3, (*SIZE, 3))
    mixed = np.array(RED) * alpha[..., None] + np.array(GREY) * (1 - alpha[..., None])
    return np.clip(mixed + cv2.GaussianBlur(noise, (0, 0), 1), 0, 255).astype(np.uint8)


def coarse(alpha: np.ndarray) -> np.ndarray:
    """What a network would say: blurred and at a quarter of the size."""
    small = cv2.resize(cv2.GaussianBlur(alpha, (0, 0), 3), (SIZE[1] // 4, SIZE[0] // 4), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, SIZE[::-1])


def test_a_coarse_mask_becomes_the_true_outline() -> None:
    true = draw()
    matte = estimate_matte(picture(true), coarse(true))
    assert matte.alpha.dtype == np.float32
    assert np.abs(matte.alpha - true).mean() < 0.01 < np.abs(coarse(true) - true).mean()


def test_an_arm_in_another_colour_that_is_thinner_than_the_unknown_band_stays() -> None:
    height, width = 900, 600
    body, arm = np.zeros((2, height, width), np.float32)
    cv2.ellipse(body, (250, 450), (110, 400), 0, 0, 360, 1, -1)
    cv2.line(arm, (340, 450), (520, 450), 1, 14)
    image = np.full((height, width, 3), GREY, np.uint8)
    image[body > 0] = RED
    image[(arm > 0) & (body == 0)] = 90, 120, 150  # nearer to the wall's colour than to the body's
    mask = cv2.GaussianBlur(np.maximum(body, arm), (0, 0), 3)
    cv2.circle(mask, (560, 100), 8, 1, -1)
    trimap = make_trimap(mask)
    assert not (trimap[:200, 500:] == 1).any()  # a speck that is no part of the person
    assert (trimap[449:452, 390:510] == 1).all()
    assert (trimap[443:445, 390:510] == 0.5).all()
    matte = estimate_matte(image, mask)
    assert matte.alpha[448:453, 390:510].min() > 0.9
    assert matte.alpha[400:430, 400:500].max() < 0.1


def test_colours_carry_no_background_along() -> None:
    true = draw()
    image = picture(true)
    matte = estimate_matte(image, coarse(true))
    edge = (true > 0.3) & (true < 0.7)
    mixed = np.abs(image[edge].astype(float) - RED).mean()
    assert np.abs(matte.colour[edge].astype(float) - RED).mean() < mixed / 3
    np.testing.assert_array_equal(matte.colour[matte.alpha == 0], image[matte.alpha == 0])


def test_premultiplied_and_laid_over_the_wall_it_is_the_picture() -> None:
    true = draw()
    image = picture(true)
    rgba = estimate_matte(image, coarse(true)).premultiplied
    again = rgba[..., :3] + (1 - rgba[..., 3:]) * np.array(GREY)
    assert np.abs(again - image).mean() < 3


@pytest.mark.parametrize("shift", [15, 30, 60])
def test_a_mask_in_the_wrong_place_is_less_certain(shift: int) -> None:
    true = draw()
    image, mask = picture(true), coarse(true)
    right, wrong = (estimate_matte(image, each).certainty for each in (mask, np.roll(mask, shift, 1)))
    assert right > 0.85
    assert wrong < right - 0.15


def test_what_the_border_cuts_reaches_the_border() -> None:
    """Networks fade out at the border, and the border is no outline."""
    true = draw(centre=(90, 200), axes=(40, 90))
    mask = coarse(true)
    mask[-4:] *= 0.3
    matte = estimate_matte(picture(true), mask)
    np.testing.assert_allclose(matte.alpha[-1, 70:110], 1, atol=0.02)


def test_the_border_is_known_in_the_trimap() -> None:
    mask = np.zeros(SIZE, np.float32)
    mask[100:, 60:120] = 1
    trimap = make_trimap(mask)
    assert (trimap[-1, 70:110] == 1).all()
    assert (trimap[100, 70:110] == 0.5).all()
    assert (trimap[:80] == 0).all()


@pytest.mark.parametrize("mask", [np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32)])
def test_masks_without_an_outline_are_not_certain(mask: np.ndarray) -> None:
    matte = estimate_matte(picture(draw()), mask)
    np.testing.assert_allclose(matte.alpha, mask, atol=1e-3)
    assert matte.certainty == 0


def test_results_are_the_same_every_time() -> None:
    true = draw()
    first, second = (estimate_matte(picture(true), coarse(true)) for _ in range(2))
    np.testing.assert_array_equal(first.premultiplied, second.premultiplied)


def test_an_alpha_of_its_own_gives_back_the_colours_before_white() -> None:
    alpha = draw()
    over_white = np.rint(np.array(RED) * alpha[..., None] + 255 * (1 - alpha[..., None])).astype(np.uint8)
    matte = matte_of_alpha(over_white, alpha)
    np.testing.assert_allclose(matte.colour[alpha > 0.2], np.broadcast_to(RED, (*SIZE, 3))[alpha > 0.2], atol=3)
    assert matte.certainty == 1


def test_pymatting_is_imported_by_a_thread_without_its_rest_and_is_not_in_the_way() -> None:
    estimate_matte(picture(draw()), coarse(draw()))
    assert is_compiled()
    check = """
import sys
import threading
from pipelines.compositing.pymatting_functions import load_matting, matting_functions
from pipelines.runtime.progress import SILENT
assert not any("numba" in name for name in sys.modules)
load_matting(SILENT)
while "pymatting" not in sys.modules:
    pass
load_matting(SILENT)  # of the next job, while that of the first one goes on
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
assert "numba" in sys.modules
with matting_functions() as functions:
    pass
assert not any(name.partition(".")[0] == "pymatting" for name in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_matte_leaves_the_threads_of_pytorch_alone() -> None:
    """Numba shares OpenMP with PyTorch, and the bytes of later results depend on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        picture, mask = np.full((64, 48, 3), 90, np.uint8), np.zeros((64, 48), np.float32)
        picture[16:48, 12:36], mask[16:48, 12:36] = 200, 1
        estimate_matte(picture, mask)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
