"""What a test reads for itself out of a folder and out of structures, to compare with what a data set gives."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor


def picture(path: Path) -> np.ndarray:
    """uint8 [H, W, 3]."""
    return np.asarray(Image.open(path).convert("RGB"))


def squashed(path: Path, height: int, width: int) -> np.ndarray:
    """The picture at another size, as an image [3, H, W] in [-1, 1]."""
    smaller = Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return (np.asarray(smaller, np.float64) / 127.5 - 1).transpose(2, 0, 1)


def pose(path: Path) -> np.ndarray:
    """Joints [K, 2] x, y of a JSON file of OpenPose."""
    return np.reshape(json.loads(path.read_text())["people"][0]["pose_keypoints_2d"], (-1, 3))[:, :2]


def peaks(maps: Tensor) -> np.ndarray:
    """x, y of the largest value of each heat map [K, H, W]; NaN where a map is empty."""
    width = maps.shape[2]
    place = maps.reshape(len(maps), -1).argmax(1).numpy()
    points = np.stack((place % width, place // width), 1).astype(np.float64)
    points[maps.flatten(1).amax(1).numpy() < 0.5] = np.nan  # [K, 2]
    return points


def similarity(old: np.ndarray, new: np.ndarray) -> tuple[complex, complex, float]:
    """How points old [K, 2] became new: multiplied by `turn`, then `shift` added, as x + iy; and the largest error."""
    there = np.isfinite(new).all(1) & (old != 0).all(1)
    before, after = old[there] @ (1, 1j), new[there] @ (1, 1j)
    design = np.stack((before, np.ones_like(before)), 1)
    (turn, shift), *_ = np.linalg.lstsq(design, after, rcond=None)
    return complex(turn), complex(shift), float(np.abs(design @ (turn, shift) - after).max())


def degrees(turn: complex) -> float:
    """The angle of a turn, clockwise in a picture."""
    return float(np.degrees(np.angle(turn)))
