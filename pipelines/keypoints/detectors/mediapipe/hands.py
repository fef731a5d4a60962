"""The hands of a person whose pose is known: 21 points each, x, y and depth in pixels of the frame."""

import math

import numpy as np

from pipelines.keypoints.detectors.mediapipe.networks import Network
from pipelines.keypoints.detectors.mediapipe.regions import Region

MIN_PRESENCE = 0.5  # sureness from which on the region shows a hand
MIN_WRIST = 0.1  # visibility of the wrist from which on its hand is looked for
UP, DOWN = 90.0, -90.0  # degrees: where the fingers are in the first region, and the second point in the other
PALM_MARGIN = 2.7  # side of the first region in units of twice the distance from the wrist to the middle knuckle
SHIFT = -0.1  # the regions reach so far beyond the fingers, in units of their side
DEPTH_SCALE = 0.4  # the network's depths are so much smaller


class HandNetworks:
    """One network places the hand more exactly than the pose does, the other finds its points."""

    def __init__(self, placement: Network, points: Network) -> None:
        self.placement, self.points = placement, points

    def find(self, image: np.ndarray, palm: np.ndarray) -> np.ndarray | None:
        """The hand float32 [21, 3] of a frame uint8 [H, W, 3]; None if there is none.

        Args:
            palm: wrist, knuckles of the little and of the index finger by the pose network, [3, 4] x, y, depth in
                pixels of the frame and visibility.
        """
        if palm[0, 3] < MIN_WRIST:
            return None
        region = self._place(image, palm_region(palm[:, :2]))
        square = region.sample(image, self.points.size)
        values, presence, *_ = self.points(square / np.float32(255))
        if not float(presence[0]) >= MIN_PRESENCE:
            return None
        points = values.reshape(-1, 3) / self.points.size * (1, 1, 1 / DEPTH_SCALE)  # [21, 3]
        return region.to_frame(points).astype(np.float32)

    def _place(self, image: np.ndarray, region: Region) -> Region:
        square = region.sample(image, self.placement.size)
        (values,) = self.placement(square / np.float32(255))
        start, end = region.to_frame(values.reshape(2, 2) / self.placement.size)
        return Region.between(start, end, direction=DOWN, scale=1.0).shifted(0, SHIFT)


def palm_region(palm: np.ndarray) -> Region:
    """The region of a hand with wrist and knuckles of the little and of the index finger at [3, 2] x, y."""
    wrist, little, index = palm.astype(np.float64)
    middle = (2 * index + little) / 3
    angle = Region.between(wrist, middle, direction=UP, scale=1.0).angle
    side = 2 * math.dist(wrist, middle) * PALM_MARGIN
    return Region(float(middle[0]), float(middle[1]), side, angle).shifted(0, SHIFT)
