"""Folders of clips: every folder that holds pictures is a clip, and a picture has companions elsewhere.

N: frames of an item.
"""

from pathlib import Path

import numpy as np

from models.errors import InputError
from pipelines.datasets.report import Findings
from pipelines.media.ordering import natural_key
from pipelines.media.pictures import PICTURE_SUFFIXES

FRAMES = 30  # of an item of training


def list_clips(root: Path) -> dict[str, list[Path]]:
    """The pictures of every clip below `root` in natural order, by the clip's path.

    Raises:
        InputError: no pictures at all.
    """
    clips: dict[str, list[Path]] = {}
    for path in root.rglob("*"):
        if path.suffix.lower() in PICTURE_SUFFIXES and path.name[0] != ".":
            clips.setdefault(path.parent.relative_to(root).as_posix(), []).append(path)
    if not clips:
        raise InputError(f"{root}: holds no pictures; see `gfla data check`")
    # The order of clips decides which are drawn for which item, so case counts.
    ordered = sorted(clips.items(), key=lambda clip: natural_key(clip[0], ignore_case=False))
    return {name: sorted(paths, key=lambda path: natural_key(path, ignore_case=False)) for name, paths in ordered}


def companion(picture: Path, root: Path, other: Path, suffixes: tuple[str, ...]) -> Path:
    """The file below `other` that goes with a picture below `root`: its name with one of the `suffixes` instead.

    Raises:
        InputError: none of them is there.
    """
    stem = other / picture.relative_to(root).with_suffix("")
    for suffix in suffixes:
        if (path := stem.with_name(stem.name + suffix)).is_file():
            return path
    raise InputError(f"{stem.with_name(stem.name + suffixes[0])}: is missing, {picture} needs it")


def run_of_frames(length: int, frames: int, chance: np.random.Generator) -> list[int]:
    """`frames` consecutive indices from a random start; a clip that is too short repeats its last frame."""
    start = int(chance.integers(max(length - frames, 0) + 1))
    return [min(start + step, length - 1) for step in range(frames)]


def check_pictures(paths: list[Path], findings: Findings) -> dict[Path, tuple[int, int]]:
    """The sizes (H, W) of the pictures of a clip that can be read; they should be equal."""
    sizes = {path: size for path in paths if (size := findings.picture_size(path))}
    for path, size in sizes.items():
        if size != next(iter(sizes.values())):
            findings.note("pictures of another size than the first of their clip", path)
    return sizes


def note_length(root: Path, clips: dict[str, list[Path]], findings: Findings) -> None:
    """Clips that are shorter than an item of training."""
    for name, paths in clips.items():
        if len(paths) < FRAMES:
            findings.note(f"clips of less than {FRAMES} frames, whose last one is repeated", root / name)
