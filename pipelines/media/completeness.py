"""What the structure of a media file tells: whether it was cut short, and whether it was joined of several.

Containers consist of parts that tell their length. In: a file and FFmpeg's name of its format. Called by
`pipelines.media.reader`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEAD = 320  # bytes of a part that tell its length
BUFFER = 1 << 16  # bytes that are read at a time
SLACK = 8  # bytes: some programs count the end of the last part differently
EBML_SEGMENT, EBML_CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
TS_PACKETS = {188: 0, 192: 4, 204: 0}  # bytes of a packet of a transport stream, and where its sync byte is
TS_SYNC = 0x47

Measure = Callable[[bytes], int | None]  # the first HEAD bytes of a part -> its bytes; None if that can't be said


@dataclass(frozen=True)
class Structure:
    """What is known about the parts of a file."""

    cut_short: bool = False
    """Whether bytes are missing at its end; False as well if its format does not tell."""
    recordings: int = 1
    """Files that were joined by appending, in formats that are not made for that: programs read the first."""


def read_structure(path: Path, format_name: str) -> Structure:
    """Follow the parts of a file to its end."""
    size = os.path.getsize(path)
    names = format_name.split(",")
    with path.open("rb", buffering=BUFFER) as file:
        if "mpegts" in names:
            return Structure(_ends_inside_packet(file.read(8 * max(TS_PACKETS)), size))
        return next((_follow(file, size, *FORMATS[name]) for name in names if name in FORMATS), Structure())


def _follow(file: BinaryIO, size: int, measure: Measure, beginning: bytes, at: int) -> Structure:
    position = recordings = 0
    while position < size:
        file.seek(position)
        head = file.read(HEAD).ljust(HEAD, b"\0")
        length = measure(head)
        if length is None or length < 1:
            break
        recordings += bool(beginning) and head.startswith(beginning, at)
        position += length
    return Structure(position > size + SLACK, max(1, recordings))


def _ends_inside_packet(head: bytes, size: int) -> bool:
    """Transport streams have no end and no length, but consist of packets of one size."""
    for packet, sync in TS_PACKETS.items():
        if all(head[start] == TS_SYNC for start in range(sync, len(head), packet)):
            return size % packet != 0
    return False


def _measure_box(head: bytes) -> int | None:
    """A box of MP4 and MOV; one of length 0 reaches to the end of the file."""
    size = int.from_bytes(head[:4], "big")
    return int.from_bytes(head[8:16], "big") if size == 1 else size or None


def _measure_ebml(head: bytes) -> int | None:
    """An element of Matroska and WebM; of a segment or cluster of unknown length, as in live streams, the header."""
    if not head[0]:
        return None
    identifier = head[: 9 - head[0].bit_length()]
    rest = head[len(identifier) :]
    if not rest[0]:
        return None
    width = 9 - rest[0].bit_length()
    size = int.from_bytes(rest[:width], "big") & ((1 << 7 * width) - 1)
    header = len(identifier) + width
    if size == (1 << 7 * width) - 1:
        return header if identifier in (EBML_SEGMENT, EBML_CLUSTER) else None
    return header + size


def _measure_riff(head: bytes) -> int | None:
    """A RIFF of AVI; one that was not finished has no length."""
    size = int.from_bytes(head[4:8], "little")
    return 8 + size + size % 2 if head[:4] == b"RIFF" and 0 < size < 2**32 - 1 else None


def _measure_flv(head: bytes) -> int | None:
    if head[:3] == b"FLV":
        return int.from_bytes(head[5:9], "big") + 4
    return 11 + int.from_bytes(head[1:4], "big") + 4


def _measure_ogg(head: bytes) -> int | None:
    if head[:4] != b"OggS":
        return None
    return 27 + head[26] + sum(head[27 : 27 + head[26]])


def _measure_asf(head: bytes) -> int | None:
    """An object of ASF and WMV; the data object of a live stream has no length."""
    return int.from_bytes(head[16:24], "little") or None


def _measure_program_stream(head: bytes) -> int | None:
    """A pack header or packet of an MPEG program stream."""
    if head[:3] != b"\0\0\x01":
        return None
    if head[3] == 0xB9:
        return 4
    if head[3] == 0xBA:
        return 14 + (head[13] & 7) if head[4] >> 6 == 1 else 12  # MPEG-2 or MPEG-1
    return 6 + int.from_bytes(head[4:6], "big") if head[3] > 0xB9 else None


def _measure_klv(head: bytes) -> int | None:
    """A key with its length and value, of MXF."""
    if head[:4] != b"\x06\x0e\x2b\x34":
        return None
    width = head[16] & 0x7F if head[16] & 0x80 else 0
    return 17 + (int.from_bytes(head[17 : 17 + width], "big") + width if width else head[16])


def _measure_ivf(head: bytes) -> int | None:
    return 32 if head[:4] == b"DKIF" else 12 + int.from_bytes(head[:4], "little")


def _measure_dv(head: bytes) -> int | None:
    """A frame of 625 or 525 lines."""
    return 144000 if head[3] & 0x80 else 120000


# By FFmpeg's name: how long a part is, and what the first part of a file contains at which byte, if that tells.
FORMATS: dict[str, tuple[Measure, bytes, int]] = {
    "mov": (_measure_box, b"ftyp", 4),
    "matroska": (_measure_ebml, b"\x1a\x45\xdf\xa3", 0),
    "avi": (_measure_riff, b"AVI ", 8),
    "flv": (_measure_flv, b"FLV", 0),
    "ogg": (_measure_ogg, b"", 0),
    "asf": (_measure_asf, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", 0),
    "mpeg": (_measure_program_stream, b"", 0),
    "mxf": (_measure_klv, b"", 0),
    "ivf": (_measure_ivf, b"DKIF", 0),
    "dv": (_measure_dv, b"", 0),
}
