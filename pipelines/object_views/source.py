"""The source picture of view synthesis: from any picture file, or from one of ShapeNet's HDF5 files.

A picture file, or an HDF5 file and the name of a view in it, go in; a square picture of the object comes out, with the
viewpoint where it is known. Called by `pipelines.view_synthesis` and `pipelines.object_views.viewpoint`.
H, W: height and width of a picture; S = 256: side of the networks' square pictures. Angles are in degrees and as in
`models.generators.view_codes`.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from models.turning import SCALE
from models.viewpoint import USUAL_DISTANCE
from pipelines.datasets.shapenet import open_hdf5, read_view
from pipelines.media.files import check_readable
from pipelines.media.pictures import load_picture

SIDE = 256  # S, pixels
MIN_SIDE = 32  # pixels of the shorter side of a picture that can show an object
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class ObjectView:
    """A picture of an object and the viewpoint that it was taken from."""

    picture: np.ndarray
    """uint8 RGB [S, S, 3]."""
    azimuth: float
    """In degrees."""
    elevation: float
    """In degrees above the horizon."""
    distance: float = USUAL_DISTANCE
    """Of the camera, in diagonals of the object."""
    scale: float = SCALE
    """Side in the picture of what is a diagonal of the object wide, as in `models.turning.Camera`."""
    confidence: float | None = None
    """Probability, 0..1, that the azimuth is about right; None if it was not estimated."""
    elevation_confidence: float | None = None
    """The same of the elevation."""
    distance_confidence: float | None = None
    """The same of the distance."""
    background: tuple[int, int, int] = WHITE
    """RGB colour around the object before it was cut out."""


def load_square_picture(path: Path) -> np.ndarray:
    """The picture file as uint8 RGB [S, S, 3]: transparency on white, padded to a square, resized.

    Raises:
        InputError: the file is unreadable, or too small to show an object.
    """
    picture = load_picture(path)
    check_size(path, picture)
    return resize_square(_pad_to_square(picture))


def load_shapenet_view(path: Path, key: str) -> ObjectView:
    """View `key` of an HDF5 file in the authors' layout: `KEY/image`, `KEY/pose` = azimuth / 10 and elevation.

    Raises:
        InputError: no such file or view, or the file has another layout.
        BackendUnavailable: h5py is not installed.
    """
    check_readable(path)
    with open_hdf5(path) as file:
        if key not in file:
            examples = ", ".join(itertools.islice(file, 3))
            raise InputError(f"{path} has no view {key!r}: pass --id with one that it has, such as {examples}")
        picture, (azimuth, elevation) = read_view(file, key)
    return ObjectView(resize_square(_pad_to_square(picture)), 10 * azimuth, elevation)


def check_size(path: Path, picture: np.ndarray) -> None:
    """Raises InputError if a picture [H, W, 3] is too small to show an object."""
    height, width = picture.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise InputError(f"{path} has {width}x{height} pixels: use a picture of at least {MIN_SIDE}x{MIN_SIDE}")


def resize_square(picture: np.ndarray) -> np.ndarray:
    """uint8 [H, H, 3] -> [S, S, 3]; a picture of that size is returned unchanged."""
    side = picture.shape[0]
    if side == SIDE:
        return picture
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC)


def _pad_to_square(picture: np.ndarray) -> np.ndarray:
    """[H, W, 3] -> [max(H, W), max(H, W), 3], padded on both sides with the median colour of the picture's border."""
    height, width = picture.shape[:2]
    side = max(height, width)
    border = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    square = np.empty((side, side, 3), np.uint8)
    square[:] = np.median(np.concatenate(border), axis=0).astype(np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square
