"""A face in front of its generator: driving frames and their landmarks in, frames of the source picture out.

Pictures reach the network as the authors' do: squashed to 256x256 by Pillow's bilinear filter
(docs/official-format.md, section 9.5). T frames; boxes as in `pipelines.faces.framing`.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from models.generators.picture import Picture
from models.generators.recurrent import Step
from pipelines.compositing.paste import box_mask, paste
from pipelines.faces.drawing import draw_landmarks
from pipelines.faces.face_maps import LANDMARKS, face_structure, resize_square
from pipelines.generation.panels import title_panels
from pipelines.generation.processors import FrameProcessor, NetworkInputs
from pipelines.media.boxes import Box, crop
from pipelines.media.tensors import image_to_tensor, tensor_to_image
from pipelines.option_groups import Framing

CANVAS = 256  # pixels
FEATHER = 0.06  # width of the soft edge of the pasted region, as a share of its smaller side


@dataclass(frozen=True)
class FaceCrop:
    """A face in a picture."""

    picture: np.ndarray
    """uint8 RGB [H, W, 3]."""
    landmarks: np.ndarray
    """[68 or 70, 2 or 3] x, y in pixels of the picture; irises are not used."""
    box: Box
    """The region that the network sees: left, top, right, bottom in pixels of the picture."""

    def structure(self) -> np.ndarray:
        """The structure map float32 [16, 256, 256]."""
        local = self.landmarks[:LANDMARKS, :2] - self.box[:2]
        return face_structure(crop(self.picture, self.box), local, size=CANVAS)

    def canvas(self) -> np.ndarray:
        """The region as the network sees it, float32 [3, 256, 256] in -1..1."""
        return image_to_tensor(resize_square(crop(self.picture, self.box), CANVAS, smooth=True)).numpy()


class FaceProcessor(FrameProcessor):
    """The face of one picture and the driving faces, which are read once, in order.

    Args:
        driving: the driving faces of the T frames.
        poses: their landmarks [T, 68 or 70, 3].
    """

    def __init__(self, source: FaceCrop, driving: Iterable[FaceCrop], poses: np.ndarray) -> None:
        self.source, self.driving, self.poses = source, iter(driving), poses
        self.picture, self.canvas, self.box = source.picture, source.canvas(), source.box
        left, top, right, bottom = source.box
        self.patch_size = right - left, bottom - top
        self.mask = box_mask(source.picture, source.box, FEATHER * min(self.patch_size))
        self.pending: deque[FaceCrop] = deque()  # driving faces between `frame_inputs` and `postprocess`
        self.latest = source

    def source_inputs(self) -> NetworkInputs:
        return NetworkInputs(self.source.structure())

    def frame_inputs(self, frame: int) -> NetworkInputs:
        face = next(self.driving)
        self.pending.append(face)
        return NetworkInputs(face.structure())

    def output_size(self, framing: Framing) -> tuple[int, int]:
        height, width = self.picture.shape[:2]
        return (width, height) if framing == "full" else (CANVAS, CANVAS)

    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        self.latest = self.pending.popleft()
        canvas = tensor_to_image(output.image[0], rounding="truncate")
        if framing == "crop":
            return canvas
        enlarged = cv2.resize(canvas, self.patch_size, interpolation=cv2.INTER_CUBIC)
        return paste(self.picture, enlarged, self.box, self.mask)

    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        """source | driving | landmarks | result of the frame that was postprocessed last, with their titles."""
        shown = self.latest.picture
        height, width = shown.shape[:2]
        drawn = draw_landmarks(height, width, self.latest.landmarks)
        panels = {"source": self.picture, "driving": shown, "landmarks": drawn, "result": result}
        return title_panels(panels, height=result.shape[0])
