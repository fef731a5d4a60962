"""Files on their way between machines that share no disk, in pieces, so that no file is ever whole in memory."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from models.errors import ProcessingError
from pipelines.batch.events import Event
from pipelines.batch.jobs import Job, digest, identity
from pipelines.batch.journal import STATE
from pipelines.batch.outputs import fingerprint
from pipelines.media.files import atomic_output, report_write_errors

PIECE = 4 * 2**20  # bytes
ARRIVING = f"{STATE}/arriving"


@dataclass(frozen=True)
class FileBundle:
    """A file or folder that jobs read. path: where the user has it. mark: digest of its identity.

    files: path within the folder ("" for a file itself), mtime (ns), and the pieces as references to objects.
    """

    path: str
    mark: str
    is_folder: bool
    files: tuple[tuple[str, int, tuple[Any, ...]], ...]

    def unpack(self, folder: Path, get: Callable[[Any], bytes]) -> Path:
        """Write it below `folder`, where other processes may do the same; gives its path there."""
        place = folder / self.mark / Path(self.path).name
        if place.exists():
            return place
        beside = folder / uuid4().hex
        (beside / place.name if self.is_folder else beside).mkdir(parents=True)
        for name, changed, pieces in self.files:
            path = beside / place.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.writelines(map(get, pieces))
            os.utime(path, ns=(changed, changed))
        try:
            beside.rename(place.parent)
        except OSError:  # another process was first
            shutil.rmtree(beside)
        return place


class UploadCache:
    """Parcels by path, packed once while any order holds them. `put` turns bytes into a reference to an object."""

    def __init__(self, put: Callable[[bytes], Any]) -> None:
        self._put = put
        self._packed: WeakValueDictionary[str, FileBundle] = WeakValueDictionary()

    def parcel(self, path: str) -> FileBundle:
        """Raises OSError if it can't be read."""
        mark = digest(identity(Path(path)))
        if (known := self._packed.get(mark)) is None:
            known = self._packed[mark] = FileBundle(path, mark, Path(path).is_dir(), tuple(self._files(Path(path))))
        return known

    def _files(self, path: Path) -> Iterator[tuple[str, int, tuple[Any, ...]]]:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                name = str(file.relative_to(path)) if file != path else ""
                yield name, file.stat().st_mtime_ns, tuple(map(self._put, pieces(file)))


@dataclass(frozen=True)
class FileChunk:
    """The next bytes of an output of a job. name: path relative to the folder of the batch."""

    name: str
    data: bytes


class IncomingOutputs:
    """Outputs of one worker that come in pieces; they appear in the folder of the batch when they are whole."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder, folder / ARRIVING / uuid4().hex

    def add(self, piece: FileChunk) -> None:
        """Raises ProcessingError if the disk is full."""
        path = self.place / piece.name
        with report_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as stream:
                stream.write(piece.data)

    def deliver(self, event: Event) -> Event:
        """Put the outputs of a job that is done in place. Raises ProcessingError if what came is not what was sent."""
        files = event.files or {}
        for name, (sha256, _, _) in files.items():
            if fingerprint(self.place / name)[0] != sha256:
                raise ProcessingError(f"{name} was damaged on its way from the node")
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (self.place / name).is_dir():
                shutil.rmtree(target, ignore_errors=True)
                os.replace(self.place / name, target)
            else:
                with atomic_output(target, overwrite=True) as temporary:
                    os.replace(self.place / name, temporary)
        return replace(event, files={name: fingerprint(self.folder / name) for name in files})

    def drop(self) -> None:
        """Remove what has not been delivered."""
        shutil.rmtree(self.place, ignore_errors=True)


def pieces(path: Path) -> Iterator[bytes]:
    """A file in pieces; at least one, which may be empty."""
    with path.open("rb") as stream:
        yield stream.read(PIECE)
        while data := stream.read(PIECE):
            yield data


def sent(outputs: Sequence[str], folder: Path) -> Iterator[FileChunk]:
    """Outputs of a job, files or folders, in pieces."""
    for output in outputs:
        path = folder / output
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield from (FileChunk(str(file.relative_to(folder)), data) for data in pieces(file))


def files_of(job: Job) -> list[str]:
    """Every file or folder that the options of a job name and that is there."""
    values = [item for value in job.options.values() for item in (value if isinstance(value, list) else [value])]
    named = [value for value in values if isinstance(value, str) and os.path.isabs(value)]
    return [value for value in dict.fromkeys(named) if os.path.isfile(value) or os.path.isdir(value)]


def moved(job: Job, places: dict[str, str]) -> Job:
    """The job with its files at other places."""

    def place(value: Any) -> Any:
        return [place(item) for item in value] if isinstance(value, list) else places.get(value, value)

    return replace(job, options={name: place(value) for name, value in job.options.items()})
