"""Whether networks run faster in bfloat16 than in float32 on this processor.

In: the processor. Out: the answer and the reason, for `--precision auto` and `gfla doctor`. Measured once, and kept
in the cache folder, so that all processes on a machine make the same bytes. Instructions for bfloat16 alone do not make
it faster: with those of AVX-512, but without AMX, convolutions took 1.8 times as long.
"""

import os
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from platformdirs import user_cache_path

from pipelines.runtime.fingerprints import json_digest
from pipelines.runtime.locks import exclusive_lock
from pipelines.runtime.threads import single_thread

FASTER = 0.85  # bfloat16, which is less exact, is taken if it needs at most this share of the time of float32
MAPS = (128, 32), (64, 64), (32, 128)  # channels and size of maps as the generators have them
ROUNDS = 8  # of which the best counts; all of them take 0.2 s


def prefer_bfloat16() -> tuple[bool, str]:
    """Whether to run networks on the CPU in bfloat16, and why or why not.

    The first call on a machine measures it. Without a folder to keep the answer in, it depends on the processor's
    instructions alone.
    """
    capabilities: dict[str, Any] = dict(getattr(torch.cpu, "get_capabilities", dict)())  # older PyTorch has none
    if not capabilities.get("avx512_bf16"):
        return False, "the processor has no instructions for bfloat16"
    folder = user_cache_path("gfla", appauthor=False)
    try:
        share = _load_or_measure(folder / f"bfloat16-{json_digest([torch.__version__, capabilities])[:16]}.txt")
    except (OSError, NotImplementedError) as error:  # the latter from file systems without locks
        has_amx = bool(capabilities.get("amx_bf16"))
        return has_amx, f"not measured ({error}); the processor has {'AMX' if has_amx else 'no AMX'}"
    return share <= FASTER, f"bfloat16 takes {share:.2f} times as long as float32"


def _load_or_measure(path: Path) -> float:
    """The share that a file holds. Of several processes that find none, one measures it, and the others wait."""
    share = _load(path)
    if share is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(path.with_suffix(".lock")):
            share = _load(path)
            if share is None:
                share = _measure_share()
                new = path.with_suffix(".new")
                new.write_text(f"{share}\n")
                os.replace(new, path)
    return share


def _load(path: Path) -> float | None:
    """None for a file that is missing or damaged."""
    try:
        return float(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


@torch.inference_mode()
@single_thread()
def _measure_share() -> float:
    """The time that convolutions take in bfloat16, as a share of the time in float32; in one thread."""
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    work = {precision: [_make_tensors(*each, precision) for each in MAPS] for precision in best}
    for _ in range(ROUNDS):
        for precision, tensors in work.items():
            start = time.perf_counter()
            for values, weight in tensors:
                F.conv2d(values, weight, padding=1)
            best[precision] = min(best[precision], time.perf_counter() - start)
    return best[torch.bfloat16] / best[torch.float32]


def _make_tensors(channels: int, size: int, precision: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """A map [1, channels, size, size] and the weight of a convolution [channels, channels, 3, 3], channels last.

    Not random: the random numbers of a first run would be others than those of the next.
    """
    shapes = (1, channels, size, size), (channels, channels, 3, 3)
    values, weight = (torch.ones(shape, dtype=precision).to(memory_format=torch.channels_last) for shape in shapes)
    return values, weight
