"""How jobs are spread over a machine."""

from pathlib import Path

import pytest

from pipelines.batch import journal
from pipelines.batch.estimate import SECONDS, estimates
from pipelines.batch.events import Event
from pipelines.batch.executors.allocation import Machine
from pipelines.batch.jobs import Job
from pipelines.batch.outputs import fingerprint

GIB = 2**30


def jobs(count: int) -> list[Job]:
    return [Job(f"j{n}", "animate", {"source": "/s.png", "driving": "/d.mp4"}, f"j{n}.mp4") for n in range(count)]


@pytest.mark.parametrize(
    ("machine", "asked", "workers", "threads", "together"),
    [
        (Machine(8, 64 * GIB), (None, None, None), 8, 1, 1),
        (Machine(8, 64 * GIB), (None, 4, None), 2, 4, 1),
        (Machine(8, 4 * GIB), (None, None, None), 2, 1, 1),
        (Machine(1, 0.1 * GIB), (None, None, None), 1, 1, 1),
        (Machine(8, 64 * GIB), (3, None, 2), 3, 1, 2),
        (Machine(8, 64 * GIB, (("0", 24 * GIB), ("1", 4 * GIB))), (None, None, None), 2, 4, 4),
        (Machine(8, 64 * GIB, (("0", 80 * GIB),)), (None, None, None), 1, 4, 8),
        (Machine(8, 64 * GIB, (("0", 1 * GIB),)), (None, None, None), 1, 4, 1),
    ],
)
def test_cores_memory_and_gpus_decide(
    machine: Machine, asked: tuple, workers: int, threads: int, together: int
) -> None:
    spread = machine.spread(*asked)
    assert (spread.workers, spread.threads, spread.together) == (workers, threads, together)


@pytest.mark.parametrize(
    ("count", "workers", "sizes"), [(20, 2, [4] * 5), (5, 4, [2, 2, 1]), (2, 8, [1, 1]), (0, 2, [])]
)
def test_groups_are_small_enough_for_every_worker(count: int, workers: int, sizes: list[int]) -> None:
    groups = Machine(8, 64 * GIB).spread(workers, 3, None).groups(jobs(count))
    assert [len(group.jobs) for group in groups] == sizes
    assert all((group.threads, group.together) == (3, 1) for group in groups)


def test_gpus_are_those_that_nvidia_smi_lists_and_the_environment_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho '0, GPU-aa, 80000'\necho '1, GPU-bb, 24000'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pipelines.batch.executors.allocation._torch", lambda: "2.11.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [name for name, _ in Machine.here(["auto"]).gpus] == ["0", "1"]
    assert Machine.here(["cpu"]).gpus == ()
    shared = Machine.here(["cpu", "cuda:1"])
    assert (shared.cores, shared.gpus) == (1, ())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-bb")
    assert Machine.here(["cuda"]).gpus == (("GPU-bb", 24000 * 2**20),)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert Machine.here(["cuda"]).gpus == ()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr("pipelines.batch.executors.allocation._torch", lambda: "2.11.0+cpu")
    assert Machine.here(["cuda"]).gpus == ()


def test_estimates_take_the_rate_of_what_is_done(tmp_path: Path) -> None:
    made = [Job(f"v{n}", "view-synth", {"images": ["/car.png"], "views": 10}, f"v{n}.mp4") for n in range(3)]
    assert [(each.state, each.seconds) for each in estimates(made, tmp_path)] == [
        ("new", 10 * SECONDS["view-synth"])
    ] * 3
    with journal.opened(tmp_path) as book:
        book.queue(made[:2])
        for job in made[:2]:
            (tmp_path / job.output).write_text("video")
            files = {job.output: fingerprint(tmp_path / job.output)}
            book.note(Event(job.name, "done", files=files, seconds=20.0, frames=10))
    (tmp_path / "v1.mp4").write_text("vide")
    assert [(each.state, each.seconds) for each in estimates(made, tmp_path)] == [
        ("done", 0),
        ("torn", 20),
        ("new", 20),
    ]
