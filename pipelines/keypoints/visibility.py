"""Which parts of a person a picture shows, and how far down. Poses are COCO-17 [17, 3] in pixels with confidences."""

from collections.abc import Iterable

import numpy as np

from pipelines.keypoints.body import MIN_SEEN_SHARE
from pipelines.keypoints.tracking import CONFIDENT, body_size

EDGE = 0.04  # distance from the picture's edge within which a joint counts as cut off, in body heights
HEAD = "head"
PARTS = {HEAD: (0, 1, 2, 3, 4), "shoulders": (5, 6), "hips": (11, 12), "knees": (13, 14), "feet": (15, 16)}
LOWEST = {  # what is missing -> how far down the person is shown
    frozenset(("feet",)): "knees",
    frozenset(("knees", "feet")): "hips",
    frozenset(("hips", "knees", "feet")): "waist",
    frozenset(("shoulders", "hips", "knees", "feet")): "shoulders",
}


def missing_body_parts(pose: np.ndarray, size: tuple[int, int]) -> tuple[str, ...]:
    """Which of PARTS a picture of `size` (width, height) does not show of the pose [17, 3].

    A part is missing if none of its joints is confident, or one is at the picture's edge or beyond. Where a picture is
    cut, detectors put the missing joints near the edge or outside, and quite confidently. In four pictures of whole
    people, cut so that the edge touches soles or crown, every confident joint keeps 0.058 body heights from the edge
    at least. Cut through the eyes, a joint of the face comes within 0.026 in all four; cut through the middle of the
    shins, a foot is outside in three. EDGE lies between.
    """
    sure, inside = pose[:, 2] >= CONFIDENT, is_inside(pose, size)
    parts = {name: list(joints) for name, joints in PARTS.items()}
    return tuple(name for name, at in parts.items() if not sure[at].any() or (sure[at] & ~inside[at]).any())


def is_inside(pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Which joints [17, 3] are in a picture of `size` (width, height) and not at its edge, bool [17]."""
    margin = EDGE * body_size(pose)
    return np.all((pose[:, :2] >= margin) & (pose[:, :2] <= np.array(size) - 1 - margin), axis=1)


def lowest_part(hidden: Iterable[str]) -> str | None:
    """How far down a picture shows a person of whom it hides these of PARTS; None for whole and otherwise cut ones."""
    return LOWEST.get(frozenset(hidden))


def shown_parts(poses: np.ndarray, size: tuple[int, int]) -> dict[str, float]:
    """For each of PARTS the share of the poses [n, 17, 3] whose frames of `size` (width, height) show it."""
    hidden = [missing_body_parts(pose, size) for pose in poses]
    return {name: sum(name not in each for each in hidden) / len(hidden) for name in PARTS}


def describe_cut_source(hidden: Iterable[str]) -> str | None:
    """What will become of a source person of whom the picture hides these of PARTS, in one line; None if whole.

    Tried on pictures cut at knees, thighs and waist: head, trunk and arms follow, the cut stays at the edge.
    """
    hidden = tuple(hidden)
    if not hidden:
        return None
    if lowest := lowest_part(hidden):
        return (
            f"the person in the picture is found, but only down to the {lowest}: what it shows is animated, and "
            "the body ends at the picture's edge, so steps and bends look wrong; use a picture of the whole person for "
            "them"
        )
    return f"the picture does not show the {' and '.join(hidden)}: what it hides has to be made up"


def describe_cut_driving(shown: dict[str, float], what: str = "video") -> str | None:
    """What will become of a driving person of whom the video shows PARTS in these shares of the frames, in one line.

    None unless parts from some height downwards are shown so rarely that they are not followed.
    """
    lowest = lowest_part(part for part, share in shown.items() if share < MIN_SEEN_SHARE)
    return lowest and (
        f"the person in the {what} is found, but only down to the {lowest}: joints below are not followed, they keep "
        f"the pose of the source; use a {what} of the whole person to move them"
    )
