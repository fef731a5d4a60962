"""What is told about a job while it is done, as plain data."""

from dataclasses import asdict, dataclass
from typing import Any

STATES = ("queued", "started", "progress", "done", "failed")


@dataclass(frozen=True)
class Event:
    """One thing that happened to a job. JSON-ready and picklable.

    job: its name. state: one of STATES; "progress" is not journalled. worker: who says so, from 0. files: of a job that
    is done, every output with its SHA-256, size and mtime (ns), relative to the folder of the batch. seconds: what the
    job took. frames: pictures that it made. warnings: one line each. reason: why it failed, one line. stage, step,
    steps: how far it is; `steps` None where that is not known.
    """

    job: str
    state: str
    worker: int | None = None
    files: dict[str, tuple[str, int, int]] | None = None
    seconds: float | None = None
    frames: int | None = None
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    stage: str | None = None
    step: int | None = None
    steps: int | None = None

    def plain(self) -> dict[str, Any]:
        """The fields that say something."""
        return {name: value for name, value in asdict(self).items() if value not in (None, (), [])}
