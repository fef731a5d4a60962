"""Layers over backgrounds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipelines.compositing.device_compositor import DeviceLayer, lay_people_over
from pipelines.compositing.layers import Layer, lay_over, merge_layers, to_rgba

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


def _person(left: int, top: int, *, dark: float = 0.0) -> Layer:
    """Six pixels wide and high, covered to four fifths, with a shadow around."""
    noise = np.random.default_rng(left)
    alpha = np.full((6, 6), 0.8, np.float32)
    colour = noise.random((6, 6, 3), np.float32) * 255 * alpha[..., None]
    return Layer(colour, alpha, (left, top, left + 6, top + 6), np.full((6, 6), dark, np.float32) if dark else None)


def test_merged_people_are_laid_over_each_other() -> None:
    background = np.random.default_rng(2).integers(0, 256, (12, 16, 3), np.uint8)
    people = [_person(1, 1), _person(4, 3), _person(12, 9)]  # two meet, one leaves the picture
    one_by_one = background
    for each in people:
        one_by_one = lay_over(one_by_one, each)
    assert np.abs(one_by_one.astype(int) - lay_over(background, merge_layers(people))).max() <= 1


def test_shadows_fall_on_the_background_and_not_on_people() -> None:
    behind, front = _person(1, 1), _person(4, 3)
    bright, dark = (merge_layers([behind, replace(front, shadow=shadow)]) for shadow in (None, np.full((6, 6), 0.5)))
    np.testing.assert_array_equal(bright.colour, dark.colour)
    assert bright.shadow is None
    assert dark.shadow is not None
    np.testing.assert_allclose(dark.shadow[2:, 3:], 0.5, atol=1e-6)
    assert dark.shadow[:2].max() == 0


def test_several_people_on_a_device_are_those_that_are_merged() -> None:
    background = np.random.default_rng(2).integers(0, 256, (12, 16, 3), np.uint8)
    people = [_person(1, 1, dark=0.3), _person(4, 3), _person(12, 9, dark=0.6)]
    expected = lay_over(background, merge_layers(people))
    placed = []
    for each in people:
        rgba = torch.from_numpy(np.dstack([each.colour, each.alpha])).permute(2, 0, 1)[None]
        shadow = None if each.shadow is None else torch.from_numpy(each.shadow)[None, None]
        placed.append((DeviceLayer(rgba, shadow), each.box))
    (result,) = lay_people_over(torch.from_numpy(background), placed)()
    assert np.abs(result.astype(int) - expected).max() <= 1
