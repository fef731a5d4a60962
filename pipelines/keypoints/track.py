"""Pose tracks: the poses of everybody in every frame of a video, with the frames' time stamps.

Detectors and pose files make them, `pipelines.keypoints.motion` turns them into the motion of one person.
T frames, P people of a frame. A pose is [17, 3] x, y in pixels of the frame and a confidence in 0..1 (0: the joint is
missing); the landmarks of a face are [68, 3].
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from pipelines.keypoints.details import PersonDetails, details_of

DEFAULT_RATE = 25.0  # frames per second of a track that does not tell


@dataclass(frozen=True)
class PoseFrame:
    """Everybody in one frame."""

    pts: int
    """Time stamp in units of the track's time base."""
    people: np.ndarray
    """float32 [P, 17, 3]."""
    duration: int | None = None
    """How long the frame is shown, in units of the track's time base; None if unknown."""
    thumbnail: np.ndarray | None = None
    """The frame in small, uint8 RGB [16, 16, 3]; None if it was not seen."""
    colours: np.ndarray | None = None
    """Colours of the people's trunks, float32 [P, 3] in 0..255; NaN if hidden, None if the frame was not seen."""
    details: tuple[PersonDetails | None, ...] = ()
    """What else is known of each of the people; empty if nothing is."""


@dataclass
class PoseTrack:
    """Everybody in every frame of a video."""

    layout: str
    """Joint layout: "coco17", "h36m17" (Human3.6M) or "ibug68" (faces)."""
    width: int
    """Width of the frames in pixels."""
    height: int
    """Height of the frames in pixels."""
    time_base: Fraction
    """Seconds per unit of time stamps and durations."""
    frames: list[PoseFrame] = field(default_factory=list)
    """One entry per frame, in order of time; `pts` rises."""
    warnings: tuple[str, ...] = ()
    """One line each about what was wrong with the video, or what a file does not tell and was assumed."""
    quarter_turns: int = 0
    """Counterclockwise quarter turns of the frames before their poses were found; sizes are those after it."""
    orientation: str | None = None
    """One line about a person who is not upright; None for an upright one."""
    timed: bool = True
    """Whether the time stamps are known; False: a file without times, whose frames are counted at an assumed rate."""
    first_number: int | None = None
    """Number of the first frame in the names of such a file, if they count without gaps."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames in pixels."""
        return self.width, self.height

    @property
    def people(self) -> list[np.ndarray]:
        """The people of each frame, T arrays float32 [P, 17, 3]."""
        return [frame.people for frame in self.frames]

    def details_of(self, poses: np.ndarray) -> list[PersonDetails | None]:
        """What else is known of the person with these poses [T, 17, 3] of the track, frame by frame."""
        return [details_of(pose, frame.people, frame.details) for pose, frame in zip(poses, self.frames, strict=True)]

    @property
    def rate(self) -> float:
        """Mean frames per second; 25 for a single frame."""
        if len(self.frames) < 2:
            return DEFAULT_RATE
        return float((len(self.frames) - 1) / ((self.frames[-1].pts - self.frames[0].pts) * self.time_base))
