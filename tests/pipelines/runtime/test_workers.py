import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.workers import background_worker, read_ahead


def test_all_items_are_worked_on_in_order_and_in_one_other_thread():
    done, threads = [], set()

    def work(item: int) -> None:
        time.sleep(0.001 * (item % 3))
        threads.add(threading.get_ident())
        done.append(item)

    with background_worker(work) as hand_over:
        for item in range(20):
            hand_over(item)
    assert done == list(range(20))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_few_items_wait():
    gate, begun = threading.Event(), []
    handed = []

    def work(item: int) -> None:
        begun.append(item)
        gate.wait(5)

    def feed() -> None:
        with background_worker(work, waiting=2) as hand_over:
            for item in range(6):
                hand_over(item)
                handed.append(item)

    feeder = threading.Thread(target=feed)
    feeder.start()
    time.sleep(0.2)
    assert handed == [0, 1]
    gate.set()
    feeder.join(5)
    assert begun == list(range(6))


def test_an_error_reaches_the_caller_and_stops_the_rest():
    done = []

    def work(item: int) -> None:
        if item == 2:
            raise OSError("disk full")
        done.append(item)

    handed = []

    def feed() -> None:
        with background_worker(work) as hand_over:
            for item in range(100):
                hand_over(item)
                handed.append(item)
                time.sleep(0.002)

    with pytest.raises(OSError, match="disk full"):
        feed()
    assert len(handed) < 20
    assert done[:2] == [0, 1]


def test_an_error_in_the_last_item_is_raised_at_the_end():
    def work(item: int) -> None:
        time.sleep(0.02)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), background_worker(work) as hand_over:
        hand_over(1)


def test_an_interrupted_block_drops_what_has_not_begun():
    done = []

    def work(item: int) -> None:
        time.sleep(0.05)
        done.append(item)

    def feed() -> None:
        with background_worker(work, waiting=10) as hand_over:
            for item in range(10):
                hand_over(item)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        feed()
    assert len(done) < 3


def test_the_time_in_which_the_caller_waits_is_a_stage_of_its_own():
    stopwatch = Stopwatch()
    with background_worker(lambda item: time.sleep(0.05), stopwatch, waiting=1) as hand_over:
        for item in range(3):
            hand_over(item)
    assert list(stopwatch.seconds) == ["wait"]
    assert 0.1 < stopwatch.seconds["wait"] < 5
    assert stopwatch.overlapping == {}


def test_what_is_read_ahead_comes_in_order_from_another_thread() -> None:
    threads, ready = set(), []

    def items() -> Iterator[int]:
        for item in range(6):
            threads.add(threading.get_ident())
            ready.append(item)
            yield item

    ahead = read_ahead(items(), waiting=2)
    assert next(ahead) == 0
    time.sleep(0.05)
    assert ready == [0, 1, 2], "the two after the one that was taken"
    assert list(ahead) == [1, 2, 3, 4, 5]
    assert threads.isdisjoint({threading.get_ident()})


def test_a_thread_that_reads_ahead_may_have_other_work() -> None:
    def items() -> Iterator[int]:
        while True:
            yield threading.get_ident()

    with ThreadPoolExecutor(1) as thread:
        own = thread.submit(threading.get_ident).result()
        with closing(read_ahead(items(), thread)) as ahead:
            assert next(ahead) == own
            assert thread.submit(threading.get_ident).result() == own
            assert next(ahead) == own
        assert thread.submit(threading.get_ident).result() == own, "it is left open"


def test_an_error_of_what_is_read_ahead_comes_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("disk unplugged")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="unplugged"):
        next(ahead)


def test_nothing_is_read_after_the_end_of_the_block() -> None:
    """So the file can be closed."""
    begun = []

    def items() -> Generator[int]:
        for item in range(100):
            begun.append(item)
            time.sleep(0.02)
            yield item

    given = items()
    with closing(read_ahead(given)) as ahead:
        next(ahead)
    given.close()  # raises ValueError while the thread is inside
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count < 5
