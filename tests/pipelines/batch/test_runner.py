"""What is done, skipped, redone and refused; with an executor that writes small files instead of videos."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch import journal
from pipelines.batch import runner as coordinate
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.outputs import fingerprint
from pipelines.batch.runner import rows, run


class Scribe:
    """An executor whose outputs are the names of the jobs; those in `bad` fail."""

    workers = 1

    def __init__(self, folder: Path, *, bad: Sequence[str] = (), stop_at: str = "") -> None:
        self.folder, self.bad, self.stop_at = folder, bad, stop_at
        self.did: list[str] = []

    def run(self, groups: Sequence[Group]) -> Iterator[Event]:
        for job in (job for group in groups for job in group.jobs):
            self.did.append(job.name)
            yield Event(job.name, "started", worker=0)
            if job.name == self.stop_at:
                (self.folder / f".{job.name}.01234567.part.mp4").touch()
                raise KeyboardInterrupt
            if job.name in self.bad:
                yield Event(job.name, "failed", reason="no person", seconds=0.1)
                continue
            (self.folder / job.output).write_text(job.name)
            files = {job.output: fingerprint(self.folder / job.output)}
            yield Event(job.name, "done", files=files, seconds=2.0, frames=4, warnings=("dark",))


class Ear:
    """Hears the beginning and all events."""

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        self.began = jobs, skipped, workers

    def event(self, event: Event) -> None: ...


def job(name: str, **options: object) -> Job:
    return Job(name, "animate", {"source": f"/{name}.png", "driving": "/d.mp4", **options}, f"{name}.mp4")


JOBS = [job("a"), job("b"), job("c")]


def groups(jobs: Sequence[Job]) -> list[Group]:
    return [Group((each,)) for each in jobs]


def again(folder: Path, jobs: Sequence[Job] = JOBS, **options: object) -> tuple[list[str], coordinate.Outcome]:
    """Run once more; gives what was done now."""
    keys = {name: options.pop(name) for name in ("bad", "stop_at") if name in options}
    scribe = Scribe(folder, **keys)  # pyright: ignore[reportArgumentType]
    outcome = run(jobs, folder, scribe, groups, Ear(), **options)  # pyright: ignore[reportArgumentType]
    return scribe.did, outcome


def test_the_second_run_does_nothing(tmp_path: Path) -> None:
    assert again(tmp_path)[0] == ["a", "b", "c"]
    did, outcome = again(tmp_path)
    assert (did, outcome.code, outcome.skipped) == ([], 0, ["a", "b", "c"])


def test_failed_jobs_wait_for_retry_failed(tmp_path: Path) -> None:
    did, outcome = again(tmp_path, bad=["b"])
    assert (did, outcome.code, outcome.failed) == (["a", "b", "c"], 3, {"b": "no person"})
    did, outcome = again(tmp_path)
    assert (did, outcome.code, outcome.failed) == ([], 3, {"b": "no person"})
    did, outcome = again(tmp_path, retry_failed=True)
    assert (did, outcome.code, outcome.failed) == (["b"], 0, {})


def test_nothing_that_works_is_1(tmp_path: Path) -> None:
    assert again(tmp_path, bad=["a", "b", "c"])[1].code == 1


@pytest.mark.parametrize("how", ["gone", "cut", "other", "same size"])
def test_an_output_that_is_not_what_was_written_is_redone(how: str, tmp_path: Path) -> None:
    again(tmp_path)
    path = tmp_path / "b.mp4"
    path.unlink() if how == "gone" else path.write_text({"cut": "", "other": "other", "same size": "x"}[how])
    assert again(tmp_path)[0] == ["b"]
    assert path.read_text() == "b"


def test_an_output_that_was_only_touched_is_kept(tmp_path: Path) -> None:
    again(tmp_path)
    os.utime(tmp_path / "b.mp4", ns=(5, 5))
    assert again(tmp_path)[0] == []


def test_another_option_makes_the_job_anew(tmp_path: Path) -> None:
    again(tmp_path)
    assert again(tmp_path, [job("a", crf=30), *JOBS[1:]])[0] == ["a"]


def test_an_interrupted_run_leaves_nothing_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        again(tmp_path, stop_at="b")
    assert {path.name for path in tmp_path.iterdir()} == {".gfla", "a.mp4"}
    assert {row["name"]: row["state"] for row in rows(tmp_path)} == {"a": "done", "b": "started", "c": "queued"}
    assert again(tmp_path)[0] == ["b", "c"]


def test_leftovers_of_killed_workers_go_and_those_of_others_stay(tmp_path: Path) -> None:
    ours, theirs = tmp_path / ".a.89abcdef.part.mp4", tmp_path / ".z.89abcdef.part.mp4"
    frames = tmp_path / ".b.01234567.part.mp4"
    ours.touch()
    theirs.touch()
    frames.mkdir()
    again(tmp_path)
    assert (ours.exists(), frames.exists(), theirs.exists()) == (False, False, True)


def test_a_file_that_no_run_has_made_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "b.mp4").write_text("precious")
    with pytest.raises(InputError, match=r"b.mp4 exists already.*--overwrite"):
        again(tmp_path)
    assert (tmp_path / "b.mp4").read_text() == "precious"
    assert not (tmp_path / "a.mp4").exists()
    assert again(tmp_path, overwrite=True)[1].code == 0
    assert (tmp_path / "b.mp4").read_text() == "b"


def test_poses_stay_until_all_is_done(tmp_path: Path) -> None:
    poses = tmp_path / ".gfla" / "poses"
    poses.mkdir(parents=True)
    again(tmp_path, bad=["a"])
    assert poses.exists()
    again(tmp_path, retry_failed=True)
    assert not poses.exists()


def test_rows_say_what_a_report_needs(tmp_path: Path) -> None:
    again(tmp_path, bad=["b"])
    done, failed, _ = rows(tmp_path)
    sha256 = fingerprint(tmp_path / "a.mp4")[0]
    common = {"command": "animate", "driving": "/d.mp4"}
    facts = {"sha256": sha256, "seconds": 2.0, "frames": 4, "warnings": ["dark"], "reason": None}
    assert done == {"name": "a", "state": "done", "source": "/a.png", "output": "a.mp4", **common, **facts}
    facts = {"sha256": None, "seconds": 0.1, "frames": None, "warnings": [], "reason": "no person"}
    assert failed == {"name": "b", "state": "failed", "source": "/b.png", "output": "b.mp4", **common, **facts}
    assert coordinate.rate(tmp_path, "animate") == 0.5
    assert coordinate.rate(tmp_path, "pose") is None


def test_a_folder_of_frames_is_whole_while_its_files_are(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "0.png").write_text("frame")
    entry = journal.Entry("done", {"files": {"f": fingerprint(tmp_path / "f")}})
    assert coordinate.outputs_intact(entry, tmp_path)
    (tmp_path / "f" / "0.png").write_text("other")
    assert not coordinate.outputs_intact(entry, tmp_path)
    assert not coordinate.outputs_intact(replace(entry, state="started"), tmp_path)
