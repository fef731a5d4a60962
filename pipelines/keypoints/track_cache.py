"""Pose tracks cached in a folder, bit for bit: what one process of a batch has detected, the others read.

T frames, N people of all frames, K joints.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from models.joints import HAND_POINTS
from pipelines.keypoints.details import FEET_NAMES, PersonDetails
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.files import atomic_output, report_write_errors
from pipelines.runtime.fingerprints import file_identity, json_digest
from pipelines.runtime.locks import exclusive_lock

UNKNOWN_DURATION = -1
# The details of people that the chains use, and their shapes.
DETAILS = {"depth": (17,), "feet": (len(FEET_NAMES), 3), "left_hand": (HAND_POINTS, 3), "right_hand": (HAND_POINTS, 3)}


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
    what was seen of them: thumbnails [T, 16, 16, 3], colours [N, 3] and DETAILS [N, ...] (NaN: unknown)."""
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
    known = [each for frame in track.frames for each in frame.details or [None] * len(frame.people)]  # of N people
    for name, shape in DETAILS.items() if any(known) else ():
        values = [getattr(each, name, None) for each in known]
        tensors[name] = np.array([np.full(shape, np.nan) if each is None else each for each in values], np.float32)
    head = [track.layout, track.width, track.height, str(track.time_base), track.warnings]
    head += [track.quarter_turns, track.orientation]
    with atomic_output(path, overwrite=True) as temporary, report_write_errors(path):
        save_file(tensors, str(temporary), metadata={"head": json.dumps(head)})


def load_tensors(path: Path) -> PoseTrack:
    """Read what `save_tensors` wrote."""
    with safe_open(path, framework="numpy") as file:
        layout, width, height, time_base, warnings, *turned = json.loads(file.metadata()["head"])
        people, counts, pts, durations = (file.get_tensor(name) for name in ("people", "counts", "pts", "durations"))
        optional = ("thumbnails", "colours", *DETAILS)
        seen = {name: file.get_tensor(name) for name in optional if name in file.keys()}  # noqa: SIM118
    ends, nothing = np.cumsum(counts)[:-1], [None] * len(pts)
    poses = np.split(people, ends)  # T arrays [P, K, 3]
    known = [None if duration == UNKNOWN_DURATION else duration for duration in durations.tolist()]
    thumbnails = seen.get("thumbnails", nothing)
    colours = np.split(seen["colours"], ends) if "colours" in seen else nothing
    details = _split_details(seen, counts.tolist())
    frames = [PoseFrame(*each) for each in zip(pts.tolist(), poses, known, thumbnails, colours, details, strict=True)]
    return PoseTrack(layout, width, height, Fraction(time_base), frames, tuple(warnings), *turned)


def _split_details(tensors: dict[str, np.ndarray], counts: list[int]) -> list[tuple[PersonDetails | None, ...]]:
    """The details of the people of each frame; () where no detector knew any."""
    if not DETAILS.keys() <= tensors.keys():
        return [()] * len(counts)
    people = zip(*(tensors[name] for name in DETAILS), strict=True)
    return [tuple(_make_details(*next(people)) for _ in range(count)) for count in counts]


def _make_details(*values: np.ndarray) -> PersonDetails:
    pairs = zip(DETAILS, values, strict=True)
    known: dict[str, Any] = {name: None if np.isnan(value).all() else value for name, value in pairs}
    return PersonDetails(**known)
