"""The values of `--people`: who of the picture moves like whom of the driving video. Imports nothing heavy: the command
line reads them too.

People are counted from 1, from the left.
"""

import re

from models.errors import InputError

ALL = "all"
Pair = tuple[int, int]  # a person of the picture, and whom of the driving video they follow
_PAIR = re.compile(r"\s*([1-9]\d?)\s*:\s*([1-9]\d?)\s*")


def parse_pairs(text: str) -> tuple[Pair, ...] | None:
    """`1:2,2:1` -> pairs in their order; `all` -> None.

    Raises:
        InputError: neither of them, or a person of the picture twice.
    """
    if text == ALL:
        return None
    matches = [_PAIR.fullmatch(part) for part in text.split(",")]
    pairs = tuple((int(match[1]), int(match[2])) for match in matches if match)
    if len(pairs) < len(matches):
        raise InputError(
            f"people {text!r:.60} must be 'all' or pairs of a person of the picture and one of the video, counted from "
            "the left: 1:2,2:1"
        )
    sources = [source for source, _ in pairs]
    if twice := next((source for source in sources if sources.count(source) > 1), None):
        raise InputError(f"people {text!r:.60}: person {twice} of the picture can follow one person only")
    return pairs


def check_count(text: str, number: int, count: int, where: str) -> None:
    """Refuse a person who is not there.

    Args:
        text: the value of `--people`.
        number: the highest one in it of those `where` ("picture", "video").
        count: how many people it shows.

    Raises:
        InputError: says how many there are.
    """
    if number > count:
        shown = "1 person" if count == 1 else f"{count} people"
        at_once = " in a fifth of its frames or more, at the same time" if where == "video" else ""
        raise InputError(f"--people {text:.60}: person {number} of the {where} asked for, which shows {shown}{at_once}")
