"""Human3.6M-17 from COCO-17 by geometry alone: where cleaning starts, and where a pose has to do without motion."""

import numpy as np

from pipelines.keypoints.layouts import COCO17_NAMES

_C = {name: index for index, name in enumerate(COCO17_NAMES)}
# Spine, thorax, neck and head top as combinations of the middles of shoulders, hips and ears and of the nose: least
# squares over the bodies and motions of the rendered people, any view.
_TRUNK = {
    7: (0.45, 0.47, 0.18, -0.1),
    8: (0.4, 0.11, 0.65, -0.16),
    9: (0.0, 0.0, 0.5, 0.5),
    10: (-0.34, -0.1, 1.48, -0.04),
}


def map_joints(points: np.ndarray) -> np.ndarray:
    """Human3.6M-17 from COCO-17 by geometry alone, no network: [..., 17, 2 or 3] -> same shape; all joints present.

    Used where one pose has to be placed without motion, and as a reference in tests.
    """

    def mean(*names: str) -> np.ndarray:
        return np.mean([points[..., _C[name], :] for name in names], 0)

    hip, shoulders = mean("left_hip", "right_hip"), mean("left_shoulder", "right_shoulder")
    ears, nose = mean("left_ear", "right_ear"), points[..., _C["nose"], :]
    anchors = np.stack((shoulders, hip, ears, nose))
    rows = {0: hip} | {joint: np.tensordot(weights, anchors, 1) for joint, weights in _TRUNK.items()}
    limbs = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")
    for first, side, names in ((1, "right_", limbs[0]), (4, "left_", limbs[0])):
        rows |= {first + i: points[..., _C[side + name], :] for i, name in enumerate(names)}
    for first, side, names in ((11, "left_", limbs[1]), (14, "right_", limbs[1])):
        rows |= {first + i: points[..., _C[side + name], :] for i, name in enumerate(names)}
    result = np.stack([rows[joint] for joint in range(17)], -2)
    if points.shape[-1] > 2:
        result[..., 7:10, 2] = np.stack(((hip + shoulders) / 2, shoulders, (shoulders + nose) / 2), -2)[..., 2]
        result[..., 10, 2] = points[..., :5, 2].max(-1)
    return result
