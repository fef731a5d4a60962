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


def choose_pairs(text: str, sources: int, drivers: int) -> tuple[Pair, ...]:
    """The pairs of a value of `--people`, for so many people in the picture and in the video.

    Raises:
        InputError: fewer than it asks for.
    """
    first = tuple((number, number) for number in range(1, max(min(sources, drivers), 1) + 1))
    pairs = parse_pairs(text) or first
    check_count(text, max(source for source, _ in pairs), sources, "picture")
    check_count(text, max(driver for _, driver in pairs), drivers, "video")
    return pairs


def count_drivers(text: str) -> int | None:
    """How many people of the video a value of `--people` needs at least; None for `all`."""
    pairs = parse_pairs(text)
    return max(driver for _, driver in pairs) if pairs else None


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
        shown = "nobody" if not count else "1 person" if count == 1 else f"{count} people"
        rule = " at the same time, of those in a fifth of its frames or more" if where == "video" else ""
        raise InputError(f"--people {text:.60} asks for person {number} of the {where}, which shows {shown}{rule}")
