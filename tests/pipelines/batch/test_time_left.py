"""The time left of simulated batches: near the truth, whatever the sizes of jobs, and never growing for long."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from pipelines.batch.events import Event
from pipelines.batch.time_left import TimeLeft

FRAMES = 40  # of every job
STEP = 0.5  # seconds between two events of a job


def simulate(seconds: Sequence[float], workers: int) -> Iterator[tuple[float, Event]]:
    """Moments and events of jobs that take these seconds: a fifth for poses, then frames."""
    free = [0.0] * workers
    events: list[tuple[float, int, Event]] = []
    for number, length in enumerate(seconds):
        began = heapq.heappop(free)
        heapq.heappush(free, began + length)
        name = f"job{number}"
        events.append((began, len(events), Event(name, "started")))
        for moment in range(1, int(length / STEP)):
            share = moment * STEP / length
            stage, step = ("keypoints", share / 0.2) if share < 0.2 else ("animate", (share - 0.2) / 0.8)
            event = Event(name, "progress", stage=stage, step=int(step * FRAMES), steps=FRAMES)
            events.append((began + moment * STEP, len(events), event))
        events.append((began + length, len(events), Event(name, "done")))
    return ((moment, event) for moment, _, event in sorted(events))


CASES = {
    "one job": ([60.0], 1),
    "equal jobs": ([20.0] * 12, 2),
    "growing sizes": ([5.0 * size for size in range(1, 13)], 2),
    "small ones, then large ones": ([4.0] * 20 + [80.0] * 4, 4),
    "one long job at the end": ([10.0] * 9 + [200.0], 2),
}


@pytest.mark.parametrize(("slowness", "after"), [(0.7, 0.1), (1.0, 0.1), (1.5, 0.1), (3.0, 0.4)])
@pytest.mark.parametrize("case", CASES)
def test_it_is_near_the_truth_soon_after_the_start(case: str, slowness: float, after: float) -> None:
    """`slowness`: of the machine, compared with what was expected; `after`: share of the run."""
    seconds, workers = CASES[case]
    time_left = TimeLeft({f"job{n}": each / slowness for n, each in enumerate(seconds)}, len(seconds), workers)
    history = []
    events = list(simulate(seconds, workers))
    end = events[-1][0]
    for now, event in events:
        time_left.update(event, now)
        history.append((now, time_left.seconds()))
    for now, left in history:
        if now > after * end:
            assert left == pytest.approx(end - now, abs=0.2 * end)
    late = [left for now, left in history if now > 0.2 * end]
    assert max(after - before for before, after in pairwise(late)) < 0.03 * end
    assert history[-1][1] == 0


def test_sizes_that_are_not_known_are_like_the_others() -> None:
    time_left = TimeLeft({"job0": 20.0}, 3, 1)
    assert time_left.seconds() == 60
    for now, event in simulate([20.0, 20.0, 20.0], 1):
        time_left.update(event, now)
        assert time_left.seconds() == pytest.approx(60 - now, abs=3)


def test_a_job_that_fails_at_once_is_no_sign_of_speed() -> None:
    time_left = TimeLeft(dict.fromkeys("abc", 100.0), 3, 1)
    for now, event in [(0.0, Event("a", "started")), (0.1, Event("a", "failed")), (0.1, Event("b", "started"))]:
        time_left.update(event, now)
    assert time_left.seconds() == pytest.approx(200, rel=0.15)
