"""What every processor of people must do, as tests; each kind of weights has a test class derived from this one."""

from contextlib import nullcontext
from fractions import Fraction

import numpy as np
import pytest

from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import Step
from pipelines.generation.networks import PersonGenerator
from pipelines.generation.processors import FrameProcessor, ProcessorFactory
from pipelines.generation.rollout import FrameGenerator, generate_picture
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.tracking import GapSummary
from pipelines.runtime.stopwatch import Stopwatch
from tests.helpers.poses import sample_people, sample_poses

HEIGHT, WIDTH, FRAMES = 560, 600, 2


class ProcessorContract:
    """Derive, and override `make_processor` and `generator`, a network of that kind; random weights will do."""

    @pytest.fixture
    def make_processor(self) -> ProcessorFactory:
        raise NotImplementedError

    @pytest.fixture
    def generator(self) -> PersonGenerator:
        raise NotImplementedError

    @pytest.fixture
    def processor(self, make_processor: ProcessorFactory) -> FrameProcessor:
        source, driving = make_people()
        return make_processor(source, driving, driving.poses[..., :2], "body", "standard")

    def test_inputs_are_what_the_network_reads(self, processor: FrameProcessor, generator: PersonGenerator) -> None:
        channels, *size = processor.canvas.shape
        assert processor.canvas.dtype == np.float32
        assert channels == generator.config.image_channels
        assert np.abs(processor.canvas).max() <= 1
        expected = (generator.config.structure_channels, *size)
        for inputs in (processor.source_inputs(), *map(processor.frame_inputs, range(FRAMES))):
            assert inputs.structure.dtype == np.float32
            assert inputs.structure.shape == expected
            assert np.isfinite(inputs.structure).all()
            assert inputs.structure.any()

    def test_frames_follow_the_poses(self, processor: FrameProcessor) -> None:
        first, second = (processor.frame_inputs(frame).structure for frame in range(FRAMES))
        assert not np.array_equal(first, second)

    @pytest.mark.parametrize("framing", ["full", "crop"])
    def test_results_have_the_size_that_was_announced(
        self, processor: FrameProcessor, generator: PersonGenerator, framing
    ) -> None:
        result = processor.postprocess(generate_frame(processor, generator), framing)
        assert result.dtype == np.uint8
        assert result.shape == (*processor.output_size(framing)[::-1], 3)

    def test_only_the_box_of_the_picture_changes(self, processor: FrameProcessor, generator: PersonGenerator) -> None:
        before = picture = processor.picture.copy()
        result = processor.postprocess(generate_frame(processor, generator), "full")
        behind = processor.background.frame(0) if processor.background else None
        before = before if behind is None else behind
        left, top, right, bottom = processor.box
        outside = np.ones((HEIGHT, WIDTH), bool)
        outside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = False
        np.testing.assert_array_equal(result[outside], before[outside])
        np.testing.assert_array_equal(processor.picture, picture)

    def test_a_comparison_has_titles_above_panels_as_high_as_the_result(self, processor: FrameProcessor) -> None:
        result = np.zeros((120, 90, 3), np.uint8)
        shown = processor.comparison(1, np.zeros((48, 64, 3), np.uint8), result)
        assert shown.dtype == np.uint8
        titles = shown[:-120]
        assert 10 < len(titles) < 40
        for panel in np.array_split(titles, 4, axis=1):
            assert panel.max() > 200
        np.testing.assert_array_equal(shown[-120:, -90:], result)


def make_people() -> tuple[SourcePerson, DrivingMotion]:
    """A person who stands in a picture of noise, and the motion of another one, both in pixels of such a picture."""
    layouts = sample_poses(sample_people(1, seed=1), seed=2, frames=FRAMES + 1)
    coco, human = (_with_confidence(poses[0]) for poses in layouts)  # [T + 1, 17, 3]
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    mask = draw_mask(coco[0], HEIGHT, WIDTH)
    source = SourcePerson(picture, coco[0], human[0], mask=mask)
    times = {"pts": [0, 1], "durations": [1, 1], "time_base": Fraction(1, 25)}
    driving = DrivingMotion(human[1:], coco[1:], **times, size=(WIDTH, HEIGHT), gaps=GapSummary(FRAMES, 0, 0))
    return source, driving


def draw_mask(pose: np.ndarray, height: int, width: int) -> np.ndarray:
    """A coarse mask float32 [height, width] of a person: a rectangle around the COCO-17 pose [17, 3]."""
    mask = np.zeros((height, width), np.float32)
    (left, top), (right, bottom) = pose[:, :2].min(0).astype(int), pose[:, :2].max(0).astype(int)
    mask[max(top, 0) : bottom, max(left, 0) : right] = 1
    return mask


def _with_confidence(poses: np.ndarray) -> np.ndarray:
    """Poses [T, 17, 2] -> [T, 17, 3]."""
    return np.concatenate([poses, np.full((*poses.shape[:2], 1), 0.9)], -1).astype(np.float32)


def generate_frame(processor: FrameProcessor, generator: PersonGenerator) -> Step | Picture:
    """The first frame that the network generates for the processor."""
    if isinstance(generator, PictureGenerator):
        return generate_picture(processor, generator, nullcontext(), Stopwatch())
    _, step = next(iter(FrameGenerator([processor], generator, nullcontext(), Stopwatch())))
    return step
