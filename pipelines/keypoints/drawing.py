"""Skeleton pictures for people to look at, on any picture size; what the network sees is in `structure_maps`."""

import cv2
import numpy as np

from models.joints import HAND_LIMBS
from pipelines.keypoints.details import PersonDetails
from pipelines.keypoints.layouts import LIMBS, NAMES

LEFT, RIGHT, MIDDLE = (255, 140, 40), (60, 170, 255), (140, 230, 120)
FACE = (120, 235, 235)
FOOT_CONFIDENT = 0.3
MASK_SHARE = 0.35  # of the colour over the person
SHIFT = 4  # fractional bits of the coordinates that OpenCV draws


def draw_pose(image: np.ndarray, pose: np.ndarray, *, layout: str, confident: float = 0.0) -> np.ndarray:
    """Draw a skeleton over a copy of a picture: the person's left orange, right blue.

    Args:
        image: uint8 [H, W, 3] RGB.
        pose: [17, 2 or 3] in its pixels; joints with confidence <= `confident`, or at 0, 0 without one, are left out.
        layout: "coco17" or "h36m17".

    Returns:
        uint8 [H, W, 3].
    """
    canvas = np.ascontiguousarray(image).copy()
    points = np.asarray(pose, np.float64)
    shown = points[:, 2] > confident if points.shape[1] > 2 else (points != 0).any(1)
    thickness = max(2, round(min(image.shape[:2]) / 120))
    pixels = _pixels(points, canvas)
    for a, b in LIMBS[layout]:
        if shown[a] and shown[b]:
            cv2.line(canvas, pixels[a], pixels[b], _colour(layout, a, b), thickness, cv2.LINE_AA, SHIFT)
    for joint in np.flatnonzero(shown).tolist():
        radius = (thickness + 1) << SHIFT
        cv2.circle(canvas, pixels[joint], radius, _colour(layout, joint, joint), -1, cv2.LINE_AA, SHIFT)
    return canvas


def draw_details(image: np.ndarray, details: PersonDetails) -> np.ndarray:
    """Draw mask, feet, hands and face mesh of a person over a copy of a picture uint8 [H, W, 3]."""
    canvas = np.ascontiguousarray(image).copy()
    height, width = canvas.shape[:2]
    if details.mask is not None:
        share = MASK_SHARE * details.mask.render(height, width)[..., None] / 255
        canvas = np.round(canvas * (1 - share) + np.array(MIDDLE) * share).astype(np.uint8)
    thin = max(1, round(min(height, width) / 400))
    for hand, colour in ((details.left_hand, LEFT), (details.right_hand, RIGHT)):
        places = _pixels(hand, canvas) if hand is not None else []
        for first, second in HAND_LIMBS if places else ():
            cv2.line(canvas, places[first], places[second], colour, thin, cv2.LINE_AA, SHIFT)
    for place in _pixels(details.face, canvas) if details.face is not None else ():
        cv2.circle(canvas, place, thin << (SHIFT - 1), FACE, -1, cv2.LINE_AA, SHIFT)
    feet = details.feet if details.feet is not None else np.zeros((0, 3))
    for index, place in enumerate(_pixels(feet, canvas)):
        if feet[index, 2] >= FOOT_CONFIDENT:
            cv2.circle(canvas, place, 2 * thin << SHIFT, RIGHT if index % 2 else LEFT, -1, cv2.LINE_AA, SHIFT)
    return canvas


def draw_skeleton(pose: np.ndarray, height: int, width: int, *, layout: str) -> np.ndarray:
    """A skeleton on dark grey, uint8 [H, W, 3]; arguments as in `draw_pose`."""
    return draw_pose(np.full((height, width, 3), 24, np.uint8), pose, layout=layout)


def _pixels(points: np.ndarray, image: np.ndarray) -> list[list[int]]:
    """Points [K, 2 or more] as OpenCV takes them, those far away moved to where numbers stay small."""
    reach = 4 * max(image.shape[:2])
    return np.round(np.clip(points[:, :2].astype(np.float64), -reach, reach) * 2**SHIFT).astype(int).tolist()


def _colour(layout: str, first: int, second: int) -> tuple[int, int, int]:
    sides = {NAMES[layout][joint].split("_")[0] for joint in (first, second)}
    if {"left", "right"} <= sides:
        return MIDDLE
    return LEFT if "left" in sides else RIGHT if "right" in sides else MIDDLE
