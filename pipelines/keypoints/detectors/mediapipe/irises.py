"""Lids and irises, by a network that looks at one eye of a face mesh at a time.

Eyes are the person's right and left one, E = 2. Points are x, y in pixels of the frame.
"""

from typing import Self

import numpy as np

from pipelines.keypoints.detectors.mediapipe.networks import Network, load_network
from pipelines.keypoints.detectors.mediapipe.regions import Region
from pipelines.weights.collections import MEDIAPIPE, is_fetched

NETWORK = "iris_landmark"
CORNERS = ((33, 133), (362, 263))  # of both eyes in the mesh, from the left to the right in the picture
MARGIN = 2.3  # side of an eye's region in distances of its corners
LEVEL = 0.0  # degrees: the corners are level in an eye's region
# Points of the network's outline in iBUG 300-W order. It was trained on right eyes and sees left ones mirrored.
LIDS = ((0, 11, 13, 8, 5, 3), (8, 13, 11, 0, 3, 5))


class IrisNetwork:
    """Finds lids and irises of faces whose mesh is known."""

    def __init__(self, network: Network) -> None:
        self.network = network

    @classmethod
    def load(cls) -> Self | None:
        """With MediaPipe's network; None where that was not fetched, as `gfla weights fetch` did not use to.

        Raises:
            BackendUnavailable: LiteRT is missing, or the network is damaged.
        """
        return cls(load_network(NETWORK)) if is_fetched(MEDIAPIPE, NETWORK) else None

    def read(self, image: np.ndarray, mesh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lids [E, 6, 2] in iBUG 300-W order and middles of irises [E, 2] of a mesh [468, 2 or more] in a frame uint8
        [H, W, 3]."""
        eyes = [self._look(image, mesh[list(corners), :2], mirrored=bool(eye)) for eye, corners in enumerate(CORNERS)]
        lids = [outline[list(order)] for (outline, _), order in zip(eyes, LIDS, strict=True)]
        return np.stack(lids), np.stack([iris for _, iris in eyes])

    def _look(self, image: np.ndarray, corners: np.ndarray, *, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
        """Outline and surroundings [71, 2] of an eye, and the middle of its iris [2]."""
        x, y = corners.mean(0).tolist()
        between = Region.between(*corners, direction=LEVEL, scale=MARGIN / 2)
        region = Region(x, y, between.side, between.angle)
        square = region.sample(image, self.network.size) / np.float32(255)
        outline, iris = self.network(square[:, ::-1] if mirrored else square)
        points = np.concatenate([iris.reshape(-1, 3)[:1, :2], outline.reshape(-1, 3)[:, :2]])
        if mirrored:
            points[:, 0] = self.network.size - 1 - points[:, 0]
        found = region.to_frame(points / self.network.size)
        return found[1:], found[0]
