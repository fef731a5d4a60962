"""`gfla evaluate`: its options reach the pipeline, and the scores are printed."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from models.errors import InputError
from pipelines.configs import EvaluateConfig
from pipelines.evaluation.evaluate import EvaluateResult, Score
from pipelines.runtime.progress import Progress

CONDITIONS = {"compared": "3 pictures of 60x64", "resize": "none"}
SCORES = [
    Score("psnr", "dB, range 0..1", "higher", math.inf, 3),
    Score("l1", "mean absolute difference", "lower", 0.0392156862, 3),
    Score("flicker", "mean change", skipped="pictures have no order: pass videos"),
]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A pipeline that stores its config under "config" and answers with `SCORES`, or raises "error"."""
    state: dict[str, Any] = {"error": None}

    def evaluate_pictures(config: EvaluateConfig, progress: Progress) -> EvaluateResult:
        state["config"] = config
        if state["error"]:
            raise state["error"]
        progress.note("made is not\nall JPEG")
        return EvaluateResult(config, SCORES, CONDITIONS)

    monkeypatch.setattr("pipelines.evaluation.evaluate.evaluate_pictures", evaluate_pictures)
    return state


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("made", "true"):
        (tmp_path / name).mkdir()
    return tmp_path / "made", tmp_path / "true"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_options_have_the_defaults_of_the_config(folders: tuple[Path, Path], stand_in: dict[str, Any]) -> None:
    code, _, stderr = run(*folders)
    assert (code, stderr) == (0, "gfla: made is not all JPEG\n")
    assert stand_in["config"] == EvaluateConfig(*folders)


def test_all_options_reach_the_pipeline(folders: tuple[Path, Path], stand_in: dict[str, Any]) -> None:
    options = {"--fid-reference": folders[1], "--metric": "ssim,l1", "--protocol": "gfla", "--device": "cpu"}
    pairs = [word for pair in options.items() for word in pair]
    code, _, stderr = run(*folders, *pairs, "--resize", "32x40", "--crop", "16x20", "--fetch", "--quiet")
    assert (code, stderr) == (0, "")
    assert stand_in["config"] == EvaluateConfig(
        generated=folders[0],
        reference=folders[1],
        fid_reference=folders[1],
        metrics=("ssim", "l1"),
        protocol="gfla",
        resize=(32, 40),
        crop=(16, 20),
        fetch=True,
        device="cpu",
    )


def test_scores_are_a_table_with_their_conditions_below(folders: tuple[Path, Path], stand_in: dict[str, Any]) -> None:
    lines = run(*folders)[1].splitlines()
    assert lines[0].split() == ["METRIC", "VALUE", "BETTER", "HOW"]
    assert lines[1].split(maxsplit=3) == ["psnr", "inf", "higher", "dB, range 0..1"]
    assert lines[2].split(maxsplit=3) == ["l1", "0.039216", "lower", "mean absolute difference"]
    assert lines[3].split(maxsplit=3) == ["flicker", "skipped", "lower", "pictures have no order: pass videos"]
    assert lines[4:6] == ["compared: 3 pictures of 60x64", "resize: none"]
    assert lines[6].startswith("versions: python 3")


def test_the_json_report_has_the_same_keys_as_ever(folders: tuple[Path, Path], stand_in: dict[str, Any]) -> None:
    code, stdout, _ = run(*folders, "--json")
    report = json.loads(stdout)
    assert (code, list(report)) == (0, ["protocol", "metrics", "versions", "warnings"])
    keys = ["name", "how", "better", "value", "pictures", "skipped"]
    assert [list(score) for score in report["metrics"]] == [[*keys, *CONDITIONS]] * 3
    assert [score["value"] for score in report["metrics"]] == ["inf", 0.0392156862, None]
    assert report["warnings"] == ["made is not all JPEG"]


def test_a_skipped_metric_that_was_asked_for_by_name_is_an_error(
    folders: tuple[Path, Path], stand_in: dict[str, Any]
) -> None:
    code, stdout, stderr = run(*folders, "--metric", "psnr,l1,flicker", "--quiet")
    assert code == 2
    assert stdout.splitlines()[2].startswith("l1 ")
    assert stderr == "gfla: flicker skipped: pictures have no order: pass videos\n"


def test_what_the_pipeline_refuses_is_one_line_and_2(folders: tuple[Path, Path], stand_in: dict[str, Any]) -> None:
    stand_in["error"] = InputError("p1.png has no partner")
    assert run(*folders) == (2, "", "gfla: p1.png has no partner\n")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--resize", "large"), ("--crop", "0x5"), ("--metric", "beauty"), ("--protocol", "other")],
)
def test_a_wrong_value_is_one_line_that_names_it(
    option: str, value: str, folders: tuple[Path, Path], stand_in: dict[str, Any]
) -> None:
    code, stdout, stderr = run(*folders, option, value)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert value in stderr
    assert "config" not in stand_in
