"""A changed square of the source picture appears where the flow takes it from, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.detail import Detail
from models.generators.animation import Step
from pipelines.compositing.changed_source import show_changed
from pipelines.compositing.layers import Layer

CANVAS = 64, 32  # height and width
SCALE = 3  # picture pixels per canvas pixel
AREA = (10, 20, 10 + 32 * SCALE, 20 + 64 * SCALE)
SQUARE = (40, 60, 70, 90)
RED = np.full((30, 30, 3), (200, 10, 10), np.uint8)


def step(flow: tuple[float, float] = (0, 0), share: float = 1) -> Step:
    """Everything comes from the reference at `flow` canvas pixels away, to this share."""

    def plane(*values: float) -> torch.Tensor:
        return torch.tensor(values).view(1, -1, 1, 1).expand(1, len(values), *CANVAS)

    grey, unused = plane(0, 0, 0, 1), plane(0, 0, 0, 0)
    detail = Detail(plane(0, 0), plane(*flow), plane(1 - share, 0, share), unused, unused)
    return Step(grey, plane(0), grey, [], [], [], [], detail)


def layer(alpha: float = 1) -> Layer:
    """A person who fills the area but for 12 pixels at the left and the top."""
    height, width = AREA[3] - AREA[1] - 12, AREA[2] - AREA[0] - 12
    colour = np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32) * np.float32(alpha)
    return Layer(colour, np.full((height, width), alpha, np.float32), (AREA[0] + 12, AREA[1] + 12, *AREA[2:]))


def mask() -> np.ndarray:
    inner = np.zeros((30, 30), np.float32)
    inner[5:25, 5:25] = 1
    return inner


@pytest.mark.parametrize("flow", [(0, 0), (4, -3), (-2, 5)])
def test_it_is_shown_where_the_flow_takes_it_from_and_nowhere_else(flow: tuple[int, int]) -> None:
    before = layer()
    after = show_changed(before, step(flow), AREA, RED, mask(), SQUARE)
    left, top = (SQUARE[axis] + 5 - before.box[axis] - SCALE * flow[axis] for axis in (0, 1))
    inside = np.zeros(before.alpha.shape, bool)
    inside[top : top + 20, left : left + 20] = True
    assert np.allclose(after.colour[inside], RED[0, 0], atol=0.01)
    assert (after.colour[~inside] == before.colour[~inside]).all()
    assert (after.alpha == before.alpha).all()
    assert after.box == before.box


def test_half_covered_pixels_show_half_of_it() -> None:
    after = show_changed(layer(0.5), step(), AREA, RED, mask(), SQUARE)
    assert np.allclose(after.colour[50, 40], RED[0, 0] / 2, atol=0.01)


@pytest.mark.parametrize("share", [0, 0.1])
def test_what_the_network_makes_up_stays(share: float) -> None:
    before = layer()
    assert (show_changed(before, step(share=share), AREA, RED, mask(), SQUARE).colour == before.colour).all()


def test_a_square_that_the_layer_does_not_show_changes_nothing() -> None:
    before = layer()
    elsewhere = replace(before, box=(300, 300, 300 + before.colour.shape[1], 300 + before.colour.shape[0]))
    for each in (elsewhere, Layer(np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), np.float32), (50, 50, 50, 50))):
        assert (show_changed(each, step(), AREA, RED, mask(), SQUARE).colour == each.colour).all()
