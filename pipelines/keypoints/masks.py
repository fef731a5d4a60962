"""Where a person whose pose is known is in a picture: a coarse mask, for mattes.

Detectors with masks give their own. The others find poses only; for them MediaPipe's networks mark the person where
they were fetched, and the bundled network where they were not. H, W: picture; poses are COCO-17 [17, 3].
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

import cv2
import numpy as np

from models.errors import BackendUnavailable
from pipelines.compositing.spreading import spread
from pipelines.keypoints.details import DetailedDetector, DetailName, People, PersonMask
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.detectors.registry import KeypointDetector, create_detector
from pipelines.keypoints.layouts import COCO17_LIMBS
from pipelines.keypoints.tracking import CONFIDENT, body_size, joint_distance

MaskFinder = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Picture uint8 RGB [H, W, 3], in which the person is upright, and pose -> mask float32 [H, W], 0 to 1."""

MASK: frozenset[DetailName] = frozenset(["mask"])
SAME_PERSON = 0.15  # mean distance of the joints up to which two poses are of one person, in body heights
MIN_COVERED = 0.5  # share of the seen joints that a mask of the person covers
NO_MASK, NEAR = 0.05, 0.05  # of the mask and of the distance from limbs, in body sizes: less makes no difference
TRUNK = [5, 6, 11, 12]  # shoulders and hips
SOME = 0.3  # of the mask of somebody who is to be hidden
HIDE = 0.005  # by which what is hidden is wider, as a share of the picture's longer side
SHRINK = 8  # what replaces them is found at this share of the size


def find_mask(picture: np.ndarray, pose: np.ndarray, *, detector: KeypointDetector, device: str) -> np.ndarray:
    """The mask of the person with this pose, float32 [H, W], 0 to 1; others in the picture are not marked.

    Args:
        picture: uint8 RGB [H, W, 3].
        detector: the one that found the pose.
        device: of the networks that stand in for it if it knows no masks.

    Raises:
        WeightsError: the bundled weights are damaged.
    """
    for network in _finders(detector, device):
        bundled = isinstance(network, BundledDetector)
        mask = network.find_mask(picture, pose) if bundled else _look(network, picture, pose)
        rendered = mask.render(*picture.shape[:2]) / np.float32(255) if mask else None
        if rendered is not None and (bundled or _covered_share(rendered, pose) >= MIN_COVERED):
            return rendered
    return np.zeros(picture.shape[:2], np.float32)


def divide_pixels(masks: Sequence[np.ndarray], poses: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Give every pixel to one of several people: masks of neighbours may overlap, or mark a part of each other.

    A pixel is that person's whose mask is surest of it, weighed with how near it is to the skeleton.

    Args:
        masks: N of float32 [H, W], 0 to 1.
        poses: of the same people, [17, 3].

    Returns:
        N shares float32 [H, W], 0 to 1, which add up to 1 and are soft where one person's pixels end.
    """
    sureness = [
        (mask + NO_MASK) / (_distance_from_limbs(pose, mask.shape) + NEAR)
        for mask, pose in zip(masks, poses, strict=True)
    ]
    owner = np.argmax(sureness, 0)
    return [cv2.GaussianBlur((owner == number).astype(np.float32), (0, 0), 1) for number in range(len(masks))]


def hide_people(picture: np.ndarray, others: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The picture [H, W, 3] with the colours around them in place of some people.

    Args:
        others: their mask [H, W].
        own: the mask of whoever stays.
    """
    side = 2 * max(2, round(HIDE * max(picture.shape[:2]))) + 1
    wide, near = (
        cv2.dilate((mask > SOME).astype(np.uint8), np.ones((side, side), np.uint8)) > 0 for mask in (others, own)
    )
    gone = wide & ((own < 0.5) | (others > own))
    around = spread(picture.astype(np.float32), (~(wide | near)).astype(np.float32), SHRINK)
    filled = cv2.resize(np.rint(around).astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.where(gone[..., None], filled, picture)


def _distance_from_limbs(pose: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Distance of all pixels from trunk and limbs of a pose [17, 3], in body sizes, float32 [H, W]."""
    around = np.ones(shape, np.uint8)
    seen = pose[:, 2] >= CONFIDENT
    pixels = np.round(np.clip(pose[:, :2], -1e4, 1e4)).astype(np.int32)
    for first, second in COCO17_LIMBS:
        if seen[first] and seen[second]:
            cv2.line(around, pixels[first].tolist(), pixels[second].tolist(), 0, 1)
    if seen[TRUNK].all():
        cv2.fillConvexPoly(around, cv2.convexHull(pixels[TRUNK]), 0)
    return cv2.distanceTransform(around, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / np.float32(max(body_size(pose), 1))


def find_masks(
    pictures: Iterable[np.ndarray], poses: Iterable[np.ndarray], *, detector: KeypointDetector, device: str
) -> Iterator[np.ndarray]:
    """The masks of some people together in the frames of a video, like `find_mask`; the networks follow people, which
    is faster.

    Args:
        pictures: uint8 RGB [H, W, 3], in order.
        poses: of the people in each of them, [P, 17, 3].
    """
    network = next(_finders(detector, device))
    options = {"detector": detector, "device": device}
    if isinstance(network, BundledDetector):
        for picture, wanted in zip(pictures, poses, strict=False):
            yield np.maximum.reduce([find_mask(picture, pose, **options) for pose in wanted])
        return
    waiting: deque[np.ndarray] = deque()  # frames that the network has taken but not yet answered

    def take() -> Iterator[np.ndarray]:
        for picture in pictures:
            waiting.append(picture)
            yield picture

    before = network.wanted
    network.wanted = MASK
    try:
        for wanted, people in zip(poses, network.track_people(take()), strict=False):
            picture = waiting.popleft()
            found = [(_render_mask(people, picture, pose), pose) for pose in wanted]
            yield np.maximum.reduce(
                [find_mask(picture, pose, **options) if mask is None else mask for mask, pose in found]
            )
    finally:
        network.wanted = before


def _render_mask(people: People, picture: np.ndarray, pose: np.ndarray) -> np.ndarray | None:
    """The mask of the person with this pose, float32 [H, W]; None if nobody's covers it."""
    mask = _mask_of(people, pose)
    rendered = mask.render(*picture.shape[:2]) / np.float32(255) if mask else None
    is_good = rendered is not None and _covered_share(rendered, pose) >= MIN_COVERED
    return rendered if is_good else None


def _finders(detector: KeypointDetector, device: str) -> Iterator[BundledDetector | DetailedDetector]:
    """Who can look for the mask, in order; the last one always finds one."""
    if isinstance(detector, DetailedDetector) and "mask" in detector.findable:
        yield detector
    else:
        with suppress(BackendUnavailable):
            yield _load("mediapipe", device)
    yield _load("bundled", device)


@lru_cache(2)
def _load(name: str, device: str) -> BundledDetector | DetailedDetector:
    detector = create_detector(name, device=device)
    assert isinstance(detector, BundledDetector | DetailedDetector)
    return detector


def _look(detector: DetailedDetector, picture: np.ndarray, pose: np.ndarray) -> PersonMask | None:
    """The mask of the person whose pose comes nearest; None if nobody's does."""
    before, detector.wanted = detector.wanted, MASK
    try:
        people = detector.detect_people(picture)
    finally:
        detector.wanted = before
    return _mask_of(people, pose)


def _mask_of(people: People, pose: np.ndarray) -> PersonMask | None:
    """The mask of the person whose pose comes nearest; None if nobody's does."""
    distances = [joint_distance(other, pose) for other in people.poses]
    nearest = int(np.argmin(distances)) if distances else -1
    if nearest < 0 or distances[nearest] > SAME_PERSON:
        return None
    details = people.details[nearest]
    return details.mask if details else None


def _covered_share(mask: np.ndarray, pose: np.ndarray) -> float:
    """Share of the confident joints inside of the picture where the mask [H, W] is."""
    x, y = np.round(pose[pose[:, 2] >= CONFIDENT, :2]).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    return float((mask[y[inside], x[inside]] > 0.5).mean()) if inside.any() else 0.0
