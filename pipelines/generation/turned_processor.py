"""A source picture that lies on its side: it is animated upright, and the results lie as the picture does."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from models.generators.animation import Step
from models.generators.picture import Picture
from pipelines.compositing.backgrounds import Background
from pipelines.compositing.matte import Matte
from pipelines.generation.processors import FrameProcessor, NetworkInputs, PendingFrame, PendingMemory, ProcessorFactory
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.media.boxes import Box
from pipelines.media.turning import turn_picture
from pipelines.option_groups import Framing, Quality, Retarget


class TurnedProcessor(FrameProcessor):
    """Passes on to the processor of the upright picture, and turns the frames that it makes back.

    `box` is of the picture as it lies; `poses`, `canvas`, `plate` and comparisons are upright.

    Args:
        upright: the processor of the upright picture.
        quarter_turns: counterclockwise ones that made the picture upright.
    """

    def __init__(self, upright: FrameProcessor, quarter_turns: int) -> None:
        self.upright, self.quarter_turns = upright, quarter_turns
        self.picture = turn_picture(upright.picture, -quarter_turns)
        self.poses, self.canvas, self.notes = upright.poses, upright.canvas, upright.notes
        self.plate, self.certainty = upright.plate, upright.certainty
        height, width = upright.picture.shape[:2]
        self.box = _turn_box_back(upright.box, (width, height), quarter_turns)

    @property
    def people(self) -> Sequence[FrameProcessor]:
        return self.upright.people

    def put_on(self, background: Background) -> None:
        super().put_on(background)
        self.upright.put_on(TurnedBackground(background, self.quarter_turns))

    def add_picture(self, person: SourcePerson, matte: Matte) -> None:
        self.upright.add_picture(person, matte)
        self.others = self.upright.others

    def source_inputs(self) -> NetworkInputs:
        return self.upright.source_inputs()

    def frame_inputs(self, frame: int) -> NetworkInputs:
        return self.upright.frame_inputs(frame)

    def output_size(self, framing: Framing) -> tuple[int, int]:
        width, height = self.upright.output_size(framing)
        return (height, width) if self.quarter_turns % 2 else (width, height)

    def begin_frame(self, output: Step | Picture, framing: Framing) -> PendingFrame:
        upright = self.upright.begin_frame(output, framing)
        return lambda: turn_picture(upright(), -self.quarter_turns)

    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        return turn_picture(self.upright.postprocess(output, framing), -self.quarter_turns)

    def memory(self) -> PendingMemory:
        return self.upright.memory()

    def recall(self, memory: dict[str, Tensor], frames: int) -> None:
        self.upright.recall(memory, frames)

    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        return self.upright.comparison(frame, driving, turn_picture(result, self.quarter_turns))


class TurnedBackground(Background):
    """Another background after that many counterclockwise quarter turns."""

    def __init__(self, background: Background, quarter_turns: int) -> None:
        self.background, self.quarter_turns = background, quarter_turns
        self.still = None if background.still is None else turn_picture(background.still, quarter_turns)

    def frame(self, number: int) -> np.ndarray | None:
        frame = self.background.frame(number)
        return None if frame is None else turn_picture(frame, self.quarter_turns)


def turning_back(make_processor: ProcessorFactory) -> ProcessorFactory:
    """`make_processor`, for source pictures that were turned upright as well."""

    def make(
        source: SourcePerson, driving: DrivingMotion, poses: np.ndarray, retarget: Retarget, quality: Quality
    ) -> FrameProcessor:
        upright = make_processor(source, driving, poses, retarget, quality)
        return TurnedProcessor(upright, source.quarter_turns) if source.quarter_turns else upright

    return make


def _turn_box_back(box: Box, size: tuple[int, int], quarter_turns: int) -> Box:
    """A box of a picture of `size` (width, height) in that picture before its counterclockwise quarter turns."""
    for _ in range(quarter_turns % 4):
        left, top, right, bottom = box
        width, height = size
        box, size = (height - bottom, left, height - top, right), (height, width)
    return box
