"""The authors' checkpoints in and out: the way back, names, and files that are something else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.errors import GflaError
from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights, read_metadata
from models.weights.official import OFFICIAL, to_official
from pipelines.weights.checkpoints import export_checkpoint, import_checkpoint


class Code:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty weights folder, and small.pth, the smallest of the authors' checkpoints."""
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    torch.save(to_official(MotionNetwork(config=MotionConfig())), tmp_path / "small.pth")
    return tmp_path


def test_the_way_back_gives_the_same_checkpoint(folder: Path) -> None:
    assert import_checkpoint(Path("small.pth"), kind="keypoint", name="mine") == "mine"
    export_checkpoint("mine", Path("back.pth"))
    before, after = (torch.load(name, weights_only=True) for name in ("small.pth", "back.pth"))
    assert list(after) == list(OFFICIAL["keypoint"].keys())
    assert set(before) == set(after)
    assert all(after[key].dtype == torch.float32 and torch.equal(after[key], before[key]) for key in before)
    export_checkpoint("mine", Path("several.pth"), prefix=True)
    assert set(torch.load("several.pth", weights_only=True)) == {f"module.{key}" for key in before}


def test_imported_weights_know_their_configuration(folder: Path) -> None:
    import_checkpoint(Path("small.pth"), kind="keypoint", name="mine")
    assert read_metadata("mine")["official"] == "keypoint"
    assert load_weights("mine", expect="motion").config == OFFICIAL["keypoint"].config()


def test_a_name_is_used_once(folder: Path) -> None:
    import_checkpoint(Path("small.pth"), kind="keypoint")
    before = (folder / "weights" / "keypoint.safetensors").read_bytes()
    with pytest.raises(GflaError, match="weights called 'keypoint' already exist"):
        import_checkpoint(Path("small.pth"), kind="keypoint")
    import_checkpoint(Path("small.pth"), kind="keypoint", overwrite=True)
    assert (folder / "weights" / "keypoint.safetensors").read_bytes() == before
    for name, message in (("motion", "'motion' is the name of bundled weights"), ("a/b", "can't be called 'a/b'")):
        with pytest.raises(GflaError, match=message):
            import_checkpoint(Path("small.pth"), kind="keypoint", name=name)
    assert [file.name for file in (folder / "weights").iterdir()] == ["keypoint.safetensors"]


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
    path.write_text("no checkpoint")


def web_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (renamed, "1 keys missing: kp_input.shrink.bias; 1 keys unexpected: kp_input.other"),
        (misshaped, r"1 keys of another shape: kp_input.shrink.bias \[3\] instead of \[34\]"),
        (truncated, "is cut short, damaged, or"),
        (with_code, "would run posix.mkdir and is refused"),
        (a_list, "contains a list, not a state dict"),
        (with_more, "is not a plain state dict, 'state_dict' is a dict"),
        (safetensors, "is a safetensors file"),
        (text, "is cut short, damaged, or"),
        (web_page, "is a web page instead of the file"),
        (Path.unlink, "does not exist"),
    ],
)
def test_a_bad_checkpoint_is_refused_and_leaves_nothing(
    spoil: Callable[[Path], None], message: str, folder: Path
) -> None:
    spoil(folder / "small.pth")
    with pytest.raises(GflaError, match=rf"^small\.pth .*{message}"):
        import_checkpoint(Path("small.pth"), kind="keypoint", name="mine")
    assert not (folder / "weights").exists()
    assert not (folder / "harm").exists()
