"""View synthesis with generators that know lenses and classes: what was found reaches them."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from models.errors import InputError, WeightsError
from models.generators.view import ViewGenerator
from models.turning import Camera
from pipelines.configs import ViewSynthConfig
from pipelines.media.tags import read_record
from pipelines.object_views.shape import build_mesh
from pipelines.object_views.source import ObjectView
from pipelines.runtime.progress import NotesProgress
from pipelines.view_synthesis import synthesize_views
from tests.helpers.view_networks import (
    make_authors_generator,
    make_constant_viewpoint_network,
    make_view_generator,
    save_network,
)

VIEW = {"angles": (77.0,), "view_elevation": -5.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture, weights of a generator of chairs and cars, and of a network that sees a car from 4 diagonals away."""
    folder = tmp_path_factory.mktemp("cameras")
    picture = np.full((200, 200, 3), 255, np.uint8)
    picture[80:130, 30:170] = (120, 30, 40)
    Image.fromarray(picture).save(folder / "block.png")
    save_network(folder / "generator", make_view_generator(lens=True, classes=("chair", "car")), "view")
    network = make_constant_viewpoint_network(azimuth=300, elevation=25, lens=(0.25, 1.0, 0.02))
    save_network(folder / "viewpoint", network, "viewpoint")
    return folder


def run(folder: Path, output: Path, **options: Any) -> tuple[ObjectView, list[str]]:
    progress = NotesProgress()
    given: dict[str, Any] = {"category": "car", "weights": str(folder / "generator"), "precision": "fp32"} | options
    network = str(folder / "viewpoint")
    config = ViewSynthConfig((folder / "block.png",), viewpoint=network, output=output, **VIEW, **given)
    return synthesize_views(config, progress).sources[0], progress.notes


def expect(source: ObjectView, azimuth: float, kind: Tensor | None) -> np.ndarray:
    """The generator alone: [S, S, 3] in 0..255, not rounded."""
    generator: ViewGenerator = make_view_generator(lens=True, classes=("chair", "car"))
    image = torch.from_numpy(source.picture.copy()).permute(2, 0, 1)[None] / 127.5 - 1
    lens = 1 / source.distance, source.scale
    angles = (azimuth, source.elevation), (VIEW["angles"][0], VIEW["view_elevation"])
    with torch.no_grad():
        made = generator(image, *(Camera.unstack(torch.tensor([[*pose, *lens]])) for pose in angles), kind)
    return ((made.image[0] + 1) * 127.5).permute(1, 2, 0).numpy()


def test_the_camera_that_was_found_and_the_class_reach_the_generator(folder: Path, tmp_path: Path) -> None:
    source, (note,) = run(folder, tmp_path / "one.png")
    assert source.distance == pytest.approx(4, abs=0.01)
    assert ", elevation 25 (confidence 0.99), 4.0 diagonals away (confidence 1.00)" in note
    expected = expect(source, source.azimuth, torch.tensor([1]))
    np.testing.assert_allclose(np.asarray(Image.open(tmp_path / "one.png")), expected, atol=0.6)


def test_any_object_has_no_front_and_no_class(folder: Path, tmp_path: Path) -> None:
    source, notes = run(folder, tmp_path / "one.png", category="any")
    assert (source.azimuth, source.confidence) == (0, None)
    assert not any("does not look like" in note for note in notes)
    np.testing.assert_allclose(np.asarray(Image.open(tmp_path / "one.png")), expect(source, 0, None), atol=0.6)


def test_a_model_is_made_of_views_all_around_and_says_how(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    angles = [(0.0, 0.0), (90.0, 0.0), (210.0, 0.0), (30.0, 30.0)]
    monkeypatch.setattr("pipelines.object_views.renderers.list_angles", lambda lens: angles)
    monkeypatch.setattr("pipelines.view_synthesis.build_mesh", partial(build_mesh, cells=20))
    generator = make_view_generator(lens=True, classes=("chair", "car"))
    nn.init.constant_(generator.cover[-1].bias, 9)  # pyright: ignore[reportArgumentType] # covers everything
    weights = save_network(tmp_path / "full", generator, "view")
    output = tmp_path / "block.glb"
    config = ViewSynthConfig((folder / "block.png",), category="car", weights=str(weights), output=output)
    result = synthesize_views(config)
    assert output.read_bytes()[:4] == b"glTF"
    start = result.sources[0].azimuth
    np.testing.assert_allclose(result.azimuths[output], [(start + azimuth) % 360 for azimuth, _ in angles])
    record = read_record(output)
    assert record
    assert record["options"]["category"] == "car"
    authors = save_network(tmp_path / "authors", make_authors_generator(), "picture", official="shapenet_car")
    with pytest.raises(InputError, match=r"know too few views for a \.glb file"):
        synthesize_views(replace(config, weights=str(authors), azimuth=0.0, overwrite=True))


@pytest.mark.parametrize(
    ("category", "classes", "known"),
    [("car", ("chair",), "chair, any"), ("any", (), "car, chair"), ("sofa", ("table", "car"), "table, car, any")],
)
def test_weights_say_what_they_know(category: str, classes: tuple, known: str, folder: Path, tmp_path: Path) -> None:
    weights = save_network(tmp_path / "other", make_view_generator(classes=classes), "view")
    with pytest.raises(WeightsError, match=f"weights know {known}: use weights that know --category {category}"):
        run(folder, tmp_path / "one.png", weights=str(weights), category=category)
