"""Work that runs beside the caller's own: one thread, in order, with few items waiting."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def background_worker(work: Callable[[Item], None], *, waiting: int = 2) -> Iterator[Callable[[Item], None]]:
    """A function that hands an item to `work` in a second thread; it blocks while `waiting` items are unfinished.

    What `work` raises, a later call or the end of the block raises. Leaving the block waits until all is done; leaving
    it by an exception, Ctrl-C included, drops what has not begun.
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
