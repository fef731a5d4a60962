"""An object cut out of a picture with a plain or transparent background, and laid on white.

H, W picture. Masks are uint8 [H,W], 255 on the object.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from pipelines.media.pictures import load_with_alpha
from pipelines.object_views.source import check_size

LARGEST = 1024  # pixels of the longer side that are kept
WORKING = 400  # pixels of the longer side at which GrabCut runs
ROUNDS = 4  # of GrabCut
PLAIN = 12.0  # colours of a plain background differ less from each other (Lab, 0..255)
FAR = 14.0  # colours of the object differ more from the background
LEAST, MOST = 0.004, 0.9  # shares of a picture that an object covers
SOLID = 128


@dataclass(frozen=True)
class Foreground:
    """picture: uint8 RGB [H,W,3], the object on white; mask; background: its colour before, uint8 [3]; doubt: what may
    have gone wrong, "" if nothing; untouched: the picture was on white already."""

    picture: np.ndarray
    mask: np.ndarray
    background: np.ndarray
    doubt: str
    untouched: bool

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the object in pixels."""
        rows, columns = (np.flatnonzero((self.mask >= SOLID).any(axis)) for axis in (1, 0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def segment_foreground(path: Path) -> Foreground:
    """The object of a picture file: by its transparency, else by what differs from the border.

    Raises:
        InputError: unreadable, too small, or nothing that stands out from its background.
    """
    picture, alpha = load_with_alpha(path)
    check_size(path, picture)
    picture, alpha = _limited(picture, LARGEST), None if alpha is None else _limited(alpha, LARGEST)
    if alpha is not None and (alpha >= SOLID).any():
        return Foreground(picture, _largest(alpha), np.full(3, 255, np.uint8), "", True)
    colour, spread = _border(picture)
    away = _distance(picture, colour)
    untouched = bool(colour.min() >= 250 and spread < 2)
    mask = np.where(away > 2.5, 255, 0).astype(np.uint8) if untouched else _grabbed(picture, away)
    mask = _largest(mask)
    share = float((mask >= SOLID).mean())
    if share < LEAST and spread < PLAIN:
        raise InputError(f"{path} shows nothing that stands out from its background: give a picture of an object")
    if share < LEAST:
        mask = np.full_like(mask, 255)
    doubt = (
        ""
        if spread < PLAIN and share < MOST
        else "its background is not plain, the object may be cut out badly: give one with transparency"
    )
    if untouched:
        return Foreground(picture, mask, colour, doubt, True)
    cover = cv2.GaussianBlur(mask, (0, 0), max(0.6, max(mask.shape) / 800))[..., None] / 255
    return Foreground(np.rint(255 + cover * (picture - 255.0)).astype(np.uint8), mask, colour, doubt, False)


def _limited(image: np.ndarray, side: int) -> np.ndarray:
    """[H,W] or [H,W,3], made smaller if its longer side exceeds `side`."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _border(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Median colour of the outermost pixels, and what three quarters of them differ from it at most."""
    edges = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    colour = np.median(edges, axis=0).astype(np.uint8)
    return colour, float(np.quantile(_distance(edges[None], colour), 0.75))


def _distance(picture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """How far the pixels [H,W] are from a colour, in Lab of 0..255."""
    lab, other = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) for image in (picture, colour[None, None]))
    return np.linalg.norm(lab - other, axis=-1)


def _grabbed(picture: np.ndarray, away: np.ndarray) -> np.ndarray:
    """GrabCut from what differs from the border's colour; its margin is background for sure."""
    height, width = away.shape
    small, near = _limited(picture, WORKING), _limited(away, WORKING)
    labels = np.where(near > FAR, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[[0, -1]] = labels[:, [0, -1]] = cv2.GC_BGD
    if (labels == cv2.GC_PR_FGD).any() and (labels != cv2.GC_PR_FGD).any():
        cv2.setRNGSeed(0)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(small, labels, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)  # pyright: ignore
    found = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    return cv2.resize(_filled(found), (width, height), interpolation=cv2.INTER_LINEAR)


def _filled(mask: np.ndarray) -> np.ndarray:
    """With small holes closed: what of the object looks like the background."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(255 - mask)
    for label in range(1, count):
        left, top, width, height, area = stats[label]
        inside = left > 0 and top > 0 and left + width < mask.shape[1] and top + height < mask.shape[0]
        if inside and area < 0.002 * mask.size:
            mask = np.where(labels == label, 255, mask)
    return mask.astype(np.uint8)


def _largest(mask: np.ndarray) -> np.ndarray:
    """Without specks: parts smaller than a hundredth of the largest go."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask >= SOLID).astype(np.uint8))
    if count < 2:
        return np.zeros_like(mask)
    area = stats[:, cv2.CC_STAT_AREA].astype(float)
    area[0] = 0
    kept = area >= area.max() / 100
    near = cv2.dilate(kept[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where(near > 0, mask, 0).astype(np.uint8)
