"""Pictures of landmarks for people to look at; what the network sees is in `face_maps`."""

import cv2
import numpy as np

from pipelines.faces.face_maps import LANDMARKS, PARTS

GREEN, BLUE, YELLOW, RED = (140, 230, 120), (60, 170, 255), (250, 220, 90), (255, 90, 90)
COLOURS = {1: GREEN, 2: BLUE, 3: YELLOW, 4: BLUE, 5: RED, 6: RED}  # by label of the part
JAW = tuple(range(17))
SHIFT = 4  # fractional bits of the coordinates that OpenCV draws


def draw_landmarks(height: int, width: int, landmarks: np.ndarray) -> np.ndarray:
    """Landmarks [68 or 70, 2 or 3] as lines, and irises as dots, on dark grey, uint8 RGB [height, width, 3]."""
    canvas = np.full((height, width, 3), 24, np.uint8)
    points = np.round(landmarks[:, :2] * 2**SHIFT).astype(np.int32)
    thickness = max(1, round(min(height, width) / 200))
    for label, lines in PARTS:
        for line in (JAW,) if label == 1 else lines:
            cv2.polylines(canvas, [points[list(line)]], False, COLOURS[label], thickness, cv2.LINE_AA, SHIFT)
    for iris in points[LANDMARKS:]:
        cv2.circle(canvas, iris.tolist(), (2 * thickness) << SHIFT, YELLOW, cv2.FILLED, cv2.LINE_AA, SHIFT)
    return canvas
