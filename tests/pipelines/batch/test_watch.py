"""A batch that watches its inputs: what arrives becomes jobs, once, and Ctrl-C lets running jobs end."""

import signal
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch import watch
from pipelines.batch.arrivals import Arrivals
from pipelines.batch.events import Event
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.jobs import Group, Job, group_jobs
from pipelines.batch.runner import read_rows, watch_batch
from pipelines.batch.watch import JobFeed, folders_of, stop_on_interrupt, watch_files
from tests.helpers.media_files import write_picture


class EverythingIsThere(Arrivals):
    """Files are complete as soon as they exist."""

    def is_complete(self, path: str, now: float) -> bool:
        return Path(path).exists()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "Arrivals", EverythingIsThere)


def plan_pictures(folder: Path) -> list[Job]:
    """A job for each picture of a folder."""
    if not (pictures := sorted(folder.glob("*.png"))):
        raise InputError(f"folder {folder.name} contains no pictures")
    return [make_job(picture, picture.with_suffix(".mp4")) for picture in pictures]


def make_job(source: Path, driving: Path) -> Job:
    return Job(source.stem, "animate", {"source": str(source), "driving": str(driving)}, f"{source.stem}.mp4")


def test_what_arrives_becomes_a_job_once(tmp_path: Path) -> None:
    begun: list[str] = []
    notes: list[str] = []

    def begin(jobs: list[Job]) -> Sequence[Group]:
        begun.extend(job.name for job in jobs)
        return [Group((job,)) for job in jobs]

    feed = JobFeed(partial(plan_pictures, tmp_path), begin, notes.append)
    assert list(feed.take()) == list(feed.take()) == []
    assert notes == [f"waiting: folder {tmp_path.name} contains no pictures"]
    write_picture(tmp_path / "ann.png")
    assert list(feed.take()) == []  # there is no video yet
    (tmp_path / "ann.mp4").touch()
    assert [group.jobs[0].name for group in feed.take()] == ["ann"]
    for name in ("bob.png", "bob.mp4"):
        (tmp_path / name).touch()
    assert list(feed.take()) == []  # nobody has said that anything has changed
    feed.changed.set()
    assert len(feed.take()) == 1
    feed.changed.set()
    assert begun == ["ann", "bob"]
    assert list(feed.take()) == []
    (tmp_path / "ann.mp4").write_bytes(b"another one")
    feed.changed.set()
    assert [group.jobs[0].name for group in feed.take()] == ["ann"]
    feed.stop()
    (tmp_path / "ann.mp4").write_bytes(b"a third one")
    feed.changed.set()
    assert list(feed.take()) == []


def test_changes_of_the_inputs_are_heard_but_not_those_of_the_results(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    (tmp_path / "out").mkdir()
    changed = threading.Event()
    with watch_files([tmp_path], tmp_path / "out", changed):
        for attempt in range(20):  # until the watcher is ready
            (tmp_path / f"{attempt}.png").touch()
            if changed.wait(0.5):
                break
        assert changed.is_set()
        assert not threading.Event().wait(0.6)  # what is left of these changes
        changed.clear()
        (tmp_path / "out" / "result.mp4").touch()
        assert not changed.wait(0.8)


def test_watched_folders_are_those_of_the_inputs(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    assert folders_of([str(tmp_path), None]) == [tmp_path]
    assert folders_of([str(tmp_path / "a.png"), str(tmp_path / "*.mp4")]) == [tmp_path]
    with pytest.raises(InputError, match=r"there is no folder .*nothing to watch"):
        folders_of([str(tmp_path / "nothing" / "jobs.csv")])


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_the_first_interrupt_stops_and_the_second_one_interrupts() -> None:
    stopped: list[bool] = []
    with stop_on_interrupt(lambda: stopped.append(True)):
        signal.raise_signal(signal.SIGINT)
        assert stopped == [True]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert stopped == [True]


class Visitor:
    """Puts another picture into the folder when the first job has ended, and presses Ctrl-C after the second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard: list[str] = []

    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        self.heard.append(f"{jobs} at first")

    def extend(self, jobs: int, skipped: int) -> None:
        self.heard.append(f"{jobs} more, {skipped} from before")

    def note(self, message: str) -> None:
        self.heard.append(message)

    def event(self, event: Event) -> None:
        if event.state != "failed":
            return
        self.heard.append(f"{event.job} failed")
        if event.job == "ann":
            add_pair(self.folder, "bob")
        else:
            signal.raise_signal(signal.SIGINT)


def add_pair(folder: Path, name: str) -> None:
    """A picture, and a video that can't be read, so that the job fails at once."""
    (folder / f"{name}.mp4").write_text("no video")
    write_picture(folder / f"{name}.png")


@pytest.mark.cluster
def test_jobs_run_as_they_arrive_until_it_is_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    add_pair(tmp_path, "ann")
    visitor, idle = Visitor(tmp_path), []
    plan, output = partial(plan_pictures, tmp_path), tmp_path / "out"
    executor = LocalExecutor(output, workers=1)
    options = plan, [tmp_path], output, executor, partial(group_jobs, size=1), visitor, lambda: idle.append(True)
    outcome = watch_batch(*options)
    assert sorted(outcome.failed) == ["ann", "bob"]
    assert visitor.heard == [
        "0 at first",
        "1 more, 0 from before",
        "ann failed",
        "1 more, 0 from before",
        "bob failed",
        "ending after the running jobs; Ctrl-C again ends them, too",
    ]
    assert len(idle) == 2
    assert [row["state"] for row in read_rows(output)] == ["failed", "failed"]
