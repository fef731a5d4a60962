"""What in a driving clip will show in the result, in words: one line for each kind of trouble, with its time.

In: a pose track, and the poses of the person who is followed. Out: lines for `gfla check` and for the notes of the
chains. T frames; poses are [17, 3] in pixels.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pipelines.keypoints.followed_person import (
    FollowedPerson,
    faces_away,
    find_changes,
    find_jumps,
    find_losses,
    find_other_side,
    find_outside,
)
from pipelines.keypoints.layouts import h36m17_to_coco17
from pipelines.keypoints.shots import find_cuts
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.visibility import describe_cut_driving, shown_parts

CUT_SECONDS = 0.25  # around a cut: jumps and other people are due to it


def judge_track(
    track: PoseTrack, selected: np.ndarray, source: np.ndarray | None = None, *, start: float = 0
) -> list[str]:
    """One line for each kind of trouble in a clip: what the frames do not show, and what happens in them.

    Args:
        track: everybody in the clip.
        selected: the person who is followed, as detected, [T, 17, 3] in the track's layout; all zero where missing.
        source: the source person's COCO-17 pose [17, 3]; the video should show the same side of the body. None if there
            is no source.
        start: time of the first frame for users, in seconds.
    """
    poses = selected if track.layout == "coco17" else h36m17_to_coco17(selected)
    person = FollowedPerson(track, poses, start)
    if not person.seen.any():
        return []
    what = "video" if len(track.frames) > 1 else "picture"
    cut = describe_cut_driving(shown_parts(poses[person.seen], track.size), what)
    return [*filter(None, (track.orientation, cut)), *find_troubles(person, source)]


def find_troubles(
    person: FollowedPerson, source: np.ndarray | None = None, known_jumps: Sequence[int] = ()
) -> list[str]:
    """One line for each kind of trouble that happens in a clip, see `judge_track`: cuts, somebody else, jumps, turning
    away, leaving. The person must be seen in a frame; `known_jumps` are frames before which a jump was left out."""
    cuts = find_cuts([frame.thumbnail for frame in person.track.frames])
    losses = find_losses(person)
    jumps = [*known_jumps, *find_jumps(person), *(number for number, same_clothes in losses if same_clothes)]
    changes = [*find_changes(person), *(number for number, same_clothes in losses if not same_clothes)]
    other_side = np.zeros(len(person.seen), bool)
    if source is not None:
        other_side = find_other_side(person, source_from_behind=faces_away(source))
    return [
        *_explain_events(person, cuts, _apart(person, changes, cuts), _apart(person, jumps, cuts)),
        *_explain_states(person, other_side, find_outside(person)),
    ]


def _explain_events(
    person: FollowedPerson, cuts: Sequence[int], changes: Sequence[int], jumps: Sequence[int]
) -> Iterator[str]:
    if cuts:
        count = "a cut" if len(cuts) == 1 else f"{len(cuts)} cuts, the first"
        yield f"the video has {count} at {_time(person, cuts)}: use one shot of it with --start and --end"
    if changes:
        yield (
            f"another person seems to take over at {_time(person, changes)}: use the part that shows one person, or "
            "choose with --person"
        )
    if jumps:
        times = f"{len(jumps)} times, first" if len(jumps) > 1 else "once,"
        yield (
            f"the pose jumps faster than people move, {times} at {_time(person, jumps)}: use another part of the video "
            "with --start and --end"
        )


def _explain_states(person: FollowedPerson, other_side: np.ndarray, outside: np.ndarray) -> Iterator[str]:
    if other_side.any():
        yield (
            f"the person shows the other side of the body, front or back, than in the picture, "
            f"{_share(person, other_side)}: it has to be made up"
        )
    if outside.any():
        yield (
            f"the person leaves the picture of the video, {_share(person, outside)}: use another part of it with "
            "--start and --end"
        )


def _apart(person: FollowedPerson, numbers: Sequence[int], cuts: Sequence[int]) -> list[int]:
    """The frames that are not at a cut, in order."""
    return [
        number
        for number in sorted(set(numbers))
        if all(
            abs(number - cut) > 1 and abs(person.seconds[number] - person.seconds[cut]) > CUT_SECONDS for cut in cuts
        )
    ]


def _share(person: FollowedPerson, flags: np.ndarray) -> str:
    return f"from {_time(person, np.flatnonzero(flags))} on in {flags.mean():.0%} of the frames"


def _time(person: FollowedPerson, numbers: Sequence[int] | np.ndarray) -> str:
    return f"{person.seconds[numbers[0]]:.2f} s"
