"""Pose tracks cached in a folder, bit for bit: what one process of a batch has detected, the others read.

T frames, N people of all frames, K joints.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.files import atomic_output, report_write_errors
from pipelines.runtime.fingerprints import file_identity, json_digest
from pipelines.runtime.locks import exclusive_lock

UNKNOWN_DURATION = -1


@dataclass
class CacheEntry:
    """The track of one input, None until somebody has detected it."""

    track: PoseTrack | None = None


@dataclass(frozen=True)
class TrackCache:
    """Pose tracks by input file and by what they depend on."""

    folder: Path | None = None
    """Where tracks are stored; None caches nothing."""
    conditions: tuple[object, ...] = ()
    """What every track depends on beside its input: detector, weights, device, number of threads."""

    @contextmanager
    def entry(self, path: Path, *selection: object) -> Iterator[CacheEntry]:
        """The track of a `selection` of the file `path`; a track that the block puts into the entry is stored.

        While one process is in the block with an empty entry, the others wait; if it dies, the next one tries.
        """
        if self.folder is None:
            yield CacheEntry()
            return
        key = json_digest([file_identity(path), [str(item) for item in (*self.conditions, *selection)]])
        file = self.folder / f"{key}.safetensors"
        if file.is_file():
            yield CacheEntry(load_tensors(file))
            return
        with exclusive_lock(self.folder / f"{key}.lock"):
            entry = CacheEntry(load_tensors(file) if file.is_file() else None)
            is_new = entry.track is None
            yield entry
            if is_new and entry.track is not None:
                save_tensors(file, entry.track)


def save_tensors(path: Path, track: PoseTrack) -> None:
    """Write people [N, K, 3], their number in each frame [T], time stamps [T] and durations [T] (-1: unknown); and
    what was seen of them: thumbnails [T, 16, 16, 3] and colours [N, 3]."""
    durations = [UNKNOWN_DURATION if frame.duration is None else frame.duration for frame in track.frames]
    tensors = {
        "people": np.concatenate(track.people).astype(np.float32),
        "counts": np.array([len(people) for people in track.people]),
        "pts": np.array([frame.pts for frame in track.frames]),
        "durations": np.array(durations),
    }
    if all(frame.thumbnail is not None for frame in track.frames):
        tensors["thumbnails"] = np.array([frame.thumbnail for frame in track.frames])
    if all(frame.colours is not None for frame in track.frames):
        tensors["colours"] = np.concatenate([frame.colours for frame in track.frames if frame.colours is not None])
    head = [track.layout, track.width, track.height, str(track.time_base), track.warnings]
    head += [track.quarter_turns, track.orientation]
    with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
        save_file(tensors, str(temporary), metadata={"head": json.dumps(head)})


def load_tensors(path: Path) -> PoseTrack:
    """Read what `save_tensors` wrote."""
    with safe_open(path, framework="numpy") as file:
        layout, width, height, time_base, warnings, *turned = json.loads(file.metadata()["head"])
        people, counts, pts, durations = (file.get_tensor(name) for name in ("people", "counts", "pts", "durations"))
        seen = {name: file.get_tensor(name) for name in ("thumbnails", "colours") if name in file.keys()}  # noqa: SIM118
    ends, nothing = np.cumsum(counts)[:-1], [None] * len(pts)
    poses = np.split(people, ends)  # T arrays [P, K, 3]
    known = [None if duration == UNKNOWN_DURATION else duration for duration in durations.tolist()]
    thumbnails = seen.get("thumbnails", nothing)
    colours = np.split(seen["colours"], ends) if "colours" in seen else nothing
    frames = [PoseFrame(*each) for each in zip(pts.tolist(), poses, known, thumbnails, colours, strict=True)]
    return PoseTrack(layout, width, height, Fraction(time_base), frames, tuple(warnings), *turned)
