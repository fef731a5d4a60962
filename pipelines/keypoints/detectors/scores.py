"""How sure a detected COCO-17 pose [17, 3] is, from the confidences of its joints."""

import numpy as np

CONFIDENT = 0.3
BODY = (5, 6, 11, 12, 13, 14, 15, 16)
HEAD_AND_SHOULDERS = (0, 1, 2, 3, 4, 5, 6)
LEGS = (13, 14, 15, 16)


def score(pose: np.ndarray) -> float:
    """How much of a body shows, 0..1: mean confidence of shoulders, hips, knees and ankles."""
    return float(pose[list(BODY), 2].mean())


def score_upper(pose: np.ndarray) -> float:
    """Mean confidence of head and shoulders, 0..1."""
    return float(pose[list(HEAD_AND_SHOULDERS), 2].mean())


def score_half(pose: np.ndarray) -> float:
    """Sureness of a person whose legs the picture does not show, 0..1; 0 if it shows one."""
    return 0.0 if (pose[list(LEGS), 2] >= CONFIDENT).any() else score_upper(pose)
