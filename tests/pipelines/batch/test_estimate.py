"""Plans: the state of each job, its frames, and the rate of what is done."""

from pathlib import Path

import pytest

from pipelines.batch.estimate import SECONDS_PER_FRAME, estimate_jobs
from pipelines.batch.events import Event
from pipelines.batch.jobs import Job
from pipelines.batch.journal import open_journal
from pipelines.runtime.fingerprints import content_fingerprint


def test_estimates_use_the_rate_of_finished_jobs(tmp_path: Path) -> None:
    jobs = [Job(f"v{n}", "view-synth", {"images": ["/car.png"], "views": 10}, f"v{n}.mp4") for n in range(3)]
    new = ("new", 10 * SECONDS_PER_FRAME["view-synth"])
    assert [(each.state, each.seconds) for each in estimate_jobs(jobs, tmp_path)] == [new] * 3
    with open_journal(tmp_path) as journal:
        journal.queue(jobs[:2])
        for job in jobs[:2]:
            (tmp_path / job.output).write_text("video")
            files = {job.output: content_fingerprint(tmp_path / job.output)}
            journal.record(Event(job.name, "done", files=files, seconds=20.0, frames=10))
    (tmp_path / "v1.mp4").write_text("vide")
    states = [(each.state, each.seconds) for each in estimate_jobs(jobs, tmp_path)]
    assert states == [("done", 0), ("incomplete", 20), ("new", 20)]


@pytest.mark.parametrize(
    ("command", "options", "frames"),
    [
        ("view-synth", {"images": ["/car.png"]}, 72),
        ("view-synth", {"images": ["/car.png"], "angles": [0.0, 90.0]}, 2),
        ("pose", {"source": "/a.png", "targets": ["/b.png", "/c.png", "/d.png"]}, 3),
    ],
)
def test_frames_follow_from_the_options(command: str, options: dict, frames: int, tmp_path: Path) -> None:
    (estimate,) = estimate_jobs([Job("j", command, options, "j.mp4")], tmp_path)
    assert (estimate.frames, estimate.reason) == (frames, "")


def test_a_driving_video_that_can_not_be_read_has_unknown_frames_and_a_reason(tmp_path: Path) -> None:
    options = {"source": "/a.png", "driving": str(tmp_path / "missing.mp4")}
    (estimate,) = estimate_jobs([Job("j", "animate", options, "j.mp4")], tmp_path)
    assert (estimate.frames, estimate.seconds) == (None, 0)
    assert estimate.row()[:4] == ("j", "animate", "new", "?")
    assert "missing.mp4 does not exist" in estimate.reason
