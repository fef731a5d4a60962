"""Segmentation of an object: by transparency, by the colour of a plain background, or by the network.

A picture file goes in; the object on white with its mask comes out. Called by `pipelines.object_views.viewpoint`. The
network cuts the object out of everything but white, if there are weights for it: `pipelines.object_views.segmentation`.
H, W: height and width of the picture. Masks are uint8 [H, W], 255 on the object and 0 on the background. Distances of
colours are Euclidean in OpenCV's 8-bit Lab, whose three channels are 0..255.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.errors import InputError
from models.segmentation import SegmentationNetwork
from pipelines.media.pictures import load_with_alpha
from pipelines.object_views.segmentation import cut_object, load_segmentation
from pipelines.object_views.source import WHITE, check_size

MAX_SIDE = 1024  # pixels: a picture with a longer side is reduced
GRABCUT_SIDE = 400  # pixels of the longer side at which GrabCut runs
GRABCUT_ITERATIONS = 4
MAX_PLAIN_SPREAD = 12.0  # Lab: three quarters of the border pixels of a plain background are nearer to its colour
MIN_OBJECT_DISTANCE = 14.0  # Lab: where GrabCut starts, pixels farther from the background's colour are object
MIN_OBJECT_SHARE, MAX_OBJECT_SHARE = 0.004, 0.9  # shares of the picture that an object can cover
OPAQUE = 128  # mask values from here on count as object
MIN_WHITE = 250  # channels of a background that counts as white,
MAX_WHITE_SPREAD = 2.0  # Lab: if its border pixels differ by less than this;
MIN_WHITE_DISTANCE = 2.5  # Lab: what is farther from it is object
MAX_HOLE_SHARE = 0.002  # share of the picture: holes of the mask up to this size are filled
SPECK_RATIO = 100  # parts of the mask this many times smaller than the largest are removed
MAX_CUT = 0.4  # share of the width or height of an object that lies on one edge of the picture only if it is cut off
MIN_PART = 0.4  # parts of the mask that are this share of the largest one count as objects
MIN_CERTAINTY = 0.75  # expected overlap with the truth below which the network's mask is told to be doubtful
PLAINER = "use a picture with a transparent one"
NOT_PLAIN = f"its background is not plain, so the object may be cut out badly: {PLAINER}"


@dataclass(frozen=True)
class Foreground:
    """An object that was cut out."""

    picture: np.ndarray
    """uint8 RGB [H, W, 3], the object on white."""
    mask: np.ndarray
    """uint8 [H, W], 255 on the object."""
    background: np.ndarray
    """uint8 [3], the colour that the object was cut from."""
    warnings: tuple[str, ...]
    """What may have gone wrong, one line each."""
    was_on_white: bool
    """Whether the picture was on white already, or transparent; `picture` then shows it unchanged."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the object in pixels; right and bottom are exclusive."""
        rows, columns = (np.flatnonzero((self.mask >= OPAQUE).any(axis)) for axis in (1, 0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def segment_foreground(path: Path) -> Foreground:
    """Cut out the object of a picture file: by its transparency, or by what differs from the picture's border.

    Raises:
        InputError: the file is unreadable, too small, or nothing stands out from its background.
    """
    picture, alpha = load_with_alpha(path)
    check_size(path, picture)
    if alpha is not None and (mask := _shrink(alpha, MAX_SIDE)).max() >= OPAQUE:
        picture, mask = _shrink(picture, MAX_SIDE), _remove_specks(mask)
        return Foreground(
            picture, mask, np.array(WHITE, np.uint8), tuple(_find_doubts(mask, mask >= OPAQUE)), was_on_white=True
        )
    return _segment_by_colour(path, _shrink(picture, MAX_SIDE))


def _segment_by_colour(path: Path, picture: np.ndarray) -> Foreground:
    colour, spread = _measure_border(picture)
    distance = _measure_distance(picture, colour)
    on_white = bool(colour.min() >= MIN_WHITE and spread < MAX_WHITE_SPREAD)
    plain = spread < MAX_PLAIN_SPREAD
    network = None if on_white else load_segmentation()
    if network is not None and (found := _segment_by_network(picture, colour, network, plain=plain)):
        return found
    if on_white:
        mask = _remove_specks(np.where(distance > MIN_WHITE_DISTANCE, 255, 0).astype(np.uint8))
    else:
        mask = _remove_specks(_run_grabcut(picture, distance))
    share = float((mask >= OPAQUE).mean())
    if share < MIN_OBJECT_SHARE and plain:
        raise InputError(f"{path} shows nothing that stands out from its background: use a picture of an object")
    if share < MIN_OBJECT_SHARE:
        mask = np.full_like(mask, 255)
    near = mask >= OPAQUE if on_white else distance > MIN_OBJECT_DISTANCE  # GrabCut keeps off the border
    warnings = tuple(_find_doubts(mask, near)) if plain and share < MAX_OBJECT_SHARE else (NOT_PLAIN,)
    return Foreground(picture if on_white else _lay_on_white(picture, mask), mask, colour, warnings, on_white)


def _segment_by_network(
    picture: np.ndarray, border: np.ndarray, network: SegmentationNetwork, *, plain: bool
) -> Foreground | None:
    """The object as the network finds it; None in front of a plain background if the network is not sure.

    border: uint8 [3], the colour of the picture's border.
    """
    cut = cut_object(picture, network)
    mask = _remove_specks(np.rint(cut.alpha * 255).astype(np.uint8))
    share = float((mask >= OPAQUE).mean())
    doubtful = cut.certainty < MIN_CERTAINTY or not MIN_OBJECT_SHARE < share < MAX_OBJECT_SHARE
    if doubtful and (plain or share < MIN_OBJECT_SHARE):
        return None
    doubts = list(_find_doubts(mask, mask >= OPAQUE))
    if doubtful:
        doubts.append(f"the object is hard to tell from its background (certainty {cut.certainty:.2f}): {PLAINER}")
    opacity = (mask / 255.0)[..., None]
    on_white = np.rint(255 + opacity * (cut.colour - 255.0)).astype(np.uint8)
    return Foreground(on_white, mask, border, tuple(doubts), was_on_white=False)


def _find_doubts(mask: np.ndarray, near: np.ndarray) -> Iterator[str]:
    """What is against one whole object, one line each; near: bool [H, W], where the picture's border shows it."""
    solid = mask >= OPAQUE
    on_edges = [
        *near[[0, -1]].sum(1) / max(1, solid.any(0).sum()),
        *near[:, [0, -1]].sum(0) / max(1, solid.any(1).sum()),
    ]
    if max(on_edges) > MAX_CUT:
        yield "the object reaches the edge of the picture and may be cut off there: use a picture of all of it"
    areas = cv2.connectedComponentsWithStats(solid.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    parts = int((areas > MIN_PART * areas.max(initial=0)).sum())
    if parts > 1:
        yield f"{parts} things stand apart in the picture and are taken as one object: use a picture of one"


def _shrink(image: np.ndarray, side: int) -> np.ndarray:
    """[H, W] or [H, W, 3], reduced if its longer side exceeds `side` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _measure_border(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Median colour uint8 [3] of the outermost pixels, and the distance that three quarters of them stay within."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    colour = np.median(border, axis=0).astype(np.uint8)
    return colour, float(np.quantile(_measure_distance(border[None], colour), 0.75))


def _measure_distance(picture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Distance float32 [H, W] of the pixels uint8 [H, W, 3] from a colour uint8 [3]."""
    lab, other = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) for image in (picture, colour[None, None]))
    return np.linalg.norm(lab - other, axis=-1)


def _run_grabcut(picture: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Mask by GrabCut, started from the pixels far from the border's colour; the border itself is background."""
    height, width = distance.shape
    small, small_distance = _shrink(picture, GRABCUT_SIDE), _shrink(distance, GRABCUT_SIDE)
    labels = np.where(small_distance > MIN_OBJECT_DISTANCE, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[[0, -1]] = labels[:, [0, -1]] = cv2.GC_BGD
    if (labels == cv2.GC_PR_FGD).any() and (labels != cv2.GC_PR_FGD).any():
        cv2.setRNGSeed(0)  # the same result every time
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(small, labels, None, *models, GRABCUT_ITERATIONS, cv2.GC_INIT_WITH_MASK)  # pyright: ignore
    mask = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    return cv2.resize(_fill_holes(mask), (width, height), interpolation=cv2.INTER_LINEAR)


def _fill_holes(mask: np.ndarray) -> np.ndarray:
    """The mask without small holes: parts of the object that have the colour of the background."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(255 - mask)
    for label in range(1, count):
        left, top, width, height, area = stats[label]
        inside = left > 0 and top > 0 and left + width < mask.shape[1] and top + height < mask.shape[0]
        if inside and area < MAX_HOLE_SHARE * mask.size:
            mask = np.where(labels == label, 255, mask)
    return mask.astype(np.uint8)


def _remove_specks(mask: np.ndarray) -> np.ndarray:
    """The mask without parts that are `SPECK_RATIO` times smaller than its largest."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask >= OPAQUE).astype(np.uint8))
    if count < 2:
        return np.zeros_like(mask)
    area = stats[:, cv2.CC_STAT_AREA].astype(float)
    area[0] = 0  # the background
    large = area >= area.max() / SPECK_RATIO
    near = cv2.dilate(large[labels].astype(np.uint8), np.ones((3, 3), np.uint8))  # with the soft edge around a part
    return np.where(near > 0, mask, 0).astype(np.uint8)


def _lay_on_white(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The object uint8 [H, W, 3] on white, its edge softened."""
    opacity = cv2.GaussianBlur(mask, (0, 0), max(0.6, max(mask.shape) / 800))[..., None] / 255
    return np.rint(255 + opacity * (picture - 255.0)).astype(np.uint8)
