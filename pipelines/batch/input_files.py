"""The files that a user names by a folder, a pattern or a path.

In: text from the command line. Out: paths in natural order, and notes about what is left out. Called by `planning`.
"""

import glob
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path

from models.errors import InputError
from pipelines.media.ordering import natural_key
from pipelines.media.suffixes import DRIVING_SUFFIXES, PICTURE_SUFFIXES

POSE_SUFFIXES = frozenset((".json",))
FRAME_SUFFIXES = PICTURE_SUFFIXES | POSE_SUFFIXES  # of a folder of frames, and of target poses
MAX_NAMES = 5  # in a note

Note = Callable[[str], None]


def find_sources(text: str, note: Note) -> list[Path]:
    """The pictures of a folder, the matches of a pattern, or one file.

    Raises:
        InputError: no such file, no picture in the folder.
    """
    if not Path(text).is_dir():
        return _find_named_files(text)
    return _select(text, lambda item: _is_file(item, PICTURE_SUFFIXES), "pictures", note)


def find_drivings(command: str, text: str, note: Note) -> list[Path]:
    """Driving videos, or for `pose` target poses: those of a folder, the matches of a pattern, or one file.

    A folder of pictures alone is one driving video.

    Raises:
        InputError: no such file, nothing of use in the folder.
    """
    folder = Path(text)
    if not folder.is_dir():
        return _find_named_files(text)
    if command == "pose":
        return _select(text, lambda item: _is_file(item, FRAME_SUFFIXES), "pictures or pose files", note)
    if not any(map(_is_driving, folder.iterdir())) and _has_frames(folder):
        return [folder]
    return _select(text, _is_driving, "videos, pose files or folders of pictures", note)


def _select(text: str, is_useful: Callable[[Path], bool], kind: str, note: Note) -> list[Path]:
    """The useful files of a folder; `note` hears which others are in it, without hidden ones."""
    visible = {item for item in Path(text).iterdir() if item.name[0] != "."}
    useful = sorted(filter(is_useful, visible), key=natural_key)
    others = [f"{item.name}/" if item.is_dir() else item.name for item in sorted(visible - {*useful}, key=natural_key)]
    if not useful:
        raise InputError(f"folder {text} contains no {kind}: {_shorten(others) or 'it is empty'}")
    if others:
        note(f"{text}: not used, because these are not {kind}: {_shorten(others)}")
    return useful


def _shorten(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def _find_named_files(text: str) -> list[Path]:
    """One file, or the matches of a pattern."""
    if Path(text).exists():
        return [Path(text)]
    if not glob.has_magic(text):
        raise InputError(f"{text} does not exist: check the name")
    if not (files := [Path(match) for match in glob.glob(text, recursive=True)]):
        raise InputError(f"no file matches {text!r}: {_describe_folder(text)}")
    return sorted(files, key=natural_key)


def _describe_folder(pattern: str) -> str:
    """What is in the folder that a pattern begins with."""
    folder = Path(*takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    if not folder.is_dir():
        return f"there is no folder {folder}"
    visible = (item for item in folder.iterdir() if item.name[0] != ".")
    kinds = {f"{item.name}/" if item.is_dir() else f"*{item.suffix}" if item.suffix else item.name for item in visible}
    return f"{folder} contains {_shorten(sorted(kinds)) or 'nothing'}"


def _is_driving(path: Path) -> bool:
    if path.is_dir():
        return path.name[0] != "." and _has_frames(path)
    return _is_file(path, DRIVING_SUFFIXES | POSE_SUFFIXES)


def _has_frames(folder: Path) -> bool:
    return any(_is_file(item, FRAME_SUFFIXES) for item in folder.iterdir())


def _is_file(path: Path, suffixes: Iterable[str]) -> bool:
    """Whether a file that is not hidden has one of the suffixes."""
    return path.name[0] != "." and path.suffix.lower() in suffixes
