"""What the shipped weights of view synthesis can do, on objects that training never drew."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights
from pipelines.training.view_synthesis import validation as view_validation
from pipelines.training.viewpoint import validation as viewpoint

EXAMPLES = Path(__file__).parents[3] / "examples"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["view-synth", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(("category", "least"), [("car", 23.0), ("chair", 21.0)])
def test_views_are_far_nearer_to_the_truth_than_the_source_is(category: str, least: float) -> None:
    model = load_weights("objects", expect="view")
    assert isinstance(model, ViewGenerator)
    numbers, _ = view_validation.validate(model, category, 2, size=256)
    assert numbers["psnr"] > max(least, numbers["copy"] + 6)
    assert numbers["ssim"] > numbers["copy_ssim"] + 0.05
    assert numbers["l1"] < numbers["copy_l1"] / 2


@pytest.mark.parametrize("category", ["car", "chair"])
def test_the_azimuth_is_found(category: str) -> None:
    network = load_weights("viewpoint", expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    numbers = viewpoint.validate(network, category, 40)
    assert numbers["median"] < 3
    assert numbers["reversed"] <= 0.05
    assert numbers["kind"] > 0.95


@pytest.mark.parametrize(("category", "azimuth"), [("car", 40), ("chair", 325)])
def test_the_example_is_seen_from_where_it_was_rendered(category: str, azimuth: float, tmp_path: Path) -> None:
    picture, out = EXAMPLES / f"{category}.png", tmp_path / "one.png"
    code, stdout, stderr = run(picture, "--category", category, "--angles", 180, "-o", out, "--json")
    assert code == 0, stderr
    report = json.loads(stdout)
    (seen,) = report["sources"]
    assert seen["azimuth"] == pytest.approx(azimuth, abs=8)
    assert seen["confidence"] > 0.9
    assert not any("does not look like" in note for note in report["warnings"])


def test_a_person_is_told_from_a_car(tmp_path: Path) -> None:
    code, _, stderr = run(EXAMPLES / "source.png", "--category", "car", "--angles", 0, "-o", tmp_path / "one.png")
    assert code == 0
    assert "does not look like a car on a plain background" in stderr
