"""Files that come from the page: received in pieces, looked at by our own readers, and found again by their number.

In: the body of a request. Out: a file in a folder of its own, below the folder of uploads. Names come from outside, so
only their letters are kept; what a file is, is decided by reading it in a process of its own, never by its suffix.
"""

import asyncio
import json
import os
import re
import shutil
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from models.errors import InputError
from pipelines.media.suffixes import DRIVING_SUFFIXES, PICTURE_SUFFIXES

KINDS = ("picture", "driving", "background")
NUMBER = re.compile(r"[0-9a-f]{32}")
KNOWN_SUFFIXES = PICTURE_SUFFIXES | DRIVING_SUFFIXES | {".json"}
MAX_STEM = 60  # characters of a name
UNUSED_FILES, UNUSED_SHARE = 16, 4  # uploads that no job uses: how many are kept, and their size in largest uploads
PROBE_SECONDS = 60.0
PROBES = 2  # at once


class UploadTooLarge(InputError):
    """More bytes than one upload may have."""


@dataclass(frozen=True)
class Upload:
    """A file that was received."""

    number: str
    """32 hexadecimal digits, by which the page names it."""
    path: Path
    facts: dict[str, Any]
    """What `probe` says about it."""


class Uploads:
    """The uploads of one page.

    Args:
        folder: for them; made if it is missing.
        max_bytes: of one upload.
        used: the paths that jobs need.
    """

    def __init__(self, folder: Path, max_bytes: int, used: Callable[[], Collection[Path]]) -> None:
        self.folder, self.max_bytes, self._used = folder.absolute(), max_bytes, used
        self._probes, self._cleaning = asyncio.Semaphore(PROBES), threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.clean(keep=0)

    async def receive(self, name: str, kind: str, body: AsyncIterator[bytes], length: int | None) -> Upload:
        """Store a file if it is what it should be; otherwise nothing of it remains.

        Args:
            name: what the user calls it.
            kind: one of KINDS.
            length: bytes that are announced.

        Raises:
            UploadTooLarge: more than `max_bytes` are announced, or come.
            InputError: another kind, something else than announced, no space.
        """
        if kind not in KINDS:
            raise InputError(f"kind {kind!r:.20} must be one of {', '.join(KINDS)}")
        self._check_length(length or 0)
        if (length or 0) > shutil.disk_usage(self.folder).free:
            raise InputError("the disk is full: delete old jobs")
        number = uuid4().hex
        path = self.folder / number / safe_name(name)
        path.parent.mkdir()
        try:
            await self._write(path, body)
            async with self._probes:
                facts = await _probe(path, kind)
        except BaseException:
            shutil.rmtree(path.parent, ignore_errors=True)
            raise
        self.clean()
        return Upload(number, path, facts)

    def add_copy(self, original: Path) -> Path:
        """A copy of a file of ours among the uploads."""
        path = self.folder / uuid4().hex / original.name
        path.parent.mkdir()
        shutil.copyfile(original, path)
        return path

    def find(self, number: object) -> Path:
        """The file of an upload. Raises InputError: there is none of this number."""
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise InputError("this is no upload of this page")
        files = [path for path in (self.folder / number).glob("*") if path.is_file() and not path.is_symlink()]
        if len(files) != 1:
            raise InputError("the upload is gone: choose the file again")
        return files[0]

    def number_of(self, path: str | Path | None) -> str | None:
        """The number of the upload that is this file; None if it is none of ours, or gone."""
        place = Path(path or "")
        is_ours = place.parent.parent == self.folder and place.is_file()
        return place.parent.name if is_ours and NUMBER.fullmatch(place.parent.name) else None

    def shorten(self, text: str) -> str:
        """A message without the folder of uploads."""
        return re.sub(re.escape(f"{self.folder}{os.sep}") + rf"{NUMBER.pattern}[/\\]", "", text)

    def clean(self, keep: int = UNUSED_FILES) -> None:
        """Remove the oldest uploads that no job uses, until so many are left, of limited size."""
        with self._cleaning:
            used = {path.parent for path in self._used()}
            unused = [item for item in self.folder.iterdir() if item not in used and _is_complete(item, keep)]
            size = 0
            for number, item in enumerate(sorted(unused, key=lambda item: item.stat().st_mtime, reverse=True), 1):
                size += sum(path.stat().st_size for path in item.iterdir())
                if number > keep or size > UNUSED_SHARE * self.max_bytes:
                    shutil.rmtree(item, ignore_errors=True)

    async def _write(self, path: Path, body: AsyncIterator[bytes]) -> None:
        written = 0
        try:
            with path.with_name(".part").open("xb") as file:
                async for piece in body:
                    written += len(piece)
                    self._check_length(written)
                    await asyncio.to_thread(file.write, piece)
            path.with_name(".part").rename(path)
        except OSError as error:
            raise InputError(f"the upload can't be stored: {error.strerror or error}") from None

    def _check_length(self, length: int) -> None:
        if length > self.max_bytes:
            raise UploadTooLarge(f"larger than {describe_size(self.max_bytes)}: gfla ui --max-upload allows more")


def safe_name(text: str) -> str:
    """A file name of letters, digits and a few signs, with a suffix only if it is one of those that we read."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", text))[-1]
    stem, suffix = os.path.splitext(name)
    stem = re.sub(r"[^\w ()+-]+", "_", stem).strip(" _")[:MAX_STEM] or "upload"
    return stem + (suffix.lower() if suffix.lower() in KNOWN_SUFFIXES else "")


def describe_size(size: int) -> str:
    """`512 MB`, `1.5 GB`."""
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"


def _is_complete(folder: Path, keep: int) -> bool:
    """Whether nothing is being received into the folder; at the start of the page nothing is."""
    return keep == 0 or not (folder / ".part").exists()


async def _probe(path: Path, kind: str) -> dict[str, Any]:
    """What our readers say about a file. Raises InputError."""
    command = [sys.executable, "-m", "gfla_cli.ui.probe", kind, str(path)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=None)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            answer = json.loads((await process.communicate())[0])
    except (TimeoutError, ValueError):
        raise InputError(f"{path.name} can't be read") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if "error" in answer:
        raise InputError(answer["error"])
    return answer
