"""How long jobs take: seconds by size, measured, and how much slower or faster this machine is.

In: facts of a job. Out: seconds of working time of one worker with one thread. Called by `estimate`.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from models.errors import InputError
from pipelines.media.pictures import open_picture


@dataclass(frozen=True)
class Cost:
    """Processor time of a command's parts in seconds, on one core of a 2026 server with the bundled networks."""

    source: float
    """Finding the person or object in the source picture, for each who moves."""
    frame: float
    """The networks, per picture made and person in it who moves: 24 frames of two took 1.7 times as long as of one, of
    three 2.5 times."""
    megapixel: float
    """Composing and encoding, per picture made and megapixel of the source picture."""
    driving: float
    """Finding the person in a driving frame or target, which happens once for all jobs of a batch."""


COSTS = {
    "animate": Cost(source=0.45, frame=0.26, megapixel=0.13, driving=0.06),
    "pose": Cost(source=0.45, frame=0.33, megapixel=0.24, driving=0.5),
    "view-synth": Cost(source=0.2, frame=0.2, megapixel=0.0, driving=0.0),
    "face": Cost(source=0.9, frame=0.4, megapixel=0.13, driving=0.15),
}
WORKER_START = 2.6  # seconds, on the same core: importing torch and loading networks
DEFAULT_MEGAPIXELS = 1.0  # of a picture that can't be read
PROBE_SECONDS = 0.5  # how long `measure_slowness` takes: long enough to get the share that other programs leave
PROBE_SIDE, PROBE_KERNEL, PROBE_ROUND = 512, (31, 31), 0.0057  # pixels, pixels, seconds on the same core


def job_seconds(command: str, source: str, frames: int, *, people: int = 1, detect: bool, is_core_free: bool) -> float:
    """Seconds of a job of `frames` pictures on the core of COSTS.

    Args:
        people: how many move.
        source: path of the picture.
        detect: whether the driving frames are still to be searched for people.
        is_core_free: whether composing and encoding have a core of their own beside the networks.
    """
    cost = COSTS[command]
    picture = cost.megapixel * _megapixels(source)
    networks = people * cost.frame
    frame = max(networks, picture) if is_core_free else networks + picture
    return people * cost.source + frames * (frame + (cost.driving if detect else 0))


@cache
def measure_slowness() -> float:
    """How many times longer this machine takes than the core of COSTS, with all else that is running on it."""
    image = np.full((PROBE_SIDE, PROBE_SIDE, 3), 0.5, np.float32)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    began, rounds = perf_counter(), 0
    while (seconds := perf_counter() - began) < PROBE_SECONDS:
        image, rounds = cv2.GaussianBlur(image, PROBE_KERNEL, 0), rounds + 1
    cv2.setNumThreads(threads)
    return seconds / rounds / PROBE_ROUND


def wall_time(groups: Iterable[Sequence[float]], workers: int) -> float:
    """Seconds until the last of the workers is through, each of which takes the next group when it is free.

    Args:
        groups: seconds of the jobs of each group.
    """
    ends = [0.0] * workers
    for group in groups:
        heapq.heapreplace(ends, ends[0] + sum(group))
    return max(ends)


@cache
def _megapixels(path: str) -> float:
    try:
        with open_picture(Path(path)) as picture:
            return picture.width * picture.height / 1e6
    except InputError:  # a ShapeNet file, or the job will fail
        return DEFAULT_MEGAPIXELS
