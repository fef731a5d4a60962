"""A picture of a person scaled and shifted so that the person is where, and as large as, in another picture.

H, W: a box of the other picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.keypoints.body import measure_body, stature_ratio
from pipelines.keypoints.motion import SourcePerson
from pipelines.keypoints.structure_details import StructureDetails
from pipelines.media.boxes import Box, crop

TRUNK = (0, 8)  # of Human3.6M-17: hips and thorax, whose middle is put on that of the other person


@dataclass(frozen=True)
class Similarity:
    """A scale and a shift."""

    scale: float
    """Its pixels per pixel before."""
    shift: np.ndarray
    """x, y in its pixels, [2]; integers."""

    @classmethod
    def between(cls, person: SourcePerson, source: SourcePerson) -> "Similarity":
        """Puts `person` on `source`. Raises InputError: a pose that can't be measured."""
        own, theirs = (measure_body(each.pose[None]) for each in (source, person))
        scale = stature_ratio(own, theirs)
        here, there = (each.pose[list(TRUNK), :2].mean(0) for each in (source, person))
        return cls(scale, np.round(here - ((there + 0.5) * scale - 0.5)))

    def move(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 2 or more], of which further columns stay as they are."""
        moved = np.array(points, np.float64)
        moved[..., :2] = (moved[..., :2] + 0.5) * self.scale - 0.5 + self.shift
        return moved

    def move_details(self, details: StructureDetails) -> StructureDetails:
        """Points and depths of a pose."""
        return StructureDetails(self.move(details.points), details.depth * self.scale)

    def cut(self, picture: np.ndarray, box: Box) -> np.ndarray:
        """What is in the box [H, W, C] of a picture; border pixels continue outside."""
        height, width = (max(round(side * self.scale), 1) for side in picture.shape[:2])
        way = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_CUBIC
        left, top = self.shift.astype(int).tolist()
        inner = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
        return crop(cv2.resize(picture, (width, height), interpolation=way), inner)
