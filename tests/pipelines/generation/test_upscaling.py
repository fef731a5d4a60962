"""Frames through an upscaler: what a network of spandrel makes of them, in tiles, and files that are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models.errors import BackendUnavailable, GflaError, InputError
from pipelines import AnimateConfig, PoseConfig, animate, transfer_pose
from pipelines.generation import upscaling
from pipelines.generation.upscaling import Upscaler, check_upscaler
from pipelines.media.sources import open_video
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights

spandrel = pytest.importorskip("spandrel")


def write_compact(path: Path, *, factor: int = 2, channels: int = 3, learnt: bool = True) -> Path:
    """A Real-ESRGAN network of the compact kind with random weights; unless it is `learnt`, it repeats pixels."""
    torch.manual_seed(0)
    last = nn.Conv2d(8, channels * factor**2, 3)
    layers = [nn.Conv2d(channels, 8, 3), nn.PReLU(8), nn.Conv2d(8, 8, 3), nn.PReLU(8), last]
    if not learnt:
        last.load_state_dict({key: torch.zeros_like(value) for key, value in last.state_dict().items()})
    torch.save({"params": {f"body.{key}": value for key, value in nn.Sequential(*layers).state_dict().items()}}, path)
    return path


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (37, 50, 4), np.uint8)


def test_the_network_makes_the_pixels(picture: np.ndarray, tmp_path: Path) -> None:
    upscale = Upscaler(write_compact(tmp_path / "twice.pth", learnt=False), None, "cpu")
    assert (upscale.scale, upscale.size((50, 37))) == (2, (100, 74))
    np.testing.assert_array_equal(upscale(picture[..., :3]), picture[..., :3].repeat(2, 0).repeat(2, 1))


def test_tiles_fit_together(picture: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upscale = Upscaler(write_compact(tmp_path / "thrice.pth", factor=3), None, "cpu")
    whole = upscale(picture[..., :3])
    assert np.abs(whole.astype(int) - picture[..., :3].repeat(3, 0).repeat(3, 1)).max() > 8
    monkeypatch.setattr(upscaling, "TILE", 16)
    monkeypatch.setattr(upscaling, "CONTEXT", 3)  # as far as the three layers see
    assert np.abs(upscale(picture[..., :3]).astype(int) - whole).max() <= 1


@pytest.mark.parametrize(("scale", "size"), [(1.5, (75, 56)), (4, (200, 148))])
def test_other_sizes_are_made_of_the_networks_own(
    picture: np.ndarray, scale: float, size: tuple[int, int], tmp_path: Path
) -> None:
    flat = np.full_like(picture, (90, 120, 30, 77))
    upscale = Upscaler(write_compact(tmp_path / "twice.pth", learnt=False), scale, "cpu")
    assert upscale.size((50, 37)) == size
    assert upscale(picture).shape == (size[1], size[0], 4)
    assert (upscale(flat) == (90, 120, 30, 77)).all()


@pytest.mark.parametrize("data", [b"", b"text", "grey", "audio"])
def test_what_is_no_upscaler_is_refused_in_one_line(data: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "network.pth"
    if isinstance(data, bytes):
        path.write_bytes(data)
    elif data == "grey":
        write_compact(path, channels=1)
    else:
        torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(GflaError) as error:
        check_upscaler(PoseConfig(tmp_path, (tmp_path,), upscaler=path))
    assert str(path) in str(error.value)


def test_a_scale_alone_and_a_missing_library_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="--upscaler"):
        check_upscaler(PoseConfig(tmp_path, (tmp_path,), scale=2))
    monkeypatch.setattr(upscaling, "find_spec", lambda _: None)
    with pytest.raises(BackendUnavailable, match=r"pip install '.\[upscale\]'"):
        check_upscaler(PoseConfig(tmp_path, (tmp_path,), upscaler=write_compact(tmp_path / "a.pth")))


def test_videos_and_pictures_of_people_become_larger(tmp_path: Path) -> None:
    source, weights = write_small_source(tmp_path / "ann.png"), write_small_weights(tmp_path / "small.safetensors")
    shared: dict[str, Any] = {"weights": str(weights), "keypoints": "bundled", "device": "cpu", "quality": "fast"}
    shared |= {"upscaler": write_compact(tmp_path / "twice.pth"), "scale": 1.5}
    clip = write_small_clip(tmp_path / "walk.mp4", frames=2)
    result = animate(AnimateConfig(source, clip, output=tmp_path / "out.mp4", **shared))
    assert (result.size, result.summary()["size"]) == ((270, 360), [270, 360])
    with open_video(result.output) as video:
        assert (video.info.width, video.info.height, len(list(video))) == (270, 360, 2)
    pose = transfer_pose(PoseConfig(source, (source,), output=tmp_path / "out.png", **shared))
    assert Image.open(pose.output).size == (270, 360)
