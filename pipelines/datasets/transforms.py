"""Pictures as the networks take and give them (official format, section 9.7), and how augmentation moves them (8.3).

H, W: size of a picture. Pictures are uint8 [H, W, 3], images [3, H, W] in [-1, 1].
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipelines.media.pictures import load_picture

Size = tuple[int, int]
Colour = tuple[int, int, int]


def to_image(picture: np.ndarray) -> Tensor:
    """uint8 [H, W, 3] -> float32 [3, H, W] in [-1, 1]."""
    return (torch.from_numpy(picture.transpose(2, 0, 1).copy()).float() / 255 - 0.5) / 0.5


def to_picture(image: Tensor) -> np.ndarray:
    """[3, H, W] in [-1, 1] -> uint8 [H, W, 3], truncated as the authors save; values beyond are clipped."""
    return ((image.float().clamp(-1, 1) + 1) / 2 * 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()


@dataclass(frozen=True)
class Move:
    """An affine that has been drawn: `matrix` [3, 3] takes x, y, 1 of the picture at its old place to the new one."""

    matrix: np.ndarray
    fill: Colour

    def picture(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [H, W, 3] moved, bilinear; what comes in from outside is `fill`."""
        from PIL import Image

        coefficients = np.linalg.inv(self.matrix)[:2].ravel().tolist()
        image = Image.fromarray(picture)
        size, method, resample = image.size, Image.Transform.AFFINE, Image.Resampling.BILINEAR
        return np.asarray(image.transform(size, method, coefficients, resample=resample, fillcolor=self.fill))

    def joints(self, points: np.ndarray) -> np.ndarray:
        """[K, 2] x, y moved and truncated to whole pixels; a joint with a zero is missing and stays."""
        moved = np.trunc(points @ self.matrix[:2, :2].T + self.matrix[:2, 2])
        return np.where((points != 0).all(1, keepdims=True), moved, 0)


@dataclass(frozen=True)
class Jitter:
    """What a move is drawn from: up to `angle` degrees either way, up to `shift` pixels in x and y of a picture that
    is `height` high, a factor from `scale`."""

    height: int
    angle: float
    shift: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    fill: Colour = (0, 0, 0)

    def draw(self, chance: np.random.Generator, size: Size) -> Move:
        """A move of a picture of `size` (H, W); shifts shrink and grow with its height."""
        height, width = size
        angle, *shift = chance.uniform(-1, 1, 3) * (self.angle, *self.shift)
        across, down = (value * height / self.height for value in shift)
        centre = width * 0.5 + 0.5, height * 0.5 + 0.5
        return Move(affine_matrix(angle, (across, down), chance.uniform(*self.scale), centre), self.fill)


def affine_matrix(angle: float, shift: tuple[float, float], scale: float, centre: tuple[float, float]) -> np.ndarray:
    """Turns by `angle` degrees (clockwise as rows count downwards) and scales about `centre` (x, y), then shifts.

    Returns:
        [3, 3] for columns x, y, 1: torchvision's affine before it is inverted for resampling.
    """
    cosine, sine = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    linear = np.array([[cosine, -sine], [sine, cosine]])
    result = np.eye(3)
    result[:2, :2] = linear
    result[:2, 2] = np.add(centre, shift) - linear @ centre
    return result


def read_image(path: Path, size: Size, move: Move | None = None) -> Tensor:
    """The picture at `path` squashed to `size` (H, W), then moved: [3, H, W]. Raises InputError, see `load_picture`."""
    return to_image(_moved(resized(load_picture(path), size), move))


def read_mask(path: Path, size: Size, move: Move | None = None) -> Tensor:
    """A mask like `read_image`, [1, H, W] in 0..1; nothing comes in from outside."""
    move = move and Move(move.matrix, (0, 0, 0))
    return to_image(_moved(resized(load_picture(path), size), move))[:1] / 2 + 0.5


def _moved(picture: np.ndarray, move: Move | None) -> np.ndarray:
    return picture if move is None else move.picture(picture)


def resized(picture: np.ndarray, size: Size) -> np.ndarray:
    """uint8 [h, w, 3] squashed or stretched to `size` (H, W), bicubic."""
    from PIL import Image

    height, width = size
    if picture.shape[:2] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
