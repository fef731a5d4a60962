"""Text from the command line -> values of config fields. Each function raises typer.BadParameter for anything else."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import get_args

import typer

from models.errors import InputError
from pipelines.compositing.background_choice import background_kind
from pipelines.configs import LandmarkDetectorName
from pipelines.keypoints.pairs import parse_pairs
from pipelines.option_groups import STANDARD, DetectorName

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def existing_or_standard(text: str) -> Path:
    """A path that exists, or `-` for standard input."""
    if Path(text) != STANDARD and not Path(text).exists():
        raise typer.BadParameter(f"path {text!r} does not exist")
    return Path(text)


def seconds(text: str) -> Fraction:
    """`90`, `1:30` or `0:01:30.5` -> exact seconds."""
    if (match := _CLOCK.fullmatch(text)) is None:
        raise typer.BadParameter(f"{text!r} is not a time: use seconds (12.5) or a clock time (1:30)")
    hours, minutes, rest = match.groups()
    return Fraction(rest) + 60 * int(minutes or 0) + 3600 * int(hours or 0)


def frame_rate(text: str) -> Fraction:
    """`25`, `29.97` or `30000/1001` -> frames per second, above 0 and at most 1000."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise typer.BadParameter(f"{text!r} is not a frame rate: use 25, 29.97 or 30000/1001")
    return rate


def names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """A parser of comma-separated names out of `known` -> the names in their order, without repetitions."""

    def parse(text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        if unknown := [name for name in found if name not in known]:
            raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(known)}")
        return found

    return parse


def size_in_bytes(text: str | int) -> int:
    """`500MB`, `2GB`, `1.5 GB` or a number of bytes -> bytes."""
    units = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgt]?)b?", str(text).strip().lower())
    if match is None or not (size := int(Fraction(match[1]) * units[match[2]])):
        raise typer.BadParameter(f"{text!r} is not a size: use 500MB or 2GB")
    return size


def number_or_auto(text: str) -> int | None:
    """A number from 1, or `auto` -> None."""
    if text != "auto" and not (text.isdecimal() and int(text)):
        raise typer.BadParameter(f"{text!r} is neither 'auto' nor a number from 1")
    return None if text == "auto" else int(text)


def device(text: str) -> str:
    """`auto`, `cpu`, `cuda`, `cuda:1` or `mps`, unchanged."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise typer.BadParameter(f"{text!r} is not auto, cpu, cuda, cuda:N or mps")
    return text


def person(text: str) -> str:
    """`largest` or a number from 1, unchanged."""
    if text != "largest" and not (text.isdecimal() and int(text)):
        raise typer.BadParameter(f"{text!r} is neither 'largest' nor a number counted from 1")
    return text


def people(text: str) -> str:
    """`all` or pairs such as `1:2,2:1`, unchanged."""
    try:
        parse_pairs(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def audio(text: str) -> str:
    """`driving`, `none` or a file that exists, unchanged."""
    if text not in ("driving", "none") and not Path(text).is_file():
        raise typer.BadParameter(f"{text!r} is neither 'driving', 'none' nor a sound file that exists")
    return text


def background(text: str) -> str:
    """`picture`, `driving`, `transparent`, a file that exists or a colour, unchanged."""
    try:
        background_kind(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return text


def keypoints(text: str) -> str:
    """The name of a detector or a path that exists, unchanged."""
    if text not in get_args(DetectorName) and not Path(text).exists():
        known = ", ".join(map(repr, get_args(DetectorName)))
        raise typer.BadParameter(f"{text!r} is neither {known} nor a pose file that exists")
    return text


def landmarks_file(text: str) -> Path | None:
    """A file that exists, or `auto` -> None."""
    if text != "auto" and not Path(text).is_file():
        raise typer.BadParameter(f"{text!r} is neither 'auto' nor a file that exists")
    return None if text == "auto" else Path(text)


def landmarks(text: str) -> Path | str | None:
    """The name of a landmark detector, unchanged; a folder that exists; or `auto` -> None."""
    if text in get_args(LandmarkDetectorName):
        return text
    if text != "auto" and not Path(text).is_dir():
        known = ", ".join(map(repr, ("auto", *get_args(LandmarkDetectorName))))
        raise typer.BadParameter(f"{text!r} is neither {known} nor a folder that exists")
    return None if text == "auto" else Path(text)


def angle(text: str) -> float | None:
    """Degrees, or `auto` -> None."""
    try:
        return None if text == "auto" else float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither 'auto' nor an angle in degrees") from None


def distance(text: str) -> float | None:
    """Diagonals of the object, or `auto` -> None."""
    try:
        return None if text == "auto" else float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither 'auto' nor a number of diagonals of the object") from None


def angles(text: str) -> tuple[float, ...]:
    """`0,30,60` -> degrees."""
    try:
        return tuple(float(item) for item in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of angles: use degrees and commas, as in 0,30,60") from None


def size(text: str) -> tuple[int, int]:
    """`176x256` -> width and height in pixels."""
    if (match := re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)) is None:
        raise typer.BadParameter(f"{text!r} is not a size: use WIDTHxHEIGHT, as in 176x256")
    return int(match[1]), int(match[2])
