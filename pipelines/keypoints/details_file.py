"""Details of people as they stand in a pose track file: version 2 adds these keys to a person, all optional.

`depth`: 17 numbers; `feet`: 4 times [x, y, confidence]; `left_hand`, `right_hand`: 21 times, and `face`: 468 times
[x, y, depth]. Masks are files of their own.
"""

from typing import Any

import numpy as np

from models.joints import HAND_POINTS
from pipelines.keypoints.details import FACE_POINTS, FEET_NAMES, PersonDetails
from pipelines.keypoints.track_checks import MAX_COORDINATE, Checker, is_number

# key: number of points, and what the third number of each is
POINTS = {
    "feet": (len(FEET_NAMES), "confidence"),
    "left_hand": (HAND_POINTS, "depth"),
    "right_hand": (HAND_POINTS, "depth"),
    "face": (FACE_POINTS, "depth"),
}
JOINTS = 17


def parse_details(person: dict[str, Any], where: str, check: Checker) -> PersonDetails | None:
    """The details of a person of the file; None if there are none.

    Raises:
        InputError: a wrong number of points, or a value that is not finite or out of range.
    """
    found: dict[str, Any] = {}
    if person.get("depth") is not None:
        depth = check.items(person["depth"], f"{where}: depth must list {JOINTS} numbers", JOINTS, JOINTS)
        good = all(is_number(value) and abs(value) <= MAX_COORDINATE for value in depth)
        check.that(good, f"{where}: depth must be finite numbers up to {MAX_COORDINATE:g}")
        found["depth"] = np.array(depth, np.float32)
    for key, (count, last) in POINTS.items():
        if person.get(key) is not None:
            points = check.items(person[key], f"{where}: {key} must list {count} points", count, count)
            found[key] = np.array(check.points(points, where, f"{key} point", last), np.float32)
    return PersonDetails(**found) if found else None


def format_details(details: PersonDetails | None) -> dict[str, Any]:
    """The keys of a person; none for nothing known."""
    values = {key: getattr(details, key, None) for key in ("depth", *POINTS)}
    return {key: np.round(value.astype(np.float64), 3).tolist() for key, value in values.items() if value is not None}
