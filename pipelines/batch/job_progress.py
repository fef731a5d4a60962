"""The progress and the end of one job, as events."""

import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.errors import explain
from pipelines.batch.events import Event
from pipelines.batch.jobs import Job
from pipelines.batch.outputs import fingerprint
from pipelines.runtime.progress import NotesProgress

Tell = Callable[[Event], None]
INTERVAL = 0.5  # seconds between two events of progress
LONGEST = 500  # characters of a reason


class JobProgress(NotesProgress):
    """Tells that a job has started, how far it is, and how it ends; what is noted becomes its warnings.

    `beside`: how many jobs are done at the same time, this one included; each counts its share of the seconds.
    """

    def __init__(self, job: Job, tell: Tell) -> None:
        super().__init__()
        self.job, self.tell, self.beside = job, tell, 1
        self.began = self.said = time.monotonic()
        self.name, self.steps, self.step = "", None, 0
        tell(Event(job.name, "started"))

    def stage(self, name: str, total: int | None) -> None:
        """See `Progress`."""
        self.name, self.steps, self.step = name, total, 0
        self._say()

    def advance(self, n: int = 1) -> None:
        """See `Progress`."""
        self.step += n
        if time.monotonic() - self.said > INTERVAL:
            self._say()

    def done(self, folder: Path, frames: int) -> None:
        """The job's outputs are complete in `folder`."""
        files = {name: fingerprint(folder / name) for name in self.job.outputs}
        self._end("done", files=files, frames=frames)

    def failed(self, error: Exception) -> None:
        """The job has ended with an error."""
        if os.environ.get("GFLA_DEBUG") == "1":
            traceback.print_exception(error)
        self._end("failed", reason=" ".join(explain(error).split())[:LONGEST])

    def _say(self) -> None:
        self.said = time.monotonic()
        self.tell(Event(self.job.name, "progress", stage=self.name, step=self.step, steps=self.steps))

    def _end(self, state: str, **facts: Any) -> None:
        seconds = round((time.monotonic() - self.began) / self.beside, 3)
        self.tell(Event(self.job.name, state, seconds=seconds, warnings=tuple(self.notes), **facts))
