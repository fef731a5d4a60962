"""Pictures as an output: one file, or numbered PNG files, which may differ in size.

Called by pose transfer and view synthesis.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from models.errors import InputError
from pipelines.media.files import atomic_output, check_output, report_write_errors, temporary_folder
from pipelines.media.sequences import PictureSequence, check_sequence
from pipelines.media.tags import Tags, complete_file, picture_metadata

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
OPAQUE = (".jpg", ".jpeg")  # of them
QUALITY = 95  # of JPEG and WebP, 0..100


def check_stills(
    path: Path, *, count: int, overwrite: bool, inputs: Iterable[Path] = (), transparent: bool = False
) -> None:
    """Check before the work that `write_stills` can write `count` pictures to `path`, with alpha if `transparent`.

    Raises:
        InputError: the output exists (unless `overwrite`) or is an input, its folder is missing or not writable, its
            suffix is unknown or can't be transparent, or it is one file for several pictures.
    """
    check_output(path, overwrite=overwrite, inputs=inputs, may_be_folder=True)
    if _is_sequence(path):
        check_sequence(path, pattern=_is_pattern(path), overwrite=overwrite, inputs=inputs)
    elif path.suffix.lower() not in SUFFIXES:
        raise InputError(f"output {path}: unknown type; use {', '.join(SUFFIXES)}, a folder, or %05d.png")
    elif transparent and path.suffix.lower() in OPAQUE:
        raise InputError(f"{path} can't be transparent: use .png, .webp, a folder, or %05d.png")
    elif count != 1:
        raise InputError(f"can't write {count} pictures to {path}: use a folder or %05d.png with -o")


def write_stills(path: Path, images: Iterable[np.ndarray], *, overwrite: bool, tags: Tags | None = None) -> None:
    """Write pictures uint8 [H, W, 3 or 4] to one file or as numbered files; they appear when all are complete.

    tags: their metadata.

    Raises:
        InputError: see `check_stills`.
        ValueError: one file, but not exactly one picture.
        ProcessingError: the disk is full.
    """
    if not _is_sequence(path):
        (image,) = images
        with atomic_output(path, overwrite=overwrite) as temporary, report_write_errors(path):
            # exact: WebP keeps hidden colours
            Image.fromarray(image).save(temporary, quality=QUALITY, exact=True, **picture_metadata(tags, path.suffix))
            complete_file(temporary, tags)
        return
    pattern, metadata = _is_pattern(path), picture_metadata(tags, ".png")
    with temporary_folder(path.parent / "frames" if pattern else path) as temporary:
        sequence = PictureSequence(path, temporary, pattern=pattern, overwrite=overwrite, metadata=metadata)
        for number, image in enumerate(images):
            with report_write_errors(path):
                sequence.add(image, number, 1)
        with report_write_errors(path):
            sequence.finish()


def is_still(path: Path) -> bool:
    """Whether a path names one picture that can be written."""
    return path.suffix.lower() in SUFFIXES and "%" not in path.name and not path.is_dir()


def _is_pattern(path: Path) -> bool:
    return path.suffix.lower() == ".png" and "%" in path.name


def _is_sequence(path: Path) -> bool:
    return path.is_dir() or not path.suffix or _is_pattern(path)
