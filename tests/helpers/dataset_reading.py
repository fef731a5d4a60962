"""Reads pictures, poses and heat maps independently of the data sets, to compare their items with.

Legend: K joints, H, W size. Pictures are uint8 [H, W, 3], images float [3, H, W] in [-1, 1].
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor


def read_picture(path: Path) -> np.ndarray:
    """A picture, uint8 [H, W, 3]."""
    return np.asarray(Image.open(path).convert("RGB"))


def read_resized(path: Path, height: int, width: int) -> np.ndarray:
    """A picture at another size, as an image [3, height, width] in [-1, 1]."""
    resized = Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return (np.asarray(resized, np.float64) / 127.5 - 1).transpose(2, 0, 1)


def read_pose(path: Path) -> np.ndarray:
    """Joints [K, 2] x, y of a JSON file of OpenPose."""
    return np.reshape(json.loads(path.read_text())["people"][0]["pose_keypoints_2d"], (-1, 3))[:, :2]


def find_peaks(maps: Tensor) -> np.ndarray:
    """x, y [K, 2] of the largest value of each heat map [K, H, W]; NaN where a map is empty."""
    width = maps.shape[2]
    place = maps.reshape(len(maps), -1).argmax(1).numpy()
    points = np.stack((place % width, place // width), 1).astype(np.float64)
    points[maps.flatten(1).amax(1).numpy() < 0.5] = np.nan  # [K, 2]
    return points


def fit_similarity(old: np.ndarray, new: np.ndarray) -> tuple[complex, complex, float]:
    """The similarity that moves points from `old` to `new` [K, 2].

    Returns:
        turn and shift as complex numbers, new = old * turn + shift with points x + iy; and the largest error in pixels.
    """
    there = np.isfinite(new).all(1) & (old != 0).all(1)
    before, after = old[there] @ (1, 1j), new[there] @ (1, 1j)
    design = np.stack((before, np.ones_like(before)), 1)
    (turn, shift), *_ = np.linalg.lstsq(design, after, rcond=None)
    return complex(turn), complex(shift), float(np.abs(design @ (turn, shift) - after).max())


def angle_of(turn: complex) -> float:
    """The angle of a turn in degrees, clockwise in a picture."""
    return float(np.degrees(np.angle(turn)))
