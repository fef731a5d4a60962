"""The project's JSON file of a pose track, version 1: validated strictly when read, written in one step.

P people of a frame; a pose is [17, 3] x, y in pixels of the frame and a confidence in 0..1 (0: the joint is missing).
"""

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from models.errors import InputError
from pipelines.keypoints.layouts import NAMES
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.media.files import atomic_output, check_readable, report_write_errors

VERSION = 1
MAX_BYTES = 512 * 2**20
MAX_FRAMES = 2_000_000
MAX_PEOPLE = 256
MAX_SIDE = 65_536  # pixels
MAX_COORDINATE = 1e6  # pixels


def load_json(path: Path) -> Any:
    """Parse a JSON file of bounded size; NaN and Infinity are refused.

    Raises:
        InputError: unreadable, too large, or no JSON.
    """

    def refuse(constant: str) -> NoReturn:
        raise InputError(f"{path}: {constant} is not a number; fix or remove that joint")

    check_readable(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES // 2**20} MiB; split the track")
        return json.loads(path.read_bytes(), parse_constant=refuse)
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}); check the path") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON file ({error}); write or copy it again") from error


def parse_track(data: Any, name: str) -> PoseTrack:
    """Validate the JSON object of a track strictly; `name` stands in the messages.

    Raises:
        InputError: anything missing, of the wrong type, out of range or not finite.
    """
    check = _Checker(name)
    check.that(isinstance(data, dict), "the top level must be an object with version, layout, width, ... frames")
    check.that(data.get("version") == VERSION, f"version {data.get('version')!r}, this program reads {VERSION}")
    layout = data.get("layout")
    check.that(layout in NAMES, f"layout {layout!r} must be one of {', '.join(NAMES)}")
    width, height = (check.integer(data.get(key), key, 1, MAX_SIDE) for key in ("width", "height"))
    base = check.items(data.get("time_base"), "time_base must be [numerator, denominator]", 2, 2)
    time_base = Fraction(*(check.integer(value, "time_base", 1, 2**31) for value in base))
    frames = check.items(data.get("frames"), f"frames must list 1 to {MAX_FRAMES} frames", 1, MAX_FRAMES)
    return PoseTrack(layout, width, height, time_base, _parse_frames(frames, check))


def _parse_frames(frames: list, check: "_Checker") -> list[PoseFrame]:
    result: list[PoseFrame] = []
    for index, frame in enumerate(frames):
        where = f"frame {index}"
        check.that(isinstance(frame, dict), f"{where} must be an object with pts and people")
        pts = check.integer(frame.get("pts"), f"{where}: pts", -(2**62), 2**62)
        check.that(not result or pts > result[-1].pts, f"{where}: pts {pts} is not after the frame before it")
        people = check.items(frame.get("people"), f"{where}: people must list up to {MAX_PEOPLE}", 0, MAX_PEOPLE)
        poses = [check.pose(person, f"{where}, person {number + 1}") for number, person in enumerate(people)]
        result.append(PoseFrame(pts, np.array(poses, np.float32).reshape(-1, 17, 3)))
    return result


@dataclass(frozen=True)
class _Checker:
    """Raises InputError with the name of the file in front."""

    name: str

    def that(self, condition: object, message: str) -> None:
        if not condition:
            raise InputError(f"{self.name}: {message}")

    def items(self, value: Any, message: str, least: int, most: int) -> list:
        self.that(isinstance(value, list) and least <= len(value) <= most, message)
        return value

    def integer(self, value: Any, what: str, low: int, high: int) -> int:
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        self.that(good, f"{what} {value!r} must be a whole number from {low} to {high}")
        return value

    def pose(self, person: Any, where: str) -> list[list[float]]:
        joints = person.get("keypoints") if isinstance(person, dict) else None
        joints = self.items(joints, f"{where}: keypoints must list 17 joints", 17, 17)
        for index, joint in enumerate(joints):
            good = isinstance(joint, list) and len(joint) == 3 and all(map(_is_number, joint))
            self.that(good, f"{where}, joint {index}: {joint!r:.80} must be [x, y, confidence], finite numbers")
            near = max(abs(joint[0]), abs(joint[1])) <= MAX_COORDINATE
            self.that(near, f"{where}, joint {index}: {joint!r} is more than {MAX_COORDINATE:g} px away")
            self.that(0 <= joint[2] <= 1, f"{where}, joint {index}: confidence {joint[2]} must be from 0 to 1")
        return joints


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)


def save_track(path: str | Path, track: PoseTrack) -> None:
    """Write the JSON track; it replaces an earlier file once it is complete.

    Raises:
        InputError: the folder can't be written.
        ProcessingError: the disk is full.
    """
    path = Path(path)
    with (
        atomic_output(path, overwrite=True) as temporary,
        report_write_errors(path),
        temporary.open("w", encoding="ascii") as file,
    ):
        _write(file, track)


def _write(file: Any, track: PoseTrack) -> None:
    head = {"version": VERSION, "layout": track.layout, "width": track.width, "height": track.height}
    head["time_base"] = [track.time_base.numerator, track.time_base.denominator]
    file.write(json.dumps(head)[:-1] + ', "frames": [')
    for index, frame in enumerate(track.frames):
        people = [{"keypoints": np.round(pose.astype(np.float64), 3).tolist()} for pose in frame.people]
        file.write(",\n" if index else "\n")
        file.write(json.dumps({"pts": frame.pts, "people": people}, allow_nan=False, separators=(",", ":")))
    file.write("\n]}\n")
