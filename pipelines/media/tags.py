"""What an output says about where it comes from, in the metadata of each format, and how that is read back.

Called by the writers of this room, and by `pipelines.rerun` to read.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from models.errors import InputError
from pipelines.media.containers import open_container
from pipelines.media.credentials import Credentials
from pipelines.media.formats import CONTAINERS, Container
from pipelines.media.sequences import sequence_files

SOFTWARE = "gfla"
DESCRIPTION_TAG, SOFTWARE_TAG, EXIF_TAG, COMMENT_TAG = 0x010E, 0x0131, 0x8769, 0x9286  # of EXIF
ASCII = b"ASCII\0\0\0"  # begins a comment of EXIF
GIF_HEAD = 13  # bytes before the palette
MODEL_SUFFIX = ".glb"  # of glTF in one binary
GIF_BLOCK = 255  # bytes of a block at most


@dataclass(frozen=True)
class Tags:
    """The metadata of an output."""

    comment: str
    """One sentence for people."""
    record: dict[str, Any] | None = None
    """For programs, JSON-ready; see `pipelines.generation.provenance.Record`."""
    credentials: Credentials | None = None
    """What signs the output."""

    @property
    def json(self) -> str | None:
        """The record as ASCII text."""
        return None if self.record is None else json.dumps(self.record, sort_keys=True)


def container_metadata(tags: Tags | None, container: Container) -> dict[str, str]:
    """The metadata of a video container."""
    if tags is None:
        return {}
    return {container.comment_tag: tags.comment} | ({container.record_tag: tags.json} if tags.json else {})


def picture_metadata(tags: Tags | None, suffix: str) -> dict[str, Any]:
    """What `Image.save` needs to write them into a picture of this type: text of a PNG, EXIF of others."""
    if tags is None:
        return {}
    if suffix.lower() == ".png":
        text = PngInfo()
        text.add_text("Software", SOFTWARE)
        text.add_text("Comment", tags.comment)
        if tags.json:
            text.add_text(SOFTWARE, tags.json, zip=True)
        return {"pnginfo": text}
    exif = Image.Exif()
    exif[SOFTWARE_TAG], exif[DESCRIPTION_TAG] = SOFTWARE, tags.comment
    if tags.json:
        exif.get_ifd(EXIF_TAG)[COMMENT_TAG] = ASCII + tags.json.encode("ascii")
    return {"exif": exif}


def complete_file(path: Path, tags: Tags | None) -> None:
    """Put into a finished file what its encoder can't write: the comment of a GIF, and the signature.

    Raises:
        OSError: the disk is full.
        ProcessingError: it can't be signed.
    """
    if tags and path.suffix.lower() == ".gif":
        insert_gif_comment(path, tags)
    if tags and tags.credentials:
        tags.credentials.sign(path)


def insert_gif_comment(path: Path, tags: Tags) -> None:
    """Put them into a finished GIF as a comment, which comes before its frames. Raises OSError."""
    data = f"{tags.comment}\n{tags.json or ''}".encode("ascii", "replace")
    blocks = [data[first : first + GIF_BLOCK] for first in range(0, len(data), GIF_BLOCK)]
    comment = b"\x21\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    larger = path.with_name(f"{path.name}.larger")
    try:
        with path.open("rb") as old, larger.open("wb") as new:
            head = old.read(GIF_HEAD)
            palette = 3 << (head[10] & 7) + 1 if head[10] & 0x80 else 0
            new.write(head + old.read(palette) + comment)
            shutil.copyfileobj(old, new)
        os.replace(larger, path)
    finally:
        larger.unlink(missing_ok=True)


def read_record(path: Path) -> dict[str, Any] | None:
    """The record in the metadata of a video, picture, model, or folder or pattern of pictures; None if there is none.

    Raises:
        InputError: it can't be read as any of these.
    """
    suffix = path.suffix.lower()
    if suffix in CONTAINERS:
        text = _read_video(path)
    elif suffix == MODEL_SUFFIX:
        text = _read_model(path)
    else:
        text = _read_picture(next(iter(sequence_files(path)), path))
    try:
        found = json.loads(text[text.index("{") :])
    except ValueError:
        return None
    return found if isinstance(found, dict) and SOFTWARE in found else None


def _read_video(path: Path) -> str:
    with open_container(path) as file:
        found = {name.lower(): value for name, value in file.metadata.items()}
    return next((found[each.record_tag] for each in CONTAINERS.values() if each.record_tag in found), "")


def _read_model(path: Path) -> str:
    """The record of a binary glTF file; its first chunk is JSON, which says how long it is in front."""
    try:
        data = path.read_bytes()
        size = int.from_bytes(data[12:16], "little")
        return json.dumps(json.loads(data[20 : 20 + size])["asset"]["extras"]["record"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _read_picture(path: Path) -> str:
    try:
        with Image.open(path) as picture:
            text, exif = picture.info, picture.getexif().get_ifd(EXIF_TAG)
    except (OSError, UnidentifiedImageError):
        raise InputError(f"{path} is neither a report of --json nor a video or picture that gfla has made") from None
    found = text.get(SOFTWARE) or text.get("comment") or exif.get(COMMENT_TAG) or ""
    return found.decode("ascii", "replace") if isinstance(found, bytes) else found
