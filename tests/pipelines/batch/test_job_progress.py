"""Progress of a pipeline as events of a job."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.job_progress import MAX_REASON_LENGTH, JobProgress
from pipelines.batch.jobs import Job
from pipelines.runtime.fingerprints import content_fingerprint

JOB = Job("a", "animate", {"source": "/a.png", "driving": "/x.mp4"}, "a.mp4")


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock: its last element is the time."""
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[-1])
    return clock


def test_a_job_that_succeeds(seconds: list[float], tmp_path: Path) -> None:
    events: list[Event] = []
    progress = JobProgress(JOB, events.append)
    progress.stage("animate", 3)
    for time in (0.1, 0.7, 0.8):
        seconds.append(time)
        progress.advance()
    progress.note("dark")
    (tmp_path / "a.mp4").write_bytes(b"video")
    progress.concurrent_jobs = 2
    progress.finish(tmp_path, 3)
    assert [event.state for event in events] == ["started", "progress", "progress", "done"]
    assert [(event.stage, event.step, event.steps) for event in events[1:3]] == [("animate", 0, 3), ("animate", 2, 3)]
    files = {"a.mp4": content_fingerprint(tmp_path / "a.mp4")}
    assert events[-1] == Event("a", "done", files=files, seconds=0.4, frames=3, warnings=("dark",))


def test_a_job_that_fails_has_a_short_reason_in_one_line(seconds: list[float]) -> None:
    events: list[Event] = []
    progress = JobProgress(JOB, events.append)
    seconds.append(1.5)
    progress.fail(InputError("no person:\n" + "x" * 1000))
    assert (events[-1].state, events[-1].seconds) == ("failed", 1.5)
    reason = events[-1].reason or ""
    assert reason.startswith("no person: xxx")
    assert len(reason) == MAX_REASON_LENGTH
