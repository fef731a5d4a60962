"""Opening media files with PyAV, for reading and for writing: only files, whatever their names look like.

Used by `pipelines.media.reader`, `audio` and `encoders`, instead of `av.open`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.container import InputContainer, OutputContainer

from models.errors import InputError
from pipelines.media.formats import MEDIA_ERRORS

TEXT_FORMATS = {"tty", "lrc", "srt", "webvtt", "ass", "microdvd"}  # text files that FFmpeg opens as if they were videos
PLAYLISTS = {"hls", "applehttp", "dash", "concat", "concatf", "imf"}  # which name other files


class Ratio(Protocol):
    """A `Fraction`, or since PyAV 19 an `av.AVRational`."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


def open_media(path: Path) -> InputContainer:
    """Open a media file for reading. Tags that are not UTF-8 do no harm.

    Raises:
        FFmpegError, ValueError, EOFError: see MEDIA_ERRORS.
    """
    try:
        return av.open(_file_url(path), metadata_errors="replace")
    except TypeError:  # PyAV 19 has no such argument and never fails on tags
        return av.open(_file_url(path))


def create_media(
    path: Path | int, muxer: str, options: dict[str, str] | None = None, metadata: dict[str, str] | None = None
) -> OutputContainer:
    """Create or replace a media file of the format `muxer`, which FFmpeg names, with options of that format.

    `path` may be an open descriptor, which is not sought in.
    """
    container = av.open(_file_url(path), "w", format=muxer, container_options=options or {})
    container.metadata.update(metadata or {})
    return container


def to_fraction(value: Ratio | None) -> Fraction | None:
    """A time base, rate or aspect of PyAV; None if it is not set, which PyAV 19 writes as 0/1."""
    return Fraction(value.numerator, value.denominator) if value else None


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a video file; it is closed when the block ends.

    Raises:
        InputError: it can't be opened; the message has the likely reason.
    """
    try:
        container = open_media(path)
    except MEDIA_ERRORS as error:
        raise InputError(f"{path} {_explain_failure(path)} ({type(error).__name__})") from None
    with container:
        if container.format.name in TEXT_FORMATS:
            raise InputError(f"{path} is a text file, not a video")
        yield container


def is_playlist(path: Path) -> bool:
    """Whether a file names others, from which its frames are."""
    try:
        with open_media(path) as container:
            return not PLAYLISTS.isdisjoint(container.format.name.split(","))
    except MEDIA_ERRORS:  # an animated picture that FFmpeg does not know, or no video at all
        return False


def _file_url(path: Path | int) -> str:
    """The name under which FFmpeg opens a file even if the name contains a colon, like `12:30.mp4`; or a descriptor.

    Files that it names in turn, if it is a playlist, have to be files as well.
    """
    return f"pipe:{path}" if isinstance(path, int) else f"file:{path}"


def _explain_failure(path: Path) -> str:
    """The likely reason why FFmpeg can't open a file, as the rest of a sentence."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head[4:8] in (b"ftyp", b"mdat", b"free", b"wide"):
        return "can't be read: its index (moov atom) is missing, so the recording or copy was probably interrupted"
    if b"\0" not in head:
        return "is a text file, not a video"
    return "is not a video that can be read: it is damaged or of an unknown type"
