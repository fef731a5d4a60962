"""A collection of two small files, from wheels made here: fetched whole or not at all."""

import errno
import hashlib
import importlib.util
import subprocess
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from models.errors import BackendUnavailable, GflaError, InputError, ProcessingError, WeightsError
from pipelines.runtime.progress import NotesProgress
from pipelines.weights import collections, fetching
from pipelines.weights.collections import Collection, CollectionFile
from pipelines.weights.fetching import fetch_collection

CONTENTS = {"net.tflite": b"network" * 1000, "LICENSE": b"terms"}
MEMBERS = {"net.tflite": "eyes/net.tflite", "LICENSE": "eyes-1.0.dist-info/LICENSE"}
WHEEL = "eyes-1.0-py3-none-any.whl"
needs_pip = pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this Python has no pip")


def write_wheel(path: Path, contents: dict[str, bytes]) -> Path:
    with ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(MEMBERS[name], content)
        archive.writestr("eyes-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("eyes-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: eyes\nVersion: 1.0\n")
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    (tmp_path / "index").mkdir()
    return write_wheel(tmp_path / "index" / WHEEL, CONTENTS)


@pytest.fixture
def collection(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collection:
    """The collection in the wheel; pip finds wheels in the folder `index` and nowhere else."""
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    files = tuple(
        CollectionFile(name, MEMBERS[name], len(content), hashlib.sha256(content).hexdigest())
        for name, content in CONTENTS.items()
    )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    made = Collection("eyes", "eyes==1.0", WHEEL, digest, wheel.stat().st_size, (), "Apache-2.0", files)
    monkeypatch.setattr(collections, "COLLECTIONS", {"eyes": made})
    return made


def stored(tmp_path: Path) -> list[str]:
    """Everything in the user's weights folder."""
    folder = tmp_path / "weights"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_wheel_that_is_already_here(collection: Collection, wheel: Path, tmp_path: Path) -> None:
    folder = fetch_collection(collection, wheel)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    assert collections.network_file(collection, "net") == folder / "net.tflite"
    assert stored(tmp_path) == ["eyes/LICENSE", "eyes/net.tflite"]


@needs_pip
def test_a_download_is_announced_and_not_repeated(collection: Collection, wheel: Path, tmp_path: Path) -> None:
    progress = NotesProgress()
    fetch_collection(collection, None, progress)
    wheel.unlink()
    fetch_collection(collection, None, progress)
    assert progress.notes == ["downloading eyes==1.0 (0 MB)", "eyes is already here and intact"]
    assert stored(tmp_path) == ["eyes/LICENSE", "eyes/net.tflite"]


def test_list_and_verify_know_what_was_fetched(collection: Collection, wheel: Path) -> None:
    assert (collections.entries(), collections.verify_collections()) == ([], {})
    folder = fetch_collection(collection, wheel)
    (entry,) = collections.entries()
    assert (entry.name, entry.size, entry.licence, entry.problem) == ("eyes/net", 7000, "Apache-2.0", None)
    (folder / "net.tflite").write_bytes(b"other")
    assert "expected" in (collections.entries()[0].problem or "")
    assert [bool(problem) for problem in collections.verify_collections().values()] == [True, False]
    with pytest.raises(BackendUnavailable, match="run 'gfla weights fetch eyes'"):
        collections.network_file(collection, "net")


def test_a_damaged_collection_is_fetched_again(collection: Collection, wheel: Path, tmp_path: Path) -> None:
    (fetch_collection(collection, wheel) / "net.tflite").unlink()
    fetch_collection(collection, wheel)
    assert collection.is_intact()
    assert stored(tmp_path) == ["eyes/LICENSE", "eyes/net.tflite"]


HARM = {
    "no wheel": lambda path: path.write_text("no wheel"),
    "web page": lambda path: path.write_text("<!DOCTYPE html>"),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:3000]),
    "changed byte": lambda path: path.write_bytes(path.read_bytes().replace(b"networknet", b"networknEt", 1)),
    "other content": lambda path: write_wheel(path, CONTENTS | {"net.tflite": b"other"}),
    "longer content": lambda path: write_wheel(path, CONTENTS | {"net.tflite": CONTENTS["net.tflite"] + b"x"}),
    "file missing": lambda path: write_wheel(path, {"LICENSE": b"terms"}),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_wrong_wheel_leaves_nothing_behind(collection: Collection, wheel: Path, tmp_path: Path, harm) -> None:
    harm(wheel)
    with pytest.raises((WeightsError, InputError), match=WHEEL) as caught:
        fetch_collection(collection, wheel)
    assert len(str(caught.value).splitlines()) == 1
    assert stored(tmp_path) == []


@needs_pip
@pytest.mark.parametrize("case", ["not in the index", "another wheel"])
def test_a_failed_download_leaves_nothing_behind(collection: Collection, tmp_path: Path, case: str) -> None:
    changed = {"requirement": "eyes==2.0"} if case == "not in the index" else {"wheel_sha256": "0" * 64}
    with pytest.raises(GflaError, match="--from") as caught:
        fetch_collection(replace(collection, **changed))
    assert len(str(caught.value).splitlines()) == 1
    assert stored(tmp_path) == []


def test_without_pip_it_says_what_to_do(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailable, match=r"no pip: run 'python -m ensurepip', or download .*--from"):
        fetch_collection(collection)


def test_a_full_disk_leaves_what_was_there(
    collection: Collection, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_collection(collection, wheel)

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching.os, "fsync", fail)
    with pytest.raises(ProcessingError, match="No space left"):
        fetch_collection(collection, wheel)
    assert collection.is_intact()
    assert stored(tmp_path) == ["eyes/LICENSE", "eyes/net.tflite"]


def test_an_interrupted_download_leaves_nothing_behind(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch_collection(collection)
    assert stored(tmp_path) == []
