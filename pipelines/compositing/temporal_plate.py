"""What a person of a video hides, from the frames in which it is seen.

N samples; frames are uint8 RGB [H, W, 3], masks float32 [H, W] with 1 where the person is. A camera that moves is
followed: samples are turned, scaled and shifted onto the frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from pipelines.media.boxes import Box

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Fills the hole float32 [H, W] (1 to fill) of a picture uint8 RGB [H, W, 3]."""

SMALL_WIDTH = 480  # pixels of the frames in which features are looked for
FEATURES = 600
MIN_MATCHES = 12  # features that have to agree about how the camera moved
MATCH_ERROR = 2.0  # pixels of these frames
BETTER = 0.8  # share of the difference between two frames that is left where the camera moved
STILL = 0.004  # of the frame's diagonal: corners that move less are those of a camera that stands
NEAREST = 8  # samples that show what a frame of a moving camera hides
BLOCK = 2**22  # values that are sorted at once
UNKNOWN = 256  # in place of a hidden value, above all others
CONTEXT = 0.15  # of a person's size around them, for what is made up
FAINT = 0.1  # a mask from which on a pixel is not taken from a sample


@dataclass(frozen=True)
class Sample:
    """A frame of the video."""

    number: int
    image: np.ndarray
    mask: np.ndarray
    """Where the person and the surroundings are that must not be seen."""

    @cached_property
    def small(self) -> tuple[np.ndarray, np.ndarray, float]:
        """The frame in grey, uint8 [h, w], where the mask is not, uint8 [h, w], and the scale of both."""
        scale = min(1.0, SMALL_WIDTH / self.image.shape[1])
        grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        outside = cv2.resize((self.mask <= FAINT).astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
        return grey, outside, scale

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Points [F, 2] in pixels of `small`, outside of the mask, and descriptors to find them again."""
        grey, outside, _ = self.small
        found, descriptors = cv2.ORB.create(FEATURES, fastThreshold=8).detectAndCompute(grey, outside)
        return np.array([each.pt for each in found], np.float64).reshape(-1, 2), descriptors

    def surroundings(self) -> Box:
        """The box of the mask, which must not be empty, wider by CONTEXT of its size, inside of the frame."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        margin = round(CONTEXT * max(np.ptp(rows), np.ptp(columns))) + 1
        left, top = max(int(columns[0]) - margin, 0), max(int(rows[0]) - margin, 0)
        right, bottom = int(columns[-1]) + 1 + margin, int(rows[-1]) + 1 + margin
        return left, top, min(right, self.mask.shape[1]), min(bottom, self.mask.shape[0])

    def cut(self, box: Box) -> "Sample":
        """A part of the frame."""
        left, top, right, bottom = box
        return Sample(self.number, self.image[top:bottom, left:right], self.mask[top:bottom, left:right])


class TemporalPlate:
    """The background of a video, from samples of it.

    Args:
        samples: at least one, in order of time.
        fill: makes up what no sample shows.
    """

    def __init__(self, samples: Sequence[Sample], fill: Fill) -> None:
        self.fill, self.moves = fill, _camera_moves(samples)
        self._still = None if self.moves else self._complete(samples, np.ones_like(samples[0].mask))
        self.samples = samples if self.moves else []  # many megabytes

    def behind(self, frame: Sample) -> np.ndarray:
        """What is behind the person of a frame, uint8 RGB [H, W, 3]; of use where its mask is."""
        return self._follow(frame) if self._still is None else self._still

    def _follow(self, frame: Sample) -> np.ndarray:
        """The frame of a camera that moves, with the surroundings of its mask from the nearest samples."""
        nearest = sorted(self.samples, key=lambda sample: abs(sample.number - frame.number))[:NEAREST]
        box = frame.surroundings()
        part = frame.cut(box)
        moved = [each for sample in nearest if (each := _move_onto(sample, frame, box))]
        result = frame.image.copy()
        result[box[1] : box[3], box[0] : box[2]] = self._complete([part, *moved], part.mask)
        return result

    def _complete(self, samples: Sequence[Sample], wanted: np.ndarray) -> np.ndarray:
        """The median of what samples show, with what none shows filled in where it is wanted."""
        images, masks = [sample.image for sample in samples], [sample.mask for sample in samples]
        picture, seen = masked_median(images, [mask <= FAINT for mask in masks])
        hole = (~seen & (wanted > 0)).astype(np.float32)
        return self.fill(picture, hole) if hole.any() else picture


def masked_median(images: Sequence[np.ndarray], known: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The median over images [H, W, 3] of what is known, bool [H, W] each -> uint8 [H, W, 3] and where any is known."""
    height, width = images[0].shape[:2]
    result, seen = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), bool)
    rows = max(1, BLOCK // (len(images) * width * 3))
    for top in range(0, height, rows):
        part = slice(top, top + rows)
        shown = np.stack([each[part] for each in known])  # [N, rows, W]
        values = np.stack([image[part] for image in images]).astype(np.int16)
        values[~shown] = UNKNOWN
        values.sort(0)
        count = shown.sum(0)
        middle = np.broadcast_to(np.maximum(count - 1, 0)[None, ..., None] // 2, (1, *values.shape[1:]))
        result[part] = np.minimum(np.take_along_axis(values, middle, 0)[0], 255)
        seen[part] = count > 0
    return result, seen


def find_motion(first: Sample, second: Sample) -> np.ndarray | None:
    """How the camera moved: a similarity [2, 3] from pixels of the first frame to those of the second, or None."""
    matrix = _match(first, second)
    if matrix is None or not _explains(matrix, first, second):
        return None
    matrix[:, 2] = matrix[:, 2] / first.small[2] + (1 / first.small[2] - 1) / 2 * (1 - matrix[:, :2].sum(1))
    return matrix


def _match(first: Sample, second: Sample) -> np.ndarray | None:
    """A similarity [2, 3] between the features of two frames; None if too few agree."""
    (start, before), (end, after) = first.features, second.features
    if before is None or after is None or min(len(start), len(end)) < MIN_MATCHES:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(before, after)
    if len(matches) < MIN_MATCHES:
        return None
    pairs = start[[match.queryIdx for match in matches]], end[[match.trainIdx for match in matches]]
    matrix, agreeing = cv2.estimateAffinePartial2D(*pairs, method=cv2.RANSAC, ransacReprojThreshold=MATCH_ERROR)
    return None if matrix is None or agreeing.sum() < MIN_MATCHES else matrix


def _explains(matrix: np.ndarray, first: Sample, second: Sample) -> bool:
    """Whether the frames differ less after the motion than before it: features may be of what moves in the picture."""
    (grey, outside, _), (other, free, _) = first.small, second.small
    size = other.shape[::-1]
    moved = cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_LINEAR)
    both = (cv2.warpAffine(outside, matrix, size, flags=cv2.INTER_NEAREST) & free & outside).astype(bool)
    if not both.any():
        return False
    after, before = (np.abs(each[both].astype(np.int16) - other[both]).mean() for each in (moved, grey))
    return bool(after < BETTER * before)


def _camera_moves(samples: Sequence[Sample]) -> bool:
    """Whether the camera moves in a quarter of the samples or more; one that can't be told counts as still."""
    height, width = samples[0].image.shape[:2]
    corners = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)], np.float64)
    moved = [0.0]
    for sample in samples[1:]:
        matrix = find_motion(samples[0], sample)
        still = matrix is None
        moved.append(0.0 if still else float(np.linalg.norm(corners @ matrix.T - corners[:, :2], axis=1).mean()))
    return float(np.percentile(moved, 75)) > STILL * np.hypot(height, width)


def _move_onto(sample: Sample, frame: Sample, box: Box) -> Sample | None:
    """A box of a frame as the sample shows it; None if it is not known how the camera moved."""
    matrix = find_motion(sample, frame)
    if matrix is None:
        return None
    matrix[:, 2] -= box[:2]
    size = box[2] - box[0], box[3] - box[1]
    image = cv2.warpAffine(sample.image, matrix, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(sample.mask, matrix, size, flags=cv2.INTER_LINEAR, borderValue=1)
    return Sample(sample.number, image, mask)
