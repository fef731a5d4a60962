"""Two bodies in pixels: bone lengths from poses, and how one person's compare with another's.

T frames. Poses are Human3.6M-17 [T, 17, 2 or 3] in pixels. A bone is the vector from a joint's parent to the joint:
bone j ends in joint j, bone 0 is the root's place. Pictures shorten bones that point at the camera, so lengths are
estimates.
"""

from dataclasses import dataclass

import numpy as np

from models.errors import InputError
from pipelines.keypoints.layouts import H36M17_FLIP, H36M17_PARENT

SEEN = 0.3  # confidence of a joint that counts
SEEN_SHARE = 0.3  # share of the frames in which a driver's joint has to be seen to be followed
ALIKE = 0.15  # difference of two poses, of their size, up to which they count as the same
LEAST_LENGTH = 0.2
LONGEST = 95  # percentile over the clip that stands for a bone seen at full length
SHORTEST_RATIO, LONGEST_RATIO = 0.82, 1.3  # how far the source's proportions may leave the driver's

# Lengths in body heights (Drillis and Contini's joint centres), used where a bone is never seen extended.
ANTHROPOMETRY = np.array(
    (0, 0.052, 0.24, 0.243, 0.052, 0.24, 0.243, 0.161, 0.149, 0.081, 0.082, 0.107, 0.175, 0.147, 0.107, 0.175, 0.147)
)
LEAST_OF_PRIOR, MOST_OF_PRIOR = 0.75, 1.4
STATURE_BONES = (2, 3, 7, 8)  # long, and seldom foreshortened in people who stand


@dataclass(frozen=True)
class Body:
    """Bone lengths [17] in pixels and the stature they suggest; `seen` bool [17]: joints that the picture shows."""

    lengths: np.ndarray
    stature: float
    seen: np.ndarray


def bones(poses: np.ndarray) -> np.ndarray:
    """Vectors from the parent to each joint, [..., 17, 2]; the root's is its place."""
    points = poses[..., :2]
    result = points.copy()
    result[..., 1:, :] -= points[..., H36M17_PARENT[1:], :]
    return result


def joints(vectors: np.ndarray) -> np.ndarray:
    """Inverse of `bones`."""
    result = vectors.copy()
    for joint, parent in enumerate(H36M17_PARENT):
        if parent >= 0:
            result[..., joint, :] += result[..., parent, :]
    return result


def measure(poses: np.ndarray) -> Body:
    """Bone lengths of a person from [T, 17, 2 or 3]: longest over the clip and both sides, held to human ratios."""
    length = np.linalg.norm(bones(poses), axis=-1)  # [T, 17]
    seen = seen_joints(poses)
    longest = np.percentile(length, LONGEST, axis=0)
    longest = np.where(seen, longest, 0)
    longest = np.maximum(longest, longest[list(H36M17_FLIP)])
    longest[0] = 0
    known = [bone for bone in STATURE_BONES if longest[bone] > 0] or np.flatnonzero(longest).tolist()
    if not known:
        raise InputError("the pose has no limb that can be measured; use a picture that shows the person")
    stature = float(np.median(longest[known] / ANTHROPOMETRY[known]))
    prior = ANTHROPOMETRY * stature
    return Body(np.clip(longest, LEAST_OF_PRIOR * prior, MOST_OF_PRIOR * prior), stature, seen)


def seen_joints(poses: np.ndarray) -> np.ndarray:
    """Joints confident in enough frames, bool [17]; all where there is no confidence column."""
    if poses.shape[-1] < 3:
        return np.ones(17, bool)
    return (poses[..., 2] >= SEEN).mean(0) >= SEEN_SHARE


def stature_ratio(own: Body, theirs: Body) -> float:
    """How much larger the source person is than the driver in pixels, from the long bones that both show.

    Foreshortening in the single picture only shortens, so the upper quartile counts, not the median.
    """
    both = [bone for bone in STATURE_BONES if own.seen[bone] and theirs.seen[bone]]
    if not both:
        return own.stature / theirs.stature
    return float(np.percentile(own.lengths[both] / theirs.lengths[both], 75))


def bone_scale(own: Body, theirs: Body) -> np.ndarray:
    """Factor of each bone [17]: the source's length over the driver's, no further from the statures' than is human.

    A bone the source picture does not show, or shows foreshortened, takes (nearly) the ratio of the statures.
    """
    size = stature_ratio(own, theirs)
    ratio = np.where(own.seen, own.lengths / np.maximum(theirs.lengths, 1e-9), size)
    ratio[0] = size
    return np.clip(ratio, SHORTEST_RATIO * size, LONGEST_RATIO * size)


@dataclass(frozen=True)
class Alike:
    """The driver's frame that poses most like the source, the size of the source in it, and its trust 0..1."""

    frame: int
    size: float
    trust: float


def find_alike(driver: np.ndarray, source: np.ndarray, both: np.ndarray) -> Alike:
    """Compare bones [T, 17, 2] with [17, 2], those that `both` [17] people show; equal poses share foreshortening."""
    chosen = np.flatnonzero(both)[1:]
    target, vectors = source[chosen], driver[:, chosen]  # [bones, 2], [T, bones, 2]
    size = (vectors * target).sum((1, 2)) / np.maximum((vectors**2).sum((1, 2)), 1e-9)  # [T]
    gap = ((size[:, None, None] * vectors - target) ** 2).sum((1, 2)) / max((target**2).sum(), 1e-9)
    frame = int(np.where(size > 0, gap, np.inf).argmin())
    if size[frame] <= 0:
        return Alike(frame, 1.0, 0.0)
    return Alike(frame, float(size[frame]), float(np.exp(-gap[frame] / ALIKE**2)))


def ratio_in_frame(pose: np.ndarray, target: np.ndarray, theirs: Body, size: float) -> np.ndarray:
    """Lengths of the source's bones over the driver's in one frame [17], both sides together; short ones by size."""
    there, here = np.linalg.norm(pose, axis=-1), np.linalg.norm(target, axis=-1)
    flip, least = list(H36M17_FLIP), LEAST_LENGTH * theirs.lengths
    ratio = (here + here[flip] + least * size) / np.maximum(there + there[flip] + least, 1e-9)
    ratio[0] = size
    return np.clip(ratio, SHORTEST_RATIO * size, LONGEST_RATIO * size)
