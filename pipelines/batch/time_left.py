"""The time that is left of a running batch, from how fast its frames have been made of late.

In: the seconds that each job is expected to take, and events. Out: seconds. Used by the display of `gfla batch`.
"""

from collections import deque
from collections.abc import Mapping

from pipelines.batch.events import Event

WINDOW = 120.0  # seconds of work of all jobs that the moving average goes back
PRIOR = 5.0  # seconds of work for which the expectation counts
SEARCH_STAGES = ("keypoints", "target poses")  # stages before the pictures are made
SEARCH_SHARE = 0.2  # of a job's time that these take


class TimeLeft:
    """Work is counted in expected seconds, so that large pictures and long videos count for more.

    Args:
        expected: seconds of each job that is to be run; jobs that are missing count like the mean of the others.
        jobs: number of jobs that are to be run.
        workers: how many run at once.
    """

    def __init__(self, expected: Mapping[str, float], jobs: int, workers: int) -> None:
        self._expected, self._workers = dict(expected), workers
        mean = sum(expected.values()) / len(expected) if expected else 1.0
        self._mean = mean or 1.0
        self._unknown = max(0, jobs - len(expected)) * self._mean  # work of jobs that have not been heard of
        self._left = dict(expected)  # work of each job
        self._running: set[str] = set()
        self._work = self._busy = 0.0  # work that is done, and seconds of all jobs that it took
        self._last: float | None = None
        self._samples = deque([(0.0, 0.0)])  # busy seconds and work

    def add(self, jobs: int) -> None:
        """More jobs are to be run."""
        self._unknown += jobs * self._mean

    def update(self, event: Event, now: float) -> None:
        """Something happened to a job at `now`, in seconds of any clock."""
        self._busy += len(self._running) * (now - (now if self._last is None else self._last))
        self._last = now
        if event.job not in self._left:
            self._left[event.job] = self._expected[event.job] = self._mean
            self._unknown = max(0.0, self._unknown - self._mean)
        if event.state == "failed":
            self._left[event.job] = 0.0  # not work that was done
        left = self._expected[event.job] * (1 - _share(event))
        self._work += max(0.0, self._left[event.job] - left)
        self._left[event.job] = min(left, self._left[event.job])
        (self._running.discard if event.state in ("done", "failed") else self._running.add)(event.job)
        self._samples.append((self._busy, self._work))
        while len(self._samples) > 2 and self._busy - self._samples[1][0] > WINDOW:
            self._samples.popleft()

    def seconds(self) -> float:
        """Expected seconds after the latest event until the last job ends."""
        busy, work = self._samples[0]
        speed = (self._work - work + PRIOR) / (self._busy - busy + PRIOR)  # of one job
        left = sum(self._left.values()) + self._unknown
        return max(left / self._workers, max(self._left.values(), default=0.0)) / speed


def _share(event: Event) -> float:
    """The share of its job that is done."""
    if event.state in ("done", "failed"):
        return 1.0
    stage = (event.step or 0) / event.steps if event.steps else 0.0
    if event.state == "started" or not event.stage:
        return 0.0
    return stage * SEARCH_SHARE if event.stage in SEARCH_STAGES else SEARCH_SHARE + stage * (1 - SEARCH_SHARE)
