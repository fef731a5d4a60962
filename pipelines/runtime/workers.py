"""Work in a second thread, in order, with a bounded queue."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from pipelines.runtime.stopwatch import Stopwatch

Item = TypeVar("Item")


@contextmanager
def background_worker(
    work: Callable[[Item], None], stopwatch: Stopwatch | None = None, *, waiting: int = 2
) -> Iterator[Callable[[Item], None]]:
    """Yields a function that passes items to `work` in a second thread and blocks while `waiting` are unfinished.

    An exception of `work` is raised by a later call, or by the end of the block. Leaving the block waits until
    everything is done; leaving it by an exception, Ctrl-C included, drops the items that have not been started.
    `stopwatch` gets the time in which the caller waits as the stage "wait".
    """
    stopwatch = stopwatch or Stopwatch()
    unfinished: deque[Future[None]] = deque()
    thread = ThreadPoolExecutor(1)

    def hand_over(item: Item) -> None:
        with stopwatch("wait"):
            while unfinished and (len(unfinished) >= waiting or unfinished[0].done()):
                unfinished.popleft().result()
        unfinished.append(thread.submit(work, item))

    try:
        yield hand_over
        with stopwatch("wait"):
            while unfinished:
                unfinished.popleft().result()
    finally:
        thread.shutdown(cancel_futures=True)
