"""The picture of an object as a view-synthesis network reads it: from any picture file, or from ShapeNet's HDF5 files.

H, W picture; S side of the network's square.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from pipelines.datasets.shapenet import open_hdf5, read_view
from pipelines.media.files import check_readable
from pipelines.media.pictures import load_picture

SIDE = 256
SMALLEST = 32
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class ObjectView:
    """A picture uint8 RGB [S, S, 3] and from where it shows the object, in degrees.

    confidence: that the azimuth is about right, None if it was given; background: the colour the object was cut from.
    """

    picture: np.ndarray
    azimuth: float
    elevation: float
    confidence: float | None = None
    background: tuple[int, int, int] = WHITE


def load_object(path: Path) -> np.ndarray:
    """The picture file as uint8 RGB [S, S, 3]: transparency on white, padded to a square, scaled.

    Raises:
        InputError: unreadable, or too small to show an object.
    """
    picture = load_picture(path)
    check_size(path, picture)
    return scaled(_square(picture))


def check_size(path: Path, picture: np.ndarray) -> None:
    """Raises InputError for a picture [H, W, 3] that is too small to show an object."""
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST:
        raise InputError(f"{path} has {width}x{height} pixels: give a picture of at least {SMALLEST}x{SMALLEST}")


def load_shapenet(path: Path, key: str) -> ObjectView:
    """View `key` of an HDF5 file of the authors' layout: `KEY/image`, `KEY/pose` = azimuth / 10 and elevation.

    Raises:
        InputError: no such file or view, or of another layout.
        BackendUnavailable: no h5py.
    """
    check_readable(path)
    with open_hdf5(path) as file:
        if key not in file:
            some = ", ".join(itertools.islice(file, 3))
            raise InputError(f"{path} has no view {key!r}: give --id, for instance {some}")
        picture, (azimuth, elevation) = read_view(file, key)
    return ObjectView(scaled(_square(picture)), 10 * azimuth, elevation)


def _square(picture: np.ndarray) -> np.ndarray:
    """Padded on both sides with the median colour of its border."""
    height, width = picture.shape[:2]
    side = max(height, width)
    edges = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    colour = np.median(np.concatenate(edges), axis=0).astype(np.uint8)
    square = np.empty((side, side, 3), np.uint8)
    square[:] = colour
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square


def scaled(square: np.ndarray) -> np.ndarray:
    """A square picture uint8 [H, H, 3] as [S, S, 3]."""
    side = square.shape[0]
    if side == SIDE:
        return square
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC)
