"""Several people: everybody in the source picture, and the motions of those of the driving video whom they follow.

In: a picture, or the pose track of a video, and the value of `--people`. Out: what `pipelines.keypoints.motion` gives
for one person, for each of them. Called by the chains. T frames; H, W source picture.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.masks import MaskFinder, divide_pixels, hide_people
from pipelines.keypoints.motion import DrivingMotion, SourcePerson, clean_motion, detect_source, make_source_person
from pipelines.keypoints.pairs import check_count, choose_pairs, count_drivers, parse_pairs
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.track_cache import TrackCache
from pipelines.keypoints.tracking import select_people
from pipelines.option_groups import OnMissing
from pipelines.runtime.errors import error_context

MovingPair = tuple[SourcePerson, DrivingMotion]


def find_source_people(
    path: Path,
    picture: np.ndarray,
    people: str,
    detector: KeypointDetector,
    cleaner: PoseCleaner,
    cache: TrackCache,
    *,
    alpha: np.ndarray | None = None,
    find_mask: MaskFinder | None = None,
) -> list[SourcePerson]:
    """Detect everybody in the source picture, from the left to the right; each pixel is one person's.

    Args:
        people: the value of `--people`.
        path, picture, alpha, find_mask: see `find_source_person`.

    Raises:
        InputError: nobody in the picture, or fewer than `people` asks for.
    """
    track = detect_source(path, picture, detector, cache)
    poses = [found[0] for found in select_people(track.people)]  # [17, 3] each
    highest = max(source for source, _ in parse_pairs(people) or [(1, 1)])
    with error_context(path):
        check_count(people, highest, len(poses), "picture")
    found = [make_source_person(track, pose, picture, cleaner, alpha=alpha) for pose in poses]
    found = [replace(each, number=number) for number, each in enumerate(found, 1)]
    if find_mask is None:
        return found
    masks = find_separate_masks(found[0].picture, poses, find_mask)
    shares = divide_pixels(masks, poses)
    return [
        replace(each, mask=mask * share, share=share) for each, mask, share in zip(found, masks, shares, strict=True)
    ]


def find_separate_masks(picture: np.ndarray, poses: Sequence[np.ndarray], find_mask: MaskFinder) -> list[np.ndarray]:
    """The masks of several people with these poses [17, 3], float32 [H, W] each. Networks that mark one person take
    parts of neighbours along and miss parts instead, so each is looked at once more without the others."""
    masks = [find_mask(picture, pose) for pose in poses]
    own = [mask * share for mask, share in zip(masks, divide_pixels(masks, poses), strict=True)]
    for number, pose in enumerate(poses):
        others = [other for place, other in enumerate(own) if place != number]
        if others:
            masks[number] = find_mask(hide_people(picture, np.maximum.reduce(others), own[number]), pose)
    return masks


def follow_people(
    track: PoseTrack,
    sources: Sequence[SourcePerson],
    people: str,
    cleaner: PoseCleaner,
    *,
    on_missing: OnMissing,
    start: float = 0,
    interval: int = 1,
) -> list[MovingPair]:
    """Whoever of the `sources` moves, with the motion of the person of the track whom they follow.

    Args:
        people: the value of `--people`.
        on_missing, start, interval: see `follow_person`.

    Raises:
        InputError: fewer people in the track than `people` asks for, or a frame without one of them under on_missing
            "fail".
    """
    drivers = select_people(track.people, count_drivers(people) or len(sources), interval=interval)
    pairs = choose_pairs(people, len(sources), len(drivers))
    options = {"on_missing": on_missing, "start": start, "interval": interval}
    moving = [(sources[source - 1], drivers[driver - 1]) for source, driver in pairs]
    return [(each, clean_motion(track, selected, cleaner, source=each, **options)) for each, selected in moving]
