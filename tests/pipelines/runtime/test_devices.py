"""Which device is chosen, what is said about a GPU that can't compute, and what networks may ask of a device."""

from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

from models.errors import BackendUnavailable, InputError
from pipelines import AnimateConfig, animate
from pipelines.diagnostics import diagnose
from pipelines.runtime.cores import GPU_THREADS
from pipelines.runtime.devices import autocast, choose_device, choose_precision, limit_threads
from tests.helpers.devices import WithoutFloat64, needs_cuda
from tests.helpers.small_batches import write_small_clip, write_small_source, write_small_weights

NO_KERNEL = "CUDA error: no kernel image is available for execution on the device\nCompile with `TORCH_USE_CUDA_DSA`"


@pytest.fixture
def useless_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that this PyTorch was not built for."""

    ones = torch.ones

    def fail(*size: int, device: torch.device | None = None, **options: Any) -> torch.Tensor:
        if device is not None:
            raise RuntimeError(NO_KERNEL)
        return ones(*size, **options)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GTX 960")
    monkeypatch.setattr(torch, "ones", fail)


@pytest.mark.usefixtures("useless_gpu")
def test_auto_leaves_a_gpu_that_can_not_compute_and_says_so() -> None:
    notes: list[str] = []
    assert choose_device("auto", notes.append).type == "cpu"
    (note,) = notes
    assert note.startswith("device: cpu, because GTX 960 can't be used (CUDA error: no kernel image is available")
    assert "\n" not in note


@pytest.mark.usefixtures("useless_gpu")
def test_a_gpu_that_can_not_compute_is_refused_by_name() -> None:
    with pytest.raises(BackendUnavailable, match=r"device cuda:0: GTX 960 can't be used .* use --device cpu"):
        choose_device("cuda:0")


@pytest.mark.usefixtures("useless_gpu")
def test_doctor_finds_a_gpu_that_can_not_compute() -> None:
    (cuda,) = (finding for finding in diagnose().devices if finding.name == "cuda")
    if torch.version.cuda:
        assert cuda.reason
        assert "GTX 960 can't be used" in cuda.reason


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "meta", "xpu"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"device '{name}' must be auto, cpu, cuda, cuda:N or mps"):
        choose_device(name)


def test_auto_works_everywhere() -> None:
    assert choose_device().type in ("cpu", "cuda", "mps")


def test_no_network_of_animate_needs_float64_on_the_device(tmp_path: Path) -> None:
    """Apple's GPUs have none."""
    config = AnimateConfig(
        write_small_source(tmp_path / "ann.png"),
        write_small_clip(tmp_path / "walk.mp4", frames=2),
        output=tmp_path / "out.mp4",
        weights=str(write_small_weights(tmp_path / "small.safetensors")),
        keypoints="bundled",
        device="cpu",
    )
    with WithoutFloat64():
        assert animate(config).frames == 2


def test_precisions_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match="precision 'fp8' must be auto, fp32, bf16, fp16"):
        choose_precision("fp8", torch.device("cpu"))
    with pytest.raises(BackendUnavailable, match="precision fp16 needs a GPU"):
        choose_precision("fp16", torch.device("cpu"))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_both_precisions_animate_and_say_so(tmp_path: Path, precision: Any) -> None:
    config = AnimateConfig(
        write_small_source(tmp_path / "ann.png"),
        write_small_clip(tmp_path / "walk.mp4", frames=2),
        output=tmp_path / "out.mp4",
        weights=str(write_small_weights(tmp_path / "small.safetensors")),
        keypoints="bundled",
        device="cpu",
        precision=precision,
    )
    assert animate(config).summary()["precision"] == precision


@pytest.mark.parametrize(("device", "expected"), [("cpu", 9), ("cuda", GPU_THREADS)])
def test_few_threads_of_the_cpu_work_beside_a_gpu(device: str, expected: int) -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    try:
        torch.set_num_threads(9)
        cv2.setNumThreads(9)
        limit_threads(torch.device(device))
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (expected, expected)
        torch.set_num_threads(1)
        limit_threads(torch.device(device))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


@pytest.mark.gpu
@needs_cuda
def test_float32_on_a_gpu_is_not_rounded_to_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    convolution = torch.nn.Conv2d(64, 64, 3, padding=1)
    x = torch.rand(2, 64, 32, 32)
    with torch.inference_mode(), autocast("fp32", torch.device("cuda")):
        exact = convolution.double()(x.double())
        found = convolution.float().cuda()(x.cuda())
    assert (found.cpu() - exact).abs().max() < 1e-5


def test_float32_switches_tf32_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with autocast("bf16", torch.device("cpu")):
        assert torch.backends.cudnn.allow_tf32
    with autocast("fp32", torch.device("cpu")):
        assert not torch.backends.cudnn.allow_tf32
