"""`--config FILE.toml`: options of every command from a file, and what is wrong with them in one line."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gfla_cli.app import app
from models.errors import ProcessingError
from tests.helpers.media_files import DRIVING, SOURCE

INPUTS = [str(SOURCE), str(DRIVING)]
WRONG = [
    ("max_frames = 3", "[animate] has no option 'max_frames': use max-frames"),
    ("source = 'a.png'", "[animate] has no option 'source': it has output, overwrite, "),
    ("config = 'a.toml'", "[animate] has no option 'config': it has "),
    ("face = 'yes'", "[animate] face = 'yes' must be true or false"),
    ("fps = true", "[animate] fps = true must be text or a number"),
    ("fps = 1979-05-27", "[animate] fps = datetime.date(1979, 5, 27) must be text or a number"),
    ("debug = [['flow']]", "[animate] debug = ['flow'] must be text or a number"),
    ("fps = {}", "[animate] fps = {} must be text or a number"),
    ("max-frames = 'ten'", "'ten' should be a valid integer"),
    ("max-frames = 2.5", "max-frames"),
    ("max-frames = 0", "max-frames"),
    ("quality = 'great'", "'great' is not one of"),
    ("keypoints = 'nix'", "'nix' is neither 'auto', 'yolo'"),
    ("[animte]\nfps = 1", "wrong.toml has no command 'animte': use animate"),
    ("[weights.rum]\na = 1", "[weights] has no command 'rum': use run"),
    ("[weights]\nlist = 1", "list must stand in the table of a command, as in [animate]"),
    ("[pose]\nfps = 1", "[pose] has no option 'fps': it has output, "),  # of another command
    ("[animate", "can't be read as TOML: "),
]


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """The configs that reach the pipeline, which then fails."""
    found: list[Any] = []

    def animate(config: Any, progress: Any) -> None:
        found.append(config)
        raise ProcessingError("enough")

    monkeypatch.setattr("pipelines.animation.animate", animate)
    monkeypatch.chdir(tmp_path)
    return found


def run(text: str, *arguments: str) -> tuple[int, str]:
    Path("job.toml").write_text(text)
    result = CliRunner().invoke(app, ["animate", *INPUTS, "--config", "job.toml", *arguments])
    return result.exit_code, result.stderr


def test_values_of_every_kind_arrive_as_if_typed(configs: list[Any]) -> None:
    table = "[animate]\noverwrite = true\nface = false\nmax-frames = 7\nfps = 12.5\nstart = '0:02'\nquality = 'best'\n"
    run(
        table + "debug = ['mask', 'flow']\nperson = 2\nbackground = 'teal'\noutput = 'a.webm'\n[pose]\nquality = 'fast'"
    )
    config = configs[0]
    assert (config.overwrite, config.face, config.max_frames, config.fps) == (True, False, 7, Fraction(25, 2))
    assert (config.start, config.quality, config.debug, config.person) == (2, "best", ("mask", "flow"), "2")
    assert (config.background, config.output) == ("teal", Path("a.webm"))


def test_the_command_line_wins(configs: list[Any]) -> None:
    run("[animate]\nmax-frames = 7\nfps = 5\ndebug = ['mask']", "--debug", "flow", "--fps=10")
    assert (configs[0].max_frames, configs[0].fps, configs[0].debug) == (7, 10, ("flow",))


@pytest.mark.usefixtures("configs")
@pytest.mark.parametrize(("text", "line"), WRONG)
def test_what_is_wrong_is_one_line(text: str, line: str) -> None:
    Path("wrong.toml").write_text(text if text.startswith("[") else f"[animate]\n{text}")
    result = CliRunner().invoke(app, ["animate", *INPUTS, "--config", "wrong.toml"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert result.stderr.startswith("gfla: wrong.toml")
    assert line in result.stderr


def test_a_key_outside_of_a_table(configs: list[Any]) -> None:
    assert run("fps = 5") == (2, "gfla: job.toml: fps must stand in the table of a command, as in [animate]\n")


def test_a_wrong_value_of_the_command_line_is_not_that_of_the_file(configs: list[Any]) -> None:
    code, line = run("[animate]\nfps = 5", "--fps", "fast")
    assert (code, line.startswith("gfla: Invalid value for '--fps'")) == (2, True)


def test_a_required_option_may_come_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr("pipelines.datasets.registry.check_dataset", lambda *values: found.append(values))
    file = tmp_path / "job.toml"
    file.write_text("[data.check]\nas = 'market'\nphase = 'test'")
    CliRunner().invoke(app, ["data", "check", str(tmp_path), "--config", str(file)])
    assert found[0][:3] == ("market", tmp_path, ("test",))


def test_every_command_has_the_option() -> None:
    def visit(command: Any, name: str) -> None:
        for word, inner in getattr(command, "commands", {}).items():
            visit(inner, f"{name} {word}".strip())
        if not hasattr(command, "commands"):
            flags = [flag for each in command.params for flag in each.opts]
            assert ("--config-file" if name == "train" else "--config") in flags

    visit(typer.main.get_command(app), "")


def test_options_that_may_be_repeated_are_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "job.toml"
    file.write_text("[train]\nset = ['nothing=1', 'nobody=2']\nsteps = 1")
    result = CliRunner().invoke(app, ["train", "motion", "--config-file", str(file), "--out", str(tmp_path / "out")])
    assert (result.exit_code, "nothing" in result.stderr) == (2, True)
