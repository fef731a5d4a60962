"""Checkpoints in the authors' layout -> `import_checkpoint` -> `run_network` gives the reference outputs."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.errors import InputError
from models.motion import MotionConfig, MotionNetwork
from models.weights import save_weights
from pipelines.weights.checkpoints import import_checkpoint
from pipelines.weights.forward import run_network
from tests.helpers.golden import FLOAT32_FACTOR, FLOAT64_TOLERANCE, Golden, open_golden
from tests.helpers.golden_networks import PLAIN_FLOAT32_TOLERANCE, assert_image, assert_maps
from tests.helpers.official_checkpoints import find_official_files, save_checkpoint

INPUTS = {"structure_a": "structures", "keypoints": "track"}
QUICK = ("pose_market", "keypoint", "shapenet_car", "dance_fashion")
EXACT = ("pose_market", "keypoint")
KINDS = [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind in find_official_files()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path


def outputs(kind: str, golden: Golden, folder: Path, *, frames: int, precision: str) -> dict[str, Tensor]:
    """What the imported network makes of the inputs in the reference file."""
    save_checkpoint(folder / "latest_net_G.pth", golden, kind)
    name = import_checkpoint(folder / "latest_net_G.pth", kind=kind.replace("_", "-"), name="mine")
    save_file(inputs(golden, frames), folder / "in.safetensors")
    run_network(name, folder / "in.safetensors", folder / "out.safetensors", precision=precision, device="cpu")
    return load_file(folder / "out.safetensors")


def inputs(golden: Golden, frames: int) -> dict[str, Tensor]:
    found = {}
    for key in golden.metadata["inputs"]:
        name = key.removeprefix("in.")
        found[INPUTS.get(name, name)] = golden.input(key, torch.float32)
    if "structures" in found:
        found["structures"] = found["structures"][:, :frames].clone()
    return found


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
        assert_image(golden, prefix + "image", image, for_image, frame if several else None)
        for kind in ("flow", "mask"):
            name = f"{kind}.{frame}" if several else kind
            maps = sorted(key for key in found if re.fullmatch(re.escape(name) + r"\.\d", key))
            assert len(maps) == (4 if several else len(golden.metadata["config"]["attn_layer"]))
            assert_maps(golden, prefix, name, [found[key] for key in maps], for_flow)


@pytest.mark.parametrize("kind", KINDS)
def test_an_imported_checkpoint_gives_the_reference_outputs(kind: str, folder: Path) -> None:
    golden, exact = open_golden(find_official_files()[kind]), kind in EXACT
    judge(golden, outputs(kind, golden, folder, frames=1, precision="fp64" if exact else "fp32"), exact)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in find_official_files() if kind not in EXACT])
def test_in_double_precision_over_all_frames(kind: str, folder: Path) -> None:
    golden = open_golden(find_official_files()[kind])
    judge(golden, outputs(kind, golden, folder, frames=99, precision="fp64"), exact=True)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "lacks track: this network takes track"),
        ({"track": torch.zeros(1, 34, 104), "x": torch.zeros(1)}, "has unknown x"),
        ({"track": torch.zeros(1, 34, 80)}, r"expected track \[B,34,T>80\]"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(tensors: dict[str, Tensor], message: str, folder: Path) -> None:
    network, weights = MotionNetwork(config=MotionConfig(channels=8)), str(folder / "motion.safetensors")
    save_weights(weights, network, architecture="motion", licence="none", command="none", extra={})
    save_file(tensors, folder / "in.safetensors")
    with pytest.raises(InputError, match=message):
        run_network(weights, folder / "in.safetensors", folder / "out.safetensors", precision="fp32", device="cpu")
    assert not (folder / "out.safetensors").exists()


def test_networks_of_our_own_are_refused_by_their_architecture(folder: Path) -> None:
    save_file({"track": torch.zeros(1, 34, 104)}, folder / "in.safetensors")
    with pytest.raises(InputError, match="can't run 'refiner' networks"):
        run_network("motion", folder / "in.safetensors", folder / "out.safetensors", precision="fp32", device="cpu")
