"""When a worker has died: which jobs go on, which get a second try, and which are given up."""

import signal
from collections import Counter
from collections.abc import Set
from dataclasses import replace

from pipelines.batch.events import Event
from pipelines.batch.jobs import Group

TRIES = 2


class RetryPolicy:
    """Counts how often the worker of each job has died."""

    def __init__(self) -> None:
        self.deaths: Counter[str] = Counter()

    def after(
        self, group: Group | None, started: Set[str], ended: Set[str], status: int | None
    ) -> tuple[list[Group], list[Event]]:
        """The groups to be done now, and the failures of jobs that were tried often enough.

        Jobs that the worker was at (none said to have started: the first) are tried again alone, the others together.
        status: the exit status of the process, negative for a signal; None where it is not known.
        """
        left = [job for job in group.jobs if job.name not in ended] if group else []
        suspects = [job for job in left if job.name in started] or left[:1]
        self.deaths.update(job.name for job in suspects)
        given_up = [job for job in suspects if self.deaths[job.name] >= TRIES]
        rest = tuple(job for job in left if job not in suspects)
        alone = [(job,) for job in suspects if job not in given_up]
        reason = f"the process that did it {_fate(status)}, {TRIES} times"
        again = [replace(group, jobs=jobs) for jobs in (*alone, rest) if jobs] if group else []
        return again, [Event(job.name, "failed", reason=reason) for job in given_up]


def _fate(status: int | None) -> str:
    if status is None or status >= 0:
        return "ended" + ("" if status is None else f" with status {status}")
    if -status == signal.SIGKILL:
        return "was killed (out of memory?)"
    return f"crashed ({signal.Signals(-status).name})"
