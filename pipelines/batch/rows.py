"""What is known of a job after a run, as reports show it."""

from typing import TypedDict

STATES = ("queued", "started", "done", "failed")


class Row(TypedDict):
    """One job. state: one of STATES; output: relative to the report's folder; seconds: working time; reason: why it
    failed, one line."""

    name: str
    command: str
    state: str
    source: str
    driving: str | None
    output: str
    sha256: str | None
    seconds: float | None
    frames: int | None
    warnings: list[str]
    reason: str | None
