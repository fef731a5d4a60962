"""Turns the progress of one job into events.

A pipeline reports to a `JobProgress` as it would to the console; the worker calls `finish` or `fail` at the end.
"""

import os
import time
import traceback
from pathlib import Path
from typing import Any

from models.errors import explain
from pipelines.batch.events import Event, SendEvent
from pipelines.batch.jobs import Job
from pipelines.runtime.fingerprints import content_fingerprint
from pipelines.runtime.progress import NotesProgress

PROGRESS_INTERVAL = 0.5  # seconds between two events of a stage
MAX_REASON_LENGTH = 500  # characters


class JobProgress(NotesProgress):
    """Sends that a job has started, then its progress and its end; notes become the warnings of the job.

    `concurrent_jobs` is the number of jobs generated at the same time, this one included: each is charged its share of
    the seconds.
    """

    def __init__(self, job: Job, send: SendEvent) -> None:
        super().__init__()
        self.job, self.send, self.concurrent_jobs = job, send, 1
        self._began = self._last_sent = time.monotonic()
        self._stage, self._steps, self._step = "", None, 0
        send(Event(job.name, "started"))

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
        """See `Progress`."""
        self._stage, self._steps, self._step = name, total, done
        self._send_progress()

    def advance(self, n: int = 1) -> None:
        """See `Progress`."""
        self._step += n
        if time.monotonic() - self._last_sent > PROGRESS_INTERVAL:
            self._send_progress()

    def finish(self, folder: Path, frames: int) -> None:
        """The job's outputs are complete in `folder`. Raises OSError if one is missing."""
        files = {name: content_fingerprint(folder / name) for name in self.job.outputs}
        self._send_end("done", files=files, frames=frames)

    def fail(self, error: Exception) -> None:
        """The job has ended with an error."""
        if os.environ.get("GFLA_DEBUG") == "1":
            traceback.print_exception(error)
        self._send_end("failed", reason=" ".join(explain(error).split())[:MAX_REASON_LENGTH])

    def _send_progress(self) -> None:
        self._last_sent = time.monotonic()
        self.send(Event(self.job.name, "progress", stage=self._stage, step=self._step, steps=self._steps))

    def _send_end(self, state: str, **facts: Any) -> None:
        seconds = round((time.monotonic() - self._began) / self.concurrent_jobs, 3)
        self.send(Event(self.job.name, state, seconds=seconds, warnings=tuple(self.notes), **facts))
