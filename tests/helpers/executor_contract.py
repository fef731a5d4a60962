"""What every executor must do, as tests; each executor has a class that derives from this one."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipelines.batch.events import Event
from pipelines.batch.executors import Executor
from pipelines.batch.jobs import Group, Job
from tests.helpers.small_batches import animate_job
from tests.pipelines.batch.conftest import Inputs

Make = Callable[..., Executor]


def visible(folder: Path) -> set[str]:
    """Everything in the folder but the batch's own."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if ".gfla" not in path.parts}


def closable(events: Iterator[Event]) -> Any:
    """The events as what they are, a generator."""
    return closing(events)  # pyright: ignore[reportArgumentType]


class ExecutorContract:
    """Derive, and give `make` (folder, workers -> executor) and `victims` (the ids of its worker processes)."""

    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError

    def victims(self, executor: Executor) -> list[int]:
        raise NotImplementedError

    @pytest.fixture
    def jobs(self, inputs: Inputs) -> list[Job]:
        """Two that work and one that can't."""
        sources = (inputs.sources[0], inputs.broken_source, inputs.sources[1])
        return [animate_job(source, inputs.tracks[0], inputs.weights) for source in sources]

    def ends(self, events: list[Event]) -> dict[str, list[str]]:
        """The states in which each job ended."""
        ended: dict[str, list[str]] = {}
        for event in events:
            if event.state in ("done", "failed"):
                ended.setdefault(event.job, []).append(event.state)
        return ended

    def test_every_job_starts_and_ends_once_and_one_bad_job_stops_no_other(
        self, make: Make, jobs: list[Job], tmp_path: Path
    ) -> None:
        events = list(make(tmp_path, workers=2).run([Group((jobs[0], jobs[1])), Group((jobs[2],))]))
        assert self.ends(events) == {jobs[0].name: ["done"], jobs[1].name: ["failed"], jobs[2].name: ["done"]}
        for job in jobs:
            told = [event.state for event in events if event.job == job.name]
            assert told[0] == "started"
            assert told.count("started") == 1
        assert visible(tmp_path) == {jobs[0].output, jobs[2].output}

    @pytest.mark.slow  # a killed batch is compared on one and on two workers as well
    def test_the_number_of_workers_does_not_change_a_byte(self, make: Make, jobs: list[Job], tmp_path: Path) -> None:
        results = []
        for workers in (1, 2):
            folder = tmp_path / str(workers)
            folder.mkdir()
            list(make(folder, workers=workers).run([Group((jobs[0],)), Group((jobs[2],))]))
            results.append({job.name: (folder / job.output).read_bytes() for job in (jobs[0], jobs[2])})
        assert results[0] == results[1]

    def test_a_worker_that_dies_costs_its_job_a_second_try_and_no_other_job(
        self, make: Make, jobs: list[Job], tmp_path: Path
    ) -> None:
        executor, events, deaths = make(tmp_path, workers=1), [], 0
        for event in executor.run([Group((jobs[0], jobs[2]))]):
            events.append(event)
            if event.state == "started" and event.job == jobs[0].name and deaths < 1:
                deaths += 1
                self.kill(executor)
        assert self.ends(events) == {jobs[0].name: ["done"], jobs[2].name: ["done"]}

    @pytest.mark.slow
    def test_a_job_whose_worker_always_dies_fails_alone(self, make: Make, jobs: list[Job], tmp_path: Path) -> None:
        executor, events = make(tmp_path, workers=1), []
        for event in executor.run([Group((jobs[0], jobs[2]))]):
            events.append(event)
            if event.state == "started" and event.job == jobs[0].name:
                self.kill(executor)
        assert self.ends(events) == {jobs[0].name: ["failed"], jobs[2].name: ["done"]}
        reason = next(event.reason for event in events if event.state == "failed")
        assert "2 times" in (reason or "")

    def test_stopped_early_it_leaves_no_process_and_no_file(self, make: Make, jobs: list[Job], tmp_path: Path) -> None:
        executor = make(tmp_path, workers=2)
        with closable(executor.run([Group((jobs[0],)), Group((jobs[2],))])) as events:
            next(event for event in events if event.stage == "animate")
            workers = self.victims(executor)
            assert workers
        assert not set(workers) & set(self.victims(executor))
        assert not {name for name in visible(tmp_path) if ".part" in name}

    def kill(self, executor: Executor) -> None:
        """End its workers as the kernel does when memory is out."""
        for victim in self.victims(executor):
            os.kill(victim, signal.SIGKILL)
