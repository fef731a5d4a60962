"""Fingerprints have exact values, because keys and journals on disk contain them."""

import os
from pathlib import Path

import pytest

from pipelines.runtime.fingerprints import content_fingerprint, file_identity, file_sha256, json_digest

SHA256_OF_ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files with known contents and mtimes (5 ns, and 7 ns for the second)."""
    (tmp_path / "f" / "sub").mkdir(parents=True)
    for name, contents, mtime in (("1.png", "one", 5), ("2.png", "two", 7), ("sub/3.png", "three", 5)):
        path = tmp_path / "f" / name
        path.write_text(contents)
        os.utime(path, ns=(mtime, mtime))
    return tmp_path / "f"


def test_a_file_is_its_contents_size_and_mtime(folder: Path) -> None:
    assert file_sha256(folder / "1.png") == SHA256_OF_ONE
    assert content_fingerprint(folder / "1.png") == (SHA256_OF_ONE, 3, 5)


def test_a_folder_is_the_names_and_contents_of_everything_inside(folder: Path) -> None:
    sha256 = "1ca098cd7415a854c926f9034ccbff8b57a024c1f5bf1c2863deefa072668f02"
    assert content_fingerprint(folder) == (sha256, 11, 7)
    (folder / "2.png").rename(folder / "4.png")
    assert content_fingerprint(folder)[0] != sha256


def test_a_missing_file_has_no_contents(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content_fingerprint(folder / "missing.png")


def test_an_identity_has_path_size_and_mtime_and_those_of_entries(folder: Path) -> None:
    file = folder / "1.png"
    assert file_identity(file) == [str(file), 3, 5, []]
    path, _, mtime, entries = file_identity(folder)
    assert (path, mtime) == (str(folder), folder.stat().st_mtime_ns)
    assert [entry[0] for entry in entries] == ["1.png", "2.png", "sub"]
    assert entries[:2] == [["1.png", 3, 5], ["2.png", 3, 7]]
    assert file_identity(Path("/nowhere/a.png")) == ["/nowhere/a.png"]


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    digest = json_digest({"b": 1.5, "a": ["ü", None, True]})
    assert digest == "3534bee306714a6d058d18b0a1dd03c76e876fbf4e5e1cafae5c96ebad5df2f1"
    assert json_digest({"a": ["ü", None, True], "b": 1.5}) == digest
    assert json_digest({"a": ["ü", None, True], "b": 2.5}) != digest
