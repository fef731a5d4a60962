"""Pictures as the networks take and return them (official format, section 9.7), and their augmentation (section 8.3).

The data sets of this room call it.

Legend: H, W picture size, K joints. Pictures are uint8 [H, W, 3], images float [3, H, W] in [-1, 1]; points are x, y in
pixels.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from pipelines.media.pictures import load_picture
from pipelines.media.tensors import image_to_tensor

Size = tuple[int, int]  # H, W
Colour = tuple[int, int, int]  # red, green, blue in 0..255


@dataclass(frozen=True)
class AffineDraw:
    """An affine map that has been drawn."""

    matrix: np.ndarray
    """[3, 3], takes (x, y, 1) from its place in the picture to its new place."""
    fill: Colour
    """Colour of what comes in from outside the picture."""

    def warp_picture(self, picture: np.ndarray) -> np.ndarray:
        """The picture uint8 [H, W, 3] after the map, bilinear, of the same size."""
        from PIL import Image

        coefficients = np.linalg.inv(self.matrix)[:2].ravel().tolist()
        image = Image.fromarray(picture)
        size, method, resample = image.size, Image.Transform.AFFINE, Image.Resampling.BILINEAR
        return np.asarray(image.transform(size, method, coefficients, resample=resample, fillcolor=self.fill))

    def move_joints(self, points: np.ndarray) -> np.ndarray:
        """Joints [K, 2] after the map, truncated to whole pixels; a joint with a zero is missing and stays so."""
        moved = np.trunc(points @ self.matrix[:2, :2].T + self.matrix[:2, 2])
        return np.where((points != 0).all(1, keepdims=True), moved, 0)


@dataclass(frozen=True)
class RandomAffine:
    """The distribution that an `AffineDraw` is drawn from."""

    height: int
    """Height in pixels of the pictures that `shift` belongs to."""
    angle: float
    """Largest rotation either way, degrees."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Largest shift either way in x and y, pixels."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Smallest and largest scale."""
    fill: Colour = (0, 0, 0)
    """Colour of what comes in from outside the picture."""

    def draw(self, random: np.random.Generator, size: Size) -> AffineDraw:
        """A map for a picture of `size` (H, W); shifts grow and shrink with its height."""
        height, width = size
        angle, *shift = random.uniform(-1, 1, 3) * (self.angle, *self.shift)
        across, down = (value * height / self.height for value in shift)
        centre = width * 0.5 + 0.5, height * 0.5 + 0.5
        return AffineDraw(affine_matrix(angle, (across, down), random.uniform(*self.scale), centre), self.fill)


def affine_matrix(angle: float, shift: tuple[float, float], scale: float, centre: tuple[float, float]) -> np.ndarray:
    """Rotates by `angle` degrees (clockwise, as rows count downwards) and scales about `centre` (x, y), then shifts.

    Returns:
        [3, 3] for columns (x, y, 1): torchvision's affine before it is inverted for resampling.
    """
    cosine, sine = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    linear = np.array([[cosine, -sine], [sine, cosine]])
    result = np.eye(3)
    result[:2, :2] = linear
    result[:2, 2] = np.add(centre, shift) - linear @ centre
    return result


def read_image(path: Path, size: Size, draw: AffineDraw | None = None) -> Tensor:
    """The picture at `path` resized to `size` (H, W) and warped by `draw`: an image [3, H, W] in [-1, 1].

    Raises:
        InputError: see `load_picture`.
    """
    return image_to_tensor(_read_picture(path, size, draw))


def read_mask(path: Path, size: Size, draw: AffineDraw | None = None) -> Tensor:
    """A mask like `read_image`, [1, H, W] in 0..1; what comes in from outside is 0."""
    draw = draw and AffineDraw(draw.matrix, (0, 0, 0))
    return image_to_tensor(_read_picture(path, size, draw))[:1] / 2 + 0.5


def _read_picture(path: Path, size: Size, draw: AffineDraw | None) -> np.ndarray:
    """The picture at `path`, uint8 [H, W, 3]: resized, then warped."""
    picture = resize(load_picture(path), size)
    return picture if draw is None else draw.warp_picture(picture)


def resize(picture: np.ndarray, size: Size) -> np.ndarray:
    """uint8 [h, w, 3] stretched to `size` (H, W), bicubic: uint8 [H, W, 3]."""
    from PIL import Image

    height, width = size
    if picture.shape[:2] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
