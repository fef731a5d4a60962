"""Which jobs continue after a worker's death."""

import signal

import pytest

from pipelines.batch.executors.retries import RetryPolicy
from pipelines.batch.jobs import Group, Job

JOBS = tuple(Job(name, "animate", {"source": "/s.png", "driving": "/d.mp4"}, f"{name}.mp4") for name in "abcd")


def names(groups: list[Group]) -> list[list[str]]:
    return [[job.name for job in group.jobs] for group in groups]


def test_the_running_job_is_tried_again_alone_and_the_rest_together() -> None:
    group = Group(JOBS, threads=3)
    retry, failed = RetryPolicy().handle_death(group, started={"a", "b"}, ended={"a"}, status=-signal.SIGKILL)
    assert names(retry) == [["b"], ["c", "d"]]
    assert {group.threads for group in retry} == {3}
    assert not failed


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (-signal.SIGSEGV, "crashed (SIGSEGV)"),
        (-signal.SIGKILL, "was killed (out of memory?)"),
        (3, "ended unexpectedly with status 3"),
        (None, "ended unexpectedly"),
    ],
)
def test_after_a_second_death_the_job_fails_with_the_cause(status: int | None, fate: str) -> None:
    retries = RetryPolicy()
    retries.handle_death(Group(JOBS), started={"a"}, ended=set(), status=-signal.SIGKILL)
    retry, failed = retries.handle_death(Group(JOBS[:1]), started={"a"}, ended=set(), status=status)
    assert not retry
    assert [(event.job, event.state) for event in failed] == [("a", "failed")]
    assert failed[0].reason == f"its worker process {fate}; gave up after 2 tries"


def test_every_job_of_a_batch_of_the_network_is_a_suspect() -> None:
    group = Group(JOBS, together=2)
    retry, failed = RetryPolicy().handle_death(group, started={"a", "b"}, ended=set(), status=-signal.SIGKILL)
    assert names(retry) == [["a"], ["b"], ["c", "d"]]
    assert not failed


def test_a_worker_that_never_starts_counts_against_the_first_job() -> None:
    retries = RetryPolicy()
    retries.handle_death(Group(JOBS), started=set(), ended=set(), status=1)
    retry, failed = retries.handle_death(Group(JOBS), started=set(), ended=set(), status=1)
    assert [event.job for event in failed] == ["a"]
    assert names(retry) == [["b", "c", "d"]]


def test_an_idle_worker_may_die() -> None:
    assert RetryPolicy().handle_death(None, started=set(), ended=set(), status=1) == ([], [])
