"""Processes on this machine."""

from pathlib import Path

import psutil
import pytest

from pipelines.batch.executors import EXECUTORS, Executor
from tests.helpers.executor_contract import ExecutorContract, Make


@pytest.mark.cluster
class TestLocal(ExecutorContract):
    """The contract."""

    @pytest.fixture
    def make(self) -> Make:
        def local(folder: Path, *, workers: int) -> Executor:
            return EXECUTORS["local"](folder, workers=workers, gpus=())

        return local

    def victims(self, executor: Executor) -> list[int]:
        children = psutil.Process().children()
        return [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
