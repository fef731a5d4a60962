"""What happens to a job, as plain data: `Event` while it runs, `JobRow` afterwards.

Workers send events, executors pass them on, the runner records them in the journal and shows them; rows are read from
the journal for reports.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from pipelines.runtime.fingerprints import ContentFingerprint

JOB_STATES = ("queued", "started", "done", "failed")


@dataclass(frozen=True)
class Event:
    """One thing that happened to a job. JSON-ready and picklable."""

    job: str
    """Name of the job."""
    state: str
    """One of JOB_STATES, or "progress", which is not recorded in the journal."""
    worker: int | None = None
    """Number of the worker that runs the job, from 0."""
    files: dict[str, ContentFingerprint] | None = None
    """Of a job that is done: every output, relative to the folder of the batch, with its fingerprint."""
    seconds: float | None = None
    """Working time of the job."""
    frames: int | None = None
    """Number of pictures that the job made."""
    warnings: tuple[str, ...] = ()
    """One line each."""
    reason: str | None = None
    """Why the job failed, one line."""
    stage: str | None = None
    """What the job is doing."""
    step: int | None = None
    """Steps of the stage that are complete."""
    steps: int | None = None
    """Total steps of the stage; None if unknown."""

    def as_dict(self) -> dict[str, Any]:
        """The fields that are set."""
        return {name: value for name, value in asdict(self).items() if value not in (None, (), [])}


SendEvent = Callable[[Event], None]


class JobRow(TypedDict):
    """One job of a report; None where something is unknown."""

    name: str
    command: str
    state: str
    """One of JOB_STATES."""
    source: str
    driving: str | None
    output: str
    """Relative to the folder of the batch."""
    sha256: str | None
    """Of the output."""
    seconds: float | None
    """Working time."""
    frames: int | None
    warnings: list[str]
    """One line each."""
    reason: str | None
    """Why the job failed, one line."""
