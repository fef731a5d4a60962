"""How much work a machine takes at once, found out without torch.

In: the devices that jobs ask for. Out: a `Machine`, and from it an `Allocation`: how many workers, with how many
threads, and how many videos together. Called by `registry`, and by `ray.cluster` for a whole cluster.
"""

import math
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

from pipelines.batch.jobs import Group, Job, group_jobs
from pipelines.runtime.cores import GPU_THREADS, count_cores
from pipelines.runtime.versions import versions

WORKER_MEMORY = 1.5 * 2**30  # bytes that a worker takes at its peak with pictures of a few megapixels
GPU_WORKER_MEMORY = 4 * 2**30  # bytes of the CPU's memory that one with a GPU may take, whose libraries are large
# On an H200, 8 jobs of 100 frames made 30 frames/s in one new process and 59 in four: mostly the GPU waits for Python,
# decoders and encoders.
WORKERS_PER_GPU = 4
GPU_MEMORY = 2 * 2**30  # bytes of a GPU that the networks themselves take
TOGETHER_MEMORY = 0.5 * 2**30  # bytes of a GPU for each video that is generated in the same batch
MAX_TOGETHER = 8  # videos
GROUP_SIZE = 4  # jobs


@dataclass(frozen=True)
class Machine:
    """What is free for us on a machine, or on a cluster as if it were one machine."""

    cores: int
    """CPU cores; 1 if all jobs share one GPU."""
    memory: float
    """Bytes."""
    gpus: tuple[tuple[str, float], ...] = ()
    """Id for CUDA_VISIBLE_DEVICES and free memory (bytes) of each CUDA GPU."""
    workers_per_gpu: int = WORKERS_PER_GPU
    """How many may share a GPU."""

    @classmethod
    def detect(cls, devices: Iterable[str]) -> "Machine":
        """This machine, for jobs on `devices` (values of `--device`)."""
        wanted = set(devices)
        cores = count_cores()
        is_shared = any(device.startswith("cuda:") for device in wanted) or "mps" in wanted
        is_shared = is_shared or ("auto" in wanted and platform.system() == "Darwin")
        gpus = _find_gpus() if wanted & {"auto", "cuda"} and not is_shared else ()
        return cls(1 if is_shared else cores, psutil.virtual_memory().available, gpus)

    def allocate(
        self, *, workers: int | None = None, threads: int | None = None, together: int | None = None
    ) -> "Allocation":
        """How to spread jobs; None for what suits the machine.

        That is as many workers as cores and memory allow: without GPUs with one thread each, which gets most out of a
        core; WORKERS_PER_GPU at most. Generating videos together pays off on GPUs only.
        """
        threads, together = threads or (GPU_THREADS if self.gpus else 1), together or self._default_together()
        workers = workers or self._default_workers(threads, together)
        return Allocation(workers, threads, together, self.gpus)

    def _default_workers(self, threads: int, together: int) -> int:
        if not self.gpus:
            return int(max(1, min(self.cores // threads, self.memory // WORKER_MEMORY)))
        count = len(self.gpus)
        on_gpu = min(memory for _, memory in self.gpus) // (GPU_MEMORY + together * TOGETHER_MEMORY)
        fitting = min(on_gpu, self.cores // (threads * count), self.memory // (GPU_WORKER_MEMORY * count))
        return count * int(max(1, min(fitting, self.workers_per_gpu)))

    def _default_together(self) -> int:
        if not self.gpus:
            return 1
        free = min(memory for _, memory in self.gpus) - GPU_MEMORY
        return int(max(1, min(free // TOGETHER_MEMORY, MAX_TOGETHER)))


@dataclass(frozen=True)
class Allocation:
    """How jobs are spread over workers."""

    workers: int
    """Groups that run at once."""
    threads: int
    """Per worker, see `Group`."""
    together: int
    """Videos that a worker generates at once, see `Group`."""
    gpus: tuple[tuple[str, float], ...] = ()
    """See `Machine`."""

    def is_core_free(self, jobs: int) -> bool:
        """Whether every worker that gets one of the jobs has a core beside its own on this machine."""
        return 2 * self.threads * min(self.workers, jobs) <= count_cores()

    def group_jobs(self, jobs: Sequence[Job]) -> list[Group]:
        """Groups small enough that every worker gets one and that a crash loses little."""
        fair_share = math.ceil(len(jobs) / self.workers)
        size = max(1, min(fair_share, max(self.together, GROUP_SIZE)))
        return group_jobs(jobs, size=size, together=self.together, threads=self.threads)


def _find_gpus() -> tuple[tuple[str, float], ...]:
    """Those that nvidia-smi lists and CUDA_VISIBLE_DEVICES allows, if the installed PyTorch can use them."""
    smi, torch = shutil.which("nvidia-smi"), versions(("torch",))["torch"]
    if smi is None or torch == "not installed" or torch.endswith("+cpu"):
        return ()
    query = [smi, "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits"]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    rows = [[cell.strip() for cell in line.split(",")] for line in listed if line.count(",") == 2]
    free = {name: float(memory) * 2**20 for index, uuid, memory in rows for name in (index, uuid)}  # MiB -> bytes
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [index for index, _, _ in rows] if allowed is None else allowed.split(",")
    return tuple((name, free[name]) for name in names if name in free)
