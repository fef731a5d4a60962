"""How a picture and its poses get onto a network's canvas, and how what the network makes of them comes back.

Each kind of weights has its stage: networks see what they were trained with. T frames, h, w size of the network's
canvas, S its structure channels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from PIL import Image

from models.generators.animation import Step
from models.generators.picture import Picture
from pipelines.compositing.full_resolution import FullResolutionCompositor
from pipelines.compositing.paste import Box, box_mask, paste
from pipelines.keypoints.layouts import coco17_to_openpose18
from pipelines.keypoints.motion import SourcePerson
from pipelines.keypoints.retargeting import retargeted_coco17
from pipelines.keypoints.structure_maps import MISSING, person_maps, structure_map
from pipelines.keypoints.tracking import CONFIDENT
from pipelines.media.square_crop import SquareCrop
from pipelines.media.tensors import tensor_to_image

CANVAS = 256
FEATHER = 0.04
Pose = tuple[np.ndarray, np.ndarray | None]


class FrameProcessor(ABC):
    """One picture before one network.

    poses: [T, 17, 2] Human3.6M-17 in pixels of the picture, for people to look at; picture: uint8 RGB [H, W, 3];
    canvas: uint8 RGB [h, w, 3], what the network sees of it; box: where that is in the picture.
    """

    picture: np.ndarray
    poses: np.ndarray
    canvas: np.ndarray
    box: Box

    @abstractmethod
    def own(self) -> Pose:
        """The structure [S, h, w] of the picture's own pose, and its Human3.6M-17 joints [17, 2] on the canvas where
        the network asks for them."""

    @abstractmethod
    def staged(self, frame: int) -> Pose:
        """The same of the pose to be taken in a frame."""

    @abstractmethod
    def size(self, frame: str) -> tuple[int, int]:
        """Width and height of the result for `frame` "full" or "crop"."""

    @abstractmethod
    def finish(self, made: Step | Picture, frame: str) -> np.ndarray:
        """What the network made as uint8 RGB: in the whole picture for `frame` "full", alone for "crop"."""


class CropProcessor(FrameProcessor):
    """The bundled weights: a square around the person, pasted back at the picture's own resolution."""

    def __init__(self, actor: SourcePerson) -> None:
        self.actor, self.picture, self.poses = actor, actor.picture, actor.poses
        known = np.concatenate([self.poses.reshape(-1, 2), actor.own[:, :2], actor.pose[actor.seen, :2]])
        self.square = SquareCrop.around(known, size=CANVAS)
        self.box = self.square.box
        cut = self.square.cut(actor.picture)
        self.canvas = self.square.resize(cut)
        self.mask = box_mask(actor.picture, self.box, FEATHER * self.square.side)
        self.composer = FullResolutionCompositor(cut)

    def own(self) -> Pose:
        known = np.where(self.actor.seen[:, None], self.square.to_canvas(self.actor.pose), 0)
        return structure_map(known, layout="coco17"), self.square.to_canvas(self.actor.own)[:, :2]

    def staged(self, frame: int) -> Pose:
        joints = self.square.to_canvas(self.poses[frame])
        return structure_map(joints, layout="h36m17"), joints[:, :2]

    def size(self, frame: str) -> tuple[int, int]:
        return self.actor.size if frame == "full" else (self.square.side, self.square.side)

    def finish(self, made: Step | Picture, frame: str) -> np.ndarray:
        assert isinstance(made, Step)
        square = self.composer.compose(made)
        return square if frame == "crop" else paste(self.actor.picture, square, self.box, self.mask)


class SquashProcessor(FrameProcessor):
    """The authors' animation weights: the whole picture and the driving frame squashed to a square, each by its own
    size, without a detail head (official format, sections 3.5, 9.3, 9.7)."""

    def __init__(self, actor: SourcePerson, *, height: int = CANVAS, width: int = CANVAS) -> None:
        self.actor, self.picture, self.height, self.width = actor, actor.picture, height, width
        # Unretargeted, the driving frame counts as it is: squashed, as in training, and not fitted into the picture.
        frame = actor.driver.size if actor.mode == "none" else actor.size
        poses = actor.driver.poses[..., :2] if actor.mode == "none" else actor.poses
        self.joints = self._squashed(poses, frame)
        self.poses = poses * (np.array(actor.size) / frame)
        self.canvas = np.asarray(Image.fromarray(actor.picture).resize((width, height), Image.Resampling.BICUBIC))
        self.box = (0, 0, *actor.size)

    def own(self) -> Pose:
        pose = self._squashed(self.actor.pose[:, :2], self.actor.size)
        return self._structure(np.where(self.actor.seen[:, None], pose, 0), "coco17"), None

    def staged(self, frame: int) -> Pose:
        return self._structure(self.joints[frame], "h36m17"), None

    def size(self, frame: str) -> tuple[int, int]:
        return self.actor.size if frame == "full" else (self.width, self.height)

    def finish(self, made: Step | Picture, frame: str) -> np.ndarray:
        result = tensor_to_image(made.image[0], rounding="truncate")
        if frame == "crop":
            return result
        enlarges = self.actor.picture.size > result.size
        return cv2.resize(result, self.actor.size, interpolation=cv2.INTER_CUBIC if enlarges else cv2.INTER_AREA)

    def _structure(self, joints: np.ndarray, layout: str) -> np.ndarray:
        return structure_map(joints, layout=layout, height=self.height, width=self.width)

    def _squashed(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Points [..., 2] of a picture of `size` (width, height) in pixels of the canvas."""
        return points.astype(np.float64) * (np.array([self.width, self.height]) / size)


class OpenPoseProcessor(SquashProcessor):
    """The authors' weights for single pictures of people: OpenPose-18 joints at whole pixels (section 9.2)."""

    def own(self) -> Pose:
        return self._maps(self.actor.pose, self.actor.size), None

    def staged(self, frame: int) -> Pose:
        actor, driver = self.actor, self.actor.driver
        if actor.mode == "none":
            return self._maps(driver.detected[frame], driver.size), None
        poses = driver.detected[frame], driver.poses[frame], actor.poses[frame]
        taken = retargeted_coco17(*poses, own=actor.pose if actor.mode == "body" else None)
        return self._maps(taken, actor.size), None

    def _maps(self, pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """COCO-17 [17, 3] in a picture of `size` (width, height) -> [18, h, w]."""
        joints = coco17_to_openpose18(pose)
        known = np.where(joints[:, 2:] >= CONFIDENT, joints[:, :2], MISSING)
        return person_maps(known, height=self.height, width=self.width, annotated=(size[1], size[0]))


PROCESSORS: dict[str, Callable[[SourcePerson], FrameProcessor]] = {
    "dance_fashion": SquashProcessor,
    "dance_iper": SquashProcessor,
    "pose_fashion": OpenPoseProcessor,
    "pose_market": partial(OpenPoseProcessor, height=128, width=64),
}


def choose_processor(metadata: dict[str, Any]) -> Callable[[SourcePerson], FrameProcessor]:
    """The stage of weights with this metadata: that of the authors' configuration they name, or ours."""
    ours = OpenPoseProcessor if metadata["architecture"] == "picture" else CropProcessor
    return PROCESSORS.get(metadata["official"], ours)
