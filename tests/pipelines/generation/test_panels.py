"""Rows of pictures with titles and legends."""

import numpy as np
import pytest

from pipelines.generation.panels import title_panels

RED = (255, 70, 70)


def panels(height: int) -> dict[str, np.ndarray]:
    return {
        title: np.full((height, width, 3), shade, np.uint8)
        for title, width, shade in (("left", 60, 90), ("right", 40, 120))
    }


@pytest.mark.parametrize("height", [48, 256, 2000])
def test_titles_are_above_the_panels(height: int) -> None:
    row = title_panels(panels(height), height=height)
    bar, below = row[:-height], row[-height:]
    assert len(bar) % 2 == 0
    assert 14 <= len(bar) <= max(14, height / 18)
    assert (below[:, :60] == 90).all()
    assert (below[:, 60:] == 120).all()
    assert all(part.max() > 150 for part in (bar[:, :60], bar[:, 60:]))


def test_panels_get_a_common_height() -> None:
    assert title_panels({"small": np.zeros((20, 10, 3), np.uint8)}, height=40)[-40:].shape == (40, 20, 3)


def test_a_legend_has_its_colours_and_makes_every_bar_higher() -> None:
    plain = title_panels(panels(256), height=256)
    row = title_panels(panels(256), height=256, legends={"right": [("source", RED)]})
    assert len(row) - 256 == 2 * (len(plain) - 256)
    legend = row[: len(row) - 256][len(plain) - 256 :]
    red = (legend[..., 0] > 150) & (legend[..., 1] < 90)
    assert red[:, 60:].any()
    assert not red[:, :60].any()


def test_a_long_title_fits() -> None:
    row = title_panels({"a title much longer than its panel": np.zeros((64, 80, 3), np.uint8)}, height=64)
    assert (row[:-64, -2:] == row[0, 0]).all()
