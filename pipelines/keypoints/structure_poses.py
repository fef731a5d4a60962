"""A pose in the terms of a structure map, before it is drawn: by `structure_maps` and `detail_maps` on the CPU, or by
`device_structure_maps` on a GPU.

Made by the processors. K = 17 joints, P = 52 points (`models.joints.DETAIL_POINTS`), H, W size of the map.
"""

from dataclasses import dataclass

import numpy as np
import torch

from models.joints import STRUCTURE_CHANNELS
from pipelines.keypoints.detail_maps import detail_maps
from pipelines.keypoints.layouts import LIMBS
from pipelines.keypoints.structure_maps import skeleton_joints, structure_map


@dataclass(frozen=True)
class StructurePose:
    """One pose on a map."""

    points: np.ndarray
    """[K, 2 or 3] x, y in pixels of the map and, if there, a confidence; see `structure_maps`."""
    layout: str
    """The layout of the joints, "coco17" or "h36m17"."""
    height: int
    """H."""
    width: int
    """W."""
    scale: float = 1.0
    """Size of disks, lines and heat maps as a multiple of the official one."""
    details: tuple[np.ndarray, np.ndarray] | None = None
    """Points [P, 2] and depths [K] in pixels of the map, NaN where not known; None for a map without details."""
    channels: int = STRUCTURE_CHANNELS
    """S, as the generator has it: one of `models.joints.DETAILED_STRUCTURES` with details."""

    @property
    def kind(self) -> tuple[str, int, int, float, int]:
        """What the maps of a batch have in common."""
        return self.layout, self.height, self.width, self.scale, self.channels

    @property
    def is_inside(self) -> bool:
        """Whether all joints of the skeleton picture are on the map: what is beyond is drawn on its border."""
        joints, there = skeleton_joints(self.points, self.height, self.width, self.scale)
        size = round(self.width / self.scale), round(self.height / self.scale)
        return bool(((joints >= 0) & (joints < size))[there].all())

    def draw(self) -> np.ndarray:
        """The structure map float32 [S, H, W]."""
        size = {"height": self.height, "width": self.width, "scale": self.scale}
        maps = structure_map(self.points, layout=self.layout, **size)
        if self.details is None:
            return maps
        known, depth = self.details
        arrays = [torch.from_numpy(each)[None] for each in (known, self.points[:, :2], depth)]
        drawn = detail_maps(*arrays, limbs=LIMBS[self.layout], **size)[0].numpy()
        return np.concatenate([maps, drawn])[: self.channels]
