"""Poses that a second thread prepares, and steps in the caller's."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext

import pytest
import torch

from pipelines.generation.processors import NetworkInputs
from pipelines.generation.rollout import FrameGenerator
from pipelines.runtime.stopwatch import Stopwatch
from tests.helpers.processor_contract import FRAMES
from tests.pipelines.generation.test_layer_processor import make_generator
from tests.pipelines.generation.test_people_processor import BLUE, RED, make_person


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def begin(*processors, ahead: bool, stopwatch: Stopwatch | None = None) -> FrameGenerator:
    return FrameGenerator(processors, make_generator(), nullcontext(), stopwatch or Stopwatch(), ahead=ahead)


def test_frames_are_the_same_with_a_second_thread() -> None:
    with use_threads(2):
        stopwatch = Stopwatch()
        steps = list(begin(make_person(RED), make_person(BLUE), ahead=True, stopwatch=stopwatch))
        assert stopwatch.overlapping["poses"] > 0
        assert torch.get_num_threads() == 2
    with use_threads(1):
        expected = list(begin(make_person(RED), make_person(BLUE), ahead=False))
    assert [number for number, _ in steps] == [0, 1] * FRAMES
    for (_, step), (_, other) in zip(steps, expected, strict=True):
        # The references were encoded in two threads and in one, in which some processors sum in another order.
        torch.testing.assert_close(step.image, other.image, rtol=0, atol=1e-4)


def test_what_the_second_thread_is_late_with_is_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with use_threads(2):
        expected = list(begin(make_person(RED), ahead=True))
        monkeypatch.setattr(FrameGenerator, "_begin_encoding", lambda *_: Future())  # of a thread that never begins
        steps = list(begin(make_person(RED), ahead=True))
    for (_, step), (_, other) in zip(steps, expected, strict=True):
        torch.testing.assert_close(step.image, other.image, rtol=0, atol=0)


def test_a_source_that_is_stopped_drops_out_though_its_next_poses_are_prepared() -> None:
    with use_threads(2):
        frames = begin(make_person(RED), make_person(BLUE), ahead=True)
        numbers = []
        for number, _ in frames:
            numbers.append(number)
            frames.stopped.add(0)
        assert numbers == [0] + [1] * FRAMES


def test_errors_of_poses_are_raised_and_all_cores_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person(RED)

    def fail(frame: int) -> NetworkInputs:
        raise RuntimeError(f"no pose {frame}")

    with use_threads(2):
        monkeypatch.setattr(person, "frame_inputs", fail)
        with pytest.raises(RuntimeError, match="no pose 0"):
            list(begin(person, ahead=True))
        assert torch.get_num_threads() == 2
