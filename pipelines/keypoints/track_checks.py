"""Checks of the values in a pose track file, each with a message that names the file and the value."""

import math
from dataclasses import dataclass
from typing import Any

from models.errors import InputError

MAX_COORDINATE = 1e6  # pixels


@dataclass(frozen=True)
class Checker:
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
        return self.points(joints, where, "joint", "confidence")

    def points(self, points: list, where: str, what: str, last: str) -> list[list[float]]:
        """Points [x, y, last] with finite numbers near the frame; `last` is "depth", or "confidence" of 0 to 1."""
        for index, point in enumerate(points):
            good = isinstance(point, list) and len(point) == 3 and all(map(is_number, point))
            self.that(good, f"{where}, {what} {index}: {point!r:.80} must be [x, y, {last}], finite numbers")
            near = max(map(abs, point if last == "depth" else point[:2])) <= MAX_COORDINATE
            self.that(near, f"{where}, {what} {index}: {point!r} is more than {MAX_COORDINATE:g} px away")
            sure = last == "depth" or 0 <= point[2] <= 1
            self.that(sure, f"{where}, {what} {index}: confidence {point[2]} must be from 0 to 1")
        return points


def is_number(value: Any) -> bool:
    """Whether a value of a JSON file is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)
