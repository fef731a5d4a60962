"""Executors by name, and how a user's options become an allocation."""

import sys
from pathlib import Path

import pytest

from models.errors import BackendUnavailable, InputError
from pipelines.batch.executors.allocation import Machine
from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.executors.registry import ExecutorOptions, open_executor

GIB = 2**30


def test_the_local_executor_is_opened_with_its_allocation(tmp_path: Path) -> None:
    options = ExecutorOptions(["cpu"], workers=3, threads=2, together=1)
    with open_executor("local", tmp_path, options, lambda _: None) as (executor, allocation):
        assert isinstance(executor, LocalExecutor)
        assert (executor.folder, executor.workers, list(executor.gpus)) == (tmp_path, 3, [])
        assert (allocation.workers, allocation.threads, allocation.together) == (3, 2, 1)


def test_ray_must_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(BackendUnavailable, match="needs the package ray"),
        open_executor("ray", tmp_path, ExecutorOptions(["cpu"]), lambda _: None),
    ):
        pass


def test_an_unknown_executor_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="executor 'slurm' must be one of local, ray"):
        open_executor("slurm", tmp_path, ExecutorOptions(["cpu"]), lambda _: None)


def test_what_the_user_asks_for_replaces_what_suits_the_machine() -> None:
    machine = Machine(8, 64 * GIB)
    assert ExecutorOptions(["cpu"]).allocate(machine).workers == 8
    asked = ExecutorOptions(["cpu"], workers=2, threads=3, together=4).allocate(machine)
    assert (asked.workers, asked.threads, asked.together) == (2, 3, 4)
    assert ExecutorOptions(["cpu"], workers=5).allocate().workers == 5
