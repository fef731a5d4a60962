"""Source pictures of the authors' generators: padded to squares, or read from ShapeNet's files."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from pipelines.object_views.source import load_shapenet_view, load_square_picture


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def test_pictures_are_padded_with_the_colour_of_their_border(tmp_path: Path) -> None:
    picture = np.full((120, 256, 3), 200, np.uint8)
    picture[10:110, 20:236] = noise(100, 216)
    Image.fromarray(picture).save(tmp_path / "wide.png")
    square = load_square_picture(tmp_path / "wide.png")
    np.testing.assert_array_equal(square[68:188], picture)
    assert square.shape == (256, 256, 3)
    assert (square[:68] == 200).all()
    assert (square[188:] == 200).all()


def test_transparency_is_white(tmp_path: Path) -> None:
    picture = Image.fromarray(noise(200, 300)).convert("RGBA")
    picture.putalpha(0)
    picture.save(tmp_path / "clear.png")
    assert (load_square_picture(tmp_path / "clear.png") == 255).all()


def test_a_tiny_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (10, 20)).save(tmp_path / "tiny.png")
    with pytest.raises(InputError, match=r"tiny\.png has 10x20 pixels: use a picture of at least 32x32"):
        load_square_picture(tmp_path / "tiny.png")


def test_a_shapenet_file_has_pictures_and_viewpoints(tmp_path: Path) -> None:
    path, picture = tmp_path / "data_car.hdf5", noise(256, 256)
    with h5py.File(path, "w") as file:
        file["a_4_20/image"], file["a_4_20/pose"] = picture, np.array([4, 20])
    view = load_shapenet_view(path, "a_4_20")
    np.testing.assert_array_equal(view.picture, picture)
    assert (view.azimuth, view.elevation, view.confidence) == (40, 20, None)
    with pytest.raises(InputError, match=r"data_car\.hdf5 has no view 'b': .* such as a_4_20"):
        load_shapenet_view(path, "b")
