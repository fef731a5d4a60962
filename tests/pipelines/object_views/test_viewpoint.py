"""The viewpoint of a picture and the framing of its object, with constant networks and with the bundled one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.errors import InputError
from models.turning import SCALE
from models.viewpoint import FILL, ViewpointNetwork
from models.weights import load_weights
from pipelines.object_views.foreground import segment_foreground
from pipelines.object_views.source import ObjectView
from pipelines.object_views.viewpoint import Square, crop_square, estimate_view, note_camera
from pipelines.runtime.progress import NotesProgress
from tests.helpers.media_files import EXAMPLES, SOURCE
from tests.helpers.view_networks import BINS, make_constant_viewpoint_network


def estimate(
    path: Path,
    network: ViewpointNetwork,
    *,
    category: str = "car",
    categories: Sequence[str] = ("car", "chair"),
    **known: float,
) -> tuple[ObjectView, list[str]]:
    progress = NotesProgress()
    given: dict[str, Any] = dict.fromkeys(("azimuth", "elevation", "distance")) | known
    given |= {"category": category, "categories": categories}
    view = estimate_view(path, network, **given, progress=progress)
    note_camera(path, view, progress)
    return view, progress.notes


@pytest.fixture
def mirrored_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Constant networks answer mirrored pictures as the others, which would say another azimuth."""
    monkeypatch.setattr("pipelines.object_views.viewpoint.mirror_answer", lambda answer: answer)


@pytest.fixture(scope="module")
def bundled() -> ViewpointNetwork:
    network = load_weights("viewpoint", expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    return network


@pytest.fixture
def block(tmp_path: Path) -> Path:
    """A dark block of 60 x 30 pixels in a corner of a grey picture."""
    picture = np.full((200, 300, 3), 190, np.uint8)
    picture[20:50, 30:90] = (120, 30, 40)
    Image.fromarray(picture).save(tmp_path / "block.png")
    return tmp_path / "block.png"


@pytest.mark.usefixtures("mirrored_alike")
@pytest.mark.parametrize(("x", "y", "side"), [(0.0, 0.0, 1.0), (0.05, -0.1, 1.4)])
def test_the_object_is_framed_as_the_network_says(block: Path, x: float, y: float, side: float) -> None:
    view, _ = estimate(block, make_constant_viewpoint_network(azimuth=90, x=x, y=y, side=side))
    Image.fromarray(view.picture).save(block.with_name("framed.png"))
    box = np.array(segment_foreground(block.with_name("framed.png")).box) / len(view.picture)
    width, centre = FILL / side, np.array([0.5 - x / side, 0.5 - y / side])
    half = np.array([width / 2, width / 4])
    np.testing.assert_allclose(box, np.concatenate([centre - half, centre + half]), atol=0.012)
    assert (view.azimuth, view.background) == (pytest.approx(90, abs=0.1), (190, 190, 190))
    assert (view.picture[:5] == 255).all()


def test_a_square_on_white_that_is_framed_about_right_is_used_as_it_is(tmp_path: Path) -> None:
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[100:156, 60:200] = np.random.default_rng(0).integers(0, 120, (56, 140, 3))
    path = tmp_path / "white.png"
    Image.fromarray(picture).save(path)
    side = 256 / (140 / FILL)
    network = make_constant_viewpoint_network(azimuth=90, side=side * 1.05)
    view, notes = estimate(path, network, azimuth=12.0, elevation=5.0)
    np.testing.assert_array_equal(view.picture, picture)
    assert (view.azimuth, view.elevation, view.confidence) == (12, 5, None)
    assert notes == []
    view, _ = estimate(path, make_constant_viewpoint_network(azimuth=90, side=side * 1.4), azimuth=12.0, elevation=5.0)
    assert np.abs(view.picture.astype(int) - picture).max() > 99


def test_the_scale_is_that_of_the_picture_or_of_the_frame(tmp_path: Path) -> None:
    """The network's frame is where the object has the usual scale: in a picture 1.1 times as large it has less."""
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[100:156, 60:200] = 90
    Image.fromarray(picture).save(tmp_path / "white.png")
    whole = 256 / (140 / FILL)  # the picture's side in those of the network's square
    for side, scale in ((whole / 1.1, SCALE / 1.1), (whole / 2, SCALE)):
        view, _ = estimate(tmp_path / "white.png", make_constant_viewpoint_network(azimuth=90, side=side))
        assert view.scale == pytest.approx(scale, rel=1e-3)


@pytest.mark.usefixtures("mirrored_alike")
def test_the_camera_is_found_and_options_win(block: Path) -> None:
    network = make_constant_viewpoint_network(azimuth=90, elevation=-4, lens=(0.4, 1.0, 0.5))
    view, (note,) = estimate(block, network)
    assert (view.azimuth, view.elevation, view.distance) == pytest.approx((90, -4, 2.5), abs=0.1)
    assert view.elevation_confidence == pytest.approx(1 - np.exp(-5), abs=1e-4)
    assert view.distance_confidence == pytest.approx(1 - np.exp(-0.3), abs=1e-4)
    assert note == (
        "block.png: seen from azimuth 90 (confidence 1.00), elevation -4 (confidence 0.99), 2.5 diagonals away "
        "(confidence 0.26); if that is wrong, pass --distance"
    )
    view, (note,) = estimate(block, network, elevation=30, distance=5)
    assert (view.elevation, view.distance) == (30, 5)
    assert (view.elevation_confidence, view.distance_confidence) == (None, None)
    assert note == "block.png: seen from azimuth 90 (confidence 1.00)"
    far = make_constant_viewpoint_network(azimuth=90, elevation=60, lens=(0.0, 1.0, 0.1))
    view, _ = estimate(block, far)
    assert (view.elevation, view.distance) == (40, 20)


def test_a_table_may_be_seen_from_the_other_side(block: Path) -> None:
    """Half of the probability on each side: a chair may be the wrong way round, a table is right both ways."""
    network = make_constant_viewpoint_network(azimuth=90)
    bias = network.head[-1].bias
    assert isinstance(bias, torch.Tensor)
    with torch.no_grad():
        bias[3 * BINS // 4] = bias[BINS // 4]
    confidence = [estimate(block, network, category=category)[0].confidence for category in ("chair", "table")]
    assert confidence == pytest.approx([0.5, 1.0], abs=0.01)


def test_the_category_is_that_of_the_picture_if_the_generator_knows_it(block: Path) -> None:
    network = make_constant_viewpoint_network(azimuth=90)  # sees cars
    view, notes = estimate(block, network, category="auto")
    assert (view.category, notes[0]) == ("car", "block.png: taken for a car (probability 1.00)")
    view, notes = estimate(block, network, category="auto", categories=("chair", "any"))
    assert (view.category, view.azimuth) == ("any", 0)
    assert notes[0] == "block.png: taken for an object of no known category, of unknown front"
    with pytest.raises(InputError, match="shows none of chair on a plain background: if it does, pass --category"):
        estimate(block, network, category="auto", categories=("chair",))


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.3])
def test_a_square_is_resampled_around_its_centre(factor: float) -> None:
    y, x = np.mgrid[:200, :300]
    picture = np.stack([x * 0.5 + 20, y * 0.5 + 30, np.full_like(x, 99)], -1).round().astype(np.uint8)
    side = 100.0
    found = crop_square(picture, Square(150.0, 90.0, side), round(side * factor))
    columns = 150 + (np.arange(len(found)) - (len(found) - 1) / 2) / factor
    assert np.abs(found[len(found) // 2, 3:-3, 0] - (columns[3:-3] * 0.5 + 20)).max() < 1.5
    beyond = crop_square(picture, Square(0.0, 0.0, 50.0), 50)
    assert (beyond[:20, :20] == 255).all()


@pytest.mark.parametrize(("category", "azimuth"), [("car", 40), ("chair", 325)])
def test_the_example_is_seen_from_where_it_was_rendered(
    category: str, azimuth: float, bundled: ViewpointNetwork
) -> None:
    view, notes = estimate(EXAMPLES / f"{category}.png", bundled, category=category)
    assert view.azimuth == pytest.approx(azimuth, abs=8)
    assert view.confidence is not None
    assert view.confidence > 0.9
    assert len(notes) == 1
    assert notes[0].startswith(f"{category}.png: seen from azimuth {view.azimuth:.0f} (confidence")


def test_a_person_is_not_taken_for_a_car(bundled: ViewpointNetwork) -> None:
    _, notes = estimate(SOURCE, bundled, category="car")
    warnings = [note for note in notes if note.startswith("source.png does not look like a car on a plain background")]
    assert len(warnings) == 1
    assert warnings[0].endswith(": results will be poor")
