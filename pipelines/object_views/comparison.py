"""Comparison of rendered views with true ones: pictures in a folder whose names end in their azimuth, az_DDD.png.

A view and the file of the true one go in; L1, PSNR and SSIM come out. Called by `pipelines.view_synthesis`.
S: side of the views. Azimuths are in degrees and as in `models.generators.view_codes`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from pipelines.evaluation.image_metrics import l1, psnr, ssim, to_tensor
from pipelines.media.folders import PictureFolder
from pipelines.media.pictures import load_picture
from pipelines.object_views.source import SIDE, load_square_picture

SAME = 2.0  # mean difference of the values, 0..255, of two pictures that show the same
AZIMUTH_IN_NAME = re.compile(r"az_?(\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class ViewScores:
    """How close one view is to the true one."""

    azimuth: float
    """In degrees, 0 <= azimuth < 360."""
    l1: float
    """Mean absolute difference of values in 0..1."""
    psnr: float
    """In dB."""
    ssim: float
    """At most 1, for equal pictures."""


def find_true_views(folder: Path) -> dict[float, Path]:
    """Azimuth in degrees -> picture. Raises InputError if no name in the folder has one, or if two have the same."""
    found: dict[float, Path] = {}
    for path in PictureFolder(folder, rate=None).files:
        if match := AZIMUTH_IN_NAME.search(path.stem):
            azimuth = float(match[1]) % 360
            if azimuth in found:
                raise InputError(
                    f"{folder} has two pictures of azimuth {azimuth:g}: remove {found[azimuth].name} or {path.name}"
                )
            found[azimuth] = path
    if not found:
        raise InputError(f"{folder} has no pictures named az_DDD.png, where DDD is the azimuth in degrees")
    return found


def show_the_same(path: Path, other: Path) -> bool:
    """Whether two picture files show the same, but for their size and compression."""
    pair = (load_square_picture(file).astype(float) for file in (path, other))
    return bool(np.abs(np.subtract(*pair)).mean() < SAME)


def score_view(azimuth: float, view: np.ndarray, path: Path) -> ViewScores:
    """Compare a view uint8 [S, S, 3] with the true one in a file, which is resized to S.

    Raises:
        InputError: the file is unreadable, or its picture is not a square.
    """
    true = load_picture(path)
    height, width = true.shape[:2]
    if height != width:
        raise InputError(f"{path} is {width}x{height}: true views must be squares")
    true = cv2.resize(true, (SIDE, SIDE), interpolation=cv2.INTER_AREA if height > SIDE else cv2.INTER_CUBIC)
    pair = to_tensor(view), to_tensor(true)
    return ViewScores(azimuth, float(l1(*pair)), psnr(*pair), ssim(*pair))


def mean_scores(views: Sequence[ViewScores]) -> dict[str, float]:
    """The means of `l1`, `psnr` and `ssim`."""
    return {name: float(np.mean([getattr(view, name) for view in views])) for name in ("l1", "psnr", "ssim")}
