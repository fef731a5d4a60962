"""Placement: where in the source picture the body goes while it moves.

T frames. A body's place is the x of its hips and the y of its lower foot (of its hips where feet are not known): a
squat stays in its place, a step aside or a jump leaves it. The path is the place in every frame, relative to the source
person's. Called by `pipelines.animation` with what `retargeting` has made.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipelines.configs import Place
from pipelines.keypoints.body import seen_joints
from pipelines.keypoints.retargeting import FEET

HIP = 0
ARMS = (12, 13, 15, 16)  # elbows and wrists, which may reach out of the picture
MARGINS = (0.08, 0.04)  # room around the joints in x, for flesh and hanging arms, and in y, in body sizes
MAX_SHIFT = 1 / 8  # of the picture's side: the nearer the body stays to its place, the less has to be made up behind it
UNCHANGED = (1.0, 0.0)  # scale and shift
STEPS = 30  # of the search for the scale


@dataclass(frozen=True)
class PathChange:
    """How the path of a motion was changed, in x and in y."""

    scale: tuple[float, float] = (1.0, 1.0)
    """Share of the path's extent that is left."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Pixels by which it was moved to the right and down."""

    def notes(self) -> list[str]:
        """One line if anything was changed."""
        changes = [
            *self._changes(0, "horizontally", ("left", "right")),
            *self._changes(1, "vertically", ("up", "down")),
        ]
        if not changes:
            return []
        what = ", ".join(changes)
        return [f"the motion leaves the picture: its path is {what}; use --place follow to keep it as it is"]

    def _changes(self, axis: int, along: str, sides: tuple[str, str]) -> Iterator[str]:
        if self.scale[axis] < 1:
            yield f"scaled to {self.scale[axis]:.0%} {along}"
        if pixels := round(self.shift[axis]):
            yield f"shifted {abs(pixels)} pixels {sides[pixels > 0]}"


def place_motion(
    poses: np.ndarray, source: np.ndarray, size: tuple[int, int], mode: Place
) -> tuple[np.ndarray, PathChange]:
    """Change the path of retargeted poses, not the poses themselves.

    Args:
        poses: Human3.6M-17 [T, 17, 2] in pixels of the source picture.
        source: the source person's pose [17, 2 or 3].
        size: width and height of the picture.
        mode: "follow" leaves the path as it is, "frame" scales and shifts it as little as keeps the body inside the
            picture, as far as it is inside in its place; "still" leaves the body in the source person's place.

    Returns:
        Poses [T, 17, 2], and how the path was changed for "frame".
    """
    if mode == "follow":
        return poses, PathChange()
    path = _places(poses, source) - _places(source[None, :, :2], source)  # [T, 2]
    still = poses - path[:, None]
    if mode == "still":
        return still, PathChange()
    body = np.delete(still, ARMS, axis=1)  # [T, 13, 2]
    height = float(np.ptp(source[:, :2], axis=0).max())
    x, y = (_fit(path[:, axis], body[..., axis], size[axis], MARGINS[axis] * height) for axis in (0, 1))
    if x == y == UNCHANGED:
        return poses, PathChange()
    scale, shift = zip(x, y, strict=True)
    return still + (path * scale + shift)[:, None], PathChange(scale, shift)


def _places(poses: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The places [T, 2] of poses [T, 17, 2]."""
    joints = FEET if seen_joints(source[None])[FEET].any() else [HIP]
    return np.stack((poses[:, HIP, 0], poses[:, joints, 1].max(1)), 1)


def _fit(path: np.ndarray, body: np.ndarray, length: int, margin: float) -> tuple[float, float]:
    """The largest scale up to 1, and the smallest shift for it, with which the path [T] keeps the body inside one axis.

    Args:
        body: [T, joints] in its place.
        length: of the picture along the axis.
        margin: of the picture that is left free if anything has to be changed.
    """
    backward, forward = _room(body, length, 0)
    if ((backward <= path) & (path <= forward)).all():
        return UNCHANGED
    backward, forward = _room(body, length, margin)
    limit = MAX_SHIFT * length

    def shifts(scale: float) -> tuple[float, float]:
        least, most = (backward - scale * path).max(), (forward - scale * path).min()
        return max(float(least), -limit), min(float(most), limit)

    # The least shift minus the greatest is convex in the scale, and none is needed at 0: a bisection finds the limit.
    low, high, scale = 0.0, 1.0, 1.0
    for _ in range(STEPS):
        least, most = shifts(scale)
        low, high = (scale, high) if least <= most else (low, scale)
        scale = (low + high) / 2
    least, most = shifts(low)
    return low, min(max(0.0, least), most)


def _room(body: np.ndarray, length: int, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """How far the body [T, joints] may go along one axis of the picture, backward [T], not positive, and forward [T].

    Where it is outside though it is in its place, it goes no further.
    """
    return np.minimum(margin - body.min(1), 0), np.maximum(length - 1 - margin - body.max(1), 0)
