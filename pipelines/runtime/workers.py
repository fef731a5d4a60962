"""Work in a second thread, in order, with a bounded queue."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def background_worker(work: Callable[[Item], None], *, waiting: int = 2) -> Iterator[Callable[[Item], None]]:
    """Yields a function that passes items to `work` in a second thread and blocks while `waiting` are unfinished.

    An exception of `work` is raised by a later call, or by the end of the block. Leaving the block waits until
    everything is done; leaving it by an exception, Ctrl-C included, drops the items that have not been started.
    """
    unfinished: deque[Future[None]] = deque()
    thread = ThreadPoolExecutor(1)

    def hand_over(item: Item) -> None:
        while unfinished and (len(unfinished) >= waiting or unfinished[0].done()):
            unfinished.popleft().result()
        unfinished.append(thread.submit(work, item))

    try:
        yield hand_over
        while unfinished:
            unfinished.popleft().result()
    finally:
        thread.shutdown(cancel_futures=True)
