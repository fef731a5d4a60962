"""Files between machines that share no disk: there in pieces, back in pieces, nothing half."""

import weakref
from pathlib import Path

import pytest

from models.errors import ProcessingError
from pipelines.batch.events import Event
from pipelines.batch.executors.ray import transfer as parcels
from pipelines.batch.executors.ray.transfer import FileChunk, IncomingOutputs, UploadCache, files_of, moved, sent
from pipelines.batch.jobs import Job
from pipelines.batch.outputs import fingerprint


class Store:
    """Objects by number, as a cluster keeps them; `most` is the largest."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def put(self, data: bytes) -> int:
        self.objects.append(data)
        return len(self.objects) - 1

    def get(self, number: int) -> bytes:
        return self.objects[number]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(parcels, "PIECE", 10)
    return Store()


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def made(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(("1.png", "2.png", "deep/3.png")):
        (folder / name).write_bytes(b"0123456789" * number + b"x" * number)
    return folder


def test_a_file_and_a_folder_arrive_as_they_were_in_small_pieces(store: Store, tmp_path: Path) -> None:
    folder = made(tmp_path / "frames")
    for path in (folder, folder / "2.png"):
        place = UploadCache(store.put).parcel(str(path)).unpack(tmp_path / "node", store.get)
        assert place.name == path.name
        assert place.is_dir() == path.is_dir()
    assert tree(next((tmp_path / "node").glob("*/frames"))) == tree(folder)
    assert tree(tmp_path / "node").keys() > {str(place.relative_to(tmp_path / "node"))}
    assert max(map(len, store.objects)) == 10


def test_an_empty_folder_arrives(store: Store, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    assert UploadCache(store.put).parcel(str(tmp_path / "frames")).unpack(tmp_path / "node", store.get).is_dir()


def test_a_parcel_is_packed_once_while_it_is_wanted_and_again_when_the_file_has_changed(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"first")
    depot = UploadCache(store.put)
    first = depot.parcel(str(path))
    assert depot.parcel(str(path)) is first
    path.write_bytes(b"second")
    places = [parcel.unpack(tmp_path / "node", store.get) for parcel in (first, depot.parcel(str(path)), first)]
    assert [place.read_bytes() for place in places] == [b"first", b"second", b"first"]
    kept = weakref.ref(first)
    del first
    assert kept() is None


def done(folder: Path, *names: str) -> Event:
    return Event("j", "done", files={name: fingerprint(folder / name) for name in names})


def test_outputs_appear_whole_and_replace_what_was_there(store: Store, tmp_path: Path) -> None:
    node, batch = tmp_path / "node", tmp_path / "batch"
    made(node / "pictures")
    (node / "a.mp4").write_bytes(b"y" * 25)
    (batch / "pictures").mkdir(parents=True)
    (batch / "pictures" / "9.png").write_bytes(b"old")
    arrivals = IncomingOutputs(batch)
    for piece in sent(["pictures", "a.mp4"], node):
        assert len(piece.data) <= 10
        arrivals.add(piece)
    assert not (batch / "a.mp4").exists()
    event = arrivals.deliver(done(node, "pictures", "a.mp4"))
    assert {name: data for name, (data, _) in tree(batch / "pictures").items()} == {
        name: data for name, (data, _) in tree(node / "pictures").items()
    }
    assert event.files == done(batch, "pictures", "a.mp4").files
    arrivals.drop()
    assert {path.name for path in batch.iterdir()} == {"pictures", "a.mp4", ".gfla"}
    assert tree(batch / ".gfla") == {}


def test_what_was_damaged_on_its_way_does_not_appear(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "a.mp4").write_bytes(b"whole")
    arrivals = IncomingOutputs(tmp_path / "batch")
    arrivals.add(FileChunk("a.mp4", b"who"))
    with pytest.raises(ProcessingError, match=r"a\.mp4 was damaged"):
        arrivals.deliver(done(tmp_path / "node", "a.mp4"))
    assert not (tmp_path / "batch" / "a.mp4").exists()


def test_all_files_that_a_job_names_travel_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "w.safetensors"):
        (tmp_path / name).touch()
    here = {name: str(tmp_path / name) for name in ("a.png", "b.png", "w.safetensors", "missing.png")}
    targets = [here["b.png"], here["missing.png"], here["a.png"]]
    job = Job(
        "p", "pose", {"source": here["a.png"], "targets": targets, "weights": here["w.safetensors"], "crf": 3}, "p"
    )
    assert files_of(job) == [here["a.png"], here["b.png"], here["w.safetensors"]]
    there = moved(job, {path: f"/node/{Path(path).name}" for path in files_of(job)})
    assert there.options["targets"] == ["/node/b.png", here["missing.png"], "/node/a.png"]
    assert (there.source, there.options["weights"], there.options["crf"]) == ("/node/a.png", "/node/w.safetensors", 3)
