"""A picture that lies: generated upright, and the result lies as the picture does."""

import numpy as np
import pytest

from models.generators.recurrent import Step
from pipelines.compositing.backgrounds import PictureBackground
from pipelines.generation.processors import FrameProcessor, NetworkInputs
from pipelines.generation.turned_processor import TurnedProcessor
from pipelines.media.turning import turn_picture

UPRIGHT = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
BOX = (5, 10, 25, 30)  # left, top, right, bottom


class Inner(FrameProcessor):
    """Returns the picture with a white box, or the box alone."""

    def __init__(self) -> None:
        self.picture, self.poses, self.box = UPRIGHT, np.zeros((2, 17, 2)), BOX
        self.canvas = np.zeros((3, 32, 32), np.float32)

    def source_inputs(self) -> NetworkInputs:
        return NetworkInputs(np.zeros((20, 32, 32), np.float32))

    def frame_inputs(self, frame: int) -> NetworkInputs:
        return NetworkInputs(np.full((20, 32, 32), frame, np.float32))

    def output_size(self, framing: str) -> tuple[int, int]:
        return (20, 20) if framing == "crop" else (40, 60)

    def postprocess(self, output: object, framing: str) -> np.ndarray:
        left, top, right, bottom = BOX
        result = UPRIGHT.copy()
        result[top:bottom, left:right] = 255
        return result[top:bottom, left:right] if framing == "crop" else result

    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        return result


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_the_result_lies_as_the_picture_does(turns: int) -> None:
    lying, step = turn_picture(UPRIGHT, -turns), Step.__new__(Step)
    processor = TurnedProcessor(Inner(), turns)
    np.testing.assert_array_equal(processor.picture, lying)
    result = processor.postprocess(step, "full")
    assert processor.output_size("full") == result.shape[1::-1] == lying.shape[1::-1]
    left, top, right, bottom = processor.box
    changed = np.zeros(lying.shape[:2], bool)
    changed[top:bottom, left:right] = True
    assert (result[changed] == 255).all()
    np.testing.assert_array_equal(result[~changed], lying[~changed])
    np.testing.assert_array_equal(processor.comparison(0, None, result), Inner().postprocess(step, "full"))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_background_is_turned_with_the_person(turns: int) -> None:
    """So that it is as it was given once the result is turned back."""
    inner = Inner()
    processor = TurnedProcessor(inner, turns)
    processor.put_on(PictureBackground(turn_picture(UPRIGHT, -turns)))
    assert inner.background is not None
    np.testing.assert_array_equal(inner.background.frame(0), UPRIGHT)
