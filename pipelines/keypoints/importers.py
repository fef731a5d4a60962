"""Poses written by other programs: OpenPose folders and AlphaPose files become tracks.

OpenPose writes one JSON per frame with flat x, y, score triples: BODY_18 (54 numbers), BODY_25 (75), as
`pose_keypoints_2d`, up to version 1.1 as `pose_keypoints`. Motion extraction of the official programs writes
Human3.6M-17 in the same form (51 numbers, section 9.4). AlphaPose writes one list for the video, COCO-17 or a layout
that starts with it (Halpe 26 and 136, whole body 133), or dictionaries by picture: of OpenPose-18 joints, or, from its
tracker, of lists like the first one. None of them tells the times of the frames. Feet and hands come along.
"""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from pipelines.keypoints.details import People, PersonDetails
from pipelines.keypoints.importer_details import read_details
from pipelines.keypoints.layouts import OPENPOSE18_TO_COCO17, OPENPOSE25_TO_COCO17
from pipelines.keypoints.track import DEFAULT_RATE, PoseFrame, PoseTrack
from pipelines.keypoints.track_checks import MAX_COORDINATE
from pipelines.keypoints.track_file import MAX_FRAMES, load_json
from pipelines.media.ordering import natural_key

COCO17_FIRST = tuple(range(17))
JOINTS = {
    17: COCO17_FIRST,
    18: OPENPOSE18_TO_COCO17,
    25: OPENPOSE25_TO_COCO17,
    26: COCO17_FIRST,
    133: COCO17_FIRST,
    136: COCO17_FIRST,
}
OFFICIAL_CLEAN = "Video to Pose 2D"
MAX_GAP = 10_000
NUMBERED = re.compile(r"(.*?)(\d+)((?:_keypoints)?(?:\.\w+)?)")  # names that count frames
Size = tuple[int, int]
Person = tuple[np.ndarray, PersonDetails | None]  # COCO-17 pose [17, 3], and what else is known


def load_openpose(
    folder: Path, *, size: Size | None = None, rate: Fraction | None = None, in_sequence: bool = True
) -> PoseTrack:
    """Read a folder of OpenPose JSON files, one per frame, in natural order.

    in_sequence: whether they are of one video; frames that their numbers leave out are then frames without people.

    Raises:
        InputError: no JSON files, one that is not OpenPose's, or those of several videos.
    """
    paths = sorted(folder.glob("*.json"), key=natural_key)
    if not paths:
        raise InputError(f"{folder}: no JSON files in this folder; use a folder written by OpenPose")
    if in_sequence:
        _check_one_video([path.name for path in paths], str(folder))
    documents = [(str(path), load_json(path)) for path in paths]
    return parse_openpose(documents, str(folder), size=size, rate=rate, in_sequence=in_sequence)


def parse_openpose(
    documents: list[tuple[str, Any]],
    name: str,
    *,
    size: Size | None = None,
    rate: Fraction | None = None,
    in_sequence: bool = True,
) -> PoseTrack:
    """Turn the parsed JSON of OpenPose, one (file name, document) per frame, into a track; `name` is the whole's.

    in_sequence: see `load_openpose`.

    Raises:
        InputError: one that is not OpenPose's, or two kinds.
    """
    layouts = {_openpose_layout(document) for _, document in documents if _has_people(document)}
    if len(layouts) > 1:
        raise InputError(f"{name}: mixes Human3.6M and COCO poses; keep one kind per folder")
    people = [_openpose_people(document, file) for file, document in documents]
    numbers, notes = _numbers([Path(file).name for file, _ in documents]), []
    if in_sequence and numbers and _is_sequence(numbers):
        people = _fill_numbers(numbers, people)
        if missing := len(people) - len(numbers):
            notes.append(f"{name} has no file for {missing} of {len(people)} frames: taken as frames without a person")
    first = numbers[0] if numbers and len(people) == numbers[-1] - numbers[0] + 1 else None
    return _track(people, name, layouts.pop() if layouts else "coco17", size, rate, first_number=first, notes=notes)


def first_number(names: list[str]) -> int | None:
    """The number of the first file of names in order that count frames without gaps; None if they do not."""
    numbers = _numbers(names)
    counts = numbers is not None and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return numbers[0] if numbers and counts else None


def _has_people(document: Any) -> bool:
    return isinstance(document, dict) and bool(document.get("people"))


def _openpose_layout(document: dict) -> str:
    return "h36m17" if document.get("version") == OFFICIAL_CLEAN else "coco17"


def _openpose_people(document: Any, name: str) -> People:
    people = _flat_poses(document)
    if people is None:
        raise InputError(f"{name}: not an OpenPose file, it has no list of people")
    return _gather([_person(values, entry, name) for values, entry in people if values != []])


def parse_alphapose(
    data: Any, name: str, *, size: Size | None = None, rate: Fraction | None = None, in_sequence: bool = True
) -> PoseTrack:
    """Turn the parsed JSON of AlphaPose into a track; in_sequence: see `load_openpose`.

    Raises:
        InputError: not AlphaPose's format either.
    """
    by_picture: dict[str, list[Person]] = {}
    if isinstance(data, list) and data and all(isinstance(entry, dict) and "image_id" in entry for entry in data):
        for entry in data:
            by_picture.setdefault(str(entry["image_id"]), []).append(_person(entry.get("keypoints"), {}, name))
    elif isinstance(data, dict) and data and all(_flat_poses(entry) is not None for entry in data.values()):
        for picture, entry in data.items():
            by_picture[picture] = [_person(values, {}, name) for values, _ in _flat_poses(entry) or []]
    else:
        raise InputError(
            f"{name}: {_describe(data)}, not poses; known are tracks of gfla keypoints, OpenPose's JSON files with "
            "pose_keypoints_2d or pose_keypoints, and AlphaPose's results, tracked or not"
        )
    names = sorted(by_picture, key=natural_key)
    people = [_gather(by_picture[key]) for key in names]
    numbers = _numbers(names) if in_sequence else None
    if numbers:
        if not _is_sequence(numbers):
            span = f"frame numbers {numbers[0]} to {numbers[-1]} for {len(numbers)} frames"
            raise InputError(f"{name}: {span}; number them in sequence")
        people = _fill_numbers(numbers, people)
    return _track(people, name, "coco17", size, rate, first_number=numbers[0] if numbers else None)


def _flat_poses(entry: Any) -> list[tuple[Any, dict]] | None:
    """The people of one frame: flat joint list, None for a person without, and the entry; None if it is no frame's."""
    if isinstance(entry, list):  # of AlphaPose's tracker, or its file of one picture
        known = all(isinstance(each, dict) and "keypoints" in each for each in entry)
        return [(each["keypoints"], each) for each in entry] if known else None
    if not isinstance(entry, dict):
        return None
    people, keys = entry.get("people"), ("pose_keypoints_2d", "pose_keypoints")
    if "bodies" in entry:
        people, keys = entry["bodies"], ("joints",)
    if not isinstance(people, list):
        return None
    entries = [each if isinstance(each, dict) else {} for each in people]
    return [(next((each[key] for key in keys if key in each), None), each) for each in entries]


def _describe(data: Any) -> str:
    """What JSON holds, in a few words."""
    if isinstance(data, dict) and data:
        return f"an object with {', '.join(map(repr, list(data)[:4])):.80}"
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return f"a list of objects with {', '.join(map(repr, list(data[0])[:4])):.80}"
    return "nothing" if isinstance(data, dict | list) and not data else f"{type(data).__name__} data"


def _numbers(names: list[str]) -> list[int] | None:
    """The numbers by which names count frames, rising; None if they do not."""
    parts = [NUMBERED.fullmatch(name) for name in names]
    if not all(parts) or len({(part[1], part[3]) for part in parts if part}) != 1:
        return None
    numbers = [int(part[2]) for part in parts if part]
    return numbers if len(set(numbers)) == len(numbers) else None


def _check_one_video(names: list[str], where: str) -> None:
    """Raises InputError if names of files count the frames of several videos, each more than one."""
    counted: dict[str, list[int]] = {}
    for match in filter(None, map(NUMBERED.fullmatch, names)):
        counted.setdefault(match[1], []).append(int(match[2]))
    (one, numbers), (other, others) = (sorted(counted.items(), key=lambda item: -len(item[1])) + [("", [])] * 2)[:2]
    if min(len(numbers), len(others)) > 1 and not set(numbers).isdisjoint(others):
        raise InputError(f"{where}: poses of several videos, {one}... and {other}...; keep those of one per folder")


def _is_sequence(numbers: list[int]) -> bool:
    """Whether rising numbers leave out no more than what a detector that found nobody would, MAX_GAP at most."""
    return numbers[-1] - numbers[0] < min(MAX_FRAMES, len(numbers) + MAX_GAP)


def _fill_numbers(numbers: list[int], people: list[People]) -> list[People]:
    """The people of every frame from the first of rising numbers to the last; nobody in those that are left out."""
    known = dict(zip(numbers, people, strict=True))
    return [known.get(number, _gather([])) for number in range(numbers[0], numbers[-1] + 1)]


def _joints(values: Any, name: str) -> np.ndarray:
    """Flat triples of any known layout -> float32 [17, 3] with scores in 0..1 and missing joints all zero."""
    numbers = isinstance(values, list) and all(type(value) in (int, float) for value in values)
    indices = JOINTS.get(len(values) // 3) if numbers and len(values) % 3 == 0 else None
    if indices is None:
        what = f"{len(values)} numbers" if numbers else "no list of numbers"
        raise InputError(f"{name}: a pose with {what}; known are x, y, score of {', '.join(map(str, JOINTS))} joints")
    pose = np.array(values, np.float64).reshape(-1, 3)[list(indices)]
    if not np.isfinite(pose).all() or np.abs(pose[:, :2]).max() > MAX_COORDINATE:
        raise InputError(f"{name}: a joint is not finite or more than {MAX_COORDINATE:g} px away; remove that pose")
    pose[:, 2] = np.clip(pose[:, 2], 0, 1) * (pose[:, :2] != 0).all(1)
    return pose.astype(np.float32)


def _person(values: Any, entry: dict, name: str) -> Person:
    pose = _joints(values, name)
    return pose, read_details(values, entry)


def _gather(people: list[Person]) -> People:
    poses, details = [pose for pose, _ in people], tuple(known for _, known in people)
    return People(np.reshape(poses, (-1, 17, 3)).astype(np.float32), details if any(details) else ())


def _track(
    people: list[People],
    name: str,
    layout: str,
    size: Size | None,
    rate: Fraction | None,
    *,
    first_number: int | None,
    notes: Sequence[str] = (),
) -> PoseTrack:
    estimate, assumed = _estimate_size(people, name), [*notes]
    if size is None:
        assumed.append(
            f"{name} does not tell the size of its frames: {estimate[0]}x{estimate[1]} assumed from the joints"
        )
    if rate is None:
        assumed.append(f"{name} does not tell its frame rate: {DEFAULT_RATE:g} frames per second assumed, see --fps")
    start = first_number or 0
    frames = [PoseFrame(start + number, each.poses, details=each.details) for number, each in enumerate(people)]
    base = 1 / (rate or Fraction(DEFAULT_RATE))
    return PoseTrack(layout, *(size or estimate), base, frames, tuple(assumed), timed=False, first_number=first_number)


def _estimate_size(people: list[People], name: str) -> Size:
    """Smallest frame that holds all joints seen with confidence, rounded up to a multiple of 16."""
    joints = np.concatenate([each.poses[each.poses[..., 2] > 0] for each in people])  # [joints, 3]
    if not len(joints):
        raise InputError(f"{name}: nobody in any frame; check the detector's output")
    x, y = joints[:, :2].max(0)
    if max(x, y) <= 1.5:
        raise InputError(f"{name}: coordinates are fractions of the frame; write them in pixels (--keypoint_scale 0)")
    return 16 * math.ceil((x + 1) / 16), 16 * math.ceil((y + 1) / 16)
