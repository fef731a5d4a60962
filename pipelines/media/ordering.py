"""The order of numbered files: frames, clips, poses and landmarks are sorted with `natural_key` everywhere."""

import re
from pathlib import PurePath


def natural_key(name: str | PurePath, *, ignore_case: bool = True) -> tuple[list[tuple[int, str]], str]:
    """Sort key that compares numbers by value: frame_9 before frame_10.

    Of a path only the last part counts. Names that differ in case or leading zeros only are in alphabetical order, so
    the order never depends on the file system.
    """
    text = name.name if isinstance(name, PurePath) else name
    # Every second part is a number, so a number is never compared with text.
    parts = re.split(r"(\d+)", text.lower() if ignore_case else text)
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)], text
