"""`gfla weights` over a catalogue of two small files, and over one checkpoint of the authors."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from gfla_cli.app import app
from models.motion import MotionConfig, MotionNetwork
from models.weights import bundled, save_weights
from models.weights.official import to_official


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["weights", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


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


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder, and small.pth, the smallest of the authors' checkpoints."""
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    torch.save(to_official(MotionNetwork(config=MotionConfig())), tmp_path / "small.pth")
    return tmp_path


def test_an_imported_checkpoint_is_listed_with_its_licence(checkpoint: Path) -> None:
    code, stdout, stderr = run("import", "small.pth", "--as", "keypoint", "--name", "mine")
    file = checkpoint / "weights" / "mine.safetensors"
    assert (code, stdout, "CC BY-NC" in stderr) == (0, f"{file}\n", True)
    terms = ["CC", "BY-NC,", "the", "authors'", "terms"]
    assert run("list")[1].splitlines()[-1].split() == ["mine", "motion", "(keypoint)", "7.3", "MB", *terms]
    assert run("path", "mine")[1] == f"{file}\n"
    file.write_bytes(file.read_bytes()[:-3])
    code, stdout, stderr = run("verify")
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert "mine.safetensors is " in stderr
    code, stdout, _ = run("list")
    assert (code, "mine          damaged" in stdout) == (0, True)


def test_import_and_export_at_once_and_one_after_the_other(checkpoint: Path) -> None:
    code, stdout, stderr = run("import", "small.pth", "--as", "keypoint", "--name", "mine", "--export", "b.pth", "-q")
    assert (code, stdout, stderr) == (0, "b.pth\n", "")
    assert run("import", "mine", "--export", "c.pth", "--module-prefix")[:2] == (0, "c.pth\n")
    before, after = (torch.load(name, weights_only=True) for name in ("small.pth", "c.pth"))
    assert set(after) == {f"module.{key}" for key in before}
    code, _, stderr = run("import", "mine", "--export", "c.pth")
    assert (code, "c.pth already exists" in stderr, "--overwrite" in stderr) == (2, True, True)


def test_run_feeds_a_network(checkpoint: Path) -> None:
    save_file({"track": torch.zeros(1, 34, 104)}, "in.safetensors")
    network = MotionNetwork(config=MotionConfig(channels=8))
    save_weights("own.safetensors", network, architecture="motion", licence="none", command="none", extra={})
    command = (
        "run",
        "own.safetensors",
        "in.safetensors",
        "-o",
        "out.safetensors",
        "--precision",
        "fp64",
        "--device",
        "cpu",
    )
    assert run(*command, "--device", "cpu") == (0, "out.safetensors\n", "")
    track = load_file("out.safetensors")["track"]
    assert (track.shape, track.dtype) == ((1, 34, 24), torch.float64)


def test_without_as_nothing_is_guessed(checkpoint: Path) -> None:
    code, _, stderr = run("import", "small.pth")
    assert (code, "--as is missing" in stderr) == (2, True)
    code, _, stderr = run("import", "small.pth", "--export", "x.pth")
    assert (code, "`gfla weights import` converts the authors' checkpoints" in stderr) == (2, True)
    assert not (checkpoint / "x.pth").exists()


def test_an_export_that_cannot_be_written_imports_nothing(checkpoint: Path) -> None:
    before = (checkpoint / "small.pth").read_bytes()
    for output, line in (
        ("small.pth", "is also an input"),
        ("nowhere/deeper/x.pth", "folder nowhere/deeper does not exist"),
    ):
        code, stdout, stderr = run("import", "small.pth", "--as", "keypoint", "-o", output, "--overwrite")
        assert (code, stdout, line in stderr) == (2, "", True)
    assert (checkpoint / "small.pth").read_bytes() == before
    assert not (checkpoint / "weights").exists()


def test_a_bad_checkpoint_is_one_line_and_2(checkpoint: Path) -> None:
    (checkpoint / "small.pth").write_text("<!DOCTYPE html>")
    code, stdout, stderr = run("import", "small.pth", "--as", "keypoint")
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert stderr.startswith("gfla: small.pth ")


def test_fetch_of_a_file_that_is_no_wheel_is_one_line_and_2(checkpoint: Path) -> None:
    code, stdout, stderr = run("fetch", "mediapipe", "--from", "small.pth")
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert "small.pth" in stderr
    assert not (checkpoint / "weights").exists()
