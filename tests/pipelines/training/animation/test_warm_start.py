"""Weights with fewer channels as a start for people without background."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.generators.animation import AnimationConfig, AnimationGenerator, State, Step
from models.weights import save_weights
from pipelines.runtime.progress import NotesProgress
from pipelines.training.animation.warm_start import fit_channels
from pipelines.training.engine.initialisation import load_matching

LAYERED = AnimationConfig(
    structure_channels=4, width=8, max_width=16, flow_width=8, flow_max_width=16, attention_hidden=8, norm="batch",
    detail_hidden=8, image_channels=4, shadow=True,
)  # fmt: skip


def build(config: AnimationConfig, seed: int) -> AnimationGenerator:
    torch.manual_seed(seed)
    return AnimationGenerator(config=config).eval()


def generate(network: AnimationGenerator, image: Tensor, structures: Tensor | None = None) -> Step:
    torch.manual_seed(4)
    structures = torch.rand(3, 1, 4, 64, 64) if structures is None else structures
    reference = network.encode_reference(image, structures[0])
    return network.step(reference, State(image.flip(-1), structures[1]), structures[2])


@pytest.mark.parametrize("channels", [3, 4])
def test_a_wider_network_makes_what_the_narrower_one_made(channels: int, tmp_path: Path) -> None:
    narrow = build(replace(LAYERED, image_channels=channels, shadow=False), 1)
    network, progress = build(LAYERED, 2), NotesProgress()
    path = tmp_path / "narrow.safetensors"
    save_weights(path, narrow, architecture="animation", licence="", command="", extra={}, exact=True)
    load_matching(network, str(path), progress, adapt=fit_channels)
    assert progress.notes == []
    image = torch.rand(1, 4, 64, 64)
    old, new = generate(narrow, image[:, :channels]), generate(network.eval(), image)
    torch.testing.assert_close(new.image[:, :channels], old.image, atol=1e-5, rtol=0)
    assert new.shadow is not None
    assert new.shadow.max() < 0.03
    if channels == 3:
        assert new.generated[:, 3].abs().max() < 0.2, "nothing is covered yet"


def test_new_channels_of_structures_count_for_nothing_at_first(tmp_path: Path) -> None:
    narrow, network = build(LAYERED, 1), build(replace(LAYERED, structure_channels=7), 2)
    progress = NotesProgress()
    path = tmp_path / "narrow.safetensors"
    save_weights(path, narrow, architecture="animation", licence="", command="", extra={}, exact=True)
    load_matching(network, str(path), progress, adapt=fit_channels)
    assert progress.notes == []
    image, structures = torch.rand(1, 4, 64, 64), torch.rand(3, 1, 7, 64, 64)
    old, new = generate(narrow, image, structures[:, :, :4]), generate(network.eval(), image, structures)
    torch.testing.assert_close(new.image, old.image, atol=1e-5, rtol=0)
    new.image.sum().backward()
    for key in ("target.block0", "flow_net_previous.block0", "flow_net_reference.block0"):
        gradient = network.get_submodule(key).get_parameter("model.2.weight").grad
        assert gradient is not None
        assert gradient[:, -3:].abs().max() > 0, "they can learn"


WIDER = {
    "width": 12,
    "max_width": 24,
    "flow_width": 10,
    "flow_max_width": 30,
    "attention_hidden": 11,
    "detail_hidden": 9,
}


def test_a_network_with_more_features_makes_the_same_and_learns_with_them(tmp_path: Path) -> None:
    narrow, network = build(LAYERED, 1), build(replace(LAYERED, **WIDER), 2)
    for module in narrow.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.get_buffer("running_mean"), -0.5, 0.5)
            torch.nn.init.uniform_(module.get_buffer("running_var"), 0.5, 2)
    path = tmp_path / "narrow.safetensors"
    save_weights(path, narrow, architecture="animation", licence="", command="", extra={}, exact=True)
    progress = NotesProgress()
    load_matching(network, str(path), progress, adapt=fit_channels)
    assert progress.notes == []
    image = torch.rand(1, 4, 64, 64)
    old, new = generate(narrow, image), generate(network, image)
    torch.testing.assert_close(new.image, old.image, atol=1e-5, rtol=0)
    torch.testing.assert_close(new.flows_reference[1], old.flows_reference[1], atol=1e-4, rtol=0)
    new.image.sum().backward()
    for key in (
        "target.decoder1.1.model.2",
        "flow_net_previous.encoder1.model.2",
        "target.attn_r0.fully_connect_layer.0",
    ):
        layer = network.get_submodule(key)
        inputs = 0 if isinstance(layer, torch.nn.ConvTranspose2d) else 1
        gradient = layer.get_parameter("weight").grad
        assert gradient is not None
        assert gradient.narrow(inputs, gradient.shape[inputs] - 1, 1).abs().max() > 0, "new features can be used"


def test_weights_with_more_features_stay_as_they_are() -> None:
    wide = build(replace(LAYERED, flow_width=16, flow_max_width=32), 1)
    state = fit_channels(wide, build(LAYERED, 2))
    key = "flow_net_previous.block0.model.2.weight"
    assert state[key].shape == wide.state_dict()[key].shape


def test_more_limbs_follow_those_that_the_weights_know(tmp_path: Path) -> None:
    few, more = (build(replace(LAYERED, limbs=limbs), 1) for limbs in (((0, 1),), ((0, 1), (1, 2))))
    torch.nn.init.normal_(few.flow_net_previous.get_parameter("limbs2.weight"))
    state = fit_channels(few, more)["flow_net_previous.limbs2.weight"]
    torch.testing.assert_close(state[:2], few.flow_net_previous.get_parameter("limbs2.weight"))
    assert not state[2:].any()
