"""How jobs are spread over a machine."""

from pathlib import Path

import pytest

from pipelines.batch.executors.allocation import Machine
from pipelines.batch.jobs import Job

GIB = 2**30


def make_jobs(count: int) -> list[Job]:
    return [Job(f"j{n}", "animate", {"source": "/s.png", "driving": "/d.mp4"}, f"j{n}.mp4") for n in range(count)]


@pytest.mark.parametrize(
    ("machine", "asked", "workers", "threads", "together"),
    [
        (Machine(8, 64 * GIB), {}, 8, 1, 1),
        (Machine(8, 64 * GIB), {"threads": 4}, 2, 4, 1),
        (Machine(8, 4 * GIB), {}, 2, 1, 1),
        (Machine(1, 0.1 * GIB), {}, 1, 1, 1),
        (Machine(8, 64 * GIB), {"workers": 3, "together": 2}, 3, 1, 2),
        (Machine(8, 64 * GIB, (("0", 24 * GIB), ("1", 4 * GIB))), {}, 2, 4, 4),
        (Machine(8, 64 * GIB, (("0", 80 * GIB),)), {}, 2, 4, 8),
        (Machine(32, 64 * GIB, (("0", 80 * GIB),)), {}, 4, 4, 8),
        (Machine(32, 64 * GIB, (("0", 80 * GIB),), workers_per_gpu=1), {}, 1, 4, 8),
        (Machine(32, 8 * GIB, (("0", 80 * GIB),)), {}, 2, 4, 8),
        (Machine(32, 64 * GIB, (("0", 16 * GIB), ("1", 16 * GIB))), {}, 4, 4, 8),
        (Machine(32, 64 * GIB, (("0", 16 * GIB),)), {"together": 2}, 4, 4, 2),
        (Machine(8, 64 * GIB, (("0", 1 * GIB),)), {}, 1, 4, 1),
    ],
)
def test_cores_memory_and_gpus_decide(
    machine: Machine, asked: dict[str, int], workers: int, threads: int, together: int
) -> None:
    allocation = machine.allocate(**asked)
    assert (allocation.workers, allocation.threads, allocation.together) == (workers, threads, together)


@pytest.mark.parametrize(
    ("count", "workers", "sizes"), [(20, 2, [4] * 5), (5, 4, [2, 2, 1]), (2, 8, [1, 1]), (0, 2, [])]
)
def test_groups_are_small_enough_for_every_worker(count: int, workers: int, sizes: list[int]) -> None:
    groups = Machine(8, 64 * GIB).allocate(workers=workers, threads=3).group_jobs(make_jobs(count))
    assert [len(group.jobs) for group in groups] == sizes
    assert all((group.threads, group.together) == (3, 1) for group in groups)


@pytest.fixture
def torch_version(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The last element is the version of PyTorch that is installed."""
    version = ["2.11.0"]
    monkeypatch.setattr("pipelines.batch.executors.allocation.versions", lambda packages: {"torch": version[-1]})
    return version


def test_gpus_are_those_that_nvidia_smi_lists_and_the_environment_allows(
    torch_version: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho '0, GPU-aa, 80000'\necho '1, GPU-bb, 24000'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [name for name, _ in Machine.detect(["auto"]).gpus] == ["0", "1"]
    assert Machine.detect(["cpu"]).gpus == ()
    shared = Machine.detect(["cpu", "cuda:1"])
    assert (shared.cores, shared.gpus) == (1, ())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-bb")
    assert Machine.detect(["cuda"]).gpus == (("GPU-bb", 24000 * 2**20),)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert Machine.detect(["cuda"]).gpus == ()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    for version in ("2.11.0+cpu", "not installed"):
        torch_version.append(version)
        assert Machine.detect(["cuda"]).gpus == ()
