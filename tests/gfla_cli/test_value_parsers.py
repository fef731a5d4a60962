"""Values on the command line and what they become."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import typer

from gfla_cli import value_parsers as parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("12.5", Fraction(25, 2)), ("1:30", 90), ("01:00:00.25", Fraction(14401, 4)), ("90:00", 5400)],
)
def test_times_are_exact(text: str, expected: Fraction) -> None:
    assert parse.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "soon", "1:", "nan", "1e3"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="not a time"):
        parse.seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("25", 25), ("29.97", Fraction(2997, 100)), ("30000/1001", Fraction(30000, 1001))]
)
def test_frame_rates_are_exact(text: str, expected: Fraction) -> None:
    assert parse.frame_rate(text) == expected


@pytest.mark.parametrize("text", ["0", "-5", "1/0", "fast", "100000", "nan", "inf"])
def test_other_frame_rates_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="not a frame rate"):
        parse.frame_rate(text)


def test_names_keep_their_order_and_lose_repetitions() -> None:
    assert parse.names(("flow", "mask"))("mask, flow,mask") == ("mask", "flow")


@pytest.mark.parametrize(
    ("parser", "text", "expected"),
    [
        (parse.number_or_auto, "4", 4),
        (parse.number_or_auto, "auto", None),
        (parse.device, "cuda:1", "cuda:1"),
        (parse.people, "all", "all"),
        (parse.people, "1:2,2:1", "1:2,2:1"),
        (parse.person, "2", "2"),
        (parse.audio, "none", "none"),
        (parse.audio, __file__, __file__),
        (parse.background, "transparent", "transparent"),
        (parse.background, "#1e90ff", "#1e90ff"),
        (parse.background, __file__, __file__),
        (parse.keypoints, str(Path(__file__).parent), str(Path(__file__).parent)),
        (parse.landmarks_file, "auto", None),
        (parse.landmarks_file, __file__, Path(__file__)),
        (parse.landmarks, str(Path(__file__).parent), Path(__file__).parent),
        (parse.landmarks, "mediapipe", "mediapipe"),
        (parse.angle, "auto", None),
        (parse.angle, "-40.5", -40.5),
        (parse.distance, "2.5", 2.5),
        (parse.angles, "0,77.5", (0, 77.5)),
        (parse.size, "176x256", (176, 256)),
    ],
)
def test_what_a_parser_returns(parser: Callable[[str], Any], text: str, expected: object) -> None:
    assert parser(text) == expected


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        (parse.names(("flow", "mask")), "flow,xray"),
        (parse.number_or_auto, "0"),
        (parse.device, "gpu"),
        (parse.people, "1"),
        (parse.person, "0"),
        (parse.audio, "missing.wav"),
        (parse.background, "missing.png"),
        (parse.keypoints, "openpose"),
        (parse.landmarks_file, str(Path(__file__).parent)),
        (parse.landmarks, __file__),
        (parse.angle, "front"),
        (parse.distance, "far"),
        (parse.angles, "0,front"),
        (parse.size, "0x5"),
    ],
)
def test_what_a_parser_refuses(parser: Callable[[str], Any], text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parser(text)
