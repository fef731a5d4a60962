"""How long the stages of a run take."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Seconds of wall time by stage name: `with stopwatch("load"): ...` adds to `seconds["load"]`.

    While a stage runs inside another one, only the inner one counts, so that the stages of one thread add up. Stages in
    other threads than the one that made the stopwatch add to `overlapping` as well: they do not add up with the rest.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.overlapping: dict[str, float] = defaultdict(float)
        self._owner = threading.get_ident()
        self._thread = threading.local()  # `stages`, the open ones of a thread, and `since`, when the last count ended

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        stages: list[str] = vars(self._thread).setdefault("stages", [])
        self._count(stages)
        stages.append(stage)
        try:
            yield
        finally:
            self._count(stages)
            stages.pop()

    def _count(self, stages: list[str]) -> None:
        """Add the time since the last count to the innermost stage."""
        now = perf_counter()
        if stages:
            passed = now - self._thread.since
            self.seconds[stages[-1]] += passed
            if threading.get_ident() != self._owner:
                self.overlapping[stages[-1]] += passed
        self._thread.since = now
