"""What the parser refuses: the value and what is wrong with it, in our words."""

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from gfla_cli.job_options import parse
from models.errors import InputError
from tests.helpers.media_files import DRIVING, SOURCE

ANIMATE = ("animate", str(SOURCE), str(DRIVING))
REFUSED = [
    ((*ANIMATE, "--retarget", "x"), "'--retarget': 'x' is not one of 'body', 'fit', 'none'"),
    ((*ANIMATE, "--frame", "x"), "'--frame': 'x' is not one of 'full', 'crop'"),
    ((*ANIMATE, "--crf", "many"), "'--crf': 'many' should be a valid integer (see"),
    ((*ANIMATE, "--crf", "64"), "'--crf': '64' should be less than or equal to 63"),
    ((*ANIMATE, "--max-frames", "0"), "'--max-frames': '0' should be greater than or equal to 1"),
    ((*ANIMATE, "--debug", "x"), "'x' is not one of flow, mask, skeleton, attention"),
    ((*ANIMATE, "--yolo-weights", "no*.pt"), "'no*.pt' does not exist: no file matches this pattern"),
    (("animate", "no/*.png", str(DRIVING)), "'no/*.png' does not exist: no file matches this pattern"),
    (("ui", "nowhere"), "dir 'nowhere' does not exist (see"),
    (("batch", "a", "b", "c", "-o", "out"), "(c): put names with spaces, and patterns of gfla batch, in quotes"),
    (("batch", "a", "b", "-o", "out", "--command", "x"), "'--command': 'x' is not one of 'animate', 'pose'"),
    (("view-synth", str(SOURCE), "--category", "x"), "'--category': 'x' is not one of 'auto', 'car', 'chair'"),
    (("view-synth", str(SOURCE), "--category", "car", "--elevation", "x"), "'x' is neither 'auto' nor an angle"),
    (("animate", str(SOURCE), str(SOURCE), "--scale", "x"), "'x' should be a valid number (see"),
    (("train", "animate", "--steps", "x"), "'--steps': 'x' should be a valid integer (see"),
    (("evaluate", str(SOURCE), str(SOURCE), "--protocol", "x"), "'--protocol': 'x' is not one of 'standard', 'gfla'"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(row[0][-2:]) for row in REFUSED])
def test_a_refused_value_is_named_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Value error" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("group", ["data", "weights"])
def test_a_group_without_a_command_shows_its_help_and_says_so(group: str) -> None:
    result = CliRunner().invoke(app, [group])
    assert (result.exit_code, result.stderr) == (2, f"gfla: Missing command (see 'gfla {group} --help')\n")
    assert "Commands" in result.stdout


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("retarget", "x", "'--retarget': 'x' is not one of 'body', 'fit', 'none'"),
        ("crf", "x", "'--crf': 'x' should be a valid integer"),
    ],
)
def test_a_refused_value_of_a_job_is_named_the_same_way(option: str, value: str, words: str) -> None:
    with pytest.raises(InputError) as raised:
        parse("animate", {option: value}, {})
    assert str(raised.value) == f"Invalid value for {words}"
