"""Fingerprints of files."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from models.files import file_sha256


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 5000])
def test_it_is_the_sha256_of_the_bytes(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert file_sha256(path) == file_sha256(str(path)) == hashlib.sha256(content).hexdigest()


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_sha256(tmp_path / "absent")


def test_it_does_not_need_torch() -> None:
    script = "import sys, models.files; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
