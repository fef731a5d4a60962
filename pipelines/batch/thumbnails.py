"""Thumbnails of results, kept in the batch's folder: a batch that goes on makes those of its new results only."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.errors import InputError
from pipelines.batch.journal import STATE
from pipelines.batch.report import shown_file, thumbnail
from pipelines.batch.rows import Row
from pipelines.media.files import atomic_output


def kept_thumbnails(folder: Path, rows: Sequence[Row]) -> dict[str, bytes]:
    """Of every job that is done, by its name; empty for a result that is no longer there.

    Raises:
        InputError, ProcessingError: the folder refuses files, the disk is full.
    """
    done = [row for row in rows if row["state"] == "done"]
    (folder / STATE / "thumbnails").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        pictures = threads.map(lambda row: _kept(folder, row), done)
        return {row["name"]: picture for row, picture in zip(done, pictures, strict=True)}


def _kept(folder: Path, row: Row) -> bytes:
    path = folder / STATE / "thumbnails" / f"{row['sha256']}.jpg"
    if path.is_file():
        return path.read_bytes()
    try:
        picture = thumbnail(shown_file(folder, row))
    except InputError:  # the result was moved or damaged since; the row says what the run knew
        return b""
    with atomic_output(path, overwrite=True) as temporary:
        temporary.write_bytes(picture)
    return picture
