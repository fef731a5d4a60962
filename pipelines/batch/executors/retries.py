"""When a worker process dies: which jobs continue, which are tried again, and which have failed.

Called by every executor, whatever it knows about its processes.
"""

import signal
from collections import Counter
from collections.abc import Set
from dataclasses import replace

from pipelines.batch.events import Event
from pipelines.batch.jobs import Group

MAX_TRIES = 2
SIGKILL = getattr(signal, "SIGKILL", 9)  # which Windows lacks


class RetryPolicy:
    """Counts how often the worker of each job has died."""

    def __init__(self) -> None:
        self._deaths: Counter[str] = Counter()

    def handle_death(
        self, group: Group | None, *, started: Set[str], ended: Set[str], status: int | None
    ) -> tuple[list[Group], list[Event]]:
        """The groups to run now, and the failures of jobs that were tried often enough.

        Jobs that the worker was running (the first one if none had started) are tried again each in its own group, the
        others together.

        Args:
            group: what the worker was running; None if it was idle.
            started, ended: names of its jobs that have begun, and that are done or failed.
            status: exit status of the process, negative for a signal; None if unknown.
        """
        if group is None:
            return [], []
        left = [job for job in group.jobs if job.name not in ended]
        suspects = [job for job in left if job.name in started] or left[:1]
        self._deaths.update(job.name for job in suspects)
        failed = [job for job in suspects if self._deaths[job.name] >= MAX_TRIES]
        others = tuple(job for job in left if job not in suspects)
        separate = [(job,) for job in suspects if job not in failed]
        retry = [replace(group, jobs=jobs) for jobs in (*separate, others) if jobs]
        reason = f"its worker process {_describe_exit(status)}; gave up after {MAX_TRIES} tries"
        return retry, [Event(job.name, "failed", reason=reason) for job in failed]


def _describe_exit(status: int | None) -> str:
    if status is None or status >= 0:
        return "ended unexpectedly" + ("" if status is None else f" with status {status}")
    if -status == SIGKILL:
        return "was killed (out of memory?)"
    return f"crashed ({signal.Signals(-status).name})"
