"""Locks between processes; their use by batches is tested in tests/pipelines/batch/test_journal.py."""

from pathlib import Path

import pytest
from filelock import Timeout

from pipelines.runtime.locks import exclusive_lock, is_locked, shared_lock


def test_one_holds_an_exclusive_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with exclusive_lock(path), pytest.raises(Timeout), exclusive_lock(path, wait=False):
        pass
    with exclusive_lock(path, wait=False):
        pass


def test_several_hold_a_shared_lock(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    assert not is_locked(folder)
    with shared_lock(folder):
        with shared_lock(folder):
            assert is_locked(folder)
        assert is_locked(folder)
    assert not is_locked(folder)
    assert not list(folder.iterdir())
