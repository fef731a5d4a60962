"""Files between machines that share no disk: inputs and outputs in chunks, and nothing incomplete."""

import weakref
from pathlib import Path

import pytest

from models.errors import ProcessingError
from pipelines.batch.events import Event
from pipelines.batch.executors.ray import transfer
from pipelines.batch.executors.ray.transfer import (
    FileChunk,
    IncomingOutputs,
    UploadCache,
    existing_files,
    read_outputs,
    relocate,
)
from pipelines.batch.jobs import Job
from pipelines.runtime.fingerprints import content_fingerprint


class Store:
    """Objects by number, as a cluster keeps them."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def put(self, data: bytes) -> int:
        self.objects.append(data)
        return len(self.objects) - 1

    def get(self, number: int) -> bytes:
        return self.objects[number]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 10)
    return Store()


def read_tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Contents and mtime (ns) of every file by its relative path."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def write_pictures(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(("1.png", "2.png", "deep/3.png")):
        (folder / name).write_bytes(b"0123456789" * number + b"x" * number)
    return folder


def test_a_file_and_a_folder_arrive_as_they_were_in_small_chunks(store: Store, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "frames")
    for path in (folder, folder / "2.png"):
        place = UploadCache(store.put).pack(str(path)).unpack(tmp_path / "node", store.get)
        assert place.name == path.name
        assert place.is_dir() == path.is_dir()
    assert read_tree(next((tmp_path / "node").glob("*/frames"))) == read_tree(folder)
    assert read_tree(tmp_path / "node").keys() > {str(place.relative_to(tmp_path / "node"))}
    assert max(map(len, store.objects)) == 10


def test_an_empty_folder_arrives(store: Store, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    assert UploadCache(store.put).pack(str(tmp_path / "frames")).unpack(tmp_path / "node", store.get).is_dir()


def test_a_file_is_packed_once_while_it_is_needed_and_again_after_it_has_changed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"first")
    uploads = UploadCache(store.put)
    first = uploads.pack(str(path))
    assert uploads.pack(str(path)) is first
    path.write_bytes(b"second")
    places = [bundle.unpack(tmp_path / "node", store.get) for bundle in (first, uploads.pack(str(path)), first)]
    assert [place.read_bytes() for place in places] == [b"first", b"second", b"first"]
    reference = weakref.ref(first)
    del first
    assert reference() is None


def done_event(folder: Path, *names: str) -> Event:
    return Event("j", "done", files={name: content_fingerprint(folder / name) for name in names})


def test_outputs_appear_complete_and_replace_what_was_there(store: Store, tmp_path: Path) -> None:
    node, batch = tmp_path / "node", tmp_path / "batch"
    write_pictures(node / "pictures")
    (node / "a.mp4").write_bytes(b"y" * 25)
    (batch / "pictures").mkdir(parents=True)
    (batch / "pictures" / "9.png").write_bytes(b"old")
    incoming = IncomingOutputs(batch)
    for chunk in read_outputs(["pictures", "a.mp4"], node):
        assert len(chunk.data) <= 10
        incoming.append(chunk)
    assert not (batch / "a.mp4").exists()
    event = incoming.deliver(done_event(node, "pictures", "a.mp4"))
    assert {name: data for name, (data, _) in read_tree(batch / "pictures").items()} == {
        name: data for name, (data, _) in read_tree(node / "pictures").items()
    }
    assert event.files == done_event(batch, "pictures", "a.mp4").files
    incoming.discard()
    assert {path.name for path in batch.iterdir()} == {"pictures", "a.mp4", ".gfla"}
    assert read_tree(batch / ".gfla") == {}


def test_an_output_that_was_damaged_in_transfer_does_not_appear(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "a.mp4").write_bytes(b"complete")
    incoming = IncomingOutputs(tmp_path / "batch")
    incoming.append(FileChunk("a.mp4", b"comp"))
    with pytest.raises(ProcessingError, match=r"a\.mp4 was damaged"):
        incoming.deliver(done_event(tmp_path / "node", "a.mp4"))
    assert not (tmp_path / "batch" / "a.mp4").exists()


def test_all_existing_files_of_a_job_are_sent_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "w.safetensors"):
        (tmp_path / name).touch()
    here = {name: str(tmp_path / name) for name in ("a.png", "b.png", "w.safetensors", "missing.png")}
    targets = [here["b.png"], here["missing.png"], here["a.png"]]
    job = Job(
        "p", "pose", {"source": here["a.png"], "targets": targets, "weights": here["w.safetensors"], "crf": 3}, "p"
    )
    assert existing_files(job) == [here["a.png"], here["b.png"], here["w.safetensors"]]
    there = relocate(job, {path: f"/node/{Path(path).name}" for path in existing_files(job)})
    assert there.options["targets"] == ["/node/b.png", here["missing.png"], "/node/a.png"]
    assert (there.source, there.options["weights"], there.options["crf"]) == ("/node/a.png", "/node/w.safetensors", 3)
