"""Boxes with keypoints that a detection network finds in a frame, for people and for faces alike.

A = number of anchors, K keypoints of a box, N boxes. S: side of the network's input in pixels.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from pipelines.keypoints.detectors.mediapipe.networks import Network, sigmoid
from pipelines.keypoints.detectors.mediapipe.regions import Region

MAX_OVERLAP = 0.3  # boxes that overlap more (intersection over union) are one


def make_anchors(size: int, layers: Sequence[tuple[int, int]]) -> np.ndarray:
    """Centres of the anchors, float32 [A, 2] x, y in 0..1 of the input, in the order of the network's output.

    Args:
        size: S.
        layers: stride in pixels and number of anchors on each place of every feature map, fine to coarse.
    """
    grids = []
    for stride, count in layers:
        cells = -(-size // stride)
        centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(centres, centres, indexing="xy"), -1).reshape(-1, 2)  # [cells * cells, 2]
        grids.append(np.repeat(grid, count, 0))
    return np.concatenate(grids)


def decode_boxes(values: np.ndarray, logits: np.ndarray, anchors: np.ndarray, size: int, least: float) -> np.ndarray:
    """The network's outputs as boxes, float32 [N, 5 + 2 K], the surest first.

    Args:
        values: [A, 4 + 2 K]: centre, width and height, then K keypoints, in pixels of the input from the anchor.
        logits: [A, 1].
        anchors: [A, 2] from `make_anchors`.
        size: S.
        least: score from which on a box counts.

    Returns:
        left, top, right, bottom and K times x, y, all in 0..1 of the input; the score 0..1 is the last column.
    """
    scores = sigmoid(logits[:, 0])
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= least]
    values, anchors = values[order] / size, anchors[order]
    points = values.reshape(len(order), values.shape[1] // 2, 2)  # [N, 2 + K, 2]
    centres, extents, keypoints = points[:, :1] + anchors[:, None], points[:, 1:2], points[:, 2:] + anchors[:, None]
    corners = np.concatenate((centres - extents / 2, centres + extents / 2, keypoints), 1)
    return np.concatenate((corners.reshape(len(order), values.shape[1]), scores[order, None]), 1).astype(np.float32)


def merge_boxes(boxes: np.ndarray) -> np.ndarray:
    """Boxes [N, 5 + 2 K], the surest first -> one for each group that overlaps: the mean, weighted by the scores."""
    merged = [np.empty((0, boxes.shape[1]), np.float32)]
    while len(boxes):
        same = overlap(boxes[0], boxes) > MAX_OVERLAP
        same[0] = True
        weights = boxes[same, -1:]
        mean = (boxes[same, :-1] * weights).sum(0) / weights.sum()
        merged.append(np.append(mean, boxes[0, -1])[None])
        boxes = boxes[~same]
    return np.concatenate(merged).astype(np.float32)


def overlap(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of a box with boxes [N, 4 or more], float [N]; boxes without an area overlap nothing."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:4], boxes[:, 2:4])
    common = np.clip(high - low, 0, None).prod(1)
    areas = (boxes[:, 2:4] - boxes[:, :2]).prod(1) + (box[2:4] - box[:2]).prod()
    return np.divide(common, areas - common, out=np.zeros_like(common), where=areas > common)


class BoxDetector:
    """A detection network on the square that holds a region of the frame, black outside the frame.

    Args:
        layers: as in `make_anchors`.
        least: score from which on something is found.
    """

    def __init__(self, network: Network, layers: Sequence[tuple[int, int]], *, least: float) -> None:
        self.network, self.least = network, least
        self.anchors = make_anchors(network.size, layers)

    def find(self, image: np.ndarray, region: Region | None = None) -> np.ndarray:
        """Boxes [N, 5 + 2 K] in a frame uint8 [H, W, 3], in its pixels, the surest first; all of it by default."""
        region = region or Region.whole(*image.shape[:2])
        square = region.sample(image, self.network.size, border=cv2.BORDER_CONSTANT)
        values, logits = self.network(square / np.float32(127.5) - 1)
        boxes = merge_boxes(decode_boxes(values, logits, self.anchors, self.network.size, self.least))
        points = region.to_frame(boxes[:, :-1].reshape(len(boxes), boxes.shape[1] // 2, 2))  # [N, 2 + K, 2]
        return np.concatenate((points.reshape(len(boxes), boxes.shape[1] - 1), boxes[:, -1:]), 1).astype(np.float32)
