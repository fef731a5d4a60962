"""Who goes on after a worker's death."""

import signal

from pipelines.batch.executors.retries import RetryPolicy
from pipelines.batch.jobs import Group, Job

JOBS = tuple(Job(name, "animate", {"source": "/s.png", "driving": "/d.mp4"}, f"{name}.mp4") for name in "abcd")


def names(groups: list[Group]) -> list[list[str]]:
    return [[job.name for job in group.jobs] for group in groups]


def test_the_job_at_work_is_tried_again_alone_and_the_rest_together() -> None:
    again, lost = RetryPolicy().after(Group(JOBS, threads=3), {"a", "b"}, {"a"}, -signal.SIGKILL)
    assert names(again) == [["b"], ["c", "d"]]
    assert {group.threads for group in again} == {3}
    assert not lost


def test_after_a_second_death_the_job_is_given_up_with_the_cause() -> None:
    casualties = RetryPolicy()
    casualties.after(Group(JOBS), {"a"}, set(), -signal.SIGKILL)
    again, lost = casualties.after(Group(JOBS[:1]), {"a"}, set(), -signal.SIGSEGV)
    assert not again
    assert [(event.job, event.state) for event in lost] == [("a", "failed")]
    assert lost[0].reason == "the process that did it crashed (SIGSEGV), 2 times"


def test_every_job_of_a_batch_of_the_network_is_a_suspect() -> None:
    again, lost = RetryPolicy().after(Group(JOBS, together=2), {"a", "b"}, set(), -signal.SIGKILL)
    assert names(again) == [["a"], ["b"], ["c", "d"]]
    assert not lost


def test_a_worker_that_never_starts_is_blamed_on_the_first_job() -> None:
    casualties = RetryPolicy()
    for _ in range(2):
        again, lost = casualties.after(Group(JOBS), set(), set(), 1)
    assert [event.job for event in lost] == ["a"]
    assert names(again) == [["b", "c", "d"]]
