"""One small folder per layout for all tests here; a test that damages one works on a copy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.dataset_folders import SMALL_FOLDERS


@pytest.fixture(scope="package")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder with the layout of this name, written on first use."""
    written: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in written:
            written[name] = SMALL_FOLDERS[name](tmp_path_factory.mktemp(name))
        return written[name]

    return write
