"""Weights files: written, read back, and refused when they are damaged or of another kind."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from models.errors import WeightsError
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.generators.config import GeneratorConfig, PictureConfig, ViewConfig
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.generators.view import ViewGenerator
from models.keypoints import KeypointConfig, KeypointNetwork
from models.landmarks import LandmarkConfig, LandmarkNetwork
from models.motion import MotionConfig, MotionNetwork
from models.plate import PlateConfig, PlateNetwork
from models.pose_refiner import PoseRefiner, RefinerConfig
from models.segmentation import SegmentationConfig, SegmentationNetwork
from models.viewpoint import ViewpointConfig, ViewpointNetwork
from models.weights import load_weights, read_metadata, save_weights
from models.weights.files import ARCHITECTURES

SMALL: dict[str, Any] = {"width": 4, "max_width": 16, "flow_width": 4, "flow_max_width": 8}
FACE = GeneratorConfig(structure_channels=5, **SMALL)
PICTURE = PictureConfig(structure_channels=5, **SMALL)
MODELS = {
    "animation": lambda: AnimationGenerator(config=AnimationConfig(**SMALL, norm="batch", detail_hidden=4)),
    "face": lambda: FaceGenerator(config=FACE),
    "picture": lambda: PictureGenerator(config=replace(PICTURE, coded=True)),
    "flow": lambda: FlowEstimator(config=replace(PICTURE, spectral=True)),
    "view": lambda: ViewGenerator(config=ViewConfig(**SMALL, volume_channels=2, volume_depth=4, detail_hidden=4)),
    "viewpoint": lambda: ViewpointNetwork(config=ViewpointConfig(widths=(4, 8, 8), hidden=8, bins=4, size=32)),
    "motion": lambda: MotionNetwork(config=MotionConfig(joints=3, channels=8, layers=2)),
    "refiner": lambda: PoseRefiner(config=RefinerConfig(channels=8, dilations=(1, 3))),
    "plate": lambda: PlateNetwork(config=PlateConfig(widths=(4, 4, 8), dilations=(1, 2), spectral=4, heads=2)),
    "keypoints": lambda: KeypointNetwork(config=KeypointConfig(joints=3, widths=(4, 8, 8))),
    "landmarks": lambda: LandmarkNetwork(config=LandmarkConfig(points=3, widths=(4, 8, 8))),
    "segmentation": lambda: SegmentationNetwork(config=SegmentationConfig(widths=(8,) * 5, dilations=(1,), detail=4)),
}


def save(path: Path, architecture: str = "motion", model: nn.Module | None = None) -> nn.Module:
    model = model or MODELS[architecture]()
    save_weights(path, model, architecture=architecture, licence="Apache-2.0", command="gfla train", extra={"steps": 3})
    return model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_round_trip(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    saved = save(path, architecture)
    loaded = load_weights(path, expect=architecture)
    assert loaded.config == saved.config
    assert hash(loaded.config) == hash(saved.config)
    assert not loaded.training
    for key, value in saved.state_dict().items():
        found = loaded.state_dict()[key]
        assert found.dtype == value.dtype, key
        assert torch.equal(found, value.half().float() if value.ndim > 1 else value), key
    second = tmp_path / "again.safetensors"
    save(second, architecture, loaded)
    assert path.read_bytes() == second.read_bytes()


def test_metadata(tmp_path: Path) -> None:
    save(tmp_path / "net.safetensors")
    metadata = read_metadata(tmp_path / "net.safetensors")
    assert metadata["architecture"] == "motion"
    assert metadata["config"] == {"joints": 3, "channels": 8, "layers": 2}
    assert metadata["extra"] == {"steps": 3}
    assert metadata["command"] == "gfla train"


def test_diverged_weights_are_not_saved(tmp_path: Path) -> None:
    model = MODELS["motion"]()
    nn.init.constant_(model.kp_input.shrink.weight, 1e6)
    with pytest.raises(WeightsError, match=r"shrink\.weight"):
        save(tmp_path / "net.safetensors", model=model)
    assert not (tmp_path / "net.safetensors").exists()


def refused(path: Path, expect: str | None = None) -> str:
    with pytest.raises(WeightsError) as error:
        load_weights(path, expect=expect)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_unreadable_files(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.safetensors", tmp_path / "bad.safetensors"
    save(good)
    for content in (b"", b"a text", good.read_bytes()[:-10], good.read_bytes()[:40]):
        bad.write_bytes(content)
        assert "bad.safetensors is not a readable" in refused(bad)
    assert "no weights" in refused(tmp_path / "absent")
    assert "readable" in refused(tmp_path)


def test_foreign_and_other_weights(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"weight": torch.zeros(1)}, str(path))
    assert "not written by gfla" in refused(path)
    save(path)
    assert "'motion' weights, but 'animation'" in refused(path, expect="animation")


def test_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save(path)
    with safe_open(str(path), framework="pt") as file:
        tensors, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    tensors["surplus"] = tensors.pop("kp_input.shrink.bias")
    tensors["kp_input.expand_ln.bias"] = torch.zeros(3, 1)
    save_file(tensors, str(path), metadata=metadata)
    message = refused(path)
    for part in (
        "1 keys missing: kp_input.shrink.bias",
        "unexpected: surplus",
        "of another shape: kp_input.expand_ln.bias",
    ):
        assert part in message
    save_file(tensors, str(path), metadata={"gfla": metadata["gfla"].replace("joints", "unheard_of")})
    assert "unheard_of" in refused(path)


def test_files_from_before_have_no_official_preprocessing(tmp_path: Path) -> None:
    path = tmp_path / "old.safetensors"
    network = MODELS["viewpoint"]()
    save_weights(path, network, architecture="viewpoint", licence="Apache-2.0", command="none", extra={})
    with safe_open(path, "pt") as file:
        known = json.loads(file.metadata()["gfla"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    old = {name: value for name, value in known.items() if name not in ("official", "sha256")}
    assert len(old) < len(known)
    save_file(tensors, path, {"gfla": json.dumps(old)})
    metadata = read_metadata(str(path))
    assert (metadata["official"], metadata["sha256"]) == ("", "")
