"""Mattes: how much of each pixel is the person, and in which colour.

In: a picture and a coarse mask of the person, as detectors give it. Out: alpha and the true colours of the foreground
at the picture's own resolution, so that hair and edges don't carry the old background along. H, W: picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.compositing.pymatting_functions import matting_functions

SIDE = 1024  # pixels of the person's box in which alpha is solved; larger boxes are made smaller
REACH = 0.012  # width of the unknown band on either side of the mask's edge, as a share of the box's longer side
MIN_REACH = 3  # pixels
PADDING = 0.04  # room around the mask, as a share of its longer side
PERSON, BACKGROUND = 0.9, 0.1  # values of the mask from which on, and down to which, a pixel is one or the other
CORE = 0.6  # distance from the mask's edge, as a share of that in the middle nearby, from which on thin parts are sure
MIN_CORE = 1.5  # pixels; the least such distance
MIN_PIECE = 0.02  # share of the mask from which on a piece beside the others is a hand or the like, not a mistake
BORDER = 0.01  # rows and columns at the picture's border whose mask is that of the next one, as a share of the side
LEVELS = 255  # steps of alpha


@dataclass(frozen=True)
class Matte:
    """A person cut out of a picture."""

    alpha: np.ndarray
    """float32 [H, W], coverage from 0 to 1."""
    colour: np.ndarray
    """uint8 RGB [H, W, 3], the person's own colours; where alpha is 0 the picture's."""
    certainty: float
    """How far the picture confirms the mask, 0 to 1: see `judge_alpha`."""

    @property
    def premultiplied(self) -> np.ndarray:
        """float32 RGBA [H, W, 4]: colour 0..255 times coverage, and coverage 0..1."""
        return np.dstack([self.colour * self.alpha[..., None], self.alpha])


def estimate_matte(picture: np.ndarray, mask: np.ndarray) -> Matte:
    """The matte of the person that a coarse mask marks.

    Alpha is solved by closed-form matting in the person's box, in a band along the mask's edge.

    Args:
        picture: uint8 RGB [H, W, 3].
        mask: float32 [H, W], 0 to 1; what touches the picture's border continues there.

    Raises:
        BackendUnavailable: PyMatting can't be used.
    """
    mask = _extend_to_border(mask)
    alpha, colour = np.zeros(mask.shape, np.float32), picture.copy()
    place = _person_box(mask)
    if place is None:
        return Matte(alpha, colour, 0.0)
    image, coarse = picture[place], mask[place]
    height, width = coarse.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small, coarse = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, coarse))
    trimap = make_trimap(coarse)
    if not (trimap == 0).any() or not (trimap == 1).any():  # nothing to tell apart
        solved, certainty, colours = coarse.astype(np.float64), 0.0, small / 255
    else:
        with matting_functions() as functions:
            solved = functions.estimate_alpha(small / 255, trimap)
            solved = np.round(solved * LEVELS) / LEVELS
            colours = functions.estimate_colours(small / 255, solved)
        certainty = judge_alpha(solved, trimap)
    full = (width, height)
    alpha[place] = np.clip(cv2.resize(solved.astype(np.float32), full, interpolation=cv2.INTER_CUBIC), 0, 1)
    own = np.clip(cv2.resize((colours * 255).astype(np.float32), full, interpolation=cv2.INTER_CUBIC), 0, 255)
    seen = alpha[place]
    # Where a pixel is all person its own colour is exact, and finer than the solution's.
    mixed = np.where(seen[..., None] >= 1, image, np.rint(own)).astype(np.uint8)
    colour[place] = np.where(seen[..., None] > 0, mixed, image)
    return Matte(alpha, colour, certainty)


def matte_of_alpha(picture: np.ndarray, alpha: np.ndarray) -> Matte:
    """The matte of a picture that has an alpha of its own.

    Args:
        picture: uint8 RGB [H, W, 3] over white, as `pipelines.media.pictures` reads it.
        alpha: float32 [H, W], 0 to 1.
    """
    own = (picture - 255 * (1 - alpha[..., None])) / np.maximum(alpha, 1 / 255)[..., None]
    colour = np.where(alpha[..., None] > 0, np.clip(np.rint(own), 0, 255), picture).astype(np.uint8)
    return Matte(alpha.astype(np.float32), colour, 1.0)


def make_trimap(mask: np.ndarray) -> np.ndarray:
    """What a coarse mask [h, w] is sure of: float64 [h, w], 1 person, 0 background, 0.5 in a band along its edge.

    The picture's border is no edge of the person. Parts thinner than the band, such as arms, are person in their
    middle: without anything to start from, matting would give them to the background.
    """
    reach = max(MIN_REACH, round(max(mask.shape) * REACH))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    trimap = np.full(mask.shape, 0.5)
    trimap[cv2.erode((mask > PERSON).astype(np.uint8), kernel) > 0] = 1  # beyond the border OpenCV erodes nothing
    pieces = cv2.connectedComponents((mask > 0.5).astype(np.uint8))[1]
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0  # all around
    large = (sizes > MIN_PIECE * sizes.sum())[pieces]
    depth = cv2.distanceTransform(large.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    trimap[(depth >= MIN_CORE) & (depth >= CORE * cv2.dilate(depth, kernel))] = 1
    trimap[cv2.dilate((mask > BACKGROUND).astype(np.uint8), kernel) == 0] = 0
    return trimap


def judge_alpha(alpha: np.ndarray, trimap: np.ndarray) -> float:
    """Share of the unknown band [h, w] in which alpha decided for person or background."""
    band = alpha[trimap == 0.5]
    return float(((band < 0.1) | (band > 0.9)).mean()) if band.size else 1.0


def _extend_to_border(mask: np.ndarray) -> np.ndarray:
    """The mask with its values just inside of the border repeated up to it: networks fade out there."""
    inset = max(1, round(BORDER * max(mask.shape)))
    if min(mask.shape) <= 4 * inset:
        return mask
    inner = np.pad(mask[inset:-inset, inset:-inset], inset, mode="edge")
    return np.maximum(mask, inner)


def _person_box(mask: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns of the person with PADDING, inside the picture; None if there is nobody."""
    rows, columns = (np.flatnonzero((mask > BACKGROUND).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    pad = max(2 * MIN_REACH, round(PADDING * max(np.ptp(rows), np.ptp(columns))))
    first, second = (slice(max(int(each[0]) - pad, 0), int(each[-1]) + 1 + pad) for each in (rows, columns))
    return first, second
