"""The journal survives a death at any byte, belongs to one process at a time, and keeps its format."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.journal import Journal, open_journal, read_journal, worker_lock
from pipelines.runtime.fingerprints import content_fingerprint
from tests.helpers.old_journal import CONTENTS, JOURNAL, WRITTEN_AT, old_job


def write_journal(folder: Path) -> bytes:
    """Two jobs, one done and one failed; returns the lines."""
    output = folder / "contents"
    output.write_bytes(CONTENTS)
    sha256, size, _ = content_fingerprint(output)
    output.unlink()
    with open_journal(folder) as journal:
        journal.queue([old_job("a"), old_job("b")])
        journal.record(Event("a", "started", worker=0))
        done = {"files": {"a.mp4": (sha256, size, 4)}, "seconds": 1.5, "frames": 7, "warnings": ("dark",)}
        journal.record(Event("a", "done", worker=0, **done))
        journal.record(Event("b", "started", worker=1))
        journal.record(Event("b", "failed", worker=1, reason="no person"))
    return (folder / ".gfla" / "journal.jsonl").read_bytes()


def states(journal: Journal) -> dict[str, str]:
    return {name: entry.state for name, entry in journal.entries.items()}


def test_the_lines_are_those_of_earlier_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: WRITTEN_AT)
    assert write_journal(tmp_path) == JOURNAL.encode()


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    write_journal(tmp_path)
    journal = read_journal(tmp_path)
    assert states(journal) == {"a": "done", "b": "failed"}
    assert journal.entries["a"].facts["files"]["a.mp4"][1:] == [7, 4]
    assert journal.entries["a"].key == old_job("a").key
    assert journal.entries["b"].facts["reason"] == "no person"


def test_an_entry_is_found_by_name_and_key(tmp_path: Path) -> None:
    write_journal(tmp_path)
    journal, other = read_journal(tmp_path), old_job("a")
    assert journal.find(other) is journal.entries["a"]
    other.options["crf"] = 30
    assert journal.find(type(other)(other.name, other.command, other.options, other.output)) is None
    assert journal.find(old_job("c")) is None


def test_cut_at_any_byte_its_complete_lines_count_and_new_ones_follow(tmp_path: Path) -> None:
    data = write_journal(tmp_path)
    path = tmp_path / ".gfla" / "journal.jsonl"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        complete = data[:length].rfind(b"\n") + 1
        with open_journal(tmp_path) as journal:
            assert set(journal.entries) <= {"a", "b"}
            journal.queue([old_job("c")])
        assert path.read_bytes()[:complete] == data[:complete]
        assert states(read_journal(tmp_path))["c"] == "queued"
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_job_queued_again_starts_over(tmp_path: Path) -> None:
    write_journal(tmp_path)
    with open_journal(tmp_path) as journal:
        journal.queue([old_job("a")])
    entry = read_journal(tmp_path).entries["a"]
    assert entry.state == "queued"
    assert "files" not in entry.facts


@pytest.mark.parametrize(
    "damage", [b"\0" * 80, b"[1]", b'{"event": "done"}', b'{"event": "done", "job": "x"}', b"\xff"]
)
def test_a_damaged_line_has_not_happened(damage: bytes, tmp_path: Path) -> None:
    data = write_journal(tmp_path)
    (tmp_path / ".gfla" / "journal.jsonl").write_bytes(damage + b"\n" + data)
    assert states(read_journal(tmp_path)) == {"a": "done", "b": "failed"}


HOLD = """
import sys, time
from pathlib import Path
from pipelines.batch import journal
with getattr(journal, sys.argv[1])(Path(sys.argv[2])):
    print("locked", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def hold_lock(name: str, folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that is inside `open_journal` or `worker_lock`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, name, str(folder), str(seconds)], stdout=-1, text=True)
    assert process.stdout
    assert process.stdout.readline() == "locked\n"
    return process


def test_a_second_process_is_refused_with_the_id_of_the_first_until_that_dies(tmp_path: Path) -> None:
    other = hold_lock("open_journal", tmp_path, 60)
    with pytest.raises(InputError, match=f"process {other.pid} is working on"), open_journal(tmp_path):
        pass
    other.kill()
    other.wait()
    with open_journal(tmp_path):
        pass


def test_the_next_run_waits_for_the_workers_of_a_run_that_was_killed(tmp_path: Path) -> None:
    other = hold_lock("worker_lock", tmp_path, 0.6)
    began = time.monotonic()
    with open_journal(tmp_path):
        assert time.monotonic() - began > 0.2
        assert other.wait(5) == 0


def test_workers_that_do_not_end_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.batch.journal.ORPHAN_TIMEOUT", 0.1)
    with (
        worker_lock(tmp_path),
        pytest.raises(InputError, match="workers of a run that was killed are still working"),
        open_journal(tmp_path),
    ):
        pass


def test_workers_do_not_lock_each_other_out(tmp_path: Path) -> None:
    with worker_lock(tmp_path), worker_lock(tmp_path):
        pass


def test_the_lock_of_a_worker_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    other = hold_lock("worker_lock", tmp_path, 60)
    other.kill()
    other.wait()
    with open_journal(tmp_path):
        assert not list((tmp_path / ".gfla").rglob("*.lock"))


def test_a_folder_that_is_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="out can't be written"), open_journal(tmp_path / "out"):
        pass


def test_a_thousand_jobs_are_read_in_a_second(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.queue(old_job(f"job{number}") for number in range(1000))
        for number in range(0, 1000, 50):
            journal.record(Event(f"job{number}", "started"))
    began = time.process_time()
    assert len(read_journal(tmp_path).entries) == 1000
    assert time.process_time() - began < 1
    assert os.stat(tmp_path / ".gfla" / "journal.jsonl").st_size > 200_000
