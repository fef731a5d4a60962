"""Option values and what they become."""

from fractions import Fraction

import pytest
import typer

from gfla_cli import options


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("12.5", Fraction(25, 2)), ("1:30", 90), ("01:00:00.25", Fraction(14401, 4)), ("90:00", 5400)],
)
def test_times_are_exact(text: str, expected: Fraction) -> None:
    assert options.seconds(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1:2:3:4", "soon", "1:", "nan", "1e3"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no time"):
        options.seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("25", 25), ("29.97", Fraction(2997, 100)), ("30000/1001", Fraction(30000, 1001))]
)
def test_frame_rates_are_exact(text: str, expected: Fraction) -> None:
    assert options.frame_rate(text) == expected


@pytest.mark.parametrize("text", ["0", "-5", "1/0", "fast", "100000", "nan", "inf"])
def test_other_frame_rates_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no frame rate"):
        options.frame_rate(text)


def test_debug_views_keep_their_order_and_lose_repetitions() -> None:
    assert options.debug_views("mask, flow,mask") == ("mask", "flow")
