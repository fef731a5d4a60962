"""Processes on this machine, each doing one group after the other."""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from pipelines.batch.events import Event
from pipelines.batch.executors.retries import RetryPolicy
from pipelines.batch.jobs import Group
from pipelines.batch.journal import at_work

PATIENCE = 15.0  # seconds that a worker gets to clean up
SPAWN = get_context("spawn")  # a fork would share the threads and the CUDA context of whoever forks


@dataclass(eq=False)
class Worker:
    """A process at the other end of a pipe, and what it is at."""

    number: int
    process: BaseProcess
    pipe: Connection
    group: Group | None = None
    ended: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)

    def give(self, group: Group) -> None:
        """Have a group done."""
        self.group, self.ended, self.started = group, set(), set()
        with suppress(OSError):  # it has died: `hear` will say so
            self.pipe.send(group)

    def hear(self) -> Event | None:
        """What it says; None when it has done its group. Raises EOFError if it has died."""
        event = self.pipe.recv()
        if event is None:
            self.group = None
        elif event.state == "started":
            self.started.add(event.job)
        elif event.state in ("done", "failed"):
            self.ended.add(event.job)
        return event


class Local:
    """`workers` processes; with `gpus` (ids for CUDA_VISIBLE_DEVICES) each has its own, in turn."""

    def __init__(self, folder: Path, *, workers: int, gpus: Sequence[str] = ()) -> None:
        self.folder, self.workers, self.gpus = folder, workers, gpus

    def run(self, groups: Sequence[Group]) -> Iterator[Event]:
        """See `Executor.run`."""
        waiting, team = deque(groups), dict[int, Worker]()
        casualties = RetryPolicy()
        try:
            while waiting or any(worker.group for worker in team.values()):
                self._employ(team, waiting)
                for pipe in connection.wait([worker.pipe for worker in team.values() if worker.group]):
                    worker = next(worker for worker in team.values() if worker.pipe is pipe)
                    try:
                        event = worker.hear()
                    except (EOFError, OSError):
                        del team[worker.number]
                        again, lost = casualties.after(worker.group, worker.started, worker.ended, _end(worker))
                        waiting.extendleft(reversed(again))
                        yield from (replace(event, worker=worker.number) for event in lost)
                    else:
                        if event is not None:
                            yield event
        finally:
            _dismiss(list(team.values()))

    def _employ(self, team: dict[int, Worker], waiting: deque[Group]) -> None:
        """Give waiting groups to idle workers, and to new ones while there may be more."""
        for number in range(self.workers):
            if waiting and (number not in team or team[number].group is None):
                if number not in team:
                    team[number] = self._start(number, waiting[0].threads)
                team[number].give(waiting.popleft())

    def _start(self, number: int, threads: int) -> Worker:
        ours, theirs = SPAWN.Pipe()
        environment = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}
        if self.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self.gpus[number % len(self.gpus)]
        process = SPAWN.Process(target=_serve, args=(theirs, self.folder, number, environment), daemon=True)
        # Ctrl-C reaches the whole group of processes. A blocked signal stays blocked in a child: we alone decide.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()  # so that the pipe ends with the worker
        return Worker(number, process, ours)


def _serve(pipe: Connection, folder: Path, number: int, environment: dict[str, str]) -> None:
    """The worker's life: groups come in, events go out, until the pipe ends."""
    os.environ.update(environment)  # before numpy and torch are loaded
    os.dup2(2, 1)  # stdout is for the data of the command
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with at_work(folder):
        from pipelines.batch.worker import run_group

        try:
            while True:
                run_group(pipe.recv(), folder, lambda event: pipe.send(replace(event, worker=number)))
                pipe.send(None)
        except (EOFError, BrokenPipeError):
            return


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _end(worker: Worker) -> int | None:
    worker.process.join(PATIENCE)
    worker.pipe.close()
    return worker.process.exitcode


def _dismiss(team: list[Worker]) -> None:
    """Let busy workers remove their temporary files, and wait for all."""
    for worker in team:
        worker.process.terminate() if worker.group else worker.pipe.close()
    for worker in team:
        worker.process.join(PATIENCE)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
