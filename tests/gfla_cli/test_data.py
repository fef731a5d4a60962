"""`gfla data check` on small folders in the authors' layouts."""

import json
import sys
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner, Result

from gfla_cli.app import app
from gfla_cli.commands import data
from pipelines.datasets.registry import LAYOUTS, PHASES
from tests.helpers.dataset_folders import write_market, write_shapenet


def check(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", "check", *map(str, arguments)])


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_market(tmp_path / "market")


def test_a_complete_folder_is_counted(people: Path) -> None:
    result = check(people, "--as", "market")
    assert result.exit_code == 0
    assert result.stdout == "train: 4 usable pairs\ntest: 4 usable pairs\n"
    assert result.stderr.splitlines()[0].startswith("gfla: train: 4, ")
    assert check(people, "--as", "market", "--quiet").stderr == ""


def test_missing_and_damaged_files_exit_with_2(people: Path) -> None:
    for path in people.glob("train/*"):
        path.write_bytes(path.read_bytes()[:300])
    (people / "market-pairs-test.csv").unlink()
    result = check(people, "--as", "market", "--quiet")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "market is not a complete market data set" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[:2] == ["train: 0 usable pairs", "test: 0 usable pairs"]
    assert lines[2].startswith("problem: unreadable pictures (4): ")
    assert lines[3] == "problem: missing folders or files of test: market-*pairs-test.csv"
    assert len(lines) == 4


def test_as_json(people: Path) -> None:
    (people / "train/train0_view1.jpg").unlink()
    result = check(people, "--as", "market", "--json", "--phase", "train")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["folder"] == str(people)
    assert found["layout"] == "market"
    assert found["whole"] is False
    assert (found["items"], found["unit"]) == ({"train": 2}, "pairs")
    place = str(people / "train/train0_view1.jpg")
    assert found["problems"] == [{"what": "missing pictures", "count": 1, "first": [place]}]
    assert found["notes"] == []


def test_one_phase(people: Path) -> None:
    (people / "market-pairs-test.csv").unlink()
    assert check(people, "--as", "market", "--phase", "train").exit_code == 0
    result = check(people, "--as", "market", "--phase", "test")
    assert result.exit_code == 2
    assert "train" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["nowhere", "--as", "market"], "nowhere"),
        ([sys.executable, "--as", "market"], "FOLDER"),
        (["."], "--as"),
        ([".", "--as", "coco"], "coco"),
        ([".", "--as", "human36m"], "is not a human36m data set"),
        ([".", "--as", "market", "--phase", "val"], "val"),
    ],
)
def test_wrong_usage_is_one_line_and_2(arguments: list[str], hint: str) -> None:
    result = check(*arguments)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


def test_without_h5py_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shapenet(tmp_path, models=1, size=16)
    monkeypatch.setitem(sys.modules, "h5py", None)
    result = check(tmp_path, "--as", "shapenet-car", "--quiet")
    assert result.exit_code == 2
    assert "pip install '.[research]' in a checkout" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_command_knows_all_layouts() -> None:
    layouts, phases = (get_args(get_args(option)[0]) for option in (data.Layout, data.Phase))
    assert layouts == tuple(LAYOUTS)
    assert get_args(phases[0]) == PHASES
