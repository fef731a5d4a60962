"""What the face generator sees of a face: 68 landmarks as curves, distances to them, and labels of the parts.

Exactly, to the pixel, what the released weights were trained with (docs/official-format.md, section 9.5). Landmarks are
dlib's 68 in iBUG 300-W order, x, y in pixels: 0-16 jaw, 17-26 brows, 27-35 nose, 36-47 eyes, 48-67 mouth; "right" is
the person's. H, W size of the picture.
"""

import cv2
import numpy as np

from models.errors import InputError
from pipelines.faces.curves import line_pixels
from pipelines.faces.edges import canny

LANDMARKS = 68
CHANNELS = 16
DRAWN = 255

FACE = (*range(17), *range(68, 83), 0)
# label of the part -> poly-lines through the 83 points
PARTS: tuple[tuple[int, tuple[tuple[int, ...], ...]], ...] = (
    (1, (FACE,)),
    (2, ((17, 18, 19, 20, 21),)),
    (2, ((22, 23, 24, 25, 26),)),
    (3, ((28, 31), (31, 32, 33, 34, 35), (35, 28))),
    (4, ((36, 37, 38, 39), (39, 40, 41, 36))),
    (4, ((42, 43, 44, 45), (45, 46, 47, 42))),
    (5, ((48, 49, 50, 51, 52, 53, 54), (54, 55, 56, 57, 58, 59, 48))),
    (6, ((60, 61, 62, 63, 64), (64, 65, 66, 67, 60))),
)
LINES = tuple(line for _, lines in PARTS for line in lines)


def face_structure(image: np.ndarray, landmarks: np.ndarray, *, size: int) -> np.ndarray:
    """The structure of one frame.

    Args:
        image: uint8 RGB [H, W, 3]; its edges outside the face are part of the structure.
        landmarks: [68, 2] x, y in its pixels, fractions are dropped.
        size: side of the maps.

    Returns:
        float32 [16, size, size]: curves and edges 0..1, a distance map 0..1 of each of the 14 lines, labels 0..6.

    Raises:
        InputError: not 68 finite points.
    """
    points = extend_landmarks(landmarks)
    height, width = image.shape[:2]
    label = resize_square(part_labels(points, height, width), size, smooth=False)
    curves = line_maps(points, height=height, width=width, size=size)
    edges = np.uint8(DRAWN) * (_edges(image, size) & (label == 0))
    drawn = curves.max(0) + edges  # uint8: where both are, 254 is left
    distances = [cv2.distanceTransform(DRAWN - curve, cv2.DIST_L1, 3) / 3 for curve in curves]
    near = np.clip(distances, 0, 255).astype(np.uint8)
    return np.concatenate([drawn[None] / DRAWN, near / DRAWN, label[None]]).astype(np.float32)


def extend_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """The 68 landmarks and, for a forehead, 15 of the jaw mirrored upward: whole numbers [83, 2].

    Raises:
        InputError: not 68 finite points.
    """
    points = np.trunc(np.asarray(landmarks, np.float64))
    if points.shape != (LANDMARKS, 2) or not np.isfinite(points).all():
        raise InputError(f"landmarks of shape {points.shape}: a face has {LANDMARKS} finite points x, y")
    base = points[[0, 16], 1].mean()
    mirrored = points[1:16][::-1].copy()
    mirrored[:, 1] = np.trunc(base + np.floor(2 * (base - mirrored[:, 1]) / 3))
    return np.concatenate([points, mirrored])


def part_labels(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """Labels uint8 [H, W] of the 83 points' parts: face 1, brows 2, nose 3, eyes 4, mouth 5, inner mouth 6, else 0."""
    labels = np.zeros((height, width), np.uint8)
    for label, lines in PARTS:
        polygon = points[[index for line in lines for index in line]].astype(np.int32)
        cv2.fillPoly(labels, [polygon], label)
    return labels


def line_maps(points: np.ndarray, *, height: int, width: int, size: int) -> np.ndarray:
    """Every line of the 83 points in a picture of its own, uint8 [14, size, size], 255 where it runs."""
    scale = np.array((size / width, size / height), np.float32)
    scaled = np.trunc(points.astype(np.float32) * scale).astype(np.intp)
    maps = np.zeros((len(LINES), size, size), np.uint8)
    for drawn, line in zip(maps, LINES, strict=True):
        x, y = np.clip(line_pixels(scaled[list(line)]), 0, size - 1).T
        drawn[y, x] = DRAWN
    return maps


def _edges(image: np.ndarray, size: int) -> np.ndarray:
    """Edges of the grey picture, bool [size, size]."""
    return canny(_grey(resize_square(image, size, smooth=True)))


def resize_square(image: np.ndarray, size: int, *, smooth: bool) -> np.ndarray:
    """A picture uint8 [H, W, ...] squashed to [size, size, ...] by Pillow, bilinear or nearest."""
    if image.shape[:2] == (size, size):
        return image
    from PIL import Image

    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(image).resize((size, size), how))


def _grey(image: np.ndarray) -> np.ndarray:
    """Luma as Pillow rounds it, uint8 [size, size]."""
    red, green, blue = image.astype(np.uint32).transpose(2, 0, 1)
    return ((19595 * red + 38470 * green + 7471 * blue + (1 << 15)) >> 16).astype(np.uint8)
