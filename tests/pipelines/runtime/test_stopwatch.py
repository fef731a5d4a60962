"""Stages add up, whatever is inside of what; those of other threads are kept apart."""

import threading
from collections.abc import Iterator

import pytest

from pipelines.runtime.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Its first element is the time."""
    now = [100.0]
    monkeypatch.setattr("pipelines.runtime.stopwatch.perf_counter", lambda: now[0])
    return now


def test_the_seconds_of_a_stage_add_up(clock: list[float]) -> None:
    stopwatch = Stopwatch()
    for seconds in (1, 2):
        with stopwatch("load"):
            clock[0] += seconds
        clock[0] += 10
    assert stopwatch.seconds == {"load": 3}
    assert stopwatch.overlapping == {}


def test_a_stage_inside_another_counts_once(clock: list[float]) -> None:
    stopwatch = Stopwatch()

    def generate() -> Iterator[int]:
        for seconds in (3, 4):
            with stopwatch("generate"):
                clock[0] += seconds
            yield seconds

    with stopwatch("encode"):
        clock[0] += 1
        for _ in generate():
            clock[0] += 10
        clock[0] += 2
    assert stopwatch.seconds == {"encode": 23, "generate": 7}


def test_a_stage_that_fails_counts(clock: list[float]) -> None:
    stopwatch = Stopwatch()

    def fail() -> None:
        with stopwatch("encode"), stopwatch("compose"):
            clock[0] += 1
            raise OSError

    with pytest.raises(OSError):
        fail()
    assert stopwatch.seconds == {"encode": 0, "compose": 1}


def test_stages_of_another_thread_are_overlapping(clock: list[float]) -> None:
    stopwatch = Stopwatch()

    def work() -> None:
        with stopwatch("encode"):
            clock[0] += 5

    with stopwatch("wait"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    with stopwatch("encode"):
        clock[0] += 1
    assert stopwatch.seconds == {"wait": 5, "encode": 6}
    assert stopwatch.overlapping == {"encode": 5}
