"""Files on their way between machines that share no disk, in chunks, so that no file is ever in memory as a whole.

Inputs: `UploadCache` makes a `FileBundle` of each file of a job, which a task unpacks on its node. Outputs: a task
yields the `FileChunk`s of `read_outputs`, which `IncomingOutputs` puts together. Objects are Ray's, by reference.
"""

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
from pipelines.batch.jobs import Job
from pipelines.batch.journal import STATE_FOLDER
from pipelines.media.files import atomic_output, report_write_errors
from pipelines.runtime.fingerprints import content_fingerprint, file_identity, json_digest

CHUNK_BYTES = 4 * 2**20
ARRIVING_FOLDER = f"{STATE_FOLDER}/arriving"  # outputs that are not complete, inside the folder of the batch


@dataclass(frozen=True)
class BundledFile:
    """One file of a bundle."""

    name: str
    """Path inside the folder; "" for a bundle of one file."""
    mtime: int
    """In ns."""
    chunks: tuple[Any, ...]
    """References to its bytes."""


@dataclass(frozen=True)
class FileBundle:
    """A file or folder that jobs read, packed for other machines."""

    path: str
    """Where the user has it."""
    key: str
    """Digest of its identity: another one once the file has changed."""
    is_folder: bool
    files: tuple[BundledFile, ...]

    def unpack(self, folder: Path, get: Callable[[Any], bytes]) -> Path:
        """Write it below `folder`, where other processes may do the same at once; returns its path there.

        `get` turns a reference into bytes. Raises OSError if the disk is full.
        """
        place = folder / self.key / Path(self.path).name
        if place.exists():
            return place
        temporary = folder / uuid4().hex
        (temporary / place.name if self.is_folder else temporary).mkdir(parents=True)
        for file in self.files:
            path = temporary / place.name / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.writelines(map(get, file.chunks))
            os.utime(path, ns=(file.mtime, file.mtime))
        try:
            temporary.rename(place.parent)
        except OSError:  # another process was first
            shutil.rmtree(temporary)
        return place


class UploadCache:
    """Bundles by file, each packed once for as long as any task needs it. `put` turns bytes into a reference."""

    def __init__(self, put: Callable[[bytes], Any]) -> None:
        self._put = put
        self._bundles: WeakValueDictionary[str, FileBundle] = WeakValueDictionary()

    def pack(self, path: str) -> FileBundle:
        """The bundle of a file or folder. Raises OSError if it can't be read."""
        key = json_digest(file_identity(Path(path)))
        if (bundle := self._bundles.get(key)) is None:
            bundle = FileBundle(path, key, Path(path).is_dir(), tuple(self._pack_files(Path(path))))
            self._bundles[key] = bundle
        return bundle

    def _pack_files(self, path: Path) -> Iterator[BundledFile]:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                name = str(file.relative_to(path)) if file != path else ""
                yield BundledFile(name, file.stat().st_mtime_ns, tuple(map(self._put, _read_chunks(file))))


@dataclass(frozen=True)
class FileChunk:
    """The next bytes of an output of a job."""

    name: str
    """Path relative to the folder of the batch."""
    data: bytes
    """At most CHUNK_BYTES."""


class IncomingOutputs:
    """Outputs of one worker that arrive in chunks; they appear in the folder of the batch once they are complete."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._arriving = folder, folder / ARRIVING_FOLDER / uuid4().hex

    def append(self, chunk: FileChunk) -> None:
        """Store a chunk. Raises ProcessingError if the disk is full."""
        path = self._arriving / chunk.name
        with report_write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as stream:
                stream.write(chunk.data)

    def deliver(self, event: Event) -> Event:
        """Move the outputs of a job that is done into place; returns the event with their fingerprints there.

        Raises:
            ProcessingError: an output differs from what was sent, or the disk is full.
            OSError: an output is missing, or can't be moved.
        """
        files = event.files or {}
        for name, (sha256, _, _) in files.items():
            if content_fingerprint(self._arriving / name)[0] != sha256:
                raise ProcessingError(f"{name} was damaged in transfer from the node")
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (self._arriving / name).is_dir():
                shutil.rmtree(target, ignore_errors=True)
                os.replace(self._arriving / name, target)
            else:
                with atomic_output(target, overwrite=True) as temporary:
                    os.replace(self._arriving / name, temporary)
        return replace(event, files={name: content_fingerprint(self.folder / name) for name in files})

    def discard(self) -> None:
        """Remove what has not been delivered."""
        shutil.rmtree(self._arriving, ignore_errors=True)


def read_outputs(outputs: Sequence[str], folder: Path) -> Iterator[FileChunk]:
    """Outputs of a job, files or folders by their path relative to `folder`, in chunks."""
    for output in outputs:
        path = folder / output
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield from (FileChunk(str(file.relative_to(folder)), data) for data in _read_chunks(file))


def existing_files(job: Job) -> list[str]:
    """Every file or folder that the options of a job name and that exists, without repetition."""
    return [path for path in dict.fromkeys(job.files) if os.path.isfile(path) or os.path.isdir(path)]


def relocate(job: Job, places: dict[str, str]) -> Job:
    """The job with its files at other paths; `places`: new paths by old ones."""

    def move(value: Any) -> Any:
        return [move(item) for item in value] if isinstance(value, list) else places.get(value, value)

    return replace(job, options={name: move(value) for name, value in job.options.items()})


def _read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file; at least one chunk, which may be empty."""
    with path.open("rb") as stream:
        yield stream.read(CHUNK_BYTES)
        while data := stream.read(CHUNK_BYTES):
            yield data
