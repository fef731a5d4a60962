"""One person out of many: people are tracked through the frames, one is selected, gaps are filled.

The tracker expects everybody to move on as before, so people who cross keep apart even if one hides the other a while.

T frames, P people of a frame. People are float32 [P, 17, 3] x, y in pixels and confidence; the chosen track is
[T, 17, 3], with all-zero poses where the person is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np

from models.errors import InputError
from pipelines.option_groups import OnMissing

CONFIDENT = 0.3  # confidence of a joint that counts
MIN_JOINTS = 4  # confident joints that make a person
MAX_STEP, MAX_STEP_AFTER_GAP = 0.4, 1.5  # mean joint distance in body sizes: from frame to frame, and after a long gap
GAP_FRAMES = 25  # a long gap
OUT_OF_REACH = 1e6  # distance that no assignment takes if it can help it
MAX_DOUBLE_DISTANCE = 0.05  # mean joint distance in body sizes below which two poses may be one person seen twice
VELOCITY_GAIN = 0.3  # share of the latest step in a person's velocity
DAMPING = 0.97  # of the velocity, per frame without the person
MIN_FRAME_SHARE = 0.2  # of the frames must show the person: fewer can't be filled, and are often not a person at all


@dataclass(frozen=True)
class GapSummary:
    """What `fill_gaps` had to do."""

    frames: int
    """Number of frames, T."""
    missing_frames: int
    """Frames without the person."""
    filled_joints: int
    """Joints filled in the other frames."""

    def notes(self, what: str, on_missing: OnMissing) -> list[str]:
        """One line if `what` ("person", "face") is missing in some frames."""
        if not self.missing_frames:
            return []
        return [f"{self.missing_frames} of {self.frames} frames show no {what}: {on_missing}"]


@dataclass
class _Person:
    """One tracked person: frame numbers and poses, by time, and how the body moves."""

    frames: list[int]
    poses: list[np.ndarray]
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(2))
    """Of the body in pixels per frame, x and y."""
    clear: int = 0
    """Index of the latest pose that is surely this person's: the motion goes on from there."""

    def add(self, frame: int, pose: np.ndarray, *, is_clear: bool) -> None:
        self.frames.append(frame)
        self.poses.append(pose)
        if is_clear:
            step = _mean_step(self.poses[self.clear], pose) / (frame - self.frames[self.clear])
            self.velocity += max(VELOCITY_GAIN, 1 / (len(self.frames) - 1)) * (step - self.velocity)
            self.clear = len(self.frames) - 1

    def distance(self, frame: int, pose: np.ndarray) -> float:
        """Of a pose in `frame` from where the person is expected then, in body sizes; infinite if out of reach."""
        expected = self.poses[self.clear].copy()
        expected[:, :2] += self.velocity * (1 - DAMPING ** (frame - self.frames[self.clear])) / (1 - DAMPING)
        distance = joint_distance(expected, pose)
        reach = _reach(frame - self.frames[-1])
        return distance if distance <= reach or joint_distance(self.poses[-1], pose) <= reach else float("inf")

    def track(self, frames: int, interval: int) -> np.ndarray:
        """The poses in every `interval`-th frame, so many of them: float32 [frames, 17, 3], zero where missing."""
        track = np.zeros(((frames - 1) * interval + 1, *self.poses[0].shape), np.float32)
        track[self.frames] = self.poses
        return track[::interval]

    @property
    def weight(self) -> float:
        return sum(body_size(pose) ** 2 * float(pose[:, 2].mean()) for pose in self.poses)


def _mean_step(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far the joints confident in both poses have moved on average: x, y in pixels; zero if they share none."""
    both = (before[:, 2] >= CONFIDENT) & (after[:, 2] >= CONFIDENT)
    return (after[both, :2] - before[both, :2]).mean(0, dtype=np.float64) if both.any() else np.zeros(2)


def body_size(pose: np.ndarray, *, confident: float = CONFIDENT) -> float:
    """Larger side of the box around the confident joints [17, 3], in pixels; 0 without any."""
    seen = pose[pose[:, 2] >= confident, :2]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0


def is_person(pose: np.ndarray, *, confident: float = CONFIDENT) -> bool:
    """Whether enough joints [17, 3] are confident."""
    return int((pose[:, 2] >= confident).sum()) >= MIN_JOINTS


def joint_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of the joints confident in both poses, in body sizes; infinite if they share none."""
    both = (first[:, 2] >= CONFIDENT) & (second[:, 2] >= CONFIDENT)
    size = max(body_size(first), body_size(second))
    if not both.any() or size == 0:
        return float("inf")
    return float(np.linalg.norm(first[both, :2] - second[both, :2], axis=1).mean()) / size


def select_person(
    frames: Sequence[np.ndarray], person: str = "largest", *, what: str = "person", interval: int = 1
) -> np.ndarray:
    """Track everybody through the frames and return one person.

    Args:
        frames: T arrays [P, 17, 3], or with another number of points (faces).
        what: their name in messages.
        person: "largest" (most picture area over the clip), or a number: the N-th from the left, counted from 1, in the
            first frame that shows as many people.
        interval: every how many frames of the clip these are; people may have gone as far as they do in that time.

    Returns:
        float32 [T, 17, 3], zero where the person is missing.

    Raises:
        InputError: nobody in any frame, fewer than N people in every frame, or `person` is neither.
    """
    people = _follow(_spread(frames, interval))
    if not people:
        raise InputError(f"no {what} found in {_count(len(frames))}; use a picture or clip that shows a {what} clearly")
    chosen = max(people, key=lambda each: each.weight) if person == "largest" else _numbered(people, person)
    return chosen.track(len(frames), interval)


def select_people(frames: Sequence[np.ndarray], most: int | None = None, *, interval: int = 1) -> list[np.ndarray]:
    """Track everybody through the frames and return those who can be followed, from the left to the right in the first
    frame that shows `most` of them, or as many as any frame shows. MIN_FRAME_SHARE of the frames have to show them.

    Args:
        frames, interval: see `select_person`.

    Returns:
        float32 [T, 17, 3] each, zero where the person is missing; of a clip without people none.
    """
    people = [each for each in _follow(_spread(frames, interval)) if len(each.frames) >= MIN_FRAME_SHARE * len(frames)]
    shown: dict[int, list[tuple[float, int]]] = {}
    for number, each in enumerate(people):
        for frame, pose in zip(each.frames, each.poses, strict=True):
            shown.setdefault(frame, []).append((_middle(pose), number))
    count = min(max(map(len, shown.values()), default=0), len(people) if most is None else most)
    first = next((shown[frame] for frame in sorted(shown) if len(shown[frame]) >= count), [])
    return [people[number].track(len(frames), interval) for _, number in sorted(first)]


def _spread(frames: Sequence[np.ndarray], interval: int) -> list[np.ndarray]:
    """The frames with empty ones between them, so that people may go as far as they do in that time."""
    spread = [frames[0][:0]] * ((len(frames) - 1) * interval + 1)
    spread[::interval] = frames
    return spread


def _count(frames: int) -> str:
    return "the picture" if frames == 1 else f"any of the {frames} frames"


def _follow(frames: Sequence[np.ndarray]) -> list[_Person]:
    """Everybody: each pose goes on with the person expected at its place, so that people who cross keep apart."""
    people: list[_Person] = []
    for index, poses in enumerate(frames):
        found = [pose for pose in poses if is_person(pose)]
        owners = _assign(people, index, found)
        for number, pose in enumerate(found):
            if number in owners:
                people[owners[number]].add(index, pose, is_clear=not _is_double(number, found))
        people += [_Person([index], [pose]) for number, pose in enumerate(found) if number not in owners]
    return people


def _is_double(number: int, found: list[np.ndarray]) -> bool:
    """Whether a pose may be another person's, seen twice: detectors do that where one person hides another."""
    return any(
        joint_distance(found[number], other) < MAX_DOUBLE_DISTANCE for at, other in enumerate(found) if at != number
    )


def _assign(people: list[_Person], index: int, found: list[np.ndarray]) -> dict[int, int]:
    """Which person each pose of frame `index` belongs to: those pairs within reach whose distances are least in sum."""
    if not people or not found:
        return {}
    distances = np.array([[person.distance(index, pose) for person in people] for pose in found])
    if 1 in distances.shape:
        pairs = [np.unravel_index(distances.argmin(), distances.shape)]
    else:
        from scipy.optimize import linear_sum_assignment  # takes 0.3 s, and most videos show one person

        pairs = zip(*linear_sum_assignment(np.minimum(distances, OUT_OF_REACH)), strict=True)
    return {int(number): int(who) for number, who in pairs if np.isfinite(distances[number, who])}


def _reach(gap: int) -> float:
    return MAX_STEP + (MAX_STEP_AFTER_GAP - MAX_STEP) * min((gap - 1) / GAP_FRAMES, 1.0)


def _numbered(people: list[_Person], person: str) -> _Person:
    if not person.isdecimal() or int(person) < 1:
        raise InputError(f"person {person!r} must be 'largest' or a number from 1")
    number, most = int(person), 0
    for frame in sorted({index for each in people for index in each.frames}):
        here = [(each.poses[each.frames.index(frame)], each) for each in people if frame in each.frames]
        most = max(most, len(here))
        if len(here) >= number:
            return sorted(here, key=lambda item: _middle(item[0]))[number - 1][1]
    others = "leave out --person" if most == 1 else f"choose 1 to {most} or 'largest'"
    raise InputError(f"person {number} asked for, but no frame shows more than {most}; {others}")


def _middle(pose: np.ndarray) -> float:
    return float(pose[pose[:, 2] >= CONFIDENT, 0].mean())


def fill_gaps(
    track: np.ndarray, on_missing: str = "interpolate", *, confident: float = CONFIDENT, what: str = "person"
) -> tuple[np.ndarray, GapSummary]:
    """Fill joints that are missing or not confident, each joint independently.

    Args:
        track: [T, 17, 3], or with another number of points (faces).
        what: their name in messages.
        on_missing: "interpolate" between the confident frames around a gap (held at the ends of the clip), "hold" the
            last confident place, or "fail" at a frame without the person (single joints are interpolated).

    Returns:
        float32 [T, 17, 3] in which filled joints have a confidence in (0, `confident`), and joints that are never
        seen stay zero; and a summary.

    Raises:
        InputError: a frame without the person under "fail"; an unknown `on_missing`; no person in most of the frames.
    """
    if on_missing not in get_args(OnMissing):
        raise InputError(f"on-missing {on_missing!r} must be one of {', '.join(get_args(OnMissing))}")
    seen = track[..., 2] >= confident
    missing = seen.sum(1) < MIN_JOINTS
    if missing.all():
        raise InputError(f"no {what} found in {_count(len(track))}; use a picture or clip that shows a {what} clearly")
    if len(track) - missing.sum() < MIN_FRAME_SHARE * len(track):
        raise InputError(
            f"a {what} in only {len(track) - int(missing.sum())} of {len(track)} frames; "
            f"cut the clip with --start and --end, or use one that shows a {what} clearly"
        )
    if missing.any() and on_missing == "fail":
        raise InputError(
            f"no {what} in frame {int(missing.argmax()) + 1} ({int(missing.sum())} of {len(track)} frames); "
            "cut the clip with --start and --end, or use --on-missing interpolate"
        )
    seen &= ~missing[:, None]
    result = np.zeros(track.shape, np.float32)
    for joint in range(track.shape[1]):
        if seen[:, joint].any():
            _fill_joint(track[:, joint], seen[:, joint], result[:, joint], hold=on_missing == "hold")
    filled = (~seen & seen.any(0))[~missing]
    return result, GapSummary(len(track), int(missing.sum()), int(filled.sum()))


def _fill_joint(values: np.ndarray, seen: np.ndarray, out: np.ndarray, *, hold: bool) -> None:
    index, known = np.arange(len(values)), np.flatnonzero(seen)
    if hold:
        before = known[np.maximum(np.searchsorted(known, index, "right") - 1, 0)]
        out[:, :2] = values[before, :2]
    else:
        for axis in (0, 1):
            out[:, axis] = np.interp(index, known, values[known, axis])
    out[:, 2] = np.where(seen, values[:, 2], CONFIDENT / 2)
