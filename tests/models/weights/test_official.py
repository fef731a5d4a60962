"""The authors' checkpoints: their keys, what is refused and how it is said, and the way back."""

import json
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from models.errors import WeightsError
from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights
from models.weights.official import OFFICIAL, PREFIX, find_official, from_official, official_keys, to_official
from tests.helpers.golden import OFFICIAL_KEYS

LISTED = {
    "pose_fashion": "PoseGenerator.fashion",
    "pose_market": "PoseGenerator.market",
    "dance_fashion": "DanceGenerator",
    "dance_iper": "DanceGenerator",
    "keypoint": "KPInput2DGenerator",
    "face": "FaceGenerator",
    "shapenet_car": "ShapeNetGenerator",
    "shapenet_chair": "ShapeNetGenerator",
}
JUMP = "flow_net.jump1"


def checkpoint(name: str) -> dict[str, Tensor]:
    """A state dict with the authors' keys; aliases share their tensor."""
    own = {key: torch.full(tensor.shape, 0.5) for key, tensor in OFFICIAL[name].build().state_dict().items()}
    return {key: own[ours] for key, ours in OFFICIAL[name].keys().items()}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_key_table_is_the_authors(name: str) -> None:
    listed = json.loads(OFFICIAL_KEYS.read_text())[LISTED[name]]
    table = OFFICIAL[name].keys()
    assert set(table) == {key for key, _, _ in listed["entries"]}
    assert {theirs: ours for theirs, ours in table.items() if theirs != ours} == listed["alias"]


@pytest.mark.parametrize("prefix", [False, True])
@pytest.mark.parametrize("name", ["pose_market", "keypoint"])
def test_there_and_back(name: str, prefix: bool) -> None:
    state = {(PREFIX if prefix else "") + key: tensor for key, tensor in checkpoint(name).items()}
    model, found = from_official(state, find_official(name.replace("_", "-")), "file")
    back = to_official(model, prefix=prefix)
    assert found is OFFICIAL[name]
    assert list(back) == list(state)
    assert all(back[key] is not None and torch.equal(back[key], tensor) for key, tensor in state.items())


def test_the_first_stage_is_a_flow_network() -> None:
    state = {key: tensor for key, tensor in checkpoint("shapenet_car").items() if key.startswith("flow_net.")}
    model, found = from_official(state, OFFICIAL["shapenet_car"], "file")
    assert (found.name, found.architecture) == ("shapenet_car", "flow")
    assert set(to_official(model)) == set(state)


def renamed(state: dict[str, Tensor]) -> None:
    state["source.block9"] = state.pop("source.block0.model.0.weight")


def misshaped(state: dict[str, Tensor]) -> None:
    state["target.attn1.fully_connect_layer.2.bias"] = torch.zeros(7)


def unlike(state: dict[str, Tensor]) -> None:
    state[f"{JUMP}.model.2.bias"] = state[f"{JUMP}.model.2.bias"] + 1


def without_alias(state: dict[str, Tensor]) -> None:
    del state[f"{JUMP}.model.2.bias"]


def half(state: dict[str, Tensor]) -> None:
    state["target.block0.model.0.bias"] = state["target.block0.model.0.bias"].half()


@pytest.mark.parametrize(
    ("harm", "parts"),
    [
        (renamed, ["1 keys missing: source.block0.model.0.weight", "1 keys unexpected: source.block9"]),
        (misshaped, ["1 keys of another shape: target.attn1.fully_connect_layer.2.bias [7] instead of [9]"]),
        (unlike, [f"{JUMP}.model.2.bias and {JUMP}.conv1.bias", "1 keys differ"]),
        (without_alias, [f"1 keys missing: {JUMP}.model.2.bias"]),
        (half, ["1 tensors are not float32, the first is target.block0.model.0.bias"]),
    ],
)
def test_what_does_not_fit_is_named(harm: Callable[[dict[str, Tensor]], None], parts: list[str]) -> None:
    state = checkpoint("pose_market")
    harm(state)
    with pytest.raises(WeightsError) as error:
        from_official(state, OFFICIAL["pose_market"], "mine.pth")
    assert str(error.value).startswith("mine.pth")
    assert [part for part in parts if part not in str(error.value)] == []


@pytest.mark.parametrize(
    ("held", "asked", "line"),
    [
        ("dance_fashion", "face", "its tensors are those of dance_fashion or dance_iper, pass that with --as"),
        ("pose_market", "pose_fashion", "its tensors are those of pose_market, pass that with --as"),
    ],
)
def test_another_configuration_is_recognised(held: str, asked: str, line: str) -> None:
    with pytest.raises(WeightsError, match=line):
        from_official(checkpoint(held), OFFICIAL[asked], "mine.pth")


def test_the_list_of_keys_is_bounded() -> None:
    with pytest.raises(WeightsError) as error:
        from_official({"block0.weight_orig": torch.zeros(1)}, OFFICIAL["dance_iper"], "mine.pth")
    assert "326 keys missing" in str(error.value)
    assert len(str(error.value)) < 600


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(WeightsError, match=r"'dance' is not one of .*pose_fashion, pose_market, dance_fashion"):
        find_official("dance")


def test_only_the_authors_networks_have_their_layout() -> None:
    assert set(to_official(MotionNetwork(config=MotionConfig()))) == set(OFFICIAL["keypoint"].keys())
    for name, architecture in (("person", "animation"), ("motion", "refiner")):
        with pytest.raises(WeightsError, match=f"'{architecture}'"):
            to_official(load_weights(name))


def test_aliases_share_one_tensor() -> None:
    with torch.device("cpu"):
        model = from_official(checkpoint("pose_market"), OFFICIAL["pose_market"], "file")[0]
    back = to_official(model)
    assert back[f"{JUMP}.model.2.bias"].data_ptr() == back[f"{JUMP}.conv1.bias"].data_ptr()
    assert len(official_keys(model)) == 196
