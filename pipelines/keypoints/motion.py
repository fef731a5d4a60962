"""The source person, and the poses it shall take.

T frames. COCO-17 poses are [17, 3] with confidences, Human3.6M-17 poses [17, 2 or 3]; both in pixels of their picture.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.detection import DrivingMotion
from pipelines.keypoints.retargeting import retarget
from pipelines.keypoints.tracking import CONFIDENT

SOURCE_REPEATS = 24


@dataclass(frozen=True)
class SourcePerson:
    """picture: uint8 RGB [H, W, 3]; pose: COCO-17; own: the same pose as Human3.6M-17; mode: how `driver` is
    retargeted."""

    picture: np.ndarray
    pose: np.ndarray
    own: np.ndarray
    driver: DrivingMotion
    mode: str

    @classmethod
    def cast(
        cls, picture: np.ndarray, pose: np.ndarray, cleaner: PoseCleaner, driver: DrivingMotion, mode: str
    ) -> "SourcePerson":
        """The person of a picture, whose COCO-17 `pose` the motion network turns into Human3.6M-17."""
        still = np.repeat(np.where(pose[:, 2:] >= CONFIDENT, pose, 0)[None], SOURCE_REPEATS, 0)
        height, width = picture.shape[:2]
        own = cleaner(still, size=(width, height))[SOURCE_REPEATS // 2]
        return cls(picture, pose, own, driver, mode)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.picture.shape[1], self.picture.shape[0]

    @property
    def seen(self) -> np.ndarray:
        """Which joints of the COCO-17 pose are sure, bool [17]."""
        return self.pose[:, 2] >= CONFIDENT

    @cached_property
    def poses(self) -> np.ndarray:
        """The retargeted poses in pixels of the picture, float64 [T, 17, 2]. Raises InputError."""
        return retarget(self.driver.poses, self.own, self.mode, driver_size=self.driver.size, source_size=self.size)
