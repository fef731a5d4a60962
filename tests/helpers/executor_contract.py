"""What every executor must do, as tests; each executor has a test class that derives from this one."""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.batch.events import Event
from pipelines.batch.executors.registry import Executor
from pipelines.batch.jobs import Group, Job
from tests.helpers.small_batches import BatchInputs, make_animate_job

MakeExecutor = Callable[..., Executor]


def visible_files(folder: Path) -> set[str]:
    """Everything in the folder but the batch's own files."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if ".gfla" not in path.parts}


class ExecutorContract:
    """Derive, and override `make` (folder, workers -> executor) and `worker_ids` (process ids of busy workers)."""

    @pytest.fixture
    def make(self) -> MakeExecutor:
        raise NotImplementedError

    def worker_ids(self, executor: Executor) -> list[int]:
        raise NotImplementedError

    @pytest.fixture
    def jobs(self, inputs: BatchInputs) -> list[Job]:
        """Two that work, and between them one that can't."""
        sources = (inputs.sources[0], inputs.broken_source, inputs.sources[1])
        return [make_animate_job(source, inputs.tracks[0], inputs.weights) for source in sources]

    def final_states(self, events: list[Event]) -> dict[str, list[str]]:
        """The states in which each job ended, by its name."""
        states: dict[str, list[str]] = {}
        for event in events:
            if event.state in ("done", "failed"):
                states.setdefault(event.job, []).append(event.state)
        return states

    def test_every_job_starts_and_ends_once_and_a_bad_job_stops_no_other(
        self, make: MakeExecutor, jobs: list[Job], tmp_path: Path
    ) -> None:
        events = list(make(tmp_path, workers=2).run([Group((jobs[0], jobs[1])), Group((jobs[2],))]))
        assert self.final_states(events) == {jobs[0].name: ["done"], jobs[1].name: ["failed"], jobs[2].name: ["done"]}
        for job in jobs:
            states = [event.state for event in events if event.job == job.name]
            assert states[0] == "started"
            assert states.count("started") == 1
        assert visible_files(tmp_path) == {jobs[0].output, jobs[2].output}

    @pytest.mark.slow  # tests of a killed batch also compare one worker with two
    def test_the_number_of_workers_does_not_change_a_byte(
        self, make: MakeExecutor, jobs: list[Job], tmp_path: Path
    ) -> None:
        results = []
        for workers in (1, 2):
            folder = tmp_path / str(workers)
            folder.mkdir()
            list(make(folder, workers=workers).run([Group((jobs[0],)), Group((jobs[2],))]))
            results.append({job.name: (folder / job.output).read_bytes() for job in (jobs[0], jobs[2])})
        assert results[0] == results[1]

    def test_a_job_whose_worker_dies_is_tried_again_and_no_other_job_is_affected(
        self, make: MakeExecutor, jobs: list[Job], tmp_path: Path
    ) -> None:
        executor, events, kills = make(tmp_path, workers=1), [], 0
        for event in executor.run([Group((jobs[0], jobs[2]))]):
            events.append(event)
            if event.state == "started" and event.job == jobs[0].name and kills < 1:
                kills += 1
                self.kill_workers(executor)
        assert self.final_states(events) == {jobs[0].name: ["done"], jobs[2].name: ["done"]}

    @pytest.mark.slow
    def test_a_job_whose_worker_always_dies_fails_alone(
        self, make: MakeExecutor, jobs: list[Job], tmp_path: Path
    ) -> None:
        executor, events = make(tmp_path, workers=1), []
        for event in executor.run([Group((jobs[0], jobs[2]))]):
            events.append(event)
            if event.state == "started" and event.job == jobs[0].name:
                self.kill_workers(executor)
        assert self.final_states(events) == {jobs[0].name: ["failed"], jobs[2].name: ["done"]}
        reason = next(event.reason for event in events if event.state == "failed")
        assert "gave up after 2 tries" in (reason or "")

    def test_stopped_early_it_leaves_no_process_and_no_file(
        self, make: MakeExecutor, jobs: list[Job], tmp_path: Path
    ) -> None:
        executor = make(tmp_path, workers=2)
        with closing(executor.run([Group((jobs[0],)), Group((jobs[2],))])) as events:
            next(event for event in events if event.stage == "animate")
            workers = self.worker_ids(executor)
            assert workers
        assert not set(workers) & set(self.worker_ids(executor))
        assert not {name for name in visible_files(tmp_path) if ".part" in name}

    def kill_workers(self, executor: Executor) -> None:
        """Kill its workers, as the kernel does when memory runs out."""
        for process in self.worker_ids(executor):
            os.kill(process, signal.SIGKILL)
