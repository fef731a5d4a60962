"""People who lie on their side or upside down: quarter turns of pictures and videos until they stand upright.

Cameras write rotated pictures with a mark that many programs lose. Detectors know upright people, and read garbage into
others without a word. So where a pose is unsure, or lies, the other three quarter turns are tried. In: a picture or a
video, and a detector. Out: the pose track of the upright frames, which says how they were turned. Called by the chains
and by `gfla check`. P people of a frame; poses are COCO-17 [17, 3].
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

import numpy as np

from pipelines.keypoints.detection import detect_image, detect_video
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.detectors.scores import CONFIDENT, score, score_half
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.tracking import body_size, is_person
from pipelines.media.sources import FrameSource
from pipelines.media.turning import TURN_NAMES, turn_picture, turn_video
from pipelines.runtime.progress import SILENT, Progress

# Scores of the bundled detector for 15 rendered people and 12 real ones: upright 0.61 to 0.89, upside down 0.69 at
# most, on the side 0.77 at most and then 0.09 or more below the same person upright.
CLEAR_SCORE = 0.72  # of an upright person from which on no other turn is tried
MIN_TURNED_SCORE = 0.7  # of a person found after a turn: below it may be garbage in a picture that is upright
MIN_ADVANTAGE = 0.06  # in score of the turned person over the one in the picture as it is
MAX_LEAN = 45.0  # degrees of the trunk from the vertical up to which a person counts as upright
PROBES = 3  # frames of a video that vote on its turn


def detect_upright_image(picture: np.ndarray, detector: KeypointDetector) -> PoseTrack:
    """Everybody in one picture uint8 RGB [H, W, 3] as a track of one frame, turned until the largest is upright.

    The poses are in pixels of `turn_picture(picture, track.quarter_turns)`; `track.orientation` says so.
    """
    track = detect_image(picture, detector)
    pose = largest_person(track.people[0])
    if _is_clear(pose):
        return track
    tracks = [track, *(detect_image(turn_picture(picture, turns), detector) for turns in (1, 2, 3))]
    turns = choose_turn([largest_person(each.people[0]) for each in tracks])
    tracks[turns].quarter_turns = turns
    tracks[turns].orientation = _explain("picture", turns, pose)
    return tracks[turns]


def detect_upright_video(
    video: FrameSource, detector: KeypointDetector, progress: Progress = SILENT, *, require_all: bool = False
) -> PoseTrack:
    """`detect_video`, with the frames turned until the largest person is upright.

    The poses are in pixels of the turned frames; `orientation` of the track says so.

    Raises:
        InputError: see `detect_video`.
    """
    track = detect_video(video, detector, progress, require_all=require_all)
    poses = [largest_person(people) for people in track.people]
    if sum(map(_is_clear, poses)) > len(poses) / 2:
        return track
    turns = _vote(video, detector, poses)
    if turns:
        with turn_video(video, turns) as turned:
            track = detect_video(turned, detector, progress, require_all=require_all)
        track.quarter_turns = turns
    lying = [pose for pose in poses if pose is not None and not is_upright(pose)]
    track.orientation = _explain("video", turns, lying[0] if len(lying) > len(poses) / 2 else None)
    return track


def largest_person(people: np.ndarray) -> np.ndarray | None:
    """The largest of the people [P, 17, 3]; None if there is nobody."""
    return max(filter(is_person, people), key=body_size, default=None)


def is_upright(pose: np.ndarray) -> bool:
    """Whether the trunk of a pose [17, 3], or its head if no hip is seen, is upright."""
    return abs(_lean(pose)) <= MAX_LEAN


def choose_turn(poses: Sequence[np.ndarray | None]) -> int:
    """The number of quarter turns after which the person is upright, from the poses found after 0, 1, 2 and 3."""
    own = 0.0 if poses[0] is None else certainty(poses[0])
    upright = {turns: certainty(pose) for turns, pose in enumerate(poses) if pose is not None and is_upright(pose)}
    best = max(upright, key=lambda turns: upright[turns], default=0)
    return best if best and upright[best] >= max(MIN_TURNED_SCORE, own + MIN_ADVANTAGE) else 0


def certainty(pose: np.ndarray) -> float:
    """How sure a pose [17, 3] is, 0..1, of a whole body or of a half one."""
    return max(score(pose), score_half(pose))


def _is_clear(pose: np.ndarray | None) -> bool:
    return pose is not None and is_upright(pose) and certainty(pose) >= CLEAR_SCORE


def _lean(pose: np.ndarray) -> float:
    """Degrees by which the trunk leans; 90: the head is on the left."""
    upper, lower = ([5, 6], [11, 12]) if (pose[[11, 12], 2] >= CONFIDENT).any() else ([0, 1, 2, 3, 4], [5, 6])
    x, y = pose[lower, :2].mean(0) - pose[upper, :2].mean(0)
    return float(np.degrees(np.arctan2(x, y)))


def _vote(video: FrameSource, detector: KeypointDetector, poses: Sequence[np.ndarray | None]) -> int:
    """The turn that most of PROBES frames agree on; `poses` are the people in the frames as they are."""
    numbers = sorted({int((probe + 0.5) / PROBES * len(poses)) for probe in range(PROBES)})
    votes = Counter[int]()
    with turn_video(video, 0) as again:  # a pass of its own: the statistics of `video` remain those of the whole pass
        for number, frame in enumerate(islice(again, numbers[-1] + 1)):
            if number in numbers:
                turned = [detector.detect(turn_picture(frame.image, turns)) for turns in (1, 2, 3)]
                votes[choose_turn([poses[number], *map(largest_person, turned)])] += 1
            if votes and votes.most_common(1)[0][1] > len(numbers) / 2:
                break
    turns, count = votes.most_common(1)[0] if votes else (0, 0)
    return turns if count > len(numbers) / 2 else 0


def _explain(what: str, turns: int, pose: np.ndarray | None) -> str | None:
    """One line if something was turned, or if the person of `pose` surely lies in it as it is."""
    if turns:
        return f"the person in the {what} is not upright: the {what} is turned {TURN_NAMES[turns]} to find the pose"
    if pose is None or is_upright(pose):
        return None
    way = TURN_NAMES[round(-_lean(pose) / 90) % 4]
    return f"the person in the {what} is not upright: if they should be, turn the {what} {way} first"
