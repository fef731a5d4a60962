"""`gfla check`: exit codes and the report."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from pipelines.configs import AnimateConfig, PreviewConfig
from pipelines.preflight.check import InputReport
from tests.helpers.media_files import DRIVING, SOURCE, write_picture

FINE = {"frames": 100, "looks": 50, "person_share": 1.0, "hidden": (), "whole_share": 1.0, "scale": 1.5}
FINE |= {"seconds": 42.0, "memory": 987_654_321}


class StandIn:
    """Stands in for `InputChecker`: keeps `thorough` and reports `found`."""

    found: dict[str, Any]
    thorough: bool

    def __call__(self, config: AnimateConfig, progress: object, *, thorough: bool) -> "StandIn":
        self.thorough = thorough
        return self

    def check(self, source: Path, driving: Path) -> InputReport:
        return InputReport(source, driving, **self.found)


@pytest.fixture
def checker(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    checker = StandIn()
    checker.found = {"verdict": "good", **FINE}
    monkeypatch.setattr("pipelines.preflight.check.InputChecker", checker)
    return checker


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", str(SOURCE), str(DRIVING), *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.usefixtures("checker")
def test_good_is_zero_and_a_table() -> None:
    code, stdout, stderr = run()
    assert (code, stderr) == (0, "")
    assert stdout.splitlines() == [
        "VERDICT     good",
        "person      in 100% of 50 inspected frames, of 100",
        "whole body  in the picture: yes; in the video: 100% of the frames",
        "scale       1.50 times as tall in the picture as in the video",
        "time        about 42 s",
        "memory      about 1.0 GB",
    ]


def test_doubtful_is_three_with_its_reasons(checker: StandIn) -> None:
    checker.found |= {"verdict": "doubtful", "reasons": ("small", "dark"), "hidden": ("feet",), "seconds": 9000.0}
    code, stdout, stderr = run()
    assert (code, stderr) == (3, "")
    assert stdout.splitlines()[-2:] == ["doubt: small", "doubt: dark"]
    assert "in the picture: no feet;" in stdout
    assert "about 2.5 h" in stdout


def test_impossible_is_two_and_one_line(checker: StandIn) -> None:
    checker.found = {"verdict": "impossible", "reasons": ("me.png: no person found",)}
    assert run() == (2, "", "gfla: me.png: no person found\n")


@pytest.mark.parametrize("verdict", ["good", "doubtful", "impossible"])
def test_json_is_one_object_in_any_case(checker: StandIn, verdict: str) -> None:
    checker.found["verdict"] = verdict
    code, stdout, _ = run("--json", "--quiet")
    report = json.loads(stdout)
    assert (code, report["verdict"]) == ({"good": 0, "doubtful": 3, "impossible": 2}[verdict], verdict)
    assert (report["source"], report["seconds"], report["hidden"]) == (str(SOURCE), 42.0, [])


def test_thorough_reaches_the_checker(checker: StandIn) -> None:
    assert run("--thorough")[0] == 0
    assert checker.thorough


@pytest.mark.parametrize(("verdict", "written"), [("good", True), ("doubtful", True), ("impossible", False)])
def test_a_sheet_is_written_of_what_is_possible(
    checker: StandIn, verdict: str, written: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews: list[PreviewConfig] = []
    monkeypatch.setattr("pipelines.preview.preview_animation", lambda config, _: previews.append(config))
    checker.found["verdict"] = verdict
    sheet = tmp_path / "sheet.png"
    _, stdout, _ = run("--sheet", sheet, "--start", "1", "--json")
    assert [(each.target, each.start) for each in previews] == [(sheet, 1)] * written
    assert json.loads(stdout)["sheet"] == (str(sheet) if written else None)
    _, stdout, _ = run("--sheet", sheet)
    assert (str(sheet) in stdout) == written


def test_a_sheet_that_cannot_be_written_is_refused_first(checker: StandIn) -> None:
    checker.found = {}  # an inspection would fail
    code, _, stderr = run("--sheet", SOURCE)
    assert (code, "is also an input" in stderr) == (2, True)


def test_a_wall_is_refused_in_one_line(tmp_path: Path) -> None:
    wall = write_picture(tmp_path / "wall.png")
    result = CliRunner().invoke(app, ["check", str(wall), str(DRIVING), "--keypoints", "bundled", "--quiet"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"gfla: {wall}: no person found in the picture")
    assert len(result.stderr.splitlines()) == 1
