"""Landmarks of a talking face on another face: how the driving face moves, in the proportions of the source face.

Movement is what differs from the driving face at rest: the head's shift, turn in the picture and size, and the
displacement of every landmark, which holds turns to the side as well as speech and brows. Lids are opened and closed in
shares of how far the source's are open, so that shut eyes, and those that a detector finds nearly shut, are shut on any
face; shut eyes of a source get lids of the driving face's shape. Irises that both faces have are moved by `gaze`.

T frames; landmarks [68, 2] in iBUG order, x, y in pixels. A face's own axes are along the line of its eyes and across.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.joints import FACE_LANDMARKS
from pipelines.faces.gaze import add_irises

RIGID = [0, 1, 2, 14, 15, 16, 27, 28, 29, 30, 33, 36, 39, 42, 45]  # landmarks that speech and brows hardly move
RIGHT_CORNER, LEFT_CORNER, NASION, CHIN, JAW_ENDS = 36, 45, 27, 8, (0, 16)
FEATURES = slice(36, 68)  # eyes and mouth, which move too fast to be smoothed
# For each eye its corners, and its upper and lower lids that are above each other.
EYES = ((36, 39, (37, 38), (41, 40)), (42, 45, (43, 44), (47, 46)))
LIPS = ((61, 67), (62, 66), (63, 65))  # of the inner line, those that are above each other
JAW, MOUTH = slice(0, 17), slice(48, 68)
UPPER_LIP = [48, 51, 54]  # the corners of the mouth and the middle between them, which speech moves least of the mouth
QUIET = 0.25  # share of the frames, those with the least open mouths, that show the face at rest
SHUT = 0.13  # distance of lids in widths of the eye up to which the source's eyes are shut
# Detectors find shut lids apart, at about half of their opening at rest. Below a share SQUINT of it they close faster,
# so that they touch at a share APART.
SQUINT, APART = 0.8, 0.5
WIDEST = 1.5  # largest opening of lids in shares of that at rest
ROUNDS = 2  # of aligning and averaging
# Shoulders stay where they are in the picture: how far the head is shifted at most, in widths of the face, and how much
# larger or smaller it gets.
FARTHEST, LARGEST = 0.15, 1.12


@dataclass(frozen=True)
class Placements:
    """Shift, turn and size of T faces, and how they are stretched."""

    linear: np.ndarray
    """[T, 2, 2] turn, size and stretch."""
    centre: np.ndarray
    """[T, 2] where `origin` goes."""
    origin: np.ndarray
    """[2]."""

    def invert(self, points: np.ndarray) -> np.ndarray:
        """What goes to points [T, 68, 2]."""
        return (points - self.centre[:, None]) @ np.linalg.inv(self.linear).transpose(0, 2, 1) + self.origin


Eye = tuple[int, int, tuple[int, int], tuple[int, int]]  # as in EYES
Align = Callable[[np.ndarray, np.ndarray], Placements]


def retarget_face(source: np.ndarray, driving: np.ndarray) -> np.ndarray:
    """The source face moving like the driving one.

    Args:
        source: landmarks [68 or 70, 2]; the last two are irises.
        driving: landmarks [T, 68 or 70, 2].

    Returns:
        [T, 68 or 70, 2] in pixels of the source picture; 70 if both have as many.
    """
    face = source[:FACE_LANDMARKS]
    own, own_axes = _to_axes(face)
    theirs, shapes, motion = _observe(driving[:, :FACE_LANDMARKS], _align)
    scale = _measure(own) / _measure(theirs)
    made = _move_features(own, (shapes - theirs) * scale, shapes, theirs)
    linear, shift = _restrain(motion, _measure(theirs)[0])
    moved = (made @ own_axes) @ linear.transpose(0, 2, 1)
    return add_irises(moved + face[RIGID].mean(0) + shift[:, None] * scale[0], source, driving)


def retarget_expression(source: np.ndarray, driving: np.ndarray) -> np.ndarray:
    """The source face with the driving one's expressions: its mouth, chin, lids and brows move, the head does not.

    Turns of the driving head, up to which both eyes are seen, change little: faces are compared after stretching them
    until the landmarks that speech hardly moves fit, and features move from where they are in the face.

    Args:
        source: landmarks [68 or 70, 2]; the last two are irises.
        driving: landmarks [T, 68 or 70, 2].

    Returns:
        [T, 68 or 70, 2] in pixels of the source picture; 70 if both have as many.
    """
    face = source[:FACE_LANDMARKS]
    own, own_axes = _to_axes(face)
    theirs, shapes, _ = _observe(driving[:, :FACE_LANDMARKS], _align_stretched)
    change = (shapes - theirs) * (_measure(own) / _measure(theirs))
    change[:, : MOUTH.start, 0] = 0
    change[:, MOUTH, 0] -= change[:, MOUTH, 0].mean(1, keepdims=True)
    nod = change[:, UPPER_LIP, 1].mean(1, keepdims=True)
    change[:, MOUTH, 1] -= nod
    change[:, JAW, 1] -= nod
    change[:, RIGID] = 0
    made = _move_features(own, change, shapes, theirs) @ own_axes + face[RIGID].mean(0)
    return add_irises(made, source, driving)


def _observe(driving: np.ndarray, align: Align) -> tuple[np.ndarray, np.ndarray, Placements]:
    """The driving face [T, 68, 2] at rest [68, 2] and its shapes [T, 68, 2], both in its own axes, and its motion."""
    rest, motion = _find_rest(driving, align)
    theirs, axes = _to_axes(rest)
    return theirs, _smooth((motion.invert(driving) - rest[RIGID].mean(0)) @ axes.T), motion


def _move_features(own: np.ndarray, change: np.ndarray, shapes: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The source face [68, 2] changed [T, 68, 2], its lids as open as the driving face's; all in their own axes."""
    made = own + change
    shares = np.stack([_find_shares(shapes, theirs, eye) for eye in EYES])  # [2, T]
    for eye, share in zip(EYES, (shares + shares.mean(0)) / 2, strict=True):  # eyes mostly blink together
        _open_lids(made, own, theirs, _shut_sooner(share), eye)
    _keep_lips_apart(made)
    return made


def _restrain(motion: Placements, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn and size [T, 2, 2] and shift [T, 2] that a head can have above shoulders that don't move; width: of the
    driving face."""
    size = np.sqrt(np.linalg.det(motion.linear))
    linear = motion.linear * (np.clip(size, 1 / LARGEST, LARGEST) / size)[:, None, None]
    shift = motion.centre - motion.origin
    length = np.maximum(np.linalg.norm(shift, axis=-1, keepdims=True) / (FARTHEST * width), 1e-6)
    return linear, shift * np.tanh(length) / length


def _smooth(shapes: np.ndarray) -> np.ndarray:
    """Faces [T, 68, 2] in their own axes without the tremor of jaw, brows and nose."""
    padded = np.concatenate([shapes[:1], shapes, shapes[-1:]])
    smooth = (padded[:-2] + 2 * shapes + padded[2:]) / 4
    smooth[:, FEATURES] = shapes[:, FEATURES]
    return smooth


def _find_rest(driving: np.ndarray, align: Align) -> tuple[np.ndarray, Placements]:
    """The driving face at rest [68, 2] at its usual place, and how each frame's face is moved from there."""
    rest = np.median(driving, 0)
    for _ in range(ROUNDS):
        shapes = align(rest, driving).invert(driving)
        opening = np.mean([shapes[:, low, 1] - shapes[:, high, 1] for high, low in LIPS], 0)  # [T]
        rest = np.median(shapes[opening <= np.quantile(opening, QUIET)], 0)
    return rest, align(rest, driving)


def _align(rest: np.ndarray, driving: np.ndarray) -> Placements:
    """The similarities that bring the rigid landmarks of `rest` next to those of the frames."""
    origin, centre = rest[RIGID].mean(0), driving[:, RIGID].mean(1)
    first, second = rest[RIGID] - origin, driving[:, RIGID] - centre[:, None]
    along = (first * second).sum((1, 2))  # of first with second, and with second turned by a right angle
    across = (first[:, 0] * second[..., 1] - first[:, 1] * second[..., 0]).sum(1)
    a, b = along / (first**2).sum(), across / (first**2).sum()
    linear = np.stack([np.stack([a, -b], -1), np.stack([b, a], -1)], 1)  # [T, 2, 2]
    return Placements(linear, centre, origin)


def _align_stretched(rest: np.ndarray, driving: np.ndarray) -> Placements:
    """Like `_align`, with affine maps, which turned heads come near to."""
    origin, centre = rest[RIGID].mean(0), driving[:, RIGID].mean(1)
    linear = np.linalg.pinv(rest[RIGID] - origin) @ (driving[:, RIGID] - centre[:, None])  # [T, 2, 2], transposed
    return Placements(linear.transpose(0, 2, 1), centre, origin)


def _to_axes(face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A face [68, 2] in its own axes from the middle of its rigid landmarks, and the axes [2, 2] as rows."""
    x, y = face[LEFT_CORNER] - face[RIGHT_CORNER]
    axes = np.array([[x, y], [-y, x]]) / max(np.hypot(x, y), 1e-6)
    return (face - face[RIGID].mean(0)) @ axes.T, axes


def _measure(face: np.ndarray) -> np.ndarray:
    """Width and height of a face in its own axes, [2]."""
    width = face[JAW_ENDS[1], 0] - face[JAW_ENDS[0], 0]
    return np.maximum([abs(width), abs(face[CHIN, 1] - face[NASION, 1])], 1.0)


def _find_shares(shapes: np.ndarray, theirs: np.ndarray, eye: Eye) -> np.ndarray:
    """How far the lids of faces [T, 68, 2] are open, in shares of those of the face at rest [68, 2]: [T]."""
    return np.clip(_measure_opening(shapes, eye) / max(float(_measure_opening(theirs, eye)), 1e-3), 0, WIDEST)


def _shut_sooner(share: np.ndarray) -> np.ndarray:
    """Shares of openings such that lids touch at APART."""
    return np.where(share < SQUINT, SQUINT * np.maximum(share - APART, 0) / (SQUINT - APART), share)


def _open_lids(made: np.ndarray, own: np.ndarray, theirs: np.ndarray, share: np.ndarray, eye: Eye) -> None:
    """Open the lids of `made` [T, 68, 2] by shares [T] of the source's own; where those are shut, of the driver's."""
    first, last, upper, lower = eye

    def width(face: np.ndarray) -> float:
        return float(face[last, 0] - face[first, 0])

    def share_along(face: np.ndarray, lid: int) -> float:
        return float(np.clip((face[lid, 0] - face[first, 0]) / (width(face) + 1e-6), 0, 1))

    shut = float(_measure_opening(own, eye)) < SHUT * width(own)
    shape, scale = (theirs, width(own) / max(width(theirs), 1e-3)) if shut else (own, 1.0)
    for lid in (*upper, *lower):
        along = share_along(shape, lid)
        line = shape[first, 1] + along * (shape[last, 1] - shape[first, 1])
        along = share_along(own, lid)
        made_line = made[:, first, 1] + along * (made[:, last, 1] - made[:, first, 1])
        made[:, lid, 1] = made_line + share * scale * (shape[lid, 1] - line)


def _measure_opening(faces: np.ndarray, eye: Eye) -> np.ndarray:
    """Mean distance [...] of the lids of faces [..., 68, 2] in their own axes."""
    _, _, upper, lower = eye
    return (faces[..., lower, 1] - faces[..., upper, 1]).mean(-1)


def _keep_lips_apart(made: np.ndarray) -> None:
    """Let the lips of faces [T, 68, 2] in their own axes touch where they would cross."""
    for high, low in LIPS:
        crossed = np.maximum(made[:, high, 1] - made[:, low, 1], 0) / 2
        made[:, high, 1] -= crossed
        made[:, low, 1] += crossed
