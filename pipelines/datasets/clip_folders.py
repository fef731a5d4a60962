"""Folders of clips: every folder with pictures is a clip, and its pictures in natural order are the frames.

`dance` and `faceforensics` build on it.
"""

from pathlib import Path

import numpy as np

from models.errors import InputError
from pipelines.datasets.report import DatasetReport
from pipelines.media.ordering import natural_key
from pipelines.media.suffixes import PICTURE_SUFFIXES

FRAMES = 30  # of an item of training


def list_clips(root: Path) -> dict[str, list[Path]]:
    """The pictures of every clip below `root`, by the clip's path from there; both in natural order.

    Raises:
        InputError: there are no pictures at all.
    """
    clips: dict[str, list[Path]] = {}
    for path in root.rglob("*"):
        if path.suffix.lower() in PICTURE_SUFFIXES and path.name[0] != ".":
            clips.setdefault(path.parent.relative_to(root).as_posix(), []).append(path)
    if not clips:
        raise InputError(f"{root} contains no pictures; `gfla data check` lists what is missing")
    # The order of clips decides which are drawn for which item, so case counts.
    ordered = sorted(clips.items(), key=lambda clip: natural_key(clip[0], ignore_case=False))
    return {name: sorted(paths, key=lambda path: natural_key(path, ignore_case=False)) for name, paths in ordered}


def draw_consecutive(length: int, frames: int, random: np.random.Generator) -> list[int]:
    """`frames` consecutive indices below `length` from a random start; a short clip repeats its last frame."""
    start = int(random.integers(max(length - frames, 0) + 1))
    return [min(start + step, length - 1) for step in range(frames)]


def check_pictures(paths: list[Path], report: DatasetReport) -> dict[Path, tuple[int, int]]:
    """The sizes (H, W) of the pictures of a clip that can be read; sizes that differ are noted."""
    sizes = {path: size for path in paths if (size := report.check_picture(path))}
    for path, size in sizes.items():
        if size != next(iter(sizes.values())):
            report.add_note("pictures that differ in size from the first of their clip", path)
    return sizes


def note_short_clips(root: Path, clips: dict[str, list[Path]], report: DatasetReport) -> None:
    """Notes clips that are shorter than an item of training."""
    for name, paths in clips.items():
        if len(paths) < FRAMES:
            report.add_note(f"clips of fewer than {FRAMES} frames, whose last frame is repeated", root / name)
