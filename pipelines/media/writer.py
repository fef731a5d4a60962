"""Outputs with exact time stamps: one `open_output` for videos, GIFs and picture sequences."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np

from models.errors import InputError, ProcessingError
from pipelines.media.audio import AudioPlan
from pipelines.media.encoders import GifEncoder, VideoEncoder
from pipelines.media.files import atomic_output, check_output, report_write_errors, temporary_folder
from pipelines.media.formats import CONTAINERS, choose_codec, output_kind
from pipelines.media.sequences import PictureSequence, check_sequence


class Encoder(Protocol):
    """One output in the making: frames with pts from 0, then `finish` or `abort`."""

    notes: list[str]

    def add(self, image: np.ndarray, pts: int, duration: int) -> None: ...
    def finish(self) -> None: ...
    def abort(self) -> None: ...


class Writer:
    """Checks frames and passes them on; `frames` counts them, `notes` are remarks for the user."""

    def __init__(self, path: Path, encoder: Encoder, *, width: int, height: int, duration: int):
        self.path = path
        self.frames = 0
        self._encoder = encoder
        self._shape = (height, width, 3)
        self._default = duration
        self._first = self._last = 0

    @property
    def notes(self) -> list[str]:
        return self._encoder.notes

    def write(self, image: np.ndarray, pts: int, duration: int | None = None) -> None:
        """Adds uint8 RGB [H,W,3], shown at `pts` for `duration` (time-base units; one frame of `rate` if None).

        pts must increase; the first one becomes time 0. Raises ProcessingError if the disk is full.
        """
        if image.shape != self._shape or image.dtype != np.uint8:
            raise ValueError(f"frame is {image.dtype} {image.shape}, the output was opened for uint8 {self._shape}")
        if self.frames and pts <= self._last:
            raise ValueError(f"time stamp {pts} does not come after {self._last}")
        self._first = self._first if self.frames else pts
        self._last = pts
        self.frames += 1
        with report_write_errors(self.path):
            self._encoder.add(image, pts - self._first, duration or self._default)


def check_video_output(
    path: Path,
    *,
    codec: str | None = None,
    crf: int | None = None,
    overwrite: bool = False,
    inputs: Iterable[Path] = (),
) -> None:
    """Everything that `open_output` would refuse, known before any work.

    Raises InputError (existing output, missing or unwritable folder, an input as output, unknown suffix, unsuitable
    codec or crf) and BackendUnavailable (no encoder).
    """
    check_output(path, overwrite=overwrite, inputs=inputs)
    kind = output_kind(path)
    if kind == "video":
        choose_codec(CONTAINERS[path.suffix.lower()], codec=codec, crf=crf)
    elif codec is not None or crf is not None:
        raise InputError(f"{path}: codec and crf are for .mp4, .mov and .webm only")
    if kind in ("folder", "pattern"):
        check_sequence(path, pattern=kind == "pattern", overwrite=overwrite)


@contextmanager
def open_output(
    path: str | Path,
    *,
    width: int,
    height: int,
    time_base: Fraction,
    rate: Fraction | None = None,
    codec: str | None = None,
    crf: int | None = None,
    audio: AudioPlan | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    inputs: Iterable[Path] = (),
) -> Iterator[Writer]:
    """Opens `path` for frames of width x height; its suffix picks the format.

    .mp4 and .mov keep the time stamps exactly; .webm rounds them to 1 ms, .gif to 1/100 s (at most 50 frames a
    second); pictures have none. Odd sizes gain one repeated row or column in YUV formats. The output appears under
    its name when the block ends without an exception; until then, and for good if killed, it has a hidden name.
    The bytes of a video depend on the number of `threads` that encode it, by default as many as there are cores.

    Raises InputError (existing output, missing or unwritable folder, an input as output, unsuitable codec or crf)
    and ProcessingError (full disk, no frame written).
    """
    path = Path(path)
    check_video_output(path, codec=codec, crf=crf, overwrite=overwrite, inputs=inputs)
    kind = output_kind(path)
    rate = rate or Fraction(25)
    size = {"width": width, "height": height, "duration": max(1, round(1 / rate / time_base))}
    if kind in ("folder", "pattern"):
        with temporary_folder(path if kind == "folder" else path.parent / "frames") as temporary:
            sequence = PictureSequence(path, temporary, pattern=kind == "pattern", overwrite=overwrite)
            with _finished(Writer(path, sequence, **size), sequence) as writer:
                yield writer
        return
    with atomic_output(path, overwrite=overwrite) as temporary:
        with report_write_errors(path):
            if kind == "gif":
                encoder = GifEncoder(temporary, width=width, height=height, time_base=time_base)
            else:
                container = CONTAINERS[path.suffix.lower()]
                chosen = choose_codec(container, codec=codec, crf=crf)
                shape = {"size": (width, height), "time_base": time_base, "rate": rate}
                encoder = VideoEncoder(temporary, container, chosen, **shape, audio=audio, threads=threads)
        with _finished(Writer(path, encoder, **size), encoder) as writer:
            yield writer


@contextmanager
def _finished(writer: Writer, encoder: Encoder) -> Iterator[Writer]:
    try:
        yield writer
        if not writer.frames:
            raise ProcessingError(f"{writer.path}: there was no frame to write")
        with report_write_errors(writer.path):
            encoder.finish()
    except BaseException:
        encoder.abort()
        raise
