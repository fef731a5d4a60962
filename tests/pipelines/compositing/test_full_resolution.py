from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from models.detail import Detail
from models.generators.animation import Step
from pipelines.compositing.full_resolution import MOVING_FLOW, STILL_FLOW, FullResolutionCompositor, suppress_tremor

CANVAS = 64


def picture(side: int) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    return cv2.GaussianBlur(values, (0, 0), 2)


def step(shares: tuple[float, float, float], previous: tuple[float, float], reference: tuple[float, float]) -> Step:
    """The same shares and flows everywhere; what is generated is a grey of 51."""

    def plane(*values: float) -> torch.Tensor:
        return torch.tensor(values).view(1, -1, 1, 1).expand(1, len(values), CANVAS, CANVAS)

    grey, unused = plane(-0.6, -0.6, -0.6), plane(0, 0, 0)
    detail = Detail(plane(*previous), plane(*reference), plane(*shares), unused, unused)
    return Step(grey, plane(0), grey, [], [], [], [], detail)


@pytest.mark.parametrize("side", [96, 150, CANVAS])
def test_what_stands_still_keeps_every_pixel(side: int) -> None:
    composer = FullResolutionCompositor(picture(side))
    for _ in range(3):
        assert (composer.compose(step((0, 0.3, 0.7), (0.1, -0.2), (0, 0.24))) == picture(side)).all()


def test_a_flow_moves_the_photo_at_its_own_resolution() -> None:
    """2 pixels of the canvas are 4 of a square twice as large."""
    composer, source = FullResolutionCompositor(picture(2 * CANVAS)), picture(2 * CANVAS)
    once = composer.compose(step((0, 0, 1), (0, 0), (2, 0)))
    assert (once[:, :-4] == source[:, 4:]).all()
    twice = composer.compose(step((0, 1, 0), (0, 2), (9, 9)))
    assert (twice[:-4, :-4] == source[4:, 4:]).all()


def test_shares_weigh_the_pictures() -> None:
    composer, source = FullResolutionCompositor(picture(100)), picture(100).astype(float)
    expected = 0.5 * 51 + 0.5 * source
    np.testing.assert_allclose(composer.compose(step((0.5, 0.25, 0.25), (0, 0), (0, 0))), expected, atol=0.51)
    assert (composer.compose(step((1, 0, 0), (0, 0), (0, 0))) == 51).all()


def test_one_moving_spot_is_resampled_like_the_whole() -> None:
    """Away from the spot nothing changes; inside, tiles leave no seams."""
    side = 3 * CANVAS
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    gentle = np.stack([rows, columns, rows + columns], -1) / 2
    spot = torch.zeros(1, 2, CANVAS, CANVAS)
    spot[:, 0, 20:40, 10:50] = 3.0
    whole = step((0, 0, 1), (0, 0), (0, 0))
    assert whole.detail is not None
    composer = FullResolutionCompositor(gentle.astype(np.uint8))
    result = composer.compose(replace(whole, detail=replace(whole.detail, flow_reference=spot))).astype(float)
    shift = cv2.resize(spot[0, 0].numpy(), (side, side)) * 3
    np.testing.assert_allclose(result[..., 1], (columns + shift) / 2, atol=1.01)
    np.testing.assert_allclose(result[..., 0], np.floor(rows / 2), atol=1.01)


def test_without_a_detail_head_the_generated_image_is_enlarged() -> None:
    plain = replace(step((1, 0, 0), (0, 0), (0, 0)), detail=None)
    assert (FullResolutionCompositor(picture(90)).compose(plain) == 51).all()


def test_settle_stops_trembling_only() -> None:
    flow = np.array([[[STILL_FLOW * 0.9, MOVING_FLOW, -5.0]], [[0.0, 0.0, 2.0]]], np.float32)
    np.testing.assert_allclose(suppress_tremor(flow), [[[0, MOVING_FLOW, -5]], [[0, 0, 2]]])
