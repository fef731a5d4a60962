"""Faces painted as green ovals, and a network that finds the 68 landmarks of those: what it does is known exactly.

The person's right eye is painted red, so that the direction of a face is seen as well.
"""

from types import SimpleNamespace

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from models.landmarks import LandmarkOutput
from tests.helpers.faces import make_landmarks

SIZE = 64  # of the network's input
SPREAD = 0.6  # of the peaks of its maps, in cells


def template() -> np.ndarray:
    """Landmarks [68, 2] of an upright face whose oval has its middle at 0 and a half height of 1."""
    points = make_landmarks(1, 1)
    middle = (points.min(0) + points.max(0)) / 2
    return (points - middle) * 2 / np.ptp(points, axis=0).max()


def place_landmarks(x: float, y: float, radius: float, tilt: float = 0.0) -> np.ndarray:
    """Landmarks [68, 2] of a face of half height `radius` pixels, turned clockwise by `tilt` radians."""
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    return template() @ turn.T * radius + (x, y)


def paint_face(picture: np.ndarray, x: float, y: float, radius: float, tilt: float = 0.0) -> np.ndarray:
    """The picture uint8 [H, W, 3] with a face at x, y."""
    shift, scale = 3, 8  # sub-pixel places of OpenCV
    centre = round(x * scale), round(y * scale)
    axes = round(0.8 * radius * scale), round(radius * scale)
    cv2.ellipse(picture, centre, axes, np.degrees(tilt), 0, 360, (0, 255, 0), -1, cv2.LINE_AA, shift)
    eye = place_landmarks(x, y, radius, tilt)[36:42].mean(0)
    at = round(float(eye[0]) * scale), round(float(eye[1]) * scale)
    cv2.circle(picture, at, round(0.15 * radius * scale), (255, 0, 0), -1, cv2.LINE_AA, shift)
    return picture


class PaintedFaceNetwork(nn.Module):
    """Finds a face where 12 to 60 % of a square are painted and the middle of the oval is near that of the square."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(size=SIZE)
        self.squares = 0

    def forward(self, image: Tensor) -> LandmarkOutput:
        self.squares += len(image)
        maps, presence = zip(*map(self._read, image), strict=True)
        return LandmarkOutput(torch.stack(maps), torch.tensor(presence))

    def _read(self, image: Tensor) -> tuple[Tensor, float]:
        red, green, blue = (image + 1) / 2
        face = ((red.maximum(green) > 0.5) & (blue < 0.5)).numpy()
        middle, share = SIZE / 2, float(face.mean())
        eye = ((red > 0.5) & (green < 0.5)).numpy().nonzero()
        if share < 0.01 or not len(eye[0]):
            return torch.zeros(68, SIZE // 4, SIZE // 4), -5.0
        y, x = (float(axis.mean()) for axis in face.nonzero())
        radius = float(np.sqrt(face.sum() / np.pi / 0.8))
        eye_y, eye_x = (float(axis.mean()) for axis in eye)
        upright_x, upright_y = template()[36:42].mean(0)
        tilt = np.arctan2(eye_y - y, eye_x - x) - np.arctan2(upright_y, upright_x)
        near = max(abs(x - middle), abs(y - middle)) < 0.3 * SIZE
        points = place_landmarks(x, y, radius, tilt)
        presence = 4.0 - abs(share - 0.3) if near and 0.12 < share < 0.6 else -5.0
        return _draw_maps(points), presence


def _draw_maps(points: np.ndarray) -> Tensor:
    axis, cell = torch.arange(SIZE // 4), torch.from_numpy((points - 1.5) / 4).float()
    x, y = (((axis - cell[:, i : i + 1]) / SPREAD).square() for i in (0, 1))
    return -0.5 * (x[:, None, :] + y[:, :, None])
