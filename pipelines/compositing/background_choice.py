"""The values of `--background`. Imports nothing heavy: the command line reads them too.

In: text. Out: the kind of background that it names, or its colour.
"""

from pathlib import Path
from typing import Literal

from models.errors import InputError

BackgroundKind = Literal["picture", "driving", "transparent", "file", "colour"]
WORDS: tuple[Literal["picture", "driving", "transparent"], ...] = ("picture", "driving", "transparent")


def background_kind(text: str) -> BackgroundKind:
    """The kind of background that a value of `--background` names; a file that exists comes before a colour.

    Raises:
        InputError: it is none.
    """
    for word in WORDS:
        if text == word:
            return word
    if "\0" not in text and Path(text).is_file():
        return "file"
    if parse_colour(text) is not None:
        return "colour"
    words = ", ".join(WORDS)
    raise InputError(f"background {text!r:.60} is no file that exists, no colour (#rrggbb, white) and none of {words}")


def parse_colour(text: str) -> tuple[int, int, int] | None:
    """`#rrggbb`, `#rgb` or a name of CSS -> red, green and blue, 0 to 255; None for anything else."""
    from PIL import ImageColor

    try:
        colour = ImageColor.getrgb(text)
    except ValueError:
        return None
    return (colour[0], colour[1], colour[2]) if len(colour) == 3 else None
