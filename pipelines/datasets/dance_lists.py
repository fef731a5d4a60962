"""The items of a data set of dancing people: every clip in training, the lines of the authors' list in the test.

`dance` builds its items from the `ClipSpec`s.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import InputError

REFERENCES = 20  # first frames of a clip, one of which becomes the reference
_FORM = "{'gen': ..., 'ref': ...}"
Clips = dict[str, list[Path]]


@dataclass(frozen=True)
class ClipSpec:
    """Which frames an item has."""

    frames: list[Path]
    """Frames to generate."""
    references: list[Path]
    """Pictures, one of which is the reference."""


def spec_all_clips(clips: Clips) -> list[ClipSpec]:
    """Every clip, with one of its own first frames as the reference."""
    return [ClipSpec(paths, paths[:REFERENCES]) for paths in clips.values()]


def read_test_lines(path: Path) -> list[tuple[str, str]]:
    """The lines of `test_list.csv` that hold a dictionary, each after the words that say where it is.

    Raises:
        InputError: the file can't be read, or has no dictionary.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror})") from None
    numbered = [(f"{path} line {number}", line) for number, line in enumerate(lines, 1) if "{" in line]
    if not numbered:
        raise InputError(f"{path} contains no dictionary {_FORM}")
    return numbered


def parse_test_line(where: str, line: str, clips: Clips) -> ClipSpec:
    """One line of the list.

    `gen` and `ref` are each a clip of train_A, whose first frames can be the reference, or a list of frames CLIP/FRAME.

    Raises:
        InputError: the line has another form, or names a clip or a frame that does not exist.
    """
    try:
        test = ast.literal_eval(line[line.index("{") : line.rindex("}") + 1])
        generated, references = test["gen"], test["ref"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise InputError(f"{where}: must contain a dictionary {_FORM}") from None
    candidates = _find_frames(where, references, clips)
    if isinstance(references, str):
        candidates = candidates[:REFERENCES]
    return ClipSpec(_find_frames(where, generated, clips), candidates)


def _find_frames(where: str, names: Any, clips: Clips) -> list[Path]:
    """The pictures of a clip by its name, or of the frames in a list of names. Raises InputError."""
    if isinstance(names, str) and names.strip("/") in clips:
        return clips[names.strip("/")]
    listed = [names] if isinstance(names, str) else names
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        raise InputError(f"{where}: gen and ref must each be a clip or a list of frames CLIP/FRAME")
    known = {clip: {path.name: path for path in clips.get(clip, ())} for clip in {_split(name)[0] for name in listed}}
    paths = {name: known[clip].get(frame) for name in listed for clip, frame in [_split(name)]}
    if missing := [name for name, path in paths.items() if path is None]:
        raise InputError(f"{where}: train_A has no clip or frame {missing[0]!r}")
    return [path for name in listed if (path := paths[name])]


def _split(name: str) -> tuple[str, str]:
    """CLIP/FRAME as CLIP and FRAME."""
    clip, _, frame = name.strip("/").rpartition("/")
    return clip, frame
