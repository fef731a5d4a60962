"""One person in a region of a frame: the 33 points of MediaPipe's pose network, their depth, and a mask.

The network gives 39 points: 33 of the body, then the middle of the hips and a point that tells size and direction of
the whole person, from which the region in the next frame comes, and four that nothing uses.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.keypoints.detectors.mediapipe.networks import Network, sigmoid
from pipelines.keypoints.detectors.mediapipe.regions import Region

POINTS = 33
CENTRE, DIRECTION = 33, 34
UP = 90.0  # degrees: people stand upright in their region
MARGIN = 1.25  # side of a person's region in units of twice the distance from the hips to the point of direction
MIN_PRESENCE = 0.5  # sureness from which on the region shows a person
WINDOW = 3  # places around a point that refine it, on each side, in cells of its heat map
MIN_PEAK = 0.5  # heat maps that are lower around a point leave it where it is

COCO17 = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
FEET = (29, 30, 31, 32)  # left heel, right heel, left toes, right toes
LEFT_HAND, RIGHT_HAND = (15, 17, 19), (16, 18, 20)  # wrist, knuckles of the little and of the index finger
FACE = tuple(range(11))


@dataclass(frozen=True)
class BodyPoints:
    """What the network finds of a person."""

    points: np.ndarray
    """float32 [39, 4]: x, y, depth in pixels of the frame, the hips at depth 0 and nearer points below it; visibility
    0..1."""
    region: Region
    """Where it looked."""
    presence: float
    """How sure it is that somebody is there, 0..1."""
    mask: np.ndarray
    """Logits float32 [256, 256]: where the person is in the region."""

    def next_region(self) -> Region:
        """Where the person is in the next frame, if nothing moves."""
        return person_region(self.points[CENTRE, :2], self.points[DIRECTION, :2])


def person_region(centre: np.ndarray, direction: np.ndarray) -> Region:
    """The region of a person, from the middle of the hips and the point of direction, x, y in pixels of the frame."""
    return Region.between(centre, direction, direction=UP, scale=MARGIN)


class PoseNetwork:
    """MediaPipe's "full" pose network."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def find(self, image: np.ndarray, region: Region) -> BodyPoints | None:
        """The person in a region of a frame uint8 [H, W, 3]; None if there is nobody."""
        square = region.sample(image, self.network.size)
        values, presence, mask, maps, _ = self.network(square / np.float32(255))
        if not (sure := float(presence[0])) >= MIN_PRESENCE:
            return None
        points = decode_points(values, maps, self.network.size)
        points[:, :3] = region.to_frame(points[:, :3])
        return BodyPoints(points, region, sure, mask[..., 0])


def decode_points(values: np.ndarray, maps: np.ndarray, size: int) -> np.ndarray:
    """Outputs of the network -> points float32 [39, 4]: x, y in 0..1 of the region, depth in its sides, visibility.

    Args:
        values: [195]: x, y, depth in pixels of the input, and logits of visibility and presence, of 39 points.
        maps: logits [h, w, 39] of where each point is.
        size: side of the input in pixels.
    """
    values = values.reshape(-1, 5)  # [39, 5]
    points = np.concatenate((values[:, :3] / size, sigmoid(values[:, 3:4])), 1).astype(np.float32)
    for index in range(len(points)):
        refine_point(points[index], maps[..., index])
    return points


def refine_point(point: np.ndarray, heat_map: np.ndarray) -> None:
    """Move a point (x, y, ...), in 0..1 of the map [h, w] of logits, to the mean of the map around it."""
    height, width = heat_map.shape
    column, row = int(point[0] * width), int(point[1] * height)
    if not (0 <= column < width and 0 <= row < height):
        return
    top, left = max(row - WINDOW, 0), max(column - WINDOW, 0)
    around = sigmoid(heat_map[top : row + WINDOW + 1, left : column + WINDOW + 1])
    if around.max() < MIN_PEAK:
        return
    rows, columns = np.mgrid[: around.shape[0], : around.shape[1]]
    total = around.sum()
    point[0] = (left + (columns * around).sum() / total) / width
    point[1] = (top + (rows * around).sum() / total) / height
