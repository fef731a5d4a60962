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


def test_what_differs_in_another_way_stays_as_it_is() -> None:
    narrow = build(replace(LAYERED, image_channels=3, shadow=False, flow_width=4), 1)
    state = fit_channels(narrow, build(LAYERED, 2))
    key = "flow_net_previous.block0.model.2.weight"
    assert state[key].shape == narrow.state_dict()[key].shape
    assert state["target.outconv.conv1.weight"].shape[0] == 5
