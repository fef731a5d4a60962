"""Filled holes at the picture's own resolution: what is known stays, and the filling looks like what is around it."""

from functools import cache

import cv2
import numpy as np
import pytest
import torch

from models.plate import PlateConfig, PlateNetwork
from pipelines.compositing.plate import SEAM, fill_plate, soften_seam

GRAIN = 6.0  # levels
LARGE = 1500  # pixels, well above what the network sees


@cache
def make_network() -> PlateNetwork:
    """An untrained network, which fills smoothly."""
    torch.manual_seed(0)
    config = PlateConfig(widths=(4, 8, 8), dilations=(1, 2), spectral=4, heads=2)
    return PlateNetwork(config=config).eval()


@cache
def make_slope(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.repeat((60 + 80 * x / width + 40 * y / height)[..., None], 3, -1).astype(np.float32)


def make_picture(height: int, width: int, grain: float = GRAIN) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 1, (height, width, 3)) * grain
    return np.clip(np.rint(make_slope(height, width) + noise), 0, 255).astype(np.uint8)


def make_hole(height: int, width: int, box: tuple[float, float, float, float]) -> np.ndarray:
    """A box (left, top, right, bottom) in shares of the picture."""
    left, top, right, bottom = box
    hole = np.zeros((height, width), np.float32)
    hole[int(top * height) : int(bottom * height), int(left * width) : int(right * width)] = 1
    return hole


MIDDLE = (0.3, 0.3, 0.7, 0.7)
HOLES = {
    "middle": MIDDLE,
    "corner": (0, 0, 0.4, 0.3),
    "right border": (0.6, 0.2, 1, 0.8),
    "all but a row": (0, 0, 1, 0.99),
    "across": (0, 0.4, 1, 0.6),
    "one pixel": (0.5, 0.5, 0.505, 0.505),
    "everything": (0, 0, 1, 1),
    "nothing": (0, 0, 0, 0),
}


@pytest.mark.parametrize("size", [(200, 300), (700, 210)], ids=["small", "tall"])
@pytest.mark.parametrize("box", HOLES.values(), ids=list(HOLES))
def test_known_pixels_stay_and_what_the_hole_hides_is_not_read(
    size: tuple[int, int], box: tuple[float, float, float, float]
) -> None:
    picture, hole = make_picture(*size), make_hole(*size, box)
    before, inside = picture.copy(), hole > 0
    filled = fill_plate(picture, hole, make_network())
    assert filled.dtype == np.uint8
    assert (picture == before).all()
    assert (filled[~inside] == picture[~inside]).all()
    hidden = np.where(inside[..., None], 255 - picture, picture)
    assert (fill_plate(hidden, hole, make_network())[inside] == filled[inside]).all()
    if 0 < inside.mean() < 0.9:
        assert abs(filled[inside].mean() - make_slope(*size)[inside].mean()) < 30


def test_the_filling_of_a_large_picture_has_the_grain_of_its_surroundings() -> None:
    picture, hole = make_picture(LARGE, LARGE), make_hole(LARGE, LARGE, MIDDLE)
    filled = fill_plate(picture, hole, make_network())
    noise = filled - make_slope(LARGE, LARGE)
    fine = noise - cv2.GaussianBlur(noise, (0, 0), 4)
    inner = cv2.erode(hole, np.ones((25, 25))) > 0
    near = (cv2.dilate(hole, np.ones((101, 101))) > 0) & (hole == 0)
    seam = (hole > 0) & (cv2.erode(hole, np.ones((13, 13))) == 0)
    for place in (inner, seam):
        assert fine[place].std() == pytest.approx(fine[near].std(), rel=0.12)
        assert abs(noise[place].mean()) < 2
    together = np.asarray(np.corrcoef(fine[inner].T))
    assert abs(together[0, 1]) < 0.2  # independent in each colour, as around


def test_a_clean_picture_gets_no_grain_however_sharp_an_edge_is_near() -> None:
    picture = make_picture(800, 800, 0.0)
    picture[:, 600:] = 255
    filled = fill_plate(picture, make_hole(800, 800, (0.3, 0.3, 0.6, 0.7)), make_network()).astype(np.float32)
    inside = filled[300:500, 300:400]
    assert (inside - cv2.GaussianBlur(inside, (0, 0), 3)).std() < 0.6


def test_grain_is_as_strong_as_it_is_nearby() -> None:
    """Coarse on the left, none on the right."""
    rough = make_picture(900, 900, 10.0)
    rough[:, 450:] = make_slope(900, 900)[:, 450:]
    filled = fill_plate(rough, make_hole(900, 900, (0.2, 0.4, 0.8, 0.5)), make_network()).astype(np.float32)
    fine = filled - cv2.GaussianBlur(filled, (0, 0), 4)
    row = slice(380, 430)
    assert fine[row, 200:310].std() > 7
    assert fine[row, 580:690].std() < 2


def test_grain_has_the_colour_of_the_surroundings() -> None:
    grey = np.repeat(make_picture(800, 800, 8.0)[..., :1], 3, -1)
    filled = fill_plate(grey, make_hole(800, 800, MIDDLE), make_network()).astype(np.float32)
    inside = filled[260:540, 260:540]
    assert inside.std() > 5
    assert np.abs(inside - inside.mean(-1, keepdims=True)).max() <= 1


def test_the_same_arguments_give_the_same_result() -> None:
    picture, hole = make_picture(600, 500), make_hole(600, 500, MIDDLE)
    first = fill_plate(picture, hole, make_network())
    torch.rand(3)
    assert (fill_plate(picture, hole, make_network()) == first).all()


def test_a_soft_hole_blends() -> None:
    picture, hole = make_picture(300, 300), make_hole(300, 300, MIDDLE)
    full, half = (fill_plate(picture, share * hole, make_network()).astype(np.float32) for share in (1.0, 0.5))
    assert np.abs(half - (full + picture) / 2).max() <= 1


def test_the_tone_of_a_filling_leads_over_to_that_around_the_hole() -> None:
    """The known part is dark, the filling bright, as where a shadow ends at the hole."""
    hole = torch.zeros(1, 1, 120, 160)
    hole[..., 60:] = 1
    made = (hole - 0.5).repeat(1, 3, 1, 1)
    softened = soften_seam(made, hole)
    assert torch.equal(softened[..., :60], made[..., :60])
    assert torch.equal(softened[..., 61 + SEAM :], made[..., 61 + SEAM :])
    row = softened[0, 0, 60, 58 : 64 + SEAM]
    assert row.diff().min() > -1e-3
    assert row.diff().max() < 3 / SEAM


def test_a_filling_that_continues_what_is_around_keeps_its_tone() -> None:
    hole = torch.zeros(1, 1, 90, 120)
    hole[..., 30:60, 40:80] = 1
    wall = torch.linspace(-0.8, 0.8, 120).expand(1, 3, 90, 120)
    assert (soften_seam(wall, hole) - wall).abs().max() < 0.06
