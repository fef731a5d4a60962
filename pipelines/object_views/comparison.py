"""Synthesised views beside true ones: a folder of pictures whose names end in their azimuth, az_DDD.png."""

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from pipelines.evaluation.image_metrics import l1, psnr, ssim, to_tensor
from pipelines.media.folders import PictureFolder
from pipelines.media.pictures import load_picture
from pipelines.object_views.source import SIDE

NAME = re.compile(r"az_?(\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class ViewScores:
    """One view and how near it is to the true one: L1 in 0..1, PSNR in dB, SSIM."""

    azimuth: float
    l1: float
    psnr: float
    ssim: float


def true_views(folder: Path) -> dict[float, Path]:
    """Azimuth -> picture. Raises InputError if the folder has none whose name says it, or two of one azimuth."""
    found: dict[float, Path] = {}
    for path in PictureFolder(folder, rate=None).files:
        if match := NAME.search(path.stem):
            azimuth = float(match[1]) % 360
            if azimuth in found:
                raise InputError(
                    f"{folder} has two pictures of azimuth {azimuth:g}: {found[azimuth].name}, {path.name}"
                )
            found[azimuth] = path
    if not found:
        raise InputError(f"{folder} has no pictures called az_DDD.png, DDD their azimuth in degrees")
    return found


def compare(azimuth: float, made: np.ndarray, path: Path) -> ViewScores:
    """A view uint8 [S, S, 3] with the true one of a file, which is scaled to its size.

    Raises:
        InputError: a file that can't be read, or is no square.
    """
    true = load_picture(path)
    if true.shape[0] != true.shape[1]:
        raise InputError(f"{path} is {true.shape[1]}x{true.shape[0]}: true views must be squares")
    smaller = true.shape[0] > SIDE
    true = cv2.resize(true, (SIDE, SIDE), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    pair = to_tensor(made), to_tensor(true)
    return ViewScores(azimuth, float(l1(*pair)), psnr(*pair), ssim(*pair))


def means(views: list[ViewScores]) -> dict[str, float]:
    """The mean of each number."""
    return {name: float(np.mean([getattr(view, name) for view in views])) for name in ("l1", "psnr", "ssim")}
