"""The journal survives death at any byte, and belongs to one process at a time."""

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch import journal
from pipelines.batch.events import Event
from pipelines.batch.jobs import Job


def job(name: str) -> Job:
    return Job(name, "animate", {"source": f"/{name}.png", "driving": "/d.mp4"}, f"{name}.mp4")


def write(folder: Path) -> bytes:
    """Two jobs, one done and one failed."""
    with journal.opened(folder) as book:
        book.queue([job("a"), job("b")])
        book.note(Event("a", "started"))
        book.note(Event("a", "done", files={"a.mp4": ("0" * 64, 3, 4)}, seconds=1.5, frames=7, warnings=("dark",)))
        book.note(Event("b", "started"))
        book.note(Event("b", "failed", reason="no person"))
    return (folder / ".gfla" / "journal.jsonl").read_bytes()


def states(book: journal.Journal) -> dict[str, str]:
    return {name: entry.state for name, entry in book.entries.items()}


def test_what_was_written_is_replayed(tmp_path: Path) -> None:
    lines = write(tmp_path).splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["queued", "queued", "started", "done", "started", "failed"]
    book = journal.read(tmp_path)
    assert states(book) == {"a": "done", "b": "failed"}
    assert book.entries["a"].facts["files"] == {"a.mp4": ["0" * 64, 3, 4]}
    assert book.entries["a"].key == job("a").key
    assert book.entries["b"].facts["reason"] == "no person"


def test_torn_at_any_byte_it_says_what_its_whole_lines_say_and_goes_on(tmp_path: Path) -> None:
    data = write(tmp_path)
    path = tmp_path / ".gfla" / "journal.jsonl"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        whole = data[:length].rfind(b"\n") + 1
        with journal.opened(tmp_path) as book:
            assert set(book.entries) <= {"a", "b"}
            book.queue([job("c")])
        assert path.read_bytes()[:whole] == data[:whole]
        assert states(journal.read(tmp_path))["c"] == "queued"
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_job_queued_again_begins_anew(tmp_path: Path) -> None:
    write(tmp_path)
    with journal.opened(tmp_path) as book:
        book.queue([job("a")])
    entry = journal.read(tmp_path).entries["a"]
    assert entry.state == "queued"
    assert "files" not in entry.facts


@pytest.mark.parametrize(
    "damage", [b"\0" * 80, b"[1]", b'{"event": "done"}', b'{"event": "done", "job": "x"}', b"\xff"]
)
def test_a_damaged_line_has_not_happened(damage: bytes, tmp_path: Path) -> None:
    data = write(tmp_path)
    (tmp_path / ".gfla" / "journal.jsonl").write_bytes(damage + b"\n" + data)
    assert states(journal.read(tmp_path)) == {"a": "done", "b": "failed"}


HOLD = """
import sys, time
from pathlib import Path
from pipelines.batch import journal
with getattr(journal, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def held(what: str, folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, what, str(folder), str(seconds)], stdout=-1, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_with_the_first_ones_id_until_it_dies(tmp_path: Path) -> None:
    other = held("opened", tmp_path, 60)
    with pytest.raises(InputError, match=f"process {other.pid} is working on"), journal.opened(tmp_path):
        pass
    other.kill()
    other.wait()
    with journal.opened(tmp_path):
        pass


def test_the_next_run_waits_for_the_workers_of_one_that_was_killed(tmp_path: Path) -> None:
    other = held("at_work", tmp_path, 0.6)
    began = time.monotonic()
    with journal.opened(tmp_path):
        assert time.monotonic() - began > 0.2
        assert other.wait(5) == 0


def test_workers_do_not_shut_each_other_out(tmp_path: Path) -> None:
    with (
        journal.at_work(tmp_path),
        journal.at_work(tmp_path),
        (tmp_path / ".gfla" / "workers").open() as file,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="out can't be written"), journal.opened(tmp_path / "out"):
        pass


def test_a_thousand_jobs_are_replayed_in_a_second(tmp_path: Path) -> None:
    with journal.opened(tmp_path) as book:
        book.queue(job(f"job{number}") for number in range(1000))
        for number in range(0, 1000, 50):
            book.note(Event(f"job{number}", "started"))
    began = time.process_time()
    assert len(journal.read(tmp_path).entries) == 1000
    assert time.process_time() - began < 1
    assert os.stat(tmp_path / ".gfla" / "journal.jsonl").st_size > 200_000
