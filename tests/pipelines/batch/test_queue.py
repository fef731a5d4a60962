"""Jobs that arrive while others run: with an executor that does what the test says, and once with real work."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from pipelines.batch.events import Event
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.jobs import Job
from pipelines.batch.journal import read_journal
from pipelines.batch.queue import CANCELLED, JobQueue
from tests.helpers.small_batches import BatchInputs, make_animate_job


class ScriptedExecutor:
    """Writes the output of each job once `go` is set; a job whose name begins with `bad` fails."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.go, self.started = folder, threading.Event(), list[str]()

    def run(self, feed: Any) -> Generator[Event]:
        while not feed.stopped:
            for group in feed.take():
                name = group.jobs[0].name
                self.started.append(name)
                yield Event(name, "started", worker=0)
                yield Event(name, "progress", worker=0, stage="animate", step=1, steps=4)
                while not self.go.wait(0.01):
                    feed.take()
                if name.startswith("bad"):
                    yield Event(name, "failed", worker=0, reason="no person")
                else:
                    (self.folder / f"{name}.mp4").write_text(name)
                    yield Event(name, "done", worker=0, seconds=1.0, frames=4, files={f"{name}.mp4": ("0", 1, 1)})
            time.sleep(0.01)


@contextmanager
def open_queue(folder: Path, *, wait: bool = False, resume: bool = True) -> Iterator[tuple[JobQueue, ScriptedExecutor]]:
    executor: Any = ScriptedExecutor(folder)
    if not wait:
        executor.go.set()
    with JobQueue(folder, executor, resume=resume) as queue:
        yield queue, executor


def make_job(name: str) -> Job:
    return Job(name, "animate", {"source": "/nowhere/a.png", "driving": "/nowhere/d.mp4"}, f"{name}.mp4")


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def states(queue: JobQueue) -> dict[str, str]:
    return {row["name"]: row["reason"] or row["state"] for row in queue.rows()}


def test_jobs_run_one_after_another_while_others_arrive(tmp_path: Path) -> None:
    with open_queue(tmp_path, wait=True) as (queue, executor):
        for name in ("a", "bad", "c"):
            queue.add(make_job(name))
        until(queue.progress)
        until(lambda: (progress := queue.progress()) and progress.stage)
        progress = queue.progress()
        assert progress is not None
        assert (progress.name, progress.stage, progress.done, progress.total) == ("a", "animate", 1, 4)
        assert progress.left is not None
        with pytest.raises(InputError, match="c is in the queue already"):
            queue.add(make_job("c"))
        executor.go.set()
        until(lambda: queue.idle)
        assert executor.started == ["a", "bad", "c"]
        assert states(queue) == {"a": "done", "bad": "no person", "c": "done"}


def test_a_cancelled_job_stops_and_the_next_one_runs(tmp_path: Path) -> None:
    with open_queue(tmp_path, wait=True) as (queue, executor):
        for name in ("a", "b", "c"):
            queue.add(make_job(name))
        until(lambda: executor.started == ["a"])
        queue.cancel("b")
        queue.cancel("a")
        until(lambda: executor.started == ["a", "c"])
        executor.go.set()
        until(lambda: queue.idle)
        assert states(queue) == {"a": CANCELLED, "b": CANCELLED, "c": "done"}
        queue.cancel("c")
        queue.retry(["a"])
        until(lambda: queue.idle)
        assert states(queue) == {"a": "done", "b": CANCELLED, "c": "done"}


def test_what_has_not_ended_goes_on_in_the_next_process(tmp_path: Path) -> None:
    with open_queue(tmp_path, wait=True) as (queue, executor):
        for name in ("a", "b"):
            queue.add(make_job(name))
        until(lambda: executor.started == ["a"])
    with open_queue(tmp_path, resume=False) as (queue, executor):
        assert states(queue) == {"a": "started", "b": "queued"}
        assert queue.idle
    with open_queue(tmp_path) as (queue, executor):
        until(lambda: queue.idle)
        assert executor.started == ["a", "b"]
    assert {name: entry.state for name, entry in read_journal(tmp_path).entries.items()} == {"a": "done", "b": "done"}


def test_a_removed_job_and_its_output_are_gone(tmp_path: Path) -> None:
    with open_queue(tmp_path) as (queue, _):
        queue.add(make_job("a"))
        queue.add(make_job("b"))
        until(lambda: queue.idle)
        queue.remove("a")
        queue.remove("a")
        assert (states(queue), [path.name for path in tmp_path.glob("*.mp4")]) == ({"b": "done"}, ["b.mp4"])
    assert list(read_journal(tmp_path).entries) == ["b"]
    with open_queue(tmp_path) as (queue, _), pytest.raises(InputError, match="a is no job of"):
        queue.retry(["a"])


def test_an_executor_that_can_not_run_fails_the_job(tmp_path: Path) -> None:
    with open_queue(tmp_path) as (queue, executor):
        run = executor.run

        def refuse(feed: Any) -> Generator[Event]:
            yield Event(feed.take()[0].jobs[0].name, "started", worker=0)
            raise OSError(12, "no memory")

        executor.run = refuse
        queue.add(make_job("a"))
        until(lambda: queue.idle)
        assert states(queue) == {"a": "no memory"}
        executor.run = run
        queue.add(make_job("b"))
        until(lambda: queue.idle)
        assert states(queue)["b"] == "done"


def test_one_process_has_the_folder(tmp_path: Path) -> None:
    with open_queue(tmp_path), pytest.raises(InputError, match="is working on"), open_queue(tmp_path):
        pass


@pytest.mark.slow
def test_a_worker_runs_jobs_that_arrive(tmp_path: Path, inputs: BatchInputs) -> None:
    with JobQueue(tmp_path, LocalExecutor(tmp_path, workers=1)) as queue:
        queue.add(make_animate_job(inputs.sources[0], inputs.tracks[0], inputs.weights))
        queue.add(make_animate_job(inputs.broken_source, inputs.tracks[0], inputs.weights))
        until(lambda: queue.idle)
        done, failed = queue.rows()
    assert (done["state"], done["frames"]) == ("done", 4)
    assert (tmp_path / done["output"]).stat().st_size > 1000
    assert failed["state"] == "failed"
    assert "bad.png" in str(failed["reason"])
