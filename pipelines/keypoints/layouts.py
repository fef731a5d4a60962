"""Joint layouts: names, limbs in drawing order, mirroring and index tables (official format, section 9.3).

A pose is an array [..., K, 2 or 3]: x, y in pixels (x right, y down, pixel centres at integers) and a confidence 0..1.
"Left" and "right" are the person's own.
"""

import numpy as np

from models.joints import DETAIL_LIMBS, H36M17_LIMBS, HAND_POINTS

COCO17_NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
H36M17_NAMES = (
    "hip", "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot", "spine", "thorax", "neck",
    "head", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
)  # fmt: skip
OPENPOSE18_NAMES = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye",
    "right_ear", "left_ear",
)  # fmt: skip

COCO17_LIMBS = (
    (0, 1), (1, 3), (0, 2), (2, 4), (5, 7), (7, 9), (6, 8), (8, 10), (11, 12), (5, 6), (11, 13), (12, 14), (13, 15),
    (14, 16), (5, 11), (6, 12),
)  # fmt: skip
OPENPOSE18_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip

COCO17_FLIP = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
H36M17_FLIP = (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13)

OPENPOSE18_TO_COCO17 = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)
OPENPOSE25_TO_COCO17 = (0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11)

LIMBS = {"coco17": COCO17_LIMBS, "h36m17": H36M17_LIMBS}
NAMES = {"coco17": COCO17_NAMES, "h36m17": H36M17_NAMES}

COCO17_BODY = slice(5, 17)  # shoulders to ankles, which Human3.6M-17 has as well: at
COCO17_BODY_IN_H36M17 = (11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3)

# The joint that each of the `models.joints.DETAIL_POINTS` moves with: wrists and ankles.
DETAIL_JOINTS = {
    "coco17": (9, 9, 9, 10, 10, 10, 15, 15, 16, 16, *[9] * HAND_POINTS, *[10] * HAND_POINTS),
    "h36m17": (*(joint for joint, _ in DETAIL_LIMBS), *[13] * HAND_POINTS, *[16] * HAND_POINTS),
}

H36M17_PARENT = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)


def select(points: np.ndarray, indices: tuple[int, ...]) -> np.ndarray:
    """Reorder joints: points [..., K, D] -> [..., len(indices), D]."""
    return points[..., list(indices), :]


def coco17_to_openpose18(points: np.ndarray) -> np.ndarray:
    """COCO-17 [..., 17, 3] with confidences -> OpenPose-18 [..., 18, 3]; the neck is the middle of the shoulders."""
    shoulders = points[..., 5:7, :]
    neck = shoulders.mean(-2, keepdims=True)
    neck[..., 2] = shoulders[..., 2].min(-1, keepdims=True)
    order = [OPENPOSE18_TO_COCO17.index(joint) for joint in range(18) if joint != 1]
    rest = points[..., order, :]
    return np.concatenate([rest[..., :1, :], neck, rest[..., 1:, :]], -2)


def h36m17_to_coco17(points: np.ndarray) -> np.ndarray:
    """Human3.6M-17 [..., 17, 3] with confidences -> COCO-17 [..., 17, 3] without a face: confidence 0 there."""
    result = np.zeros_like(points)
    result[..., COCO17_BODY, :] = select(points, COCO17_BODY_IN_H36M17)
    return result
