"""Jobs in processes on this machine, each of which runs one group after another.

The executor starts a process when there is a waiting group and fewer than `workers` of them, sends it groups through a
pipe, and receives events; a process that dies is replaced.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from pipelines.batch.events import Event
from pipelines.batch.executors.retries import RetryPolicy
from pipelines.batch.jobs import Feed, Group
from pipelines.batch.journal import worker_lock

FEED_INTERVAL = 0.5  # seconds between two looks at a feed
CLEANUP_TIMEOUT = 15.0  # seconds that a worker gets to remove its temporary files
SPAWN = get_context("spawn")  # a fork would share the threads and the CUDA context of the parent


@dataclass(eq=False)
class Worker:
    """A process at the other end of a pipe, and the group it is running."""

    number: int
    process: BaseProcess
    pipe: Connection
    group: Group | None = None
    """None while it is idle."""
    started: set[str] = field(default_factory=set)
    """Names of the jobs of the group that have begun."""
    ended: set[str] = field(default_factory=set)
    """Names of the jobs of the group that are done or failed."""

    def assign(self, group: Group) -> None:
        """Have it run a group."""
        self.group, self.started, self.ended = group, set(), set()
        with suppress(OSError):  # it has died: `receive` will raise
            self.pipe.send(group)

    def receive(self) -> Event | None:
        """Its next event; None when it has finished its group. Raises EOFError or OSError if it has died."""
        event = self.pipe.recv()
        if event is None:
            self.group = None
        elif event.state == "started":
            self.started.add(event.job)
        elif event.state in ("done", "failed"):
            self.ended.add(event.job)
        return event

    def wait_for_exit(self) -> int | None:
        """Exit status of a process that has died, negative for a signal; None if it does not end."""
        self.process.join(CLEANUP_TIMEOUT)
        self.pipe.close()
        return self.process.exitcode


class LocalExecutor:
    """Up to `workers` processes. With `gpus` (ids for CUDA_VISIBLE_DEVICES) each uses one of them, in turn."""

    def __init__(self, folder: Path, *, workers: int, gpus: Sequence[str] = ()) -> None:
        self.folder, self.workers, self.gpus = folder, workers, gpus

    def run(self, groups: Sequence[Group] | Feed) -> Generator[Event]:
        """See `Executor.run`; with a feed it goes on until that has stopped and what is running has ended."""
        feed = groups if isinstance(groups, Feed) else None
        waiting, running, retries = (
            deque(() if isinstance(groups, Feed) else groups),
            dict[int, Worker](),
            RetryPolicy(),
        )
        try:
            while True:
                if feed is not None:
                    waiting.extend(feed.take())
                    if feed.stopped:
                        waiting.clear()
                self._assign_groups(running, waiting)
                busy = [worker.pipe for worker in running.values() if worker.group]
                if not busy and (feed is None or feed.stopped):
                    return
                if not busy:
                    time.sleep(FEED_INTERVAL)
                for pipe in connection.wait(busy, None if feed is None else FEED_INTERVAL) if busy else ():
                    worker = next(worker for worker in running.values() if worker.pipe is pipe)
                    try:
                        event = worker.receive()
                    except (EOFError, OSError):
                        del running[worker.number]
                        yield from _handle_death(worker, waiting, retries)
                    else:
                        if event is not None:
                            yield event
        finally:
            _stop_workers(running.values())

    def _assign_groups(self, running: dict[int, Worker], waiting: deque[Group]) -> None:
        """Give waiting groups to idle workers, and to new ones while there may be more."""
        for number in range(self.workers):
            if waiting and (number not in running or running[number].group is None):
                if number not in running:
                    running[number] = self._start_worker(number, waiting[0].threads)
                running[number].assign(waiting.popleft())

    def _start_worker(self, number: int, threads: int) -> Worker:
        ours, theirs = SPAWN.Pipe()
        environment = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}
        if self.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self.gpus[number % len(self.gpus)]
        process = SPAWN.Process(target=_run_worker, args=(theirs, self.folder, number, environment), daemon=True)
        with _blocked_signals():
            process.start()
        theirs.close()  # so that the pipe ends with the worker
        return Worker(number, process, ours)


@contextmanager
def _blocked_signals() -> Iterator[None]:
    """Block Ctrl-C and the end of the terminal, which reach the whole process group, for processes started here.

    What is blocked here stays blocked in them: only this process reacts, and then stops its workers. Windows can't
    block signals; there the workers ignore Ctrl-C as soon as they run.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signals = {signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handle_death(worker: Worker, waiting: deque[Group], retries: RetryPolicy) -> Generator[Event]:
    """Queue what is left of the worker's group first; yields the failures of jobs that are given up."""
    status = worker.wait_for_exit()
    retry, failed = retries.handle_death(worker.group, started=worker.started, ended=worker.ended, status=status)
    waiting.extendleft(reversed(retry))
    yield from (replace(event, worker=worker.number) for event in failed)


def _stop_workers(workers: Iterable[Worker]) -> None:
    """Let busy workers remove their temporary files, and wait for all of them."""
    workers = list(workers)
    for worker in workers:
        worker.process.terminate() if worker.group else worker.pipe.close()
    for worker in workers:
        worker.process.join(CLEANUP_TIMEOUT)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()


def _run_worker(pipe: Connection, folder: Path, number: int, environment: dict[str, str]) -> None:
    """What a worker process does: receive groups and send events until the pipe ends."""
    os.environ.update(environment)  # before numpy and torch are loaded
    os.dup2(2, 1)  # stdout is for the data of the command
    signal.signal(signal.SIGTERM, _exit_on_signal)
    if not hasattr(signal, "pthread_sigmask"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    with worker_lock(folder):
        from pipelines.batch.worker import run_group

        try:
            while True:
                run_group(pipe.recv(), folder, lambda event: pipe.send(replace(event, worker=number)))
                pipe.send(None)
        except (EOFError, BrokenPipeError):
            return


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    raise SystemExit


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
