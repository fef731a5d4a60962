"""Thumbnails of results for the report, cached in the batch's folder: a resumed batch makes only those of new results.

In: rows of a batch and its folder. Out: small JPEGs by job name. Called by `gfla batch` after a run.
"""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.batch.events import JobRow
from pipelines.batch.journal import STATE_FOLDER
from pipelines.media.files import atomic_output
from pipelines.media.sequences import sequence_files
from pipelines.media.sources import open_video

MAX_SIDE = 144  # pixels of the longer side
MAX_BYTES = 3 * 1024  # of a thumbnail: ten thousand of them make a page of 40 MB
QUALITIES = (70, 55, 40, 25, 10)  # of JPEG, tried one after another until MAX_BYTES suffice


def make_thumbnails(folder: Path, rows: Sequence[JobRow]) -> dict[str, bytes]:
    """JPEGs of all finished jobs by name; empty where the result is missing or damaged by now.

    Raises:
        InputError, ProcessingError: the folder is not writable, the disk is full.
    """
    done = [row for row in rows if row["state"] == "done"]
    (folder / STATE_FOLDER / "thumbnails").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        thumbnails = threads.map(lambda row: _cached_thumbnail(folder, row), done)
        return {row["name"]: thumbnail for row, thumbnail in zip(done, thumbnails, strict=True)}


def make_thumbnail(path: Path) -> bytes:
    """A picture, or the middle frame of a video, GIF or folder of pictures, as a JPEG of at most MAX_BYTES.

    Raises:
        InputError: missing, damaged, or something else.
    """
    picture = Image.fromarray(_middle_frame(path))
    for side in (MAX_SIDE, MAX_SIDE // 2, MAX_SIDE // 4):
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=quality, optimize=True)
            if buffer.tell() <= MAX_BYTES:
                return buffer.getvalue()
    return b""


def _cached_thumbnail(folder: Path, row: JobRow) -> bytes:
    """The thumbnail of a finished job, from the cache if it has one of the same contents."""
    path = folder / STATE_FOLDER / "thumbnails" / f"{row['sha256']}.jpg"
    if path.is_file():
        return path.read_bytes()
    try:
        thumbnail = make_thumbnail(_representative_file(folder / row["output"]))
    except InputError:  # the result was moved or damaged after the run
        return b""
    with atomic_output(path, overwrite=True) as temporary:
        temporary.write_bytes(thumbnail)
    return thumbnail


def _representative_file(output: Path) -> Path:
    """The file that stands for an output: of a folder or pattern of pictures the middle one."""
    pictures = sequence_files(output)
    return pictures[len(pictures) // 2] if pictures else output


def _middle_frame(path: Path) -> np.ndarray:
    """uint8 [H, W, 3]: the frame half-way through the video, or its first if none begins after that."""
    with open_video(path) as source:
        first, duration = next(iter(source)).image, source.info.duration
    try:
        with open_video(path, start=duration and duration / 2, max_frames=1) as source:
            return next(iter(source)).image
    except InputError:
        return first
