"""Where a person whose pose is known is in a picture: a coarse mask, for mattes.

Detectors with masks give their own. The others find poses only; for them MediaPipe's networks mark the person where
they were fetched, and the bundled network where they were not. H, W: picture; poses are COCO-17 [17, 3].
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache

import numpy as np

from models.errors import BackendUnavailable
from pipelines.keypoints.details import DetailedDetector, DetailName, People, PersonMask
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.detectors.registry import KeypointDetector, create_detector
from pipelines.keypoints.tracking import CONFIDENT, joint_distance

MaskFinder = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Picture uint8 RGB [H, W, 3], in which the person is upright, and pose -> mask float32 [H, W], 0 to 1."""

MASK: frozenset[DetailName] = frozenset(["mask"])
SAME_PERSON = 0.15  # mean distance of the joints up to which two poses are of one person, in body heights
MIN_COVERED = 0.5  # share of the seen joints that a mask of the person covers


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


def find_masks(
    pictures: Iterable[np.ndarray], poses: Iterable[np.ndarray], *, detector: KeypointDetector, device: str
) -> Iterator[np.ndarray]:
    """The masks of one person in the frames of a video, like `find_mask`; the networks follow people, which is faster.

    Args:
        pictures: uint8 RGB [H, W, 3], in order.
        poses: of the person in each of them.
    """
    network = next(_finders(detector, device))
    options = {"detector": detector, "device": device}
    if isinstance(network, BundledDetector):
        yield from (find_mask(picture, pose, **options) for picture, pose in zip(pictures, poses, strict=False))
        return
    waiting: deque[np.ndarray] = deque()  # frames that the network has taken but not yet answered

    def take() -> Iterator[np.ndarray]:
        for picture in pictures:
            waiting.append(picture)
            yield picture

    before = network.wanted
    network.wanted = MASK
    try:
        for pose, people in zip(poses, network.track_people(take()), strict=False):
            picture, mask = waiting.popleft(), _mask_of(people, pose)
            rendered = mask.render(*picture.shape[:2]) / np.float32(255) if mask else None
            is_good = rendered is not None and _covered_share(rendered, pose) >= MIN_COVERED
            yield rendered if rendered is not None and is_good else find_mask(picture, pose, **options)
    finally:
        network.wanted = before


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
