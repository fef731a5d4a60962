"""Values of --background."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.compositing.background_choice import background_kind, parse_colour


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("picture", "picture"),
        ("driving", "driving"),
        ("transparent", "transparent"),
        ("white", "colour"),
        ("#1e90ff", "colour"),
        ("#fff", "colour"),
        (__file__, "file"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert background_kind(text) == kind


def test_a_file_comes_before_a_colour_and_a_word_before_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("red", "driving"):
        Path(name).touch()
    assert [background_kind(text) for text in ("red", "driving", "./driving")] == ["file", "driving", "file"]


@pytest.mark.parametrize("text", ["gren", "", "#12", "#12345678", "missing.png", ".", "a\0b"])
def test_anything_else_is_refused_in_a_line_that_says_what_is_allowed(text: str) -> None:
    with pytest.raises(InputError, match=r"no colour \(#rrggbb, white\) and none of picture, driving, transparent"):
        background_kind(text)


@pytest.mark.parametrize(
    ("text", "colour"), [("DodgerBlue", (30, 144, 255)), ("#1e90ff", (30, 144, 255)), ("#fff", (255,) * 3)]
)
def test_colours(text: str, colour: tuple[int, int, int]) -> None:
    assert parse_colour(text) == colour
