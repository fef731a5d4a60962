"""The cores of this machine, found out without torch."""

import os

GPU_THREADS = 4  # for composing and encoding beside a GPU


def count_cores() -> int:
    """Cores of this machine that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
