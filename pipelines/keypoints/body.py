"""Two bodies in pixels: bone lengths from poses, and how one person's compare with another's.

T frames. Poses are Human3.6M-17 [T, 17, 2 or 3] in pixels. A bone is the vector from a joint's parent to the joint:
bone j ends in joint j, bone 0 is the root's place. Pictures shorten bones that point at the camera, so lengths are
estimates.
"""

from dataclasses import dataclass

import numpy as np

from models.errors import InputError
from pipelines.keypoints.layouts import H36M17_FLIP, H36M17_PARENT

MIN_CONFIDENCE = 0.3  # of a joint that counts as seen
MIN_SEEN_SHARE = 0.3  # of the frames in which a driving joint must be seen to be followed
SIMILAR_POSE_DIFFERENCE = 0.15  # as a share of their size
MIN_BONE_LENGTH = 0.2  # of the bone's full length; shorter ones say little about its ratio
FULL_LENGTH_PERCENTILE = 95  # of a bone's lengths over the clip
MIN_PROPORTION, MAX_PROPORTION = 0.82, 1.3  # limits of the source's proportions over the driver's

# Lengths in body heights (Drillis and Contini's joint centres), used where a bone is never seen extended.
ANTHROPOMETRY = np.array(
    (0, 0.052, 0.24, 0.243, 0.052, 0.24, 0.243, 0.161, 0.149, 0.081, 0.082, 0.107, 0.175, 0.147, 0.107, 0.175, 0.147)
)
MIN_OF_PRIOR, MAX_OF_PRIOR = 0.75, 1.4  # limits of a measured bone over its anthropometric length
STATURE_BONES = (2, 3, 7, 8)  # long, and rarely foreshortened in people who stand


@dataclass(frozen=True)
class Body:
    """The proportions of one person."""

    lengths: np.ndarray
    """Bone lengths [17] in pixels."""
    stature: float
    """Body height that they suggest, in pixels."""
    seen: np.ndarray
    """Joints that the picture shows, bool [17]."""


def bone_vectors(poses: np.ndarray) -> np.ndarray:
    """Poses [..., 17, 2 or 3] -> vectors from the parent to each joint [..., 17, 2]; the root's is its place."""
    points = poses[..., :2]
    result = points.copy()
    result[..., 1:, :] -= points[..., H36M17_PARENT[1:], :]
    return result


def joint_positions(vectors: np.ndarray) -> np.ndarray:
    """Inverse of `bone_vectors`: [..., 17, 2] -> [..., 17, 2]."""
    result = vectors.copy()
    for joint, parent in enumerate(H36M17_PARENT):
        if parent >= 0:
            result[..., joint, :] += result[..., parent, :]
    return result


def measure_body(poses: np.ndarray) -> Body:
    """Bone lengths of a person from poses [T, 17, 2 or 3]: longest over the clip and both sides, within human ratios.

    Raises InputError: no bone can be measured.
    """
    length = np.linalg.norm(bone_vectors(poses), axis=-1)  # [T, 17]
    seen = seen_joints(poses)
    longest = np.percentile(length, FULL_LENGTH_PERCENTILE, axis=0)
    longest = np.where(seen, longest, 0)
    longest = np.maximum(longest, longest[list(H36M17_FLIP)])
    longest[0] = 0
    known = [bone for bone in STATURE_BONES if longest[bone] > 0] or np.flatnonzero(longest).tolist()
    if not known:
        raise InputError("the pose has no limb that can be measured; use a picture that shows the person")
    stature = float(np.median(longest[known] / ANTHROPOMETRY[known]))
    prior = ANTHROPOMETRY * stature
    return Body(np.clip(longest, MIN_OF_PRIOR * prior, MAX_OF_PRIOR * prior), stature, seen)


def seen_joints(poses: np.ndarray) -> np.ndarray:
    """Which joints of poses [T, 17, 2 or 3] are confident in enough frames, bool [17]; all if none have one."""
    if poses.shape[-1] < 3:
        return np.ones(17, bool)
    return (poses[..., 2] >= MIN_CONFIDENCE).mean(0) >= MIN_SEEN_SHARE


def stature_ratio(own: Body, theirs: Body) -> float:
    """How many times as tall the source person is as the driver in pixels, from the long bones that both show.

    Foreshortening in the single picture only shortens, so the upper quartile counts, not the median.
    """
    both = [bone for bone in STATURE_BONES if own.seen[bone] and theirs.seen[bone]]
    if not both:
        return own.stature / theirs.stature
    return float(np.percentile(own.lengths[both] / theirs.lengths[both], 75))


def bone_scale(own: Body, theirs: Body) -> np.ndarray:
    """Factor of each bone [17]: the source's length over the driver's, within human limits of the ratio of statures.

    A bone the source picture does not show, or shows foreshortened, takes (nearly) the ratio of the statures.
    """
    size = stature_ratio(own, theirs)
    ratio = np.where(own.seen, own.lengths / np.maximum(theirs.lengths, 1e-9), size)
    ratio[0] = size
    return np.clip(ratio, MIN_PROPORTION * size, MAX_PROPORTION * size)


@dataclass(frozen=True)
class SimilarFrame:
    """The driving frame whose pose is most similar to the source pose."""

    frame: int
    """Its number."""
    size: float
    """Size of the source person over the driver's in it."""
    trust: float
    """How similar the poses are, 0..1."""


def find_similar_frame(driver: np.ndarray, source: np.ndarray, both: np.ndarray) -> SimilarFrame:
    """Compare bones of the driver [T, 17, 2] and of the source [17, 2], those that `both` bool [17] show.

    Equal poses are foreshortened alike, so their bones can be compared as they are.
    """
    chosen = np.flatnonzero(both)[1:]
    target, vectors = source[chosen], driver[:, chosen]  # [bones, 2], [T, bones, 2]
    size = (vectors * target).sum((1, 2)) / np.maximum((vectors**2).sum((1, 2)), 1e-9)  # [T]
    gap = ((size[:, None, None] * vectors - target) ** 2).sum((1, 2)) / max((target**2).sum(), 1e-9)
    frame = int(np.where(size > 0, gap, np.inf).argmin())
    if size[frame] <= 0:
        return SimilarFrame(frame, 1.0, 0.0)
    return SimilarFrame(frame, float(size[frame]), float(np.exp(-gap[frame] / SIMILAR_POSE_DIFFERENCE**2)))


def ratio_in_frame(pose: np.ndarray, target: np.ndarray, theirs: Body, size: float) -> np.ndarray:
    """Lengths of the source's bones over the driver's in one frame [17], left and right together.

    Args:
        pose, target: bones of the driver and of the source [17, 2].
        size: ratio that bones take which are too short to be compared.
    """
    there, here = np.linalg.norm(pose, axis=-1), np.linalg.norm(target, axis=-1)
    flip, least = list(H36M17_FLIP), MIN_BONE_LENGTH * theirs.lengths
    ratio = (here + here[flip] + least * size) / np.maximum(there + there[flip] + least, 1e-9)
    ratio[0] = size
    return np.clip(ratio, MIN_PROPORTION * size, MAX_PROPORTION * size)
