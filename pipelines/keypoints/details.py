"""What a detector knows of a person beyond the 17 joints: depth, feet, hands, a face mesh, a mask.

Detectors find them, `mediapipe` all and `rtm` some; they travel in `PoseFrame.details` to the pose track file. Points
are x, y in pixels of the frame; depths are in pixels of the frame as well, smaller ones are nearer to the camera.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, get_args, runtime_checkable

import cv2
import numpy as np

from models.errors import InputError

DetailName = Literal["hands", "face", "mask"]
FEET_NAMES = ("left_heel", "right_heel", "left_toes", "right_toes")
FACE_POINTS = 468


@dataclass(frozen=True)
class PersonMask:
    """Where a person is in a frame, as a small picture of a square of it: a track of masks fits into memory."""

    png: bytes
    """PNG file of the square, 8 bits: 0 background, 255 the person."""
    matrix: np.ndarray
    """float64 [2, 3]: (x, y, 1) in pixels of that picture -> x, y in pixels of the frame."""

    @classmethod
    def of(cls, mask: np.ndarray, matrix: np.ndarray) -> "PersonMask":
        """Of a mask float32 [S, S], 0..1, and its matrix."""
        _, png = cv2.imencode(".png", np.round(mask * 255).astype(np.uint8))
        return cls(png.tobytes(), matrix)

    def render(self, height: int, width: int) -> np.ndarray:
        """The mask of a frame of height x width, uint8 [H, W]; 0 outside the square."""
        square = cv2.imdecode(np.frombuffer(self.png, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert square is not None
        return cv2.warpAffine(square, self.matrix, (width, height), flags=cv2.INTER_LINEAR)


@dataclass(frozen=True)
class PersonDetails:
    """One person of one frame; what was not asked for or not found is None."""

    depth: np.ndarray | None = None
    """float32 [17]: depths of the COCO-17 joints; the middle of the hips is at 0."""
    feet: np.ndarray | None = None
    """float32 [4, 3]: x, y and confidence 0..1 of FEET_NAMES."""
    left_hand: np.ndarray | None = None
    """float32 [21, 3]: x, y and depth, wrist first, then thumb to little finger, each from the palm to the tip; the
    wrist is at depth 0, and all are where the detector finds none."""
    right_hand: np.ndarray | None = None
    """The same of the person's right hand."""
    face: np.ndarray | None = None
    """float32 [468, 3]: x, y and depth of MediaPipe's face mesh."""
    mask: PersonMask | None = None
    """Where the person is."""


@dataclass(frozen=True)
class People:
    """Everybody in one frame, P people."""

    poses: np.ndarray
    """COCO-17 float32 [P, 17, 3]: x, y in pixels of the frame and confidence 0..1."""
    details: tuple[PersonDetails | None, ...] = ()
    """One entry per person; None for nothing known."""


@runtime_checkable
class DetailedDetector(Protocol):
    """A keypoint detector that knows details, too."""

    findable: frozenset[DetailName]
    """What it can look for."""
    wanted: frozenset[DetailName]
    """What to look for."""

    def detect_people(self, image: np.ndarray) -> People:
        """Everybody in a picture uint8 RGB [H, W, 3]."""
        ...

    def track_people(self, images: Iterable[np.ndarray]) -> Iterator[People]:
        """Frames of a video, one at a time -> the people of each."""
        ...


def request_details(detector: object, wanted: Iterable[DetailName]) -> None:
    """Make a detector look for details.

    Raises:
        InputError: it can't find them.
    """
    wanted = frozenset(wanted)
    missing = wanted - detector.findable if isinstance(detector, DetailedDetector) else wanted
    if missing:
        options = ", ".join(f"--{name}" for name in get_args(DetailName) if name in missing)
        name = getattr(detector, "name", "this detector")
        raise InputError(f"{options}: the detector {name} finds none; use --keypoints mediapipe")
    if isinstance(detector, DetailedDetector):
        detector.wanted = wanted


def details_of(pose: np.ndarray, people: np.ndarray, details: Iterable[PersonDetails | None]) -> PersonDetails | None:
    """The details of the person whose pose [17, 3] is among `people` [P, 17, 3]; None if it is not, or has none."""
    pairs = zip(people, details, strict=False)
    return next((known for other, known in pairs if np.array_equal(other, pose)), None)
