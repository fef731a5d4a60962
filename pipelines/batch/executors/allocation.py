"""How much work this machine takes at once; found out without torch."""

import math
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import psutil

from pipelines.batch.jobs import Group, Job, into_groups

WORKER_MEMORY = 1.5 * 2**30  # bytes that a worker takes at its height with pictures of a few megapixels
GPU_MEMORY = 2 * 2**30  # of a GPU, for the networks themselves
TOGETHER_MEMORY = 0.5 * 2**30  # of a GPU, for each job that is generated in the same batch
MOST_TOGETHER = 8
GROUP = 4  # jobs
GPU_THREADS = 4  # for composing and encoding beside the GPU


@dataclass(frozen=True)
class Machine:
    """cores and memory (bytes) that are free for us; gpus: id and free memory (bytes) of each CUDA GPU."""

    cores: int
    memory: float
    gpus: tuple[tuple[str, float], ...] = ()

    @classmethod
    def here(cls, devices: Iterable[str]) -> "Machine":
        """This machine, for jobs on these `devices`. One GPU that all jobs share counts as one core."""
        asked = set(devices)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        shared = any(device.startswith("cuda:") for device in asked) or "mps" in asked
        shared = shared or ("auto" in asked and platform.system() == "Darwin")
        gpus = _gpus() if asked & {"auto", "cuda"} and not shared else ()
        return cls(1 if shared else cores, psutil.virtual_memory().available, gpus)

    def spread(self, workers: int | None, threads: int | None, together: int | None) -> "Allocation":
        """How to spread jobs; None: what suits. A worker for each GPU, else as many as cores and memory allow, with one
        thread each where the CPU computes, which does most per core. Batches of the network pay on a GPU only."""
        threads = threads or (GPU_THREADS if self.gpus else 1)
        fitting = len(self.gpus) or min(self.cores // threads, self.memory // WORKER_MEMORY)
        return Allocation(workers or int(max(1, fitting)), threads, together or self._together(), self.gpus)

    def _together(self) -> int:
        if not self.gpus:
            return 1
        room = min(memory for _, memory in self.gpus) - GPU_MEMORY
        return int(max(1, min(room // TOGETHER_MEMORY, MOST_TOGETHER)))


@dataclass(frozen=True)
class Allocation:
    """How jobs are spread over workers; threads and together as in `Group`."""

    workers: int
    threads: int
    together: int
    gpus: tuple[tuple[str, float], ...] = ()

    def groups(self, jobs: Sequence[Job]) -> list[Group]:
        """Small enough for every worker to get one, and for a crash to lose little."""
        fair = math.ceil(len(jobs) / self.workers)
        size = max(1, min(fair, max(self.together, GROUP)))
        return into_groups(jobs, size=size, together=self.together, threads=self.threads)


def _gpus() -> tuple[tuple[str, float], ...]:
    """Those that nvidia-smi knows and CUDA_VISIBLE_DEVICES allows, if this PyTorch can use them."""
    smi = shutil.which("nvidia-smi")
    if smi is None or _torch().endswith("+cpu"):
        return ()
    query = [smi, "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits"]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    rows = [[cell.strip() for cell in line.split(",")] for line in listed if line.count(",") == 2]
    free = {name: float(memory) * 2**20 for index, uuid, memory in rows for name in (index, uuid)}
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [index for index, _, _ in rows] if allowed is None else allowed.split(",")
    return tuple((name, free[name]) for name in names if name in free)


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "+cpu"
