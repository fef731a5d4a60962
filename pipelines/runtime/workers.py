"""Work in a second thread: in order, with a bounded queue, behind the caller or ahead of it; or beside the caller."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar, cast

from pipelines.runtime.stopwatch import Stopwatch

Item = TypeVar("Item")


def read_ahead(items: Iterable[Item], thread: ThreadPoolExecutor | None = None, *, waiting: int = 2) -> Generator[Item]:
    """The items, of which a second thread takes up to `waiting` before they are asked for.

    An exception of `items` is raised in its turn. Closing the generator, or leaving it by an exception, waits until the
    thread has taken the item that it is at, so that nothing runs afterwards.

    thread: has other work as well; None for one of its own.
    """
    own, iterator, end = thread or ThreadPoolExecutor(1), iter(items), object()
    taken = deque(own.submit(next, iterator, end) for _ in range(waiting))
    try:
        while (item := taken.popleft().result()) is not end:
            taken.append(own.submit(next, iterator, end))
            yield cast(Item, item)
    finally:
        wait([future for future in taken if not future.cancel()])
        if not thread:
            own.shutdown()


def begin_beside(work: Callable[[], Item]) -> Callable[[], Item]:
    """Begin `work` in a thread that the end of the program does not wait for; returns what waits for its result."""
    result = Future[Item]()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    return result.result


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
