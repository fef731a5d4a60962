"""`gfla view-synth`: its options reach the pipeline, and its what it made is printed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from models.errors import InputError
from pipelines.configs import ViewSynthConfig
from pipelines.object_views.comparison import ViewScores
from pipelines.object_views.source import ObjectView
from pipelines.runtime.progress import Progress
from pipelines.view_synthesis import ViewSynthResult

SCORES = [ViewScores(0.0, 0.0125, 31.456, 0.91234), ViewScores(77.5, 0.0375, 21.456, 0.81234)]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A pipeline that stores its config under "config" and answers with "compared", or raises "error"."""
    state: dict[str, Any] = {"compared": [], "error": None}

    def synthesize_views(config: ViewSynthConfig, progress: Progress) -> ViewSynthResult:
        state["config"] = config
        if state["error"]:
            raise state["error"]
        progress.note("seen from\nazimuth 40")
        view = ObjectView(np.zeros((256, 256, 3), np.uint8), 40.0, 0.0, confidence=0.93)
        azimuths = {target: [0.0, 77.5] for target in config.targets()}
        return ViewSynthResult(config, azimuths, [view], "cpu", "fp32", {"load": 0.51234}, state["compared"])

    monkeypatch.setattr("pipelines.view_synthesis.synthesize_views", synthesize_views)
    return state


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "car.png").touch()
    return tmp_path / "car.png"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["view-synth", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_options_have_the_defaults_of_the_config(image: Path, stand_in: dict[str, Any]) -> None:
    code, stdout, stderr = run(image, "--category", "car")
    assert (code, stdout) == (0, "car--turntable.mp4\n")
    assert stderr.startswith("gfla: seen from azimuth 40\ngfla: 2 views in ")
    assert ", load 0.5)" in stderr
    assert stand_in["config"] == ViewSynthConfig(images=(image,), category="car")


def test_all_options_reach_the_pipeline(image: Path, tmp_path: Path, stand_in: dict[str, Any]) -> None:
    options = {
        "--category": "chair", "--azimuth": 40, "--elevation": 10, "--distance": 2.5, "--view-elevation": 20,
        "--views": 12, "--angles": "0,77.5", "--background": "original", "--weights": "mine", "--viewpoint": "other",
        "--device": "cpu", "--precision": "fp32", "--compare": tmp_path, "--output": tmp_path / "sheet.png",
    }  # fmt: skip
    pairs = [word for pair in options.items() for word in pair]
    code, _, stderr = run(image, image, *pairs, "--overwrite", "--quiet")
    assert (code, stderr) == (0, "")
    assert stand_in["config"] == ViewSynthConfig(
        images=(image, image),
        category="chair",
        azimuth=40,
        elevation=10,
        distance=2.5,
        view_elevation=20,
        views=12,
        angles=(0, 77.5),
        background="original",
        weights="mine",
        viewpoint="other",
        device="cpu",
        precision="fp32",
        overwrite=True,
        compare=tmp_path,
        output=tmp_path / "sheet.png",
    )


def test_a_shapenet_view_takes_the_place_of_pictures(image: Path, stand_in: dict[str, Any]) -> None:
    assert run("--shapenet", image, "--id", "a_4_20", "--category", "car", "--azimuth", "auto")[0] == 0
    assert stand_in["config"] == ViewSynthConfig(images=(), category="car", shapenet=image, id="a_4_20")


def test_views_that_were_compared_are_a_table(image: Path, stand_in: dict[str, Any]) -> None:
    stand_in["compared"] = SCORES
    _, stdout, _ = run(image, "--category", "car", "-o", "views")
    assert [line.split() for line in stdout.splitlines()] == [
        ["views"],
        ["azimuth", "l1", "psnr", "ssim"],
        ["0", "0.0125", "31.46", "0.9123"],
        ["77.5", "0.0375", "21.46", "0.8123"],
        ["mean", "0.0250", "26.46", "0.8623"],
    ]


def test_the_json_report_has_the_same_keys_as_ever(image: Path, stand_in: dict[str, Any]) -> None:
    stand_in["compared"] = SCORES
    code, stdout, _ = run(image, "--category", "car", "-o", "views", "--json")
    report = json.loads(stdout)
    keys = "outputs azimuths inputs sources compared options versions weights device precision warnings"
    keys += " record seconds overlapping_seconds start_seconds wall_seconds"
    assert (code, set(report)) == (0, set(keys.split()))
    assert (report["outputs"], report["azimuths"]) == (["views"], [[0, 77.5]])
    unknown = dict.fromkeys(("elevation_confidence", "distance_confidence"))
    assert report["sources"] == [{"azimuth": 40, "elevation": 0, "distance": 1.8, "confidence": 0.93, **unknown}]
    assert list(report["compared"]["views"][1].values()) == [77.5, 0.0375, 21.456, 0.81234]
    assert report["compared"]["means"]["l1"] == pytest.approx(0.025)
    assert (report["weights"], report["device"], report["seconds"]) == ("objects", "cpu", {"load": 0.512})
    assert report["options"]["category"] == "car"
    assert report["inputs"][0]["path"] == str(image)
    assert report["warnings"] == ["seen from azimuth 40"]


def test_what_the_pipeline_refuses_is_one_line_and_2(image: Path, stand_in: dict[str, Any]) -> None:
    stand_in["error"] = InputError("car.png shows nothing")
    assert run(image, "--category", "car") == (2, "", "gfla: car.png shows nothing\n")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--category", "boat"),
        ("--azimuth", "left"),
        ("--distance", "far"),
        ("--angles", "0,front"),
        ("--views", "0"),
        ("--background", "green"),
        ("--compare", "missing"),
        ("--shapenet", "missing.hdf5"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_option(option: str, value: str, image: Path, stand_in: dict) -> None:
    category = () if option == "--category" else ("--category", "car")
    code, stdout, stderr = run(image, *category, option, value)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert option in stderr
    assert "config" not in stand_in
