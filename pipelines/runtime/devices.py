"""Where and how precisely networks run."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import cv2
import torch

from models.errors import BackendUnavailable, InputError
from pipelines.runtime.bfloat16 import prefer_bfloat16
from pipelines.runtime.cores import GPU_THREADS

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str = "auto", note: Callable[[str], None] = lambda message: None) -> torch.device:
    """Choose a device that works here: auto, cpu, cuda, cuda:N or mps.

    Args:
        note: hears of a GPU that "auto" can't use.

    Raises:
        InputError: any other name.
        BackendUnavailable: this machine or this PyTorch does not have the device, or can't compute on it.
    """
    if name == "auto":
        return _choose_automatically(note)
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
    if problem := find_gpu_problem(device):
        raise BackendUnavailable(f"device {name}: {problem}; use --device cpu")
    return device


def limit_threads(device: torch.device) -> None:
    """Have PyTorch and OpenCV use few threads of the CPU beside a GPU.

    All threads of a large machine wait longer for each other than the small arrays of a frame take: with 32 cores that
    others used as well, a copy of 200 KB took 4.5 ms.
    """
    if device.type != "cpu":
        torch.set_num_threads(min(torch.get_num_threads(), GPU_THREADS))
        cv2.setNumThreads(min(cv2.getNumThreads(), GPU_THREADS))


def find_gpu_problem(device: torch.device) -> str | None:
    """Why a GPU can't compute anything, as when it is newer or older than this PyTorch; None if it can."""
    if device.type == "cpu":
        return None
    try:
        torch.ones(1, device=device).add_(1).cpu()
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the Apple GPU"
        return f"{name} can't be used ({reason}): install a PyTorch that is built for it, see pytorch.org/get-started"
    return None


def _choose_automatically(note: Callable[[str], None]) -> torch.device:
    device = torch.device("cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu")
    if problem := find_gpu_problem(device):
        note(f"device: cpu, because {problem}")
        return torch.device("cpu")
    return device


def choose_precision(name: str, device: torch.device) -> str:
    """The precision of networks on a device: fp32, bf16 or fp16; "auto" is bf16 where that is faster.

    Raises:
        InputError: unknown precision.
        BackendUnavailable: float16 on the CPU.
    """
    if name == "auto":
        return "bf16" if _is_bfloat16_faster(device) else "fp32"
    if name not in PRECISIONS:
        raise InputError(f"precision {name!r} must be auto, {', '.join(PRECISIONS)}")
    if name == "fp16" and device.type == "cpu":
        raise BackendUnavailable("precision fp16 needs a GPU; use fp32 or bf16 on the CPU")
    return name


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """The context in which networks of a precision of `choose_precision` run.

    From the first "fp32" on, cuDNN does not round to TF32 in this process: that has 10 bits, and frames of the authors'
    dance generator are wrong by up to 2e-3 with it.
    """
    if precision != "fp32":
        return torch.autocast(device.type, PRECISIONS[precision])
    torch.backends.cudnn.allow_tf32 = False
    return nullcontext()


def _is_bfloat16_faster(device: torch.device) -> bool:
    """Whether bfloat16 is faster here than float32: on GPUs that have instructions for it, and some processors.

    It depends on nothing but the machine, so all processes on it make the same bytes.
    """
    if device.type == "cpu":
        return prefer_bfloat16()[0]
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def _has_mps() -> bool:
    return torch.backends.mps.is_built() and torch.backends.mps.is_available()
