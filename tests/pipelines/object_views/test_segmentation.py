"""Objects cut out by a network, and when the network is asked."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from models.segmentation import SegmentationConfig, SegmentationNetwork
from pipelines.object_views import foreground, segmentation
from pipelines.object_views.foreground import segment_foreground
from pipelines.object_views.segmentation import cut_object, load_segmentation

SIZE = (240, 320)


class RednessNetwork(SegmentationNetwork):
    """Finds what is redder than it is green; `sharpness` says how sure it is."""

    def __init__(self, sharpness: float = 30.0) -> None:
        super().__init__(config=SegmentationConfig(widths=(8, 8, 8, 8, 8), dilations=(1,), detail=4))
        self.sharpness = sharpness
        self.sizes: list[tuple[int, ...]] = []

    def forward(self, image: Tensor) -> Tensor:
        self.sizes.append(tuple(image.shape[-2:]))
        return self.sharpness * (image[:, :1] - image[:, 1:2] - 0.4)


def draw_scene() -> tuple[np.ndarray, np.ndarray]:
    """A red disc in front of green and blue clutter, and where it is."""
    random = np.random.default_rng(1)
    small = random.integers(60, 200, (12, 16, 3), np.uint8)
    small[..., 0] = small[..., 1] - 40
    picture = np.asarray(Image.fromarray(small).resize((SIZE[1], SIZE[0]))).copy()
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = (rows - 100) ** 2 + (columns - 200) ** 2 < 45**2
    picture[disc] = (220, 40, 30)
    return picture, disc


def test_the_object_is_cut_out_and_looked_at_again() -> None:
    picture, disc = draw_scene()
    network = RednessNetwork()
    cut = cut_object(picture, network)
    solid = cut.alpha > 0.5
    assert (solid & disc).sum() / (solid | disc).sum() > 0.97
    assert cut.certainty > 0.9
    assert np.abs(cut.colour[disc].astype(int) - (220, 40, 30)).mean() < 3
    assert network.sizes[0] == (192, 256)
    assert network.sizes[1] == (256, 256)  # of the disc's surroundings
    assert cut_object(picture, RednessNetwork(0.5)).certainty < 0.7


def test_a_picture_without_an_object_gives_an_empty_mask() -> None:
    picture = np.full((*SIZE, 3), (40, 120, 160), np.uint8)
    assert cut_object(picture, RednessNetwork()).alpha.max() < 0.5


def test_without_weights_there_is_no_network() -> None:
    assert (load_segmentation() is None) == all(entry.name != "segmentation" for entry in segmentation.catalogue())


@pytest.fixture
def clutter(tmp_path: Path) -> Path:
    Image.fromarray(draw_scene()[0]).save(tmp_path / "clutter.png")
    return tmp_path / "clutter.png"


def test_the_network_takes_the_place_of_the_colour(clutter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "load_segmentation", lambda: None)
    (warning,) = segment_foreground(clutter).warnings
    assert "not plain" in warning
    monkeypatch.setattr(foreground, "load_segmentation", RednessNetwork)
    found = segment_foreground(clutter)
    assert found.warnings == ()
    assert not found.was_on_white
    assert np.abs(np.array(found.box) - (156, 56, 245, 145)).max() <= 3
    assert (found.picture[found.mask == 0] == 255).all()


def test_a_network_that_is_not_sure_is_told_or_not_asked(
    clutter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreground, "load_segmentation", lambda: RednessNetwork(1.0))
    warnings = segment_foreground(clutter).warnings
    assert any("hard to tell from its background" in warning for warning in warnings)
    plain = np.full((*SIZE, 3), (120, 130, 140), np.uint8)
    plain[60:180, 80:240] = (150, 140, 20)
    Image.fromarray(plain).save(tmp_path / "plain.png")
    found = segment_foreground(tmp_path / "plain.png")
    assert found.warnings == ()
    assert np.abs(np.array(found.box) - (80, 60, 240, 180)).max() <= 2


def test_pictures_on_white_are_left_to_their_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreground, "load_segmentation", lambda: pytest.fail("the network was loaded"))
    white = np.full((*SIZE, 3), 255, np.uint8)
    white[60:180, 80:240] = (20, 90, 140)
    Image.fromarray(white).save(tmp_path / "white.png")
    assert segment_foreground(tmp_path / "white.png").was_on_white
