"""The paper's recipes train on a small folder of every layout, with every loss that section 8 of the format lists."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from gfla_cli.app import app
from models.losses.perceptual import Vgg19
from models.weights import load_weights, read_metadata
from pipelines.training.paper.configurations import TASKS, default_recipe, find_configuration
from tests.helpers import dataset_folders as folders
from tests.helpers.training_runs import read_log, read_state, run_training

FLOW = {"correctness", "regularisation"}
PICTURE = {"picture", "content", "style", "adversarial", "critic"}
TWICE = {f"{term}_{source}" for term in FLOW for source in ("previous", "reference")}
VIDEO = PICTURE | TWICE | {"adversarial_video", "critic_video"}


@dataclass(frozen=True)
class Case:
    """What is trained on which folder at which height: the losses it has, width of a row of the sheet."""

    task: str
    configuration: str
    write: Callable[[Path], Path]
    losses: set[str]
    height: int = 64
    width: int = 3 * 64


CASES = [
    Case("flow", "pose_market", folders.write_market, FLOW, 128),
    Case("pose", "pose_fashion", folders.write_fashion, PICTURE | FLOW),
    Case("animate", "dance_fashion", partial(folders.write_dance, clips=1, frames=8), VIDEO),
    Case("animate", "dance_iper", partial(folders.write_dance, clips=1, frames=8, masks=True), VIDEO),
    Case("face", "face", partial(folders.write_faceforensics, clips=1, frames=8), VIDEO),
    Case("view-synth", "shapenet_car", folders.write_shapenet, PICTURE | FLOW, 256, 3 * 256),
    Case(
        "view-synth", "shapenet_chair", partial(folders.write_shapenet, category="chair"), PICTURE | FLOW, 256, 3 * 256
    ),
    Case("motion", "keypoint", folders.write_human36m, {"square"}),
]


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small VGG19 with torchvision's keys."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    torch.save(Vgg19(width=2).state_dict(), path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.task}-{case.configuration}")
def test_a_folder_of_every_layout_trains(case: Case, tmp_path: Path, vgg: Path) -> None:
    data, out = case.write(tmp_path / "data"), tmp_path / "run"
    motion = case.task == "motion"
    small = [] if motion else ["--vgg", vgg, "--set=width=2", f"--set=size={case.height}"]
    small += ["--set=frames=6"] if case.losses == VIDEO else []
    settings = ["--steps=2", "--batch=1", "--validate-every=1", "--set=workers=0", "--out", out]
    run_training(case.task, "--config", case.configuration, "--data", data, *small, *settings)
    reports = read_log(out)
    assert [report["step"] for report in reports] == [1, 2]
    assert all(report.keys() - {"kind", "step"} == case.losses for report in reports)
    assert all(math.isfinite(report[name]) and report[name] > 0 for report in reports for name in case.losses)
    network = load_weights(out / "weights.safetensors")
    assert read_metadata(out / "weights.safetensors")["official"] == case.configuration
    assert_exactly_saved(network, out)
    if not motion:
        sheet = cv2.imread(str(out / "sheet.png"))
        assert sheet is not None
        assert sheet.shape == (case.height, case.width, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("pose --set width=3", "must be even"),
        ("pose --set size=100", "multiple of 64"),
        ("pose --set chunk=4", "settings of this recipe are together"),
        ("motion --data FOLDER --set width=8", "settings of this recipe are workers"),
        ("animate --config dance_fashion --set chunk=4", "sees 6 frames"),
        ("face --config face --set chunk=2", "sees 3 frames"),
        ("pose --set gan_mode=wgan-gp", "must be one of lsgan, hinge, vanilla"),
        ("flow --set gan_mode=hinge", "settings of this recipe are together"),
        ("face --config face --set frames=5", "at least chunk"),
        ("face --config face --set together=0", "at least 1"),
        ("face --config dance_iper", "takes face"),
        ("pose --warmup 5", "no effect"),
        ("keypoints --vgg none", "no effect"),
        ("keypoints --data FOLDER", "one recipe"),
        ("animate --data FOLDER", "dance_fashion or dance_iper"),
        ("animate --data nowhere", "neither 'synthetic' nor an existing folder"),
        ("pose --data FOLDER --vgg none", "annotation-train.csv, found none"),
        ("motion --config keypoint", "needs Human3.6M"),
        ("pose --vgg nothing.pth", "nothing.pth does not exist"),
        ("pose --vgg FOLDER/text", "no weights of torchvision's vgg19"),
        ("pose --init nothing", "no weights 'nothing'"),
        ("pose --init motion", "no tensor that fits"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(arguments: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    words = arguments.replace("FOLDER", str(tmp_path)).split()
    result = CliRunner().invoke(app, ["train", *words, "--device", "cpu", "--quiet", "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_vgg19_and_network_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    words = [
        "pose",
        "--config=pose_market",
        "--data",
        folders.write_market(tmp_path / "data"),
        "--out",
        tmp_path / "run",
    ]
    result = CliRunner().invoke(app, ["train", *map(str, words), "--device=cpu", "--quiet", "--set=width=2"])
    assert result.exit_code == 2
    assert "--vgg none" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def assert_exactly_saved(network: nn.Module, out: Path) -> None:
    for key, value in read_state(out)["network"].items():
        assert torch.equal(network.state_dict()[key], value), key


def test_stage_two_starts_from_stage_one(tmp_path: Path) -> None:
    common = ["--config=pose_market", "--steps=1", "--batch=1", "--set=width=2", "--set=together=1"]
    one, two = tmp_path / "one", tmp_path / "two"
    run_training("flow", *common, "--out", one)
    run_training("pose", *common, "--learning-rate=0", "--init", one / "weights.safetensors", "--out", two)
    learned, taken = read_state(one)["network"], read_state(two)["network"]
    assert learned.keys() < taken.keys()
    for key, value in learned.items():
        assert torch.equal(taken[key], value), key


@pytest.mark.parametrize("rendered", [True, False])
def test_the_masks_of_stage_one_learn_from_true_flow_only(rendered: bool, tmp_path: Path, vgg: Path) -> None:
    data = ["--data=synthetic"] if rendered else ["--data", folders.write_market(tmp_path / "data"), "--vgg", vgg]
    run_training(
        "flow", "--config=pose_market", *data, "--steps=1", "--batch=1", "--set=width=2", "--out", tmp_path / "run"
    )
    torch.manual_seed(0)
    configuration = find_configuration("flow", "pose_market")
    fresh = configuration.build_networks(replace(default_recipe(configuration), width=2))[0].state_dict()
    learned = read_state(tmp_path / "run")["network"]
    changed = {key.split(".")[1][:4] for key, value in learned.items() if not torch.equal(value, fresh[key])}
    assert ("mask" in changed) == rendered
    assert {"deco", "enco"} <= changed
    assert read_log(tmp_path / "run")[0].keys() >= ({"true_flow", "true_mask"} if rendered else {"correctness"})


@pytest.mark.parametrize(("task", "size"), [("view-synth", 256), ("face", 64)])
def test_rendered_objects_and_faces_train(task: str, size: int, tmp_path: Path) -> None:
    settings = [f"--set={change}" for change in ("width=2", f"size={size}", "together=1")]
    settings += ["--config=face", "--set=frames=6"] if task == "face" else ["--config=shapenet_car"]
    run_training(task, "--steps=1", "--batch=2", *settings, "--out", tmp_path)
    (report,) = read_log(tmp_path)
    assert all(math.isfinite(value) for key, value in report.items() if key != "kind")
    assert ("true_flow" in report) == (task == "view-synth")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (2 * size, 3 * size, 3)
    assert sheet[:, : 2 * size].std() > 10


@pytest.mark.parametrize(("task", "name"), [(task, name) for task, names in TASKS.items() for name in names])
def test_every_configuration_has_the_papers_settings(task: str, name: str) -> None:
    configuration = find_configuration(task, name)
    recipe = default_recipe(configuration)
    expected = (20, 0.01) if task == "flow" else (2 if name == "dance_iper" else 5, 0.0025)
    assert (recipe.correctness, recipe.regularisation) == expected
    assert (recipe.picture, recipe.style, recipe.content, recipe.adversarial) == (5, 500, 0.5, 2)
    assert recipe.size == (128 if name == "pose_market" else 256)
    batches = {"animate": 2, "face": 2, "motion": 32}
    assert configuration.batch == batches.get(task, 8)
