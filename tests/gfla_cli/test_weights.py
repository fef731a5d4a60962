"""`gfla weights` over a catalogue of two small files."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gfla_cli.app import app
from models.motion import MotionConfig, MotionNetwork
from models.weights import bundled, save_weights


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two weights files and their catalogue, in place of the bundled ones."""
    listed, network = {}, MotionNetwork(config=MotionConfig(channels=4, layers=1))
    for name in ("first", "second"):
        file = tmp_path / f"{name}.safetensors"
        save_weights(file, network, architecture="motion", licence="Apache-2.0", command="none", extra={})
        listed[name] = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (tmp_path / "catalogue.json").write_text(json.dumps(listed))
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    return tmp_path


def test_list_names_architecture_size_and_licence(folder: Path) -> None:
    result = CliRunner().invoke(app, ["weights", "list"])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["first", "motion", "0.0", "MB", "Apache-2.0"]


def test_list_as_json(folder: Path) -> None:
    entries = json.loads(CliRunner().invoke(app, ["weights", "list", "--json"]).stdout)
    assert [entry["name"] for entry in entries] == ["first", "second"]
    assert entries[1]["file"] == str(folder / "second.safetensors")
    assert len(entries[1]["sha256"]) == 64


def test_verify_accepts_intact_files(folder: Path) -> None:
    result = CliRunner().invoke(app, ["weights", "verify"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("intact") == 2


@pytest.mark.parametrize("harm", [Path.unlink, lambda file: file.write_bytes(b"other")], ids=["missing", "changed"])
def test_verify_finds_a_harmed_file(folder: Path, harm) -> None:
    harm(folder / "second.safetensors")
    result = CliRunner().invoke(app, ["weights", "verify"])
    assert result.exit_code == 2
    assert "second.safetensors" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_path_of_a_file_and_of_the_folder(folder: Path) -> None:
    invoke = CliRunner().invoke
    assert invoke(app, ["weights", "path", "first"]).stdout == f"{folder / 'first.safetensors'}\n"
    assert invoke(app, ["weights", "path"]).stdout == f"{folder}\n"


def test_path_of_an_unknown_name_lists_the_known(folder: Path) -> None:
    result = CliRunner().invoke(app, ["weights", "path", "third"])
    assert result.exit_code == 2
    assert "'third'" in result.stderr
    assert "first, second" in result.stderr


def test_bundled_weights_are_intact() -> None:
    result = CliRunner().invoke(app, ["weights", "verify"])
    assert result.exit_code == 0
    for name in ("person", "motion", "keypoints"):
        assert name in result.stdout
