"""The context of a GPU, made while PyTorch is imported: both take about a second, and neither needs the other."""

import ctypes
import os
import re
from contextlib import suppress
from threading import Thread

from pipelines.runtime.versions import versions

DRIVER = "libcuda.so.1"  # of NVIDIA on Linux


def begin_cuda_context(device: str) -> None:
    """Begin to make the context of the GPU that the option `device` chooses, in a thread; PyTorch finds it there.

    Where there is no such GPU, nothing happens: PyTorch will say so.
    """
    chosen = re.fullmatch(r"auto|cuda(?::(\d+))?", device)
    if chosen is None or versions(("torch",))["torch"].endswith("+cpu"):
        return
    os.environ.setdefault("CUDA_MODULE_LOADING", "LAZY")  # as PyTorch does: read when the driver is initialised
    Thread(target=_make_context, args=(int(chosen[1] or 0),), daemon=True).start()


def _make_context(number: int) -> None:
    """The primary context, which all of the process shares. Errors are left to PyTorch, which runs into them again."""
    with suppress(OSError, AttributeError):  # no driver, or one without these functions
        driver = ctypes.CDLL(DRIVER)
        device, context = ctypes.c_int(), ctypes.c_void_p()
        if driver.cuInit(0) == 0 and driver.cuDeviceGet(ctypes.byref(device), number) == 0:
            driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
