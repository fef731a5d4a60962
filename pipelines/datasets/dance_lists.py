"""What is made of a data set of moving people: every clip in training, the lines of the authors' list in the test."""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import InputError

REFERENCES = 20  # first frames of a clip, of which one becomes the reference
Clips = dict[str, list[Path]]


@dataclass(frozen=True)
class Take:
    """Frames to make, and the pictures of which one is the reference."""

    frames: list[Path]
    references: list[Path]


def whole_clips(clips: Clips) -> list[Take]:
    """Every clip from one of its own first frames."""
    return [Take(paths, paths[:REFERENCES]) for paths in clips.values()]


def test_lines(path: Path) -> list[tuple[str, str]]:
    """The lines of `test_list.csv` with a dictionary, each after the words that say where it is.

    Raises:
        InputError: an unreadable file, or not one dictionary.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from None
    numbered = [(f"{path} line {number}", line) for number, line in enumerate(lines, 1) if "{" in line]
    if not numbered:
        raise InputError(f"{path}: holds no dictionary {{'gen': ..., 'ref': ...}}")
    return numbered


def parse_test(where: str, line: str, clips: Clips) -> Take:
    """One line: `gen` and `ref` are a clip of train_A, of which the first frames can be the reference, or a list of
    frames CLIP/FRAME.

    Raises:
        InputError: another form, or a clip or a frame that is not there.
    """
    try:
        test = ast.literal_eval(line[line.index("{") : line.rindex("}") + 1])
        made, references = test["gen"], test["ref"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise InputError(f"{where}: must hold a dictionary {{'gen': ..., 'ref': ...}}") from None
    first = _paths(where, references, clips)
    return Take(_paths(where, made, clips), first[:REFERENCES] if isinstance(references, str) else first)


def _paths(where: str, names: Any, clips: Clips) -> list[Path]:
    if isinstance(names, str) and names.strip("/") in clips:
        return clips[names.strip("/")]
    listed = [names] if isinstance(names, str) else names
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        raise InputError(f"{where}: gen and ref must each be a clip or a list of frames CLIP/FRAME")
    known = {clip: {path.name: path for path in clips.get(clip, ())} for clip in {_split(name)[0] for name in listed}}
    paths = {name: known[clip].get(frame) for name in listed for clip, frame in [_split(name)]}
    if missing := [name for name, path in paths.items() if path is None]:
        raise InputError(f"{where}: train_A has neither a clip nor a frame {missing[0]!r}")
    return [path for name in listed if (path := paths[name])]


def _split(name: str) -> tuple[str, str]:
    clip, _, frame = name.strip("/").rpartition("/")
    return clip, frame
