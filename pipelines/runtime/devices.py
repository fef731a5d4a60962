"""Where and how precisely networks run."""

from contextlib import AbstractContextManager, nullcontext

import torch

from models.errors import BackendUnavailable, InputError

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """Choose a device that works here: auto, cpu, cuda, cuda:N or mps.

    Raises:
        InputError: any other name.
        BackendUnavailable: this machine or this PyTorch does not have the device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {name!r} must be auto, cpu, cuda, cuda:N or mps") from None
    if device.type == "cuda" and (not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count()):
        count = torch.cuda.device_count()
        raise BackendUnavailable(f"device {name}: this machine has {count} CUDA GPUs; use --device auto or cpu")
    if device.type == "mps" and not _has_mps():
        raise BackendUnavailable("device mps: no Apple GPU here; use --device auto or cpu")
    if device.type not in ("cpu", "cuda", "mps"):
        raise InputError(f"device {name!r} must be auto, cpu, cuda, cuda:N or mps")
    return device


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """The context in which networks run; "auto" is bfloat16 on CUDA GPUs that support it, otherwise float32.

    Raises:
        InputError: unknown precision.
        BackendUnavailable: float16 on the CPU.
    """
    if precision == "auto":
        precision = "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"
    if precision not in PRECISIONS:
        raise InputError(f"precision {precision!r} must be auto, {', '.join(PRECISIONS)}")
    if precision == "fp32":
        return nullcontext()
    if precision == "fp16" and device.type == "cpu":
        raise BackendUnavailable("precision fp16 needs a GPU; use fp32 or bf16 on the CPU")
    return torch.autocast(device.type, PRECISIONS[precision])


def _has_mps() -> bool:
    return torch.backends.mps.is_built() and torch.backends.mps.is_available()
