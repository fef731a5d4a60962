"""A source picture taken apart: the person as a matte, and the plate, which is the picture without the person.

H, W: picture. Made once per picture, however many animations it is used for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock

import cv2
import numpy as np

from pipelines.compositing.matte import Matte, estimate_matte, matte_of_alpha
from pipelines.keypoints.motion import SourcePerson
from pipelines.keypoints.tracking import CONFIDENT, body_size

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Fills the hole float32 [H, W] (1 to fill) of a picture uint8 RGB [H, W, 3]."""

SEEN_ALPHA = 0.02  # coverage from which on a pixel shows something of the person
HOLE_MARGIN = 3 / 512  # by which the hole is wider than the person, as a share of the person's longer side
MIN_AGREEMENT = 0.5  # overlap with the person from which on a picture's own alpha is taken as the matte
ANKLES = (15, 16)  # of COCO-17
SHADOW_SIZE = (0.11, 0.035)  # half axes of the contact shadow of a foot, in body heights
MIN_CERTAINTY = 0.72  # right masks of four pictures of people give 0.81 to 0.96, others moved aside 0.67 at most

OWN_ALPHA = "the picture's own alpha cuts the person out"


@dataclass(frozen=True)
class CutOut:
    """The two parts of a source picture."""

    matte: Matte
    """The person."""
    plate: np.ndarray
    """The picture with the person filled in, uint8 RGB [H, W, 3]."""
    note: str | None = None
    """One line for the user about where the matte is from, or how sure it is."""


class CutOutMaker:
    """Cuts people out of a picture, and remembers the last ones; any number of threads may use it.

    Args:
        load_fill: loads what makes plates; called for the first picture.
    """

    def __init__(self, load_fill: Callable[[], Fill]) -> None:
        self.load_fill = cache(load_fill)
        self._last: tuple[Sequence[SourcePerson], list[CutOut]] | None = None
        self._lock = Lock()  # several jobs may have the same picture

    def __call__(self, sources: Sequence[SourcePerson]) -> list[CutOut]:
        """See `cut_out`."""
        with self._lock:
            if self._last is None or not _are_same(self._last[0], sources):
                self._last = None  # two large ones need not fit into memory
                self._last = sources, cut_out(sources, self.load_fill())
            return self._last[1]


def cut_out(sources: Sequence[SourcePerson], fill: Fill) -> list[CutOut]:
    """Take a picture apart into one or several people of it, and one plate without all of them.

    Raises:
        BackendUnavailable: mattes can't be made here.
    """
    picture, mattes, own = sources[0].picture, [find_matte(each) for each in sources], map(_has_own_matte, sources)
    if all(own):
        others = np.clip(1 - sum(1.0 if each.share is None else each.share for each in sources), 0, 1)
        plate = np.rint(255 - (255 - picture) * np.broadcast_to(others, picture.shape[:2])[..., None]).astype(np.uint8)
        return [CutOut(matte, plate, OWN_ALPHA) for matte in mattes]
    holes = [find_hole(matte.alpha, each.detected) for matte, each in zip(mattes, sources, strict=True)]
    plate = fill(picture.copy(), np.maximum.reduce(holes))
    return [CutOut(matte, plate, describe_certainty(matte.certainty)) for matte in mattes]


def find_matte(source: SourcePerson) -> Matte:
    """The person of a picture with a mask, without what is somebody else's. Raises BackendUnavailable if mattes can't
    be made here."""
    assert source.mask is not None
    if _has_own_matte(source):
        assert source.alpha is not None
        matte = matte_of_alpha(source.picture, source.alpha)
    else:
        matte = estimate_matte(source.picture, source.mask)
    return matte if source.share is None else replace(matte, alpha=matte.alpha * source.share)


def find_hole(alpha: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """What of a picture is to be filled: the person with alpha [H, W] and the contact shadows of the feet.

    Args:
        pose: COCO-17 [17, 3] in pixels.

    Returns:
        float32 [H, W], 1 to fill and 0 to keep.
    """
    hole = (alpha > SEEN_ALPHA).astype(np.uint8)
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    if not len(rows):
        return hole.astype(np.float32)
    margin = max(2, round(HOLE_MARGIN * max(np.ptp(rows), np.ptp(columns))))
    hole = cv2.dilate(hole, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1)))
    return np.maximum(hole, _draw_shadows(hole, pose))


def _draw_shadows(person: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Ellipses around the soles of the feet, with soft edges, float32 [H, W]; none for feet that are not seen."""
    shadows, height = np.zeros(person.shape, np.float32), body_size(pose)
    reach, depth = (max(1, round(share * height)) for share in SHADOW_SIZE)
    for x, y in np.round(pose[list(ANKLES), :2][pose[list(ANKLES), 2] >= CONFIDENT]).astype(int):
        foot = person[max(y, 0) : max(y, 0) + reach, max(x - reach // 2, 0) : max(x, 0) + reach // 2]
        rows = np.flatnonzero(foot.any(1))
        if len(rows) and y + rows[-1] < len(person) - 1:  # the picture shows the sole
            cv2.ellipse(shadows, (int(x), int(y + rows[-1])), (reach, depth), 0, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(shadows, (0, 0), max(1.0, depth / 4))
    return np.where(soft > SEEN_ALPHA, soft, 0)


def describe_certainty(certainty: float) -> str | None:
    """One line for the user if the matte of a picture is not sure; None if it is."""
    if certainty >= MIN_CERTAINTY:
        return None
    return (
        "the outline of the person in the picture is unsure: parts may be missing or carry the background along; use a "
        "picture in which the person stands out, or one with an alpha channel"
    )


def _has_own_matte(source: SourcePerson) -> bool:
    """Whether the picture's own alpha cuts the person out."""
    if source.alpha is None or source.mask is None:
        return False
    return _agree(source.alpha if source.share is None else source.alpha * source.share, source.mask)


def _agree(alpha: np.ndarray, mask: np.ndarray) -> bool:
    """Whether alpha and mask [H, W] mark the same: an alpha may also be of rounded corners."""
    first, second = alpha > 0.5, mask > 0.5
    return bool((first & second).sum() >= MIN_AGREEMENT * max((first | second).sum(), 1))


def _are_same(first: Sequence[SourcePerson], second: Sequence[SourcePerson]) -> bool:
    return len(first) == len(second) and all(map(_is_same, first, second))


def _is_same(first: SourcePerson, second: SourcePerson) -> bool:
    names = ("picture", "mask", "alpha", "detected", "share")
    return first is second or all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)
