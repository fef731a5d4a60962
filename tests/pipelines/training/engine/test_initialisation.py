"""Initial weights from another network."""

from pathlib import Path

import pytest
import torch

from models.errors import WeightsError
from models.motion import MotionConfig, MotionNetwork
from models.weights import save_weights
from pipelines.runtime.progress import NotesProgress
from pipelines.training.engine.initialisation import load_matching


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "motion.safetensors"
    network = MotionNetwork(config=MotionConfig(channels=8))
    save_weights(path, network, architecture="motion", licence="", command="", extra={}, exact=True)
    return path


def test_everything_is_loaded_into_an_equal_network_without_a_note(saved: Path) -> None:
    progress, network = NotesProgress(), MotionNetwork(config=MotionConfig(channels=8))
    load_matching(network, str(saved), progress, expect="motion")
    other = MotionNetwork(config=MotionConfig(channels=8))
    load_matching(other, str(saved), progress)
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in network.state_dict().items())
    assert progress.notes == []


def test_what_does_not_match_keeps_its_values_and_is_counted(saved: Path) -> None:
    progress, network = NotesProgress(), MotionNetwork(config=MotionConfig(channels=12))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    load_matching(network, str(saved), progress)
    kept = [key for key, value in network.state_dict().items() if torch.equal(value, before[key])]
    assert 0 < len(kept) < len(before)
    (note,) = progress.notes
    assert f"of {len(before)} tensors loaded" in note


def test_other_architectures_and_networks_without_a_match_are_refused(saved: Path) -> None:
    network = MotionNetwork(config=MotionConfig(channels=8))
    with pytest.raises(WeightsError):
        load_matching(network, str(saved), NotesProgress(), expect="keypoints")
    with pytest.raises(WeightsError, match="no tensor that fits"):
        load_matching(torch.nn.Linear(2, 3), str(saved), NotesProgress())
