"""Layers over backgrounds."""

import numpy as np
import pytest

from pipelines.compositing.layers import Layer, lay_over, to_rgba

BOX = (-2, 1, 6, 9)  # reaches beyond a picture of 8 x 8 on the left and below


def _layer(shadow: bool = True) -> Layer:
    noise = np.random.default_rng(1)
    alpha = noise.random((8, 8), np.float32)
    colour = noise.random((8, 8, 3), np.float32) * 255 * alpha[..., None]
    return Layer(colour, alpha, BOX, noise.random((8, 8), np.float32) * 0.5 if shadow else None)


@pytest.mark.parametrize("shadow", [True, False])
def test_straight_alpha_composited_by_hand_equals_the_layer_over_the_background(shadow: bool) -> None:
    background = np.random.default_rng(2).integers(0, 256, (8, 8, 3), np.uint8)
    layer = _layer(shadow)
    rgba = to_rgba(layer, 8, 8).astype(np.float32)
    alpha = rgba[..., 3:] / 255
    by_hand = rgba[..., :3] * alpha + background * (1 - alpha)
    assert np.abs(by_hand - lay_over(background, layer)).max() <= 2


def test_the_background_outside_of_the_box_stays_and_the_given_picture_is_not_changed() -> None:
    background = np.random.default_rng(2).integers(0, 256, (8, 8, 3), np.uint8)
    before = background.copy()
    result = lay_over(background, _layer())
    assert (background == before).all()
    assert (result[0] == background[0]).all()
    assert (result[:, 6:] == background[:, 6:]).all()
    assert (result[1:, :6] != background[1:, :6]).any()


def test_a_layer_beside_the_picture_changes_nothing() -> None:
    background = np.full((8, 8, 3), 7, np.uint8)
    far = Layer(np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32), (20, -9, 22, -7))
    assert (lay_over(background, far) == background).all()
    assert not to_rgba(far, 8, 8).any()
