"""People as layers: against the contract of processors, and what is special about them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from models.batches import map_tensors
from models.generators.animation import AnimationGenerator, Step
from models.generators.config import bundled_person
from models.joints import DETAILED_CHANNELS, STRUCTURE_CHANNELS
from pipelines.compositing.backgrounds import PictureBackground
from pipelines.compositing.device_compositor import DeviceCompositor
from pipelines.compositing.matte import Matte
from pipelines.generation.cutout import CutOut
from pipelines.generation.layer_processor import LayerProcessor
from pipelines.generation.networks import PersonGenerator
from pipelines.generation.processors import ProcessorFactory
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.motion import SourcePerson
from pipelines.option_groups import Framing, Quality, Retarget
from tests.helpers.devices import DEVICES
from tests.helpers.processor_contract import HEIGHT, WIDTH, ProcessorContract, draw_mask, generate_frame, make_people

SMALL = {"width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 8, "attention_hidden": 8}
PLATE = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)


def make_processor(
    source=None,
    driving=None,
    poses=None,
    retarget: Retarget = "body",
    quality: Quality = "standard",
    *,
    note: str | None = None,
    channels: int = STRUCTURE_CHANNELS,
) -> LayerProcessor:
    own, motion = make_people()
    source, driving = source or own, driving or motion
    assert source.mask is not None
    matte = Matte(source.mask, source.picture, 0.8)
    poses = driving.poses[..., :2] if poses is None else poses
    return LayerProcessor(
        source, driving, poses, retarget, quality, cutout=CutOut(matte, PLATE, note), channels=channels
    )


def make_generator(*, structure_channels: int = STRUCTURE_CHANNELS) -> AnimationGenerator:
    torch.manual_seed(0)
    return AnimationGenerator(config=replace(bundled_person(), structure_channels=structure_channels, **SMALL)).eval()


class TestLayerProcessor(ProcessorContract):
    @pytest.fixture(scope="class")
    def make_processor(self) -> ProcessorFactory:
        return make_processor

    @pytest.fixture(scope="class")
    def generator(self) -> PersonGenerator:
        return make_generator()


class TestDetailedLayerProcessor(ProcessorContract):
    @pytest.fixture(scope="class")
    def make_processor(self) -> ProcessorFactory:
        return partial(make_processor, channels=DETAILED_CHANNELS)

    @pytest.fixture(scope="class")
    def generator(self) -> PersonGenerator:
        return make_generator(structure_channels=DETAILED_CHANNELS)


@pytest.mark.parametrize("quality", ["fast", "standard", "best"])
def test_details_lie_behind_the_map_of_the_joints(quality: Quality) -> None:
    source, driving = make_people()
    feet = np.concatenate([driving.detected[:, [15, 16, 15, 16], :2] + 7, np.ones((2, 4, 1))], -1)
    known = [PersonDetails(depth=np.arange(17.0), feet=each) for each in feet]
    driving, poses = replace(driving, details=known), driving.poses[..., :2] + 3.25
    processor = make_processor(source, driving, poses, quality=quality, channels=DETAILED_CHANNELS)
    maps, without = (
        each.frame_inputs(1).structure for each in (processor, make_processor(source, driving, poses, quality=quality))
    )
    np.testing.assert_array_equal(maps[:STRUCTURE_CHANNELS], without)
    assert not processor.source_inputs().structure[STRUCTURE_CHANNELS:].any(), "nothing is known of the source"
    hands, feet_maps, planes = maps[20:26], maps[26:30], maps[30:33, 0, 0]
    assert not hands.any()
    assert planes.tolist() == [0, 1, 1]
    moved = processor.area.to_canvas(poses[1, [6, 6, 3, 3]] + 7)
    peaks = [np.unravel_index(each.argmax(), each.shape)[::-1] for each in feet_maps]
    np.testing.assert_allclose(peaks, moved, atol=0.51)


def still(processor: LayerProcessor) -> Step:
    """The step of a network that repeats its source."""
    step = generate_frame(processor, make_generator())
    assert isinstance(step, Step)
    canvas = torch.from_numpy(processor.canvas)[None]
    return replace(step, image=canvas, generated=canvas, detail=None, shadow=None)


def test_the_canvas_shows_the_person_and_nothing_of_the_background() -> None:
    processor = make_processor()
    colour, alpha = processor.canvas[:3], processor.canvas[3]
    assert (alpha[0] == 0).all()
    assert (np.abs(colour) <= alpha + 1e-5).all()
    assert (alpha == 1).any()


def test_a_layer_lies_over_its_background() -> None:
    processor = make_processor()
    processor.background = PictureBackground(np.full((HEIGHT, WIDTH, 3), (0, 200, 0), np.uint8))
    result = processor.postprocess(still(processor), "full")
    covered = processor.source.mask
    assert covered is not None
    assert (result[0, 0] == (0, 200, 0)).all()
    inner = np.argwhere(covered > 0).mean(0).astype(int)
    around = slice(inner[0] - 20, inner[0] + 20), slice(inner[1] - 8, inner[1] + 8)
    np.testing.assert_allclose(result[around].mean((0, 1)), processor.picture[around].mean((0, 1)), atol=12)


@pytest.mark.parametrize("framing", ["full", "crop"])
@pytest.mark.parametrize("device", DEVICES)
def test_frames_composed_on_a_device_are_those_of_the_cpu(
    device: str, framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph follows after some frames; every frame is finished after the next one was begun."""
    expected, processor = make_processor(), make_processor()
    colours = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    for each in (expected, processor):
        each.put_on(PictureBackground(colours))
    step = still(processor)
    on_device = map_tensors(step, lambda tensor: tensor.to(device))
    pending = [expected.begin_frame(step, framing) for _ in range(7)]
    monkeypatch.setattr("pipelines.generation.layer_processor.make_compositor", DeviceCompositor)
    made = [processor.begin_frame(on_device, framing) for _ in range(7)]
    for first, second in zip(pending, made, strict=True):
        assert np.abs(first().astype(int) - second()).max() <= 1


def test_the_canvas_holds_the_whole_person() -> None:
    """Hair and clothes may be far from every joint."""
    source, _ = make_people()
    mask = np.ones((HEIGHT, WIDTH), np.float32)
    left, top, right, bottom = make_processor(replace(source, mask=mask)).box
    assert (left, top) <= (0, 0)
    assert right >= WIDTH
    assert bottom >= HEIGHT


@pytest.mark.parametrize("note", [None, "the outline is unsure"])
def test_what_is_known_of_the_matte_is_told(note: str | None) -> None:
    processor = make_processor(note=note)
    assert processor.notes == ((note,) if note else ())
    assert processor.certainty == 0.8


def test_a_person_whom_the_picture_cuts_goes_on_beyond_it() -> None:
    source, _ = make_people()
    below = source.detected.copy()
    below[:, 1] += HEIGHT / 2
    mask = draw_mask(source.detected, HEIGHT, WIDTH)
    mask[HEIGHT // 2 :] = mask[HEIGHT // 2]
    processor = make_processor(replace(source, detected=below, mask=mask))
    assert processor.box[3] > HEIGHT
    assert processor.canvas[3, -1].max() == 1


def enlarge(person: SourcePerson, factor: int) -> SourcePerson:
    """The same person in a larger picture with a margin of 40 pixels at the left and 20 at the top."""
    assert person.mask is not None

    def grow(picture: np.ndarray) -> np.ndarray:
        large = picture.repeat(factor, 0).repeat(factor, 1)
        return np.pad(large, [(20, 0), (40, 0), *[(0, 0)] * (picture.ndim - 2)])

    def move(points: np.ndarray) -> np.ndarray:
        moved = points.copy()
        moved[:, :2] = (points[:, :2] + 0.5) * factor - 0.5 + (40, 20)
        return moved

    mask, pose, detected = grow(person.mask), move(person.pose), move(person.detected)
    return replace(person, picture=grow(person.picture), mask=mask, pose=pose, detected=detected)


def test_a_further_picture_is_put_where_the_person_of_the_source_is() -> None:
    own, _ = make_people()
    processor = make_processor(channels=DETAILED_CHANNELS)
    larger = enlarge(own, 2)
    assert larger.mask is not None
    processor.add_picture(larger, Matte(larger.mask, larger.picture, 0.8))
    (other,) = processor.others
    assert other.person.shape == processor.person.shape
    np.testing.assert_allclose(other.canvas, processor.canvas, atol=0.02)
    own_inputs = processor.source_inputs()
    np.testing.assert_allclose(other.inputs.structure, own_inputs.structure, atol=1.0)
    assert other.inputs.joints is not None
    assert own_inputs.joints is not None
    np.testing.assert_allclose(other.inputs.joints, own_inputs.joints, atol=0.6)


def test_the_source_picture_once_more_leaves_the_frame_as_it_is() -> None:
    own, _ = make_people()
    alone, twice = make_processor(), make_processor()
    assert own.mask is not None
    twice.add_picture(own, Matte(own.mask, own.picture, 0.8))
    frames = [each.postprocess(generate_frame(each, make_generator()), "full").astype(int) for each in (alone, twice)]
    assert np.abs(frames[0] - frames[1]).max() <= 1
