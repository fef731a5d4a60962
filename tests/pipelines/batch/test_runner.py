"""What is run, skipped, repeated and refused; with an executor that writes small files instead of videos."""

import os
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import JournalEntry
from pipelines.batch.runner import Outcome, outputs_intact, read_rows, run_batch, seconds_per_frame
from pipelines.runtime.fingerprints import content_fingerprint
from tests.helpers.old_journal import CONTENTS, old_job, write_old_journal


class NameWriter:
    """An executor whose outputs contain the names of the jobs; jobs in `bad` fail, and it is interrupted `at`."""

    workers = 1

    def __init__(self, folder: Path, *, bad: Sequence[str] = (), at: str = "") -> None:
        self.folder, self.bad, self.at = folder, bad, at
        self.ran: list[str] = []

    def run(self, groups: Sequence[Group]) -> Generator[Event]:
        for job in (job for group in groups for job in group.jobs):
            self.ran.append(job.name)
            yield Event(job.name, "started", worker=0)
            if job.name == self.at:
                (self.folder / f".{job.name}.01234567.part.mp4").touch()
                raise KeyboardInterrupt
            if job.name in self.bad:
                yield Event(job.name, "failed", reason="no person", seconds=0.1)
                continue
            (self.folder / job.output).write_text(job.name)
            files = {job.output: content_fingerprint(self.folder / job.output)}
            yield Event(job.name, "done", files=files, seconds=2.0, frames=4, warnings=("dark",))


class Recorder:
    """A listener that keeps what it receives."""

    def __init__(self) -> None:
        self.began: list[tuple[int, int, int]] = []
        self.events: list[tuple[str, str]] = []

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        self.began.append((jobs, skipped, workers))

    def event(self, event: Event) -> None:
        self.events.append((event.job, event.state))


def make_job(name: str, **options: object) -> Job:
    return Job(name, "animate", {"source": f"/{name}.png", "driving": "/d.mp4", **options}, f"{name}.mp4")


JOBS = [make_job("a"), make_job("b"), make_job("c")]


def single_groups(jobs: Sequence[Job]) -> list[Group]:
    return [Group((job,)) for job in jobs]


def run_again(
    folder: Path,
    jobs: Sequence[Job] = JOBS,
    *,
    bad: Sequence[str] = (),
    at: str = "",
    listener: Recorder | None = None,
    **options: bool,
) -> tuple[list[str], Outcome]:
    """Run once more; returns the names of the jobs that ran now, and the outcome."""
    executor = NameWriter(folder, bad=bad, at=at)
    outcome = run_batch(jobs, folder, executor, single_groups, listener or Recorder(), **options)
    return executor.ran, outcome


def test_the_second_run_does_nothing(tmp_path: Path) -> None:
    assert run_again(tmp_path)[0] == ["a", "b", "c"]
    ran, outcome = run_again(tmp_path)
    assert (ran, outcome.code, outcome.skipped) == ([], 0, ["a", "b", "c"])


def test_a_batch_of_an_earlier_version_is_resumed(tmp_path: Path) -> None:
    write_old_journal(tmp_path)
    jobs = [old_job(name) for name in "abc"]
    ran, outcome = run_again(tmp_path, jobs)
    assert (ran, outcome.skipped, outcome.failed) == (["c"], ["a"], {"b": "no person"})
    assert run_again(tmp_path, jobs, retry_failed=True)[0] == ["b"]
    assert (tmp_path / "a.mp4").read_bytes() == CONTENTS
    assert [row["state"] for row in read_rows(tmp_path)] == ["done", "done", "done"]


def test_a_listener_receives_every_event(tmp_path: Path) -> None:
    run_again(tmp_path, JOBS[:1])
    listener = Recorder()
    run_again(tmp_path, bad=["b"], listener=listener)
    assert listener.began == [(2, 1, 1)]
    assert listener.events == [("b", "started"), ("b", "failed"), ("c", "started"), ("c", "done")]


def test_failed_jobs_wait_for_retry_failed(tmp_path: Path) -> None:
    ran, outcome = run_again(tmp_path, bad=["b"])
    assert (ran, outcome.code, outcome.failed) == (["a", "b", "c"], 3, {"b": "no person"})
    ran, outcome = run_again(tmp_path)
    assert (ran, outcome.code, outcome.failed) == ([], 3, {"b": "no person"})
    ran, outcome = run_again(tmp_path, retry_failed=True)
    assert (ran, outcome.code, outcome.failed) == (["b"], 0, {})


def test_if_all_jobs_fail_the_exit_code_is_1(tmp_path: Path) -> None:
    assert run_again(tmp_path, bad=["a", "b", "c"])[1].code == 1


@pytest.mark.parametrize("how", ["gone", "cut", "other", "same size"])
def test_an_output_that_is_not_what_was_written_is_made_again(how: str, tmp_path: Path) -> None:
    run_again(tmp_path)
    path = tmp_path / "b.mp4"
    path.unlink() if how == "gone" else path.write_text({"cut": "", "other": "other", "same size": "x"}[how])
    assert run_again(tmp_path)[0] == ["b"]
    assert path.read_text() == "b"


def test_an_output_that_was_only_touched_is_kept(tmp_path: Path) -> None:
    run_again(tmp_path)
    os.utime(tmp_path / "b.mp4", ns=(5, 5))
    assert run_again(tmp_path)[0] == []


def test_a_job_with_another_option_runs_again(tmp_path: Path) -> None:
    run_again(tmp_path)
    assert run_again(tmp_path, [make_job("a", crf=30), *JOBS[1:]])[0] == ["a"]


def test_an_interrupted_run_leaves_no_temporary_files_and_is_resumed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_again(tmp_path, at="b")
    assert {path.name for path in tmp_path.iterdir()} == {".gfla", "a.mp4"}
    assert {row["name"]: row["state"] for row in read_rows(tmp_path)} == {"a": "done", "b": "started", "c": "queued"}
    assert run_again(tmp_path)[0] == ["b", "c"]


def test_temporary_files_of_killed_workers_are_removed_and_those_of_others_stay(tmp_path: Path) -> None:
    ours, theirs = tmp_path / ".a.89abcdef.part.mp4", tmp_path / ".z.89abcdef.part.mp4"
    frames = tmp_path / ".b.01234567.part.mp4"
    ours.touch()
    theirs.touch()
    frames.mkdir()
    run_again(tmp_path)
    assert (ours.exists(), frames.exists(), theirs.exists()) == (False, False, True)


def test_a_file_that_no_run_has_made_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "b.mp4").write_text("precious")
    with pytest.raises(InputError, match=r"b.mp4 already exists: .*--overwrite"):
        run_again(tmp_path)
    assert (tmp_path / "b.mp4").read_text() == "precious"
    assert not (tmp_path / "a.mp4").exists()
    (tmp_path / "c.mp4").write_text("precious too")
    with pytest.raises(InputError, match=r"b.mp4 already exists \(and 1 more\): "):
        run_again(tmp_path)
    assert run_again(tmp_path, overwrite=True)[1].code == 0
    assert (tmp_path / "b.mp4").read_text() == "b"


def test_poses_are_kept_until_all_jobs_are_done(tmp_path: Path) -> None:
    poses = tmp_path / ".gfla" / "poses"
    poses.mkdir(parents=True)
    run_again(tmp_path, bad=["a"])
    assert poses.exists()
    run_again(tmp_path, retry_failed=True)
    assert not poses.exists()


def test_rows_have_what_a_report_needs(tmp_path: Path) -> None:
    run_again(tmp_path, bad=["b"])
    done, failed, _ = read_rows(tmp_path)
    sha256 = content_fingerprint(tmp_path / "a.mp4")[0]
    common = {"command": "animate", "driving": "/d.mp4"}
    facts = {"sha256": sha256, "seconds": 2.0, "frames": 4, "warnings": ["dark"], "reason": None}
    assert done == {"name": "a", "state": "done", "source": "/a.png", "output": "a.mp4", **common, **facts}
    facts = {"sha256": None, "seconds": 0.1, "frames": None, "warnings": [], "reason": "no person"}
    assert failed == {"name": "b", "state": "failed", "source": "/b.png", "output": "b.mp4", **common, **facts}
    assert seconds_per_frame(tmp_path, "animate") == 0.5
    assert seconds_per_frame(tmp_path, "pose") is None


def test_a_folder_of_frames_is_intact_while_its_files_are(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "0.png").write_text("frame")
    entry = JournalEntry("done", {"files": {"f": content_fingerprint(tmp_path / "f")}})
    assert outputs_intact(entry, tmp_path)
    (tmp_path / "f" / "0.png").write_text("other")
    assert not outputs_intact(entry, tmp_path)
    assert not outputs_intact(replace(entry, state="started"), tmp_path)
