"""Options that commands share, each written once."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

INPUT, TIMING, POSE, MODEL, OUTPUT = "Input", "Time", "Pose", "Model", "Output"
DEBUG_VIEWS = ("flow", "mask", "skeleton", "attention")
_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def seconds(text: str) -> Fraction:
    """`90`, `1:30` or `0:01:30.5` as exact seconds.

    Raises:
        typer.BadParameter: anything else.
    """
    if (match := _CLOCK.fullmatch(text)) is None:
        raise typer.BadParameter(f"{text!r} is no time: give seconds (12.5) or a clock time (1:30)")
    hours, minutes, rest = match.groups()
    return Fraction(rest) + 60 * int(minutes or 0) + 3600 * int(hours or 0)


def frame_rate(text: str) -> Fraction:
    """`25`, `29.97` or `30000/1001` as frames per second, above 0 and at most 1000.

    Raises:
        typer.BadParameter: anything else.
    """
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise typer.BadParameter(f"{text!r} is no frame rate: give 25, 29.97 or 30000/1001")
    return rate


def debug_views(text: str) -> tuple[str, ...]:
    """`flow,mask` as a tuple without repetitions.

    Raises:
        typer.BadParameter: a name that is not in DEBUG_VIEWS.
    """
    return names(text, DEBUG_VIEWS)


def names(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Names with commas between them as a tuple without repetitions.

    Raises:
        typer.BadParameter: a name that is not among the `known`.
    """
    found = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if unknown := [name for name in found if name not in known]:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(known)}")
    return found


def landmarks(text: str, *, folder: bool) -> Path | None:
    """`auto` as None, else a path that exists.

    Raises:
        typer.BadParameter: no such file (`folder`: folder).
    """
    path = Path(text)
    if text == "auto" or (path.is_dir() if folder else path.is_file()):
        return None if text == "auto" else path
    raise typer.BadParameter(f"{text!r} is neither 'auto' nor a {'folder' if folder else 'file'} that exists")


def number_or_auto(text: str) -> int | None:
    """`auto` as None, else a whole number from 1.

    Raises:
        typer.BadParameter: anything else.
    """
    if text != "auto" and not (text.isdecimal() and int(text)):
        raise typer.BadParameter(f"{text!r} is neither 'auto' nor a number from 1")
    return None if text == "auto" else int(text)


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise typer.BadParameter(f"{text!r} is not auto, cpu, cuda, cuda:N or mps")
    return text


def _person(text: str) -> str:
    if text != "largest" and not (text.isdecimal() and int(text)):
        raise typer.BadParameter(f"{text!r} is neither 'largest' nor a number counted from 1")
    return text


def _audio(text: str) -> str:
    if text not in ("driving", "none") and not Path(text).is_file():
        raise typer.BadParameter(f"{text!r} is neither 'driving', 'none' nor a sound file that exists")
    return text


def _keypoints(text: str) -> str:
    if text not in ("auto", "yolo", "bundled") and not Path(text).exists():
        raise typer.BadParameter(f"{text!r} is neither 'auto', 'yolo', 'bundled' nor a pose file that exists")
    return text


Source = Annotated[
    Path, typer.Argument(metavar="SOURCE", exists=True, dir_okay=False, show_default=False, help="Picture of a person.")
]
Driving = Annotated[
    Path,
    typer.Argument(
        metavar="DRIVING",
        exists=True,
        show_default=False,
        help="Video, GIF, folder of pictures or pose track whose motion to take.",
    ),
]

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=OUTPUT)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.", rich_help_panel=OUTPUT)]
Frame = Annotated[
    Literal["full", "crop"],
    typer.Option(help="full: the whole picture; crop: only the model's canvas.", rich_help_panel=OUTPUT),
]
Compare = Annotated[
    bool,
    typer.Option("--compare", help="Write source | driving | skeleton | result.", rich_help_panel=OUTPUT),
]

Device = Annotated[
    str,
    typer.Option(metavar="auto|cpu|cuda[:N]|mps", callback=_device, help="Where to compute.", rich_help_panel=MODEL),
]
Precision = Annotated[
    Literal["auto", "fp32", "bf16", "fp16"], typer.Option(help="Number format of the networks.", rich_help_panel=MODEL)
]
Weights = Annotated[
    str,
    typer.Option(metavar="NAME|PATH", help="Weights of the generator; see 'gfla weights list'.", rich_help_panel=MODEL),
]
Motion = Annotated[
    str,
    typer.Option(metavar="NAME|PATH", help="Weights of the motion network that cleans poses.", rich_help_panel=MODEL),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of everything random.", rich_help_panel=MODEL)]

Start = Annotated[
    Fraction | None,
    typer.Option(
        metavar="TIME", parser=seconds, help="Begin at this time of the driving video.", rich_help_panel=TIMING
    ),
]
End = Annotated[
    Fraction | None,
    typer.Option(metavar="TIME", parser=seconds, help="End at this time of the driving video.", rich_help_panel=TIMING),
]
MaxFrames = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Take at most N frames.", rich_help_panel=TIMING)
]
Fps = Annotated[
    Fraction | None,
    typer.Option(
        metavar="RATE",
        parser=frame_rate,
        help="Sample at this rate instead of the video's own.",
        rich_help_panel=TIMING,
    ),
]

Keypoints = Annotated[
    str,
    typer.Option(
        metavar="auto|yolo|bundled|FILE", callback=_keypoints, help="Where the poses come from.", rich_help_panel=POSE
    ),
]
YoloWeights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", exists=True, dir_okay=False, help="A YOLO pose model on disk.", rich_help_panel=POSE),
]
Person = Annotated[
    str,
    typer.Option(
        metavar="largest|N",
        callback=_person,
        help="Which person to follow: the largest, or the N-th from the left, from 1.",
        rich_help_panel=POSE,
    ),
]
OnMissing = Annotated[
    Literal["interpolate", "hold", "fail"],
    typer.Option(help="What to do with frames where no person is found.", rich_help_panel=POSE),
]
Retarget = Annotated[
    Literal["body", "fit", "none"],
    typer.Option(
        help="body: keep the source person's limb lengths and place; fit: scale and place the driving body; none.",
        rich_help_panel=POSE,
    ),
]
Extractor = Annotated[
    Literal["auto", "yolo", "bundled"],
    typer.Option(help="What finds the people, where the poses are not given.", rich_help_panel=POSE),
]
