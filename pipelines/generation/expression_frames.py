"""The face generator beside that of people: the source's face with its expression in every frame, put into the layers.

T frames; S side of the square around the face, in pixels of the picture.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager

import cv2
import numpy as np
from torch import Tensor

from models.generators.animation import AnimationGenerator, Step
from pipelines.compositing.changed_source import show_changed
from pipelines.compositing.layers import Layer
from pipelines.faces.expressions import Expressions
from pipelines.generation.face_layers import FaceCutOut, FaceLayerProcessor, find_square
from pipelines.generation.rollout import FrameGenerator, Start, state_of, state_tensors
from pipelines.media.boxes import Box, crop
from pipelines.runtime.stopwatch import Stopwatch

MASK = 256  # pixels of the mask's side before it is enlarged
# What is shown around the landmarks, where brows and chin move, and the width of its soft edge, in widths of the face.
MARGIN, FEATHER = 0.08, 0.12


class ExpressionFrames:
    """Puts the T frames of a face into as many layers, in order.

    Args:
        person: the source person, premultiplied float32 RGBA [H, W, 4], colours 0..255.
        plate: what is behind them, uint8 RGB [H, W, 3].
        area: where both are in the picture.
        generator: of faces.
        precision: the context in which it runs.
    """

    def __init__(
        self,
        expressions: Expressions,
        picture: np.ndarray,
        person: np.ndarray,
        plate: np.ndarray,
        area: Box,
        generator: AnimationGenerator,
        precision: AbstractContextManager,
    ) -> None:
        self.expressions, self.area = expressions, area
        size = picture.shape[1], picture.shape[0]
        self.square = left, top, right, bottom = find_square(expressions.landmarks, expressions.poses, size)
        inside = left - area[0], top - area[1], right - area[0], bottom - area[1]
        cutout = FaceCutOut(picture, self.square, crop(person, inside), crop(plate, inside), certainty=1.0)
        faces, channels = (
            (expressions.landmarks, expressions.poses, expressions.driving),
            generator.config.structure_channels,
        )
        self.face = FaceLayerProcessor(cutout, *faces, channels=channels)
        self.generator, self.precision = generator, precision
        self.steps = self._begin(None)
        self.made: deque[Step] = deque()  # faces between `generate` and `put_into`
        self.shown: Step | None = None  # the last one that was put into a layer
        self.count = 0

    def generate(self) -> None:
        """Make the face of the next frame, in the thread in which all networks run; `put_into` may run in another."""
        self.made.append(next(self.steps)[1])

    def memory(self) -> dict[str, Tensor]:
        """What the faces to come need of those that were put into layers."""
        assert self.shown is not None
        return state_tensors(self.shown.state) | self.face.memory()()

    def recall(self, memory: dict[str, Tensor], frames: int) -> None:
        """Go on behind that many frames of the same face, with what it remembered then."""
        self.count, self.steps = frames, self._begin(Start(frames, state_of(memory)))
        self.face.recall(memory, frames)

    def put_into(self, layer: Layer, step: Step) -> Layer:
        """The layer of the next frame, which a compositor made of `step`, with its face."""
        self.shown = made = self.made.popleft()
        mask = self._draw_mask(self.expressions.poses[self.count])
        self.count += 1
        return show_changed(layer, step, self.area, self.face.postprocess(made, "crop"), mask, self.square)

    def _begin(self, start: Start | None) -> Iterator[tuple[int, Step]]:
        return iter(FrameGenerator([self.face], self.generator, self.precision, Stopwatch(), [start]))

    def _draw_mask(self, landmarks: np.ndarray) -> np.ndarray:
        """What is taken of the square, float32 [S, S]: the face with these landmarks [68, 2] and as it is."""
        side, own = self.square[2] - self.square[0], self.expressions.landmarks
        width = float(np.ptp(own[:, 0])) * MASK / side
        points = (np.concatenate([own, landmarks]) - self.square[:2] + 0.5) * (MASK / side) - 0.5
        outline, mask = cv2.convexHull(np.round(points).astype(np.int32)), np.zeros((MASK, MASK), np.uint8)
        cv2.fillConvexPoly(mask, outline, 1)
        cv2.polylines(mask, [outline], True, 1, thickness=max(round(2 * MARGIN * width), 1))
        mask[[0, -1]] = mask[:, [0, -1]] = 0
        soft = np.clip(
            cv2.distanceTransform(mask, cv2.DIST_L2, 5) / np.float32(FEATHER * width), 0, 1, dtype=np.float32
        )
        return cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR)
