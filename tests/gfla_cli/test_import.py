"""Checkpoints in the authors' layout -> `gfla weights import` -> `gfla weights run` gives the reference outputs."""

import os
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from typer.testing import CliRunner

from gfla_cli.app import app
from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights, read_metadata
from models.weights.official import OFFICIAL, to_official
from tests.helpers.checkpoints import official_files, save_checkpoint
from tests.helpers.golden import FLOAT32_FACTOR, FLOAT64_TOLERANCE, Golden, open_golden
from tests.helpers.networks import PLAIN_FLOAT32_TOLERANCE, judge_image, judge_maps

INPUTS = {"structure_a": "structures", "keypoints": "track"}
QUICK = ("pose_market", "keypoint", "shapenet_car", "dance_fashion")


class Code:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["weights", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def inputs(golden: Golden, frames: int) -> dict[str, Tensor]:
    found = {}
    for key in golden.metadata["inputs"]:
        name = key.removeprefix("in.")
        found[INPUTS.get(name, name)] = golden.input(key, torch.float32)
    if "structures" in found:
        found["structures"] = found["structures"][:, :frames].clone()
    return found


def imported(folder: Path, kind: str) -> Golden:
    """Import the checkpoint of a reference file under the configuration's name."""
    golden = open_golden(official_files()[kind])
    save_checkpoint(folder / "latest_net_G.pth", golden, kind)
    code, stdout, stderr = run("import", folder / "latest_net_G.pth", "--as", kind.replace("_", "-"), "--quiet")
    assert (code, stderr) == (0, "")
    assert stdout == f"{folder / 'weights' / kind}.safetensors\n"
    return golden


def judge(golden: Golden, found: dict[str, Tensor], exact: bool) -> None:
    if "track" in found:
        allowed = FLOAT64_TOLERANCE if exact else PLAIN_FLOAT32_TOLERANCE
        torch.testing.assert_close(
            found["track"].double(), golden.tensors["out.keypoints"].double(), atol=allowed, rtol=0
        )
        return
    noise, several = golden.metadata["float32_vs_float64_max_abs"], found["image"].dim() == 5
    for frame in range(found["image"].shape[1] if several else 1):
        image = found["image"][:, frame] if several else found["image"]
        own = [noise[kind][frame] if several else noise[kind] for kind in ("image", "flow")]
        for_image, for_flow = (FLOAT64_TOLERANCE if exact else FLOAT32_FACTOR * each for each in own)
        prefix = "out.a." if several else "out."
        judge_image(golden, prefix + "image", image, for_image, frame if several else None)
        for kind in ("flow", "mask"):
            name = f"{kind}.{frame}" if several else kind
            maps = sorted(key for key in found if re.fullmatch(re.escape(name) + r"\.\d", key))
            assert len(maps) == (4 if several else len(golden.metadata["config"]["attn_layer"]))
            judge_maps(golden, prefix, name, [found[key] for key in maps], for_flow)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


KINDS = [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind in official_files()]


@pytest.mark.parametrize("kind", KINDS)
def test_an_imported_checkpoint_gives_the_reference_outputs(kind: str, folder: Path) -> None:
    golden = imported(folder, kind)
    save_file(inputs(golden, frames=1), folder / "in.safetensors")
    exact = kind in ("pose_market", "keypoint")
    precision = "fp64" if exact else "fp32"
    command = ("run", kind, "in.safetensors", "-o", "out.safetensors", "--precision", precision, "--device", "cpu")
    assert run(*command) == (0, "out.safetensors\n", "")
    judge(golden, load_file(folder / "out.safetensors"), exact)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in official_files() if kind not in ("pose_market", "keypoint")])
def test_in_double_precision_over_all_frames(kind: str, folder: Path) -> None:
    golden = imported(folder, kind)
    save_file(inputs(golden, frames=99), folder / "in.safetensors")
    assert run("run", kind, "in.safetensors", "-o", "out.safetensors", "--precision", "fp64")[0] == 0
    judge(golden, load_file(folder / "out.safetensors"), exact=True)


@pytest.fixture
def keypoint(folder: Path) -> Path:
    """`folder` with the smallest checkpoint as small.pth."""
    torch.manual_seed(0)
    torch.save(to_official(MotionNetwork(config=MotionConfig())), folder / "small.pth")
    return folder


def test_the_way_back_gives_the_same_checkpoint(keypoint: Path) -> None:
    assert run("import", "small.pth", "--as", "keypoint", "--name", "mine", "--export", "back.pth", "-q")[0] == 0
    before, after = (torch.load(name, weights_only=True) for name in ("small.pth", "back.pth"))
    assert list(after) == list(OFFICIAL["keypoint"].keys())
    assert set(before) == set(after)
    assert all(after[key].dtype == torch.float32 and torch.equal(after[key], before[key]) for key in before)
    assert run("import", "mine", "--export", "several.pth", "--module-prefix")[:2] == (0, "several.pth\n")
    assert set(torch.load("several.pth", weights_only=True)) == {f"module.{key}" for key in before}
    code, _, stderr = run("import", "mine", "--export", "several.pth")
    assert (code, stderr) == (2, "gfla: several.pth already exists: choose another name with -o, or use --overwrite\n")


def test_the_list_says_what_was_imported(keypoint: Path) -> None:
    code, _, stderr = run("import", "small.pth", "--as", "keypoint", "--name", "mine")
    assert (code, "CC BY-NC" in stderr) == (0, True)
    listed = run("list")[1].splitlines()[-1]
    assert listed.split() == [
        "mine",
        "motion",
        "(keypoint)",
        "7.3",
        "MB",
        *["CC", "BY-NC,", "the", "authors'", "terms"],
    ]
    assert run("path", "mine")[1] == f"{keypoint / 'weights' / 'mine.safetensors'}\n"
    assert read_metadata("mine")["official"] == "keypoint"
    assert load_weights("mine", expect="motion").config == OFFICIAL["keypoint"].config()
    file = keypoint / "weights" / "mine.safetensors"
    file.write_bytes(file.read_bytes()[:-3])
    code, stdout, stderr = run("verify")
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert "mine.safetensors is not a readable safetensors file" in stderr
    code, stdout, _ = run("list")
    assert (code, "mine       damaged" in stdout) == (0, True)


def test_a_name_is_taken_once(keypoint: Path) -> None:
    command = ("import", "small.pth", "--as", "keypoint", "--quiet")
    assert run(*command)[0] == 0
    before = (keypoint / "weights" / "keypoint.safetensors").read_bytes()
    code, _, stderr = run(*command)
    assert (code, "weights called 'keypoint' already exist" in stderr) == (2, True)
    assert run(*command, "--overwrite")[0] == 0
    assert (keypoint / "weights" / "keypoint.safetensors").read_bytes() == before
    for name, line in (("motion", "'motion' is the name of bundled weights"), ("a/b", "can't be called 'a/b'")):
        code, _, stderr = run(*command, "--name", name)
        assert (code, line in stderr) == (2, True)
    assert [file.name for file in (keypoint / "weights").iterdir()] == ["keypoint.safetensors"]


def renamed(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    state["kp_input.other"] = state.pop("kp_input.shrink.bias")
    torch.save(state, path)


def misshaped(path: Path) -> None:
    state = torch.load(path, weights_only=True)
    torch.save(state | {"kp_input.shrink.bias": torch.zeros(3)}, path)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def with_code(path: Path) -> None:
    torch.save({"kp_input.shrink.bias": Code()}, path)


def a_list(path: Path) -> None:
    torch.save([torch.zeros(3)], path)


def with_more(path: Path) -> None:
    torch.save({"state_dict": {}, "epoch": 3}, path)


def safetensors(path: Path) -> None:
    save_file({"kp_input.shrink.bias": torch.zeros(3)}, path)


def text(path: Path) -> None:
    path.write_text("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (renamed, "1 keys missing: kp_input.shrink.bias; 1 keys unexpected: kp_input.other"),
        (misshaped, "1 keys of another shape: kp_input.shrink.bias [3] instead of [34]"),
        (truncated, "is cut short, damaged, or"),
        (with_code, "would run posix.mkdir and is refused"),
        (a_list, "contains a list, not a state dict"),
        (with_more, "is not a plain state dict, 'state_dict' is a dict"),
        (safetensors, "is a safetensors file"),
        (text, "is cut short, damaged, or"),
        (Path.unlink, "does not exist"),
    ],
)
def test_a_bad_checkpoint_is_one_line_and_leaves_nothing(harm, line: str, keypoint: Path) -> None:
    harm(keypoint / "small.pth")
    code, stdout, stderr = run("import", "small.pth", "--as", "keypoint", "--name", "mine")
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert stderr.startswith("gfla: small.pth ")
    assert line in stderr
    assert not (keypoint / "weights").exists()
    assert not (keypoint / "harm").exists()


@pytest.mark.parametrize(
    ("tensors", "line"),
    [
        ({}, "lacks track: this network takes track"),
        ({"track": torch.zeros(1, 34, 104), "x": torch.zeros(1)}, "has unknown x"),
        ({"track": torch.zeros(1, 34, 80)}, "expected track [B,34,T>80]"),
    ],
)
def test_inputs_that_do_not_fit_are_one_line(tensors: dict[str, Tensor], line: str, folder: Path) -> None:
    save_file(tensors, folder / "in.safetensors")
    code, _, stderr = run("run", "motion", "in.safetensors", "-o", "out.safetensors", "--device", "cpu")
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert line in stderr
    assert not (folder / "out.safetensors").exists()


def test_without_as_nothing_is_guessed(keypoint: Path) -> None:
    code, _, stderr = run("import", "small.pth")
    assert (code, "--as is missing" in stderr) == (2, True)
    code, _, stderr = run("import", "small.pth", "--export", "x.pth")
    assert (code, "`gfla weights import` converts the authors' checkpoints" in stderr) == (2, True)
    assert not (keypoint / "x.pth").exists()


def test_an_export_that_can_not_be_written_imports_nothing(keypoint: Path) -> None:
    before = (keypoint / "small.pth").read_bytes()
    for output, line in (("small.pth", "is also an input"), ("nowhere/x.pth", "folder nowhere does not exist")):
        code, stdout, stderr = run("import", "small.pth", "--as", "keypoint", "-o", output, "--overwrite")
        assert (code, stdout, line in stderr) == (2, "", True)
    assert (keypoint / "small.pth").read_bytes() == before
    assert not (keypoint / "weights").exists()
