"""Sightings kept in a folder, to the bit: what one process has extracted, the others read.

T frames, N people of all frames.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from pipelines.keypoints.detection import Sighting
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.files import atomic_output, report_write_errors

UNKNOWN = -1


def cached_track(folder: Path, key: str, make: Callable[[], Sighting]) -> tuple[Sighting, bool]:
    """The sighting `key` of the folder, and whether it was there; if not, `make` makes it.

    While one process makes it the others wait; a process that dies lets the next one try.
    """
    path = folder / f"{key}.safetensors"
    if path.is_file():
        return load(path), True
    with _alone(folder / f"{key}.lock"):
        if path.is_file():
            return load(path), True
        sighting = make()
        save(path, sighting)
        return sighting, False


def save(path: Path, sighting: Sighting) -> None:
    """Write counts [T] of people, their poses [N, 17, 3], time stamps [T] and durations [T] (-1: unknown)."""
    track = sighting.track
    tensors = {
        "people": np.concatenate([frame.people for frame in track.frames]).astype(np.float32),
        "counts": np.array([len(frame.people) for frame in track.frames]),
        "pts": np.array([frame.pts for frame in track.frames]),
        "durations": np.array([UNKNOWN if duration is None else duration for duration in sighting.durations]),
    }
    head = [track.layout, track.width, track.height, str(track.time_base), sighting.warnings]
    with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
        save_file(tensors, str(temporary), metadata={"head": json.dumps(head)})


def load(path: Path) -> Sighting:
    """What `save` wrote."""
    with safe_open(path, framework="numpy") as file:
        layout, width, height, time_base, warnings = json.loads(file.metadata()["head"])
        people, counts, pts, durations = (file.get_tensor(name) for name in ("people", "counts", "pts", "durations"))
    each = np.split(people, np.cumsum(counts)[:-1])
    frames = [PoseFrame(stamp, poses) for stamp, poses in zip(pts.tolist(), each, strict=True)]
    known = [None if duration == UNKNOWN else duration for duration in durations.tolist()]
    return Sighting(PoseTrack(layout, width, height, Fraction(time_base), frames), known, tuple(warnings))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    import fcntl  # which Windows lacks; single commands keep nothing

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
