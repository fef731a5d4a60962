"""The project's JSON file of a pose track, version 1 or 2: validated strictly when read, written in one step.

P people of a frame; a pose is [17, 3] x, y in pixels of the frame and a confidence in 0..1 (0: the joint is missing).
Version 2 is written where details of people are known (`pipelines.keypoints.details_file`).
"""

import json
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from models.errors import InputError
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.details_file import format_details, parse_details
from pipelines.keypoints.layouts import NAMES
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_checks import Checker
from pipelines.media.files import atomic_output, check_readable, report_write_errors

VERSIONS = (1, 2)  # 2 adds details of people
MAX_BYTES = 512 * 2**20
MAX_FRAMES = 2_000_000
MAX_PEOPLE = 256
MAX_SIDE = 65_536  # pixels


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
    check = Checker(name)
    check.that(isinstance(data, dict), "the top level must be an object with version, layout, width, ... frames")
    version = data.get("version")
    check.that(version in VERSIONS, f"version {version!r}, this program reads {' and '.join(map(str, VERSIONS))}")
    layout = data.get("layout")
    check.that(layout in NAMES, f"layout {layout!r} must be one of {', '.join(NAMES)}")
    width, height = (check.integer(data.get(key), key, 1, MAX_SIDE) for key in ("width", "height"))
    base = check.items(data.get("time_base"), "time_base must be [numerator, denominator]", 2, 2)
    time_base = Fraction(*(check.integer(value, "time_base", 1, 2**31) for value in base))
    frames = check.items(data.get("frames"), f"frames must list 1 to {MAX_FRAMES} frames", 1, MAX_FRAMES)
    return PoseTrack(layout, width, height, time_base, _parse_frames(frames, check, detailed=version == VERSIONS[1]))


def _parse_frames(frames: list, check: Checker, *, detailed: bool) -> list[PoseFrame]:
    result: list[PoseFrame] = []
    for index, frame in enumerate(frames):
        where = f"frame {index}"
        check.that(isinstance(frame, dict), f"{where} must be an object with pts and people")
        pts = check.integer(frame.get("pts"), f"{where}: pts", -(2**62), 2**62)
        check.that(not result or pts > result[-1].pts, f"{where}: pts {pts} is not after the frame before it")
        people = check.items(frame.get("people"), f"{where}: people must list up to {MAX_PEOPLE}", 0, MAX_PEOPLE)
        poses = [check.pose(person, f"{where}, person {number + 1}") for number, person in enumerate(people)]
        details = _parse_details(people, where, check) if detailed else ()
        result.append(PoseFrame(pts, np.array(poses, np.float32).reshape(-1, 17, 3), details=details))
    return result


def _parse_details(people: list, where: str, check: Checker) -> tuple[PersonDetails | None, ...]:
    known = [parse_details(person, f"{where}, person {number}", check) for number, person in enumerate(people, 1)]
    return tuple(known) if any(known) else ()


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
    detailed = any(any(frame.details) for frame in track.frames)
    head = {"version": VERSIONS[detailed], "layout": track.layout, "width": track.width, "height": track.height}
    head["time_base"] = [track.time_base.numerator, track.time_base.denominator]
    file.write(json.dumps(head)[:-1] + ', "frames": [')
    for index, frame in enumerate(track.frames):
        people = [_format_person(pose, known) for pose, known in zip_longest(frame.people, frame.details)]
        file.write(",\n" if index else "\n")
        file.write(json.dumps({"pts": frame.pts, "people": people}, allow_nan=False, separators=(",", ":")))
    file.write("\n]}\n")


def _format_person(pose: np.ndarray, details: PersonDetails | None) -> dict[str, Any]:
    return {"keypoints": np.round(pose.astype(np.float64), 3).tolist()} | format_details(details)
