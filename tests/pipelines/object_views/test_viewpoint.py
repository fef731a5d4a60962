from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.viewpoint import FILL, ViewpointConfig, ViewpointNetwork
from pipelines.object_views.foreground import segment_foreground
from pipelines.object_views.viewpoint import estimate_view
from pipelines.runtime.progress import SilentProgress


def told(x: float, y: float, side: float) -> ViewpointNetwork:
    """A network that always answers with a car from azimuth 90 and this frame."""
    network = ViewpointNetwork(config=ViewpointConfig(widths=(4, 4, 4, 4, 4), hidden=4, bins=36)).eval()
    last = network.head[-1]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([0.0] * 9 + [9.0] + [0.0] * 26 + [9, 0, 0, 0, 10 * x, 10 * y, 10 * np.log(side)]))
    return network


def box(path: Path, picture: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of what is on the picture, in parts of its side."""
    Image.fromarray(picture).save(path)
    return np.array(segment_foreground(path).box) / len(picture)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A dark block of 60 x 30 pixels in a corner of a grey picture."""
    picture = np.full((200, 300, 3), 190, np.uint8)
    picture[20:50, 30:90] = (120, 30, 40)
    Image.fromarray(picture).save(tmp_path / "small.png")
    return tmp_path / "small.png"


@pytest.mark.parametrize(("x", "y", "side"), [(0.0, 0.0, 1.0), (0.05, -0.1, 1.4)])
def test_the_object_is_framed_as_the_network_says(small: Path, x: float, y: float, side: float) -> None:
    seen = estimate_view(small, told(x, y, side), category="car", azimuth=None, elevation=0, progress=SilentProgress())
    found = box(small.with_name("framed.png"), seen.picture)
    wide, middle = FILL / side, np.array([0.5 - x / side, 0.5 - y / side])
    half = np.array([wide / 2, wide / 4])
    expected = np.concatenate([middle - half, middle + half])
    np.testing.assert_allclose(found, expected, atol=0.012)
    assert (seen.azimuth, seen.background) == (pytest.approx(90, abs=0.1), (190, 190, 190))
    assert (seen.picture[:5] == 255).all()


def test_a_square_on_white_that_is_framed_about_so_stays_as_it_is(tmp_path: Path) -> None:
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[100:156, 60:200] = np.random.default_rng(0).integers(0, 120, (56, 140, 3))
    Image.fromarray(picture).save(tmp_path / "white.png")
    side = 256 / (140 / FILL)
    asked = {"category": "car", "azimuth": 12.0, "elevation": 5.0, "progress": SilentProgress()}
    kept = estimate_view(tmp_path / "white.png", told(0, 0, side * 1.05), **asked)
    np.testing.assert_array_equal(kept.picture, picture)
    assert (kept.azimuth, kept.elevation, kept.confidence) == (12, 5, None)
    assert (
        np.abs(
            estimate_view(tmp_path / "white.png", told(0, 0, side * 1.4), **asked).picture.astype(int) - picture
        ).max()
        > 99
    )
