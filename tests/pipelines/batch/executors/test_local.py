"""Processes on this machine."""

from pathlib import Path

import psutil
import pytest

from pipelines.batch.executors.local import LocalExecutor
from pipelines.batch.executors.registry import Executor
from tests.helpers.executor_contract import ExecutorContract, MakeExecutor


@pytest.mark.cluster
class TestLocalExecutor(ExecutorContract):
    """The contract."""

    @pytest.fixture
    def make(self) -> MakeExecutor:
        return LocalExecutor

    def worker_ids(self, executor: Executor) -> list[int]:
        children = psutil.Process().children()
        return [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_no_groups_are_no_events_and_no_process(tmp_path: Path) -> None:
    before = psutil.Process().children()
    assert list(LocalExecutor(tmp_path, workers=2).run([])) == []
    assert psutil.Process().children() == before
