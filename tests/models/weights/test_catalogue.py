"""The weights that have a name: the bundled ones and the user's."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from platformdirs import user_data_path

from models.errors import WeightsError
from models.motion import MotionConfig, MotionNetwork
from models.weights import bundled, catalogue, load_weights, resolve, save_weights, verify
from models.weights.user import user_folder


def save(path: Path) -> None:
    """Write a small motion network."""
    torch.manual_seed(0)
    network = MotionNetwork(config=MotionConfig(joints=3, channels=8, layers=2))
    save_weights(path, network, architecture="motion", licence="Apache-2.0", command="gfla train", extra={"steps": 3})


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder with weights called mine."""
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    save(tmp_path / "own" / "mine.safetensors")
    return tmp_path / "own"


def test_bundled_weights_are_intact() -> None:
    assert set(verify().values()) <= {None}
    for entry in catalogue():
        assert load_weights(entry.name, expect=entry.architecture).config is not None
        assert entry.size == entry.file.stat().st_size


def test_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    save(tmp_path / "own.safetensors")
    digest = hashlib.sha256((tmp_path / "own.safetensors").read_bytes()).hexdigest()
    (tmp_path / "catalogue.json").write_text(json.dumps({"own": {"file": "own.safetensors", "sha256": digest}}))
    assert [(entry.name, entry.architecture, entry.sha256) for entry in catalogue()] == [("own", "motion", digest)]
    assert isinstance(load_weights("own"), MotionNetwork)
    assert verify() == {"own": None}
    with (tmp_path / "own.safetensors").open("ab") as file:
        file.write(b"0")
    assert "SHA-256" in str(verify()["own"])
    (tmp_path / "own.safetensors").unlink()
    assert "missing" in str(verify()["own"])
    with pytest.raises(WeightsError, match=r"own\.safetensors"):
        load_weights("own")


def test_the_users_weights_have_names(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(load_weights("mine", expect="motion"), MotionNetwork)
    entry = catalogue()[-1]
    assert (entry.name, entry.bundled, entry.architecture, entry.problem) == ("mine", False, "motion", None)
    assert verify()["mine"] is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").touch()
    assert resolve("mine") == own / "mine.safetensors"
    with pytest.raises(WeightsError, match="person, plate, segmentation, viewpoint, mine"):
        load_weights("other")


def test_bundled_names_come_first(own: Path) -> None:
    save(own / "motion.safetensors")
    assert resolve("motion").parent == bundled.FOLDER
    assert "has the name of bundled weights" in str(catalogue()[-1].problem)


def test_damage_to_the_users_weights_is_noticed(own: Path) -> None:
    file = own / "mine.safetensors"
    intact = file.read_bytes()
    file.write_bytes(intact[:-1] + bytes([intact[-1] ^ 1]))
    assert "has changed since it was written" in str(verify()["mine"])
    for content in (b"", intact[: len(intact) // 2]):
        file.write_bytes(content)
        assert "mine.safetensors is not a readable" in str(verify()["mine"])
        assert "mine.safetensors is not a readable" in str(catalogue()[-1].problem)


def test_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GFLA_WEIGHTS")
    assert user_folder() == user_data_path("gfla", appauthor=False) / "weights"
