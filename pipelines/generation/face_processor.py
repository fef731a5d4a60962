"""A face before its generator: driving frames and their landmarks in, frames of the source picture out.

Pictures reach the network as the authors' do: squashed to 256x256 by Pillow's bilinear filter (official format, 9.5).
T frames; boxes as in `framing`.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from models.generators.picture import Picture
from models.generators.recurrent import Step
from pipelines.compositing.paste import Box, box_mask, crop, paste, side_by_side
from pipelines.faces.drawing import draw_landmarks
from pipelines.faces.face_maps import face_structure, resized
from pipelines.generation.processors import FrameProcessor, Pose
from pipelines.generation.video_output import VideoOutput
from pipelines.media.tensors import tensor_to_image

CANVAS = 256
FEATHER = 0.06


@dataclass(frozen=True)
class FaceCrop:
    """A picture uint8 RGB [H, W, 3], its landmarks [68, 2 or 3] in its pixels, and the box that the network sees."""

    picture: np.ndarray
    landmarks: np.ndarray
    box: Box

    def structure(self) -> np.ndarray:
        """[16, 256, 256]."""
        local = self.landmarks[:, :2] - self.box[:2]
        return face_structure(crop(self.picture, self.box), local, size=CANVAS)

    def image(self) -> np.ndarray:
        """uint8 RGB [256, 256, 3]."""
        return resized(crop(self.picture, self.box), CANVAS, smooth=True)


class FaceProcessor(FrameProcessor):
    """The face of one picture and the `driving` faces, which come once, in order; poses: their landmarks [T, 68, 3]."""

    def __init__(self, source: FaceCrop, driving: Iterable[FaceCrop], poses: np.ndarray) -> None:
        self.source, self.driving, self.poses = source, iter(driving), poses
        self.picture, self.canvas, self.box = source.picture, source.image(), source.box
        left, top, right, bottom = source.box
        self.patch = (right - left, bottom - top)
        self.mask = box_mask(source.picture, source.box, FEATHER * min(self.patch))
        self.shown: deque[FaceCrop] = deque()  # on their way to `finish`
        self.latest = source

    def own(self) -> Pose:
        return self.source.structure(), None

    def staged(self, frame: int) -> Pose:
        face = next(self.driving)
        self.shown.append(face)
        return face.structure(), None

    def size(self, frame: str) -> tuple[int, int]:
        height, width = self.picture.shape[:2]
        return (width, height) if frame == "full" else (CANVAS, CANVAS)

    def finish(self, made: Step | Picture, frame: str) -> np.ndarray:
        self.latest = self.shown.popleft()
        canvas = tensor_to_image(made.image[0], rounding="truncate")
        if frame == "crop":
            return canvas
        enlarged = cv2.resize(canvas, self.patch, interpolation=cv2.INTER_CUBIC)
        return paste(self.picture, enlarged, self.box, self.mask)

    def comparison(self, result: np.ndarray) -> np.ndarray:
        """source | driving | landmarks | result of the frame that was finished last."""
        driving = self.latest.picture
        height, width = driving.shape[:2]
        drawn = draw_landmarks(height, width, self.latest.landmarks)
        return side_by_side([self.picture, driving, drawn, result], height=result.shape[0])


class FaceFilm(VideoOutput):
    """The outputs of a face's performance."""

    def _comparison(self, result: np.ndarray) -> np.ndarray:
        assert isinstance(self.stage, FaceProcessor)
        return self.stage.comparison(result)
