"""What a detected frame looks like, in a few numbers: enough to see cuts, and that another person wears other clothes.

In: frames uint8 RGB [H, W, 3] and the people [P, 17, 3] in them. Out: fields of `PoseFrame`, which
`pipelines.keypoints.track_quality` judges.
"""

import cv2
import numpy as np

from pipelines.keypoints.detectors.scores import CONFIDENT

THUMBNAIL_SIDE = 16  # pixels: blurs a person's motion, not a change of scene
TRUNK = [5, 6, 11, 12]  # corners: left and right, above and below; legs and skirts change their colours with each step
INNER = np.linspace(0.25, 0.75, 5)  # where the trunk is sampled, away from its borders


def make_thumbnail(image: np.ndarray) -> np.ndarray:
    """The frame as uint8 [16, 16, 3], each pixel the mean of its part of the frame."""
    return cv2.resize(image, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)


def trunk_colours(image: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Median colour, 0..255, of the trunk of every person: float32 [P, 3]; NaN where hidden."""
    return np.reshape([_median_colour(image, pose[TRUNK]) for pose in people], (len(people), 3)).astype(np.float32)


def _median_colour(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Of the pixels between the corners [4, 3] -> [3]; NaN if not all of them are confident and in the frame."""
    if (corners[:, 2] < CONFIDENT).any():
        return np.full(3, np.nan)
    across, down = np.meshgrid(INNER, INNER)  # [5, 5] each
    weights = np.stack([(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down], -1)
    places = (weights @ corners[:, :2]).reshape(-1, 2).round().astype(int)  # [25, 2]
    inside = ((places >= 0) & (places < image.shape[1::-1])).all(1)
    x, y = places[inside].T
    return np.median(image[y, x], axis=0) if inside.all() else np.full(3, np.nan)
