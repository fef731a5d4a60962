"""What happens to one person of a clip: jumps, another person instead, turning away, leaving the picture.

In: a pose track and the poses of one person in it. Out: the frames where it happens, which
`pipelines.keypoints.track_quality` puts into words. Times come from time stamps, so the frame rate does not matter.
T frames, P people of a frame; poses are COCO-17 [17, 3] in pixels.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from pipelines.keypoints.shots import picture_difference
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.tracking import CONFIDENT, body_size, is_person

TRUNK = [5, 6, 11, 12]  # left and right shoulder, left and right hip
MAX_SPEED = 6.0  # body heights per second of half of the joints: a sprinter's body makes 5.7, a fast dance 1.2
DETECTOR_NOISE = 0.08  # body heights that half of the joints may move in addition; 0.04 at 60 frames per second
CLOTHES_SECONDS = 0.6  # before and after a moment, whose colours are compared
MIN_COLOUR_CHANGE = 60.0  # distance in RGB, 0..255 each, between other clothes; those of one person differ by 30
MAX_COLOUR_SPREAD = 20.0  # within either of the two times; more is motion or light
MIN_AWAY_WIDTH = 0.12  # shoulders and hips together, in body heights, seen from behind; from the front they have -0.25
MIN_SECONDS = 0.3  # for which a state has to last
NEAR_SIDE, NEAR_TOP = 0.3, 0.15  # body heights between the trunk and the edge where the person is on the way out


@dataclass(frozen=True)
class FollowedPerson:
    """One person of a track."""

    track: PoseTrack
    """Everybody, with time stamps."""
    poses: np.ndarray
    """The person's poses as detected, COCO-17 [T, 17, 3]; all zero where missing."""
    start: float = 0
    """Time of the first frame for users, in seconds."""

    @cached_property
    def seconds(self) -> np.ndarray:
        """Time of every frame, float [T]."""
        first = self.track.frames[0].pts
        return np.array([self.start + float((each.pts - first) * self.track.time_base) for each in self.track.frames])

    @cached_property
    def seen(self) -> np.ndarray:
        """Which frames show the person, bool [T]."""
        return np.array([is_person(pose) for pose in self.poses])

    @cached_property
    def height(self) -> float:
        """Median size of the body in pixels."""
        return float(np.median([body_size(pose) for pose in self.poses[self.seen]]))

    @cached_property
    def colours(self) -> np.ndarray:
        """Of the trunk, float [T, 3]; NaN where not seen."""
        result = np.full((len(self.poses), 3), np.nan)
        for number in np.flatnonzero(self.seen):
            frame = self.track.frames[number]
            if frame.colours is not None:
                result[number] = frame.colours[np.abs(frame.people - self.poses[number]).sum((1, 2)).argmin()]
        return result

    @cached_property
    def from_behind(self) -> np.ndarray:
        """Which frames show the person from behind, bool [T]."""
        return np.array([faces_away(pose) for pose in self.poses])

    def lasting(self, flags: np.ndarray) -> list[tuple[int, int]]:
        """First frame, and frame after the last one, of each run of true flags [T] that lasts MIN_SECONDS."""
        typical = float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else MIN_SECONDS
        ends = [*self.seconds, self.seconds[-1] + typical]
        edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(int), [0]))))
        runs = [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
        return [(first, stop) for first, stop in runs if ends[stop] - ends[first] >= MIN_SECONDS]


def faces_away(pose: np.ndarray) -> bool:
    """Whether a pose [17, 3] is seen from behind: its left shoulder and hip are on the left."""
    widths = pose[[6, 12], 0] - pose[[5, 11], 0]
    return bool((pose[TRUNK, 2] >= CONFIDENT).all() and widths.sum() > MIN_AWAY_WIDTH * body_size(pose))


def find_jumps(person: FollowedPerson, *, speed: float = MAX_SPEED) -> list[int]:
    """Frames in which half of the joints are farther from where they were than a body can move in the time.

    speed: what a body can do, in body heights per second.
    """
    seconds, poses = person.seconds, person.poses
    return [
        int(here)
        for before, here in pairwise(np.flatnonzero(person.seen))
        if _distance(poses[before], poses[here])
        > (speed * (seconds[here] - seconds[before]) + DETECTOR_NOISE) * person.height
    ]


def find_losses(person: FollowedPerson) -> list[tuple[int, bool]]:
    """Frames from which on, or up to which, the person is missing though there are as many people; and whether one of
    them wears the same clothes and so may be the same person, too far away to be followed."""
    found, frames = [], person.track.frames
    for first, stop in person.lasting(~person.seen):
        others = [frame for frame in frames[first:stop] if any(map(is_person, frame.people))]
        if len(others) <= (stop - first) / 2:
            continue
        last_seen, other = (first - 1, others[0]) if first else (stop, others[-1])
        if len(other.people) >= len(frames[last_seen].people):
            found.append((first or stop, _wears(other, person.colours[last_seen])))
    return found


def find_changes(person: FollowedPerson) -> list[int]:
    """Frames in which the trunk takes another colour at once and for good: somebody else is followed from there on."""
    colours = person.colours[~np.isnan(person.colours[:, 0])]
    if not len(colours) or np.linalg.norm(np.ptp(colours, axis=0)) <= MIN_COLOUR_CHANGE:
        return []  # of most videos: no two medians are farther apart, and those of every frame take a while
    changes = np.array([_colour_change(person, number) for number in range(len(person.poses))])
    found: list[int] = []
    for number in np.argsort(-changes, kind="stable"):
        far = all(abs(person.seconds[number] - person.seconds[other]) > CLOTHES_SECONDS for other in found)
        if changes[number] > MIN_COLOUR_CHANGE and far:
            found.append(int(number))
    return sorted(found)


def find_other_side(person: FollowedPerson, *, source_from_behind: bool) -> np.ndarray:
    """Which frames show the body's other side, front or back, than the source picture does: bool [T]."""
    sides = person.from_behind
    if source_from_behind:
        sides = np.array([faces_away(pose * (-1, 1, 1)) for pose in person.poses])
    return _flags(person, sides)


def find_outside(person: FollowedPerson) -> np.ndarray:
    """Frames in which the person leaves the picture or has left it, bool [T].

    Part of the trunk is beyond the left or right edge; or the person is missing, and was or will be near an edge. A
    person who is cut by the edge all the time does not leave.
    """
    width, height = person.track.size
    sure, x = person.poses[:, TRUNK, 2] >= CONFIDENT, person.poses[:, TRUNK, 0]
    crossing = ((x <= 0) | (x >= width - 1)) & sure  # [T, 4]
    outside = _flags(person, person.seen & crossing.any(1))
    if (outside | ~person.seen).all():
        outside[:] = False
    near = np.array([NEAR_SIDE, NEAR_TOP]) * person.height
    for first, stop in person.lasting(~person.seen):
        for number in (first - 1, stop):
            if 0 <= number < len(sure) and sure[number].any():
                middle = person.poses[number, TRUNK, :2][sure[number]].mean(0)
                outside[first:stop] |= ((middle < near) | (middle > (width, height) - near)).any()
    return outside


def _flags(person: FollowedPerson, flags: np.ndarray) -> np.ndarray:
    """`flags` [T] without the runs that are too short."""
    result = np.zeros(len(flags), bool)
    for first, stop in person.lasting(flags):
        result[first:stop] = True
    return result


def _wears(frame: PoseFrame, colour: np.ndarray) -> bool:
    """Whether the trunk of one of the people has about this colour [3]."""
    if frame.colours is None:
        return False
    return bool((np.linalg.norm(frame.colours - colour, axis=-1) < MIN_COLOUR_CHANGE).any())


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """Median distance in pixels of the joints confident in both poses; 0 without any."""
    both = (first[:, 2] >= CONFIDENT) & (second[:, 2] >= CONFIDENT)
    return float(np.median(np.linalg.norm(first[both, :2] - second[both, :2], axis=1))) if both.any() else 0.0


def _colour_change(person: FollowedPerson, number: int) -> float:
    """Distance of the trunk's colours before a frame and from it on, less how unsteady either is and how much the whole
    picture changes; 0 if either is too unsteady, or one shows the front and the other the back.
    """
    age = person.seconds - person.seconds[number]
    known = ~np.isnan(person.colours[:, 0])
    windows = [known & (age < 0) & (age >= -CLOTHES_SECONDS), known & (age >= 0) & (age < CLOTHES_SECONDS)]
    if min(window.sum() for window in windows) < 3:
        return 0.0
    colours = [np.median(person.colours[window], axis=0) for window in windows]
    distances = [
        np.linalg.norm(person.colours[window] - colour, axis=-1)
        for window, colour in zip(windows, colours, strict=True)
    ]
    turned = abs(np.subtract(*(person.from_behind[window].mean() for window in windows))) > 0.5
    if max(map(np.median, distances)) > MAX_COLOUR_SPREAD or turned:
        return 0.0
    first, second = (person.track.frames[np.flatnonzero(window)[-1]].thumbnail for window in windows)
    light = 0.0 if first is None or second is None else 255 * picture_difference(first, second)
    return float(np.linalg.norm(colours[1] - colours[0])) - sum(map(np.mean, distances)) - 2 * light
