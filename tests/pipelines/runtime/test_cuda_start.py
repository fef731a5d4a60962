"""The context of a GPU that is made before PyTorch is there."""

import ctypes
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.runtime import cuda_start
from pipelines.runtime.cuda_start import begin_cuda_context
from tests.helpers.devices import needs_cuda

ROOT = Path(__file__).parents[3]
PROGRAM = """
import ctypes, sys, threading
from pipelines.runtime.cuda_start import DRIVER, begin_cuda_context

begin_cuda_context("cuda")
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
assert "torch" not in sys.modules
flags, active = ctypes.c_uint(), ctypes.c_int()
assert ctypes.CDLL(DRIVER).cuDevicePrimaryCtxGetState(0, ctypes.byref(flags), ctypes.byref(active)) == 0
assert active.value == 1
import torch
assert torch.ones(3, device="cuda").sum().item() == 3
assert torch.ones(64, 64, device="cuda").matmul(torch.ones(64, 64, device="cuda")).sum().item() == 64**3
"""


class Driver:
    """Stands in for NVIDIA's; `retained` are the devices whose contexts are made."""

    def __init__(self, devices: int) -> None:
        self.devices, self.retained = devices, list[int]()

    def cuInit(self, flags: int) -> int:
        return 0 if self.devices else 100

    def cuDeviceGet(self, device: Any, number: int) -> int:
        device._obj.value = 40 + number
        return 0 if number < self.devices else 101

    def cuDevicePrimaryCtxRetain(self, context: Any, device: ctypes.c_int) -> int:
        self.retained.append(device.value)
        return 0


def begin(device: str) -> None:
    """Begin, and wait for the end."""
    before = set(threading.enumerate())
    begin_cuda_context(device)
    for thread in set(threading.enumerate()) - before:
        thread.join(5)


@pytest.mark.parametrize(
    ("device", "devices", "retained"),
    [
        *(("auto", 1, [40]), ("cuda", 2, [40]), ("cuda:1", 2, [41]), ("cuda:2", 2, []), ("cuda", 0, [])),
        *(("cpu", 1, []), ("mps", 1, []), ("abacus", 1, [])),
    ],
)
def test_the_context_of_the_chosen_gpu_is_made(
    device: str, devices: int, retained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(devices)
    monkeypatch.setattr(cuda_start.ctypes, "CDLL", lambda name: driver)
    monkeypatch.setattr(cuda_start, "versions", lambda packages: {"torch": "2.11.0+cu130"})
    monkeypatch.setenv("CUDA_MODULE_LOADING", "LAZY")
    begin(device)
    assert driver.retained == retained


def test_a_pytorch_without_cuda_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(1)
    monkeypatch.setattr(cuda_start.ctypes, "CDLL", lambda name: driver)
    monkeypatch.setattr(cuda_start, "versions", lambda packages: {"torch": "2.11.0+cpu"})
    begin("auto")
    assert not driver.retained


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("driver", [OSError("libcuda.so.1: cannot open shared object file"), object()])
def test_a_missing_driver_is_left_to_pytorch(driver: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> object:
        if isinstance(driver, OSError):
            raise driver
        return driver

    monkeypatch.setattr(cuda_start.ctypes, "CDLL", load)
    monkeypatch.setattr(cuda_start, "versions", lambda packages: {"torch": "2.11.0"})
    monkeypatch.setenv("CUDA_MODULE_LOADING", "LAZY")
    begin("auto")


@pytest.mark.gpu
@needs_cuda
def test_pytorch_finds_the_context() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
