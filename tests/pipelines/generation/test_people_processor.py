"""Several people of one picture in front of one network."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.generators.recurrent import Step, map_tensors
from pipelines.compositing.backgrounds import ColourBackground, TransparentBackground
from pipelines.compositing.device_compositor import DeviceCompositor
from pipelines.compositing.matte import Matte
from pipelines.generation import layer_processor
from pipelines.generation.cutout import CutOut
from pipelines.generation.layer_processor import LayerProcessor
from pipelines.generation.people_processor import PeopleProcessor
from pipelines.generation.rollout import FrameGenerator
from pipelines.generation.turned_processor import TurnedProcessor
from pipelines.keypoints.motion import SourcePerson
from pipelines.media.turning import turn_picture
from pipelines.runtime.stopwatch import Stopwatch
from tests.helpers.devices import DEVICES
from tests.helpers.processor_contract import FRAMES, HEIGHT, WIDTH, draw_mask, make_people
from tests.pipelines.generation.test_layer_processor import make_generator

RED, BLUE = (200, 0, 0), (0, 0, 200)


def make_person(colour: tuple[int, int, int], shift: tuple[float, float] = (0, 0), reach: float = 0) -> LayerProcessor:
    """A person of one colour, moved by `shift` pixels; in the second frame the hands reach farther out."""
    source, driving = make_people()
    by = np.array([*shift, 0], np.float32)
    source = SourcePerson(np.full_like(source.picture, colour), source.detected + by, source.pose + by)
    source = replace(source, mask=draw_mask(source.detected, HEIGHT, WIDTH))
    poses = driving.poses + by
    poses[1:, [13, 16], 0] += (reach, -reach)
    moved = replace(driving, poses=poses, detected=driving.detected + by)
    assert source.mask is not None
    cutout = CutOut(Matte(source.mask, source.picture, 0.8), np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    return LayerProcessor(source, moved, poses[..., :2], "body", "standard", cutout=cutout)


def generate(*processors) -> list[tuple[int, Step]]:
    return list(FrameGenerator(processors, make_generator(), nullcontext(), Stopwatch()))


def test_canvases_are_made_equal_at_their_own_scales() -> None:
    alone, wide = make_person(RED), make_person(BLUE, reach=250)
    before = alone.canvas.shape, wide.canvas.shape
    assert before[0] != before[1]
    scales = [person.area.scale for person in (alone, wide)]
    people = PeopleProcessor([alone, wide])
    assert {person.canvas.shape for person in people.people} == {tuple(np.maximum(*before))}
    for person, scale in zip(people.people, scales, strict=True):
        np.testing.assert_allclose(person.area.scale, scale, rtol=0.01)


def test_people_are_made_beside_other_jobs_as_they_are_alone() -> None:
    def pair() -> PeopleProcessor:
        return PeopleProcessor([make_person(RED), make_person(BLUE, (60, 20))])

    alone, together = generate(pair()), generate(make_person(RED), pair())
    assert [(number, len(step.image)) for number, step in together] == [(0, 1), (1, 2)] * FRAMES
    for (_, expected), (_, step) in zip(alone, together[1::2], strict=True):
        np.testing.assert_allclose(step.image, expected.image, atol=1e-4)


@pytest.mark.parametrize("lower", [0, 1])
def test_whoever_stands_lower_covers_the_other(lower: int) -> None:
    shifts = [(0.0, 0.0), (10.0, -40.0 if lower == 0 else 40.0)]
    people = PeopleProcessor([make_person(colour, shift) for colour, shift in zip((RED, BLUE), shifts, strict=True)])
    assert (people.order[:, -1] == lower).all()
    (_, step), *_ = generate(people)
    full = torch.cat([torch.ones_like(step.image[:, :1]) * value for value in (-1.0, -1.0, -1.0, 1.0)], 1)
    full[0, 0], full[1, 2] = 0.6, 0.6
    opaque = replace(step, image=full, generated=full, detail=None, shadow=None)
    frame = people.postprocess(opaque, "full")
    middle = frame[HEIGHT // 2, WIDTH // 2]
    assert middle[2 * lower] > 150
    assert middle[2 - 2 * lower] < 50


@pytest.mark.parametrize("device", DEVICES)
def test_frames_composed_on_a_device_are_those_of_the_cpu(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph follows after some frames; every frame is finished after the next one was begun."""
    expected, people = (PeopleProcessor([make_person(RED), make_person(BLUE, (60, 20))]) for _ in range(2))
    (_, step), *_ = generate(PeopleProcessor([make_person(RED), make_person(BLUE, (60, 20))]))
    for each in (expected, people):
        each.order = np.repeat(each.order[:1], 7, 0)
    on_device = map_tensors(step, lambda tensor: tensor.to(device))
    pending = [expected.begin_frame(step, "full") for _ in range(7)]
    monkeypatch.setattr(layer_processor, "make_compositor", DeviceCompositor)
    made = [people.begin_frame(on_device, "full") for _ in range(7)]
    for first, second in zip(pending, made, strict=True):
        assert np.abs(first().astype(int) - second()).max() <= 2


def test_backgrounds_are_shared() -> None:
    people = PeopleProcessor([make_person(RED), make_person(BLUE, (60, 20))])
    (_, step), *_ = generate(people)
    people.put_on(ColourBackground((0, 255, 0), (WIDTH, HEIGHT)))
    assert people.output_size("full") == (WIDTH, HEIGHT)
    assert tuple(people.postprocess(step, "full")[0, 0]) == (0, 255, 0)
    people.put_on(TransparentBackground())
    assert people.postprocess(step, "full").shape == (HEIGHT, WIDTH, 4)


def test_a_picture_that_was_turned_upright_lies_again() -> None:
    upright, turned = (PeopleProcessor([make_person(RED), make_person(BLUE, (60, 20))]) for _ in range(2))
    lying = TurnedProcessor(turned, 1)
    (_, step), *_ = generate(lying)
    assert len(step.image) == 2
    frame = lying.postprocess(step, "full")
    assert frame.shape == (WIDTH, HEIGHT, 3)
    np.testing.assert_array_equal(turn_picture(frame, 1), upright.postprocess(step, "full"))
