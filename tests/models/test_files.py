"""Fingerprints of files, and what downloads leave in their place."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from models.files import describe_stand_in, file_sha256


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


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 102979767\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><head><title>Virus scan warning</title>", "web page"),
        (b"\xef\xbb\xbf\r\n <HTML>\n<body>404</body>", "web page"),
    ],
)
def test_what_a_download_left_in_place_of_a_file_is_told(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "file.pth").write_bytes(content)
    assert words in (describe_stand_in(tmp_path / "file.pth") or "")


@pytest.mark.parametrize("content", [b"", b"version 2", b"\x89PNG\r\n", b"<svg></svg>", b'{"version": 1}'])
def test_other_files_stand_for_themselves(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    assert describe_stand_in(tmp_path / "file") is None
