"""Layers that are scaled and moved."""

import numpy as np
import pytest

from pipelines.compositing.layers import Layer, lay_over
from pipelines.compositing.moved_layers import move_layer


def make_layer(size: int = 60, shadow: bool = False) -> Layer:
    """A soft disc of colour (200, 100, 50) whose middle is at (50, 40)."""
    y, x = np.indices((size, size))
    alpha = np.clip((20 - np.hypot(x - 30, y - 30)) / 3 + 0.5, 0, 1).astype(np.float32)
    colour = alpha[..., None] * np.array((200, 100, 50), np.float32)
    return Layer(colour, alpha, (20, 10, 20 + size, 10 + size), alpha * 0.5 if shadow else None)


def find_middle(layer: Layer) -> tuple[float, float]:
    rows, columns = np.indices(layer.alpha.shape)
    total = layer.alpha.sum()
    return (columns * layer.alpha).sum() / total + layer.box[0], (rows * layer.alpha).sum() / total + layer.box[1]


@pytest.mark.parametrize("scale", [0.25, 0.43, 1.0, 1.7])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (-30.3, 12.6)])
def test_points_go_where_they_should_and_areas_scale(scale: float, shift: tuple[float, float]) -> None:
    layer = make_layer()
    moved = move_layer(layer, scale, shift)
    x, y = find_middle(moved)
    assert (x, y) == pytest.approx((scale * 50 + shift[0], scale * 40 + shift[1]), abs=0.1)
    assert moved.alpha.sum() == pytest.approx(scale**2 * layer.alpha.sum(), rel=0.05)
    assert moved.colour.shape[:2] == moved.alpha.shape == (moved.box[3] - moved.box[1], moved.box[2] - moved.box[0])


def test_colours_stay_premultiplied_so_that_edges_get_no_rim() -> None:
    moved = move_layer(make_layer(), 0.37, (3.3, 1.7))
    some = moved.alpha > 0.02
    assert np.abs(moved.colour[some] / moved.alpha[some][:, None] - (200, 100, 50)).max() < 1


def test_shadows_move_along() -> None:
    moved = move_layer(make_layer(shadow=True), 0.5, (0, 0))
    assert moved.shadow is not None
    np.testing.assert_allclose(moved.shadow, moved.alpha * 0.5, atol=1e-5)


def test_nothing_changes_at_scale_one() -> None:
    background = np.full((90, 100, 3), 30, np.uint8)
    same = move_layer(make_layer(), 1.0, (0.0, 0.0))
    assert np.abs(lay_over(background, same).astype(int) - lay_over(background, make_layer())).max() <= 1
