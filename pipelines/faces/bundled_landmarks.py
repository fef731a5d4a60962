"""The 68 landmarks of a face from the project's own networks; a `KeypointDetector` of 68 points instead of 17.

One face of a picture: that of the person whom the bundled keypoint network finds; where there is none, as in close-ups,
squares all over the picture are searched. Works offline with the bundled weights, on the CPU.

P faces of a picture, at most one; S side of the network's input.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn

from models.errors import BackendUnavailable, WeightsError
from models.fold import prepare_for_inference
from models.landmarks import decode_landmarks
from models.weights import load_weights, resolve
from pipelines.faces.face_maps import LANDMARKS
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.keypoints.detectors.mediapipe.regions import Region
from pipelines.keypoints.detectors.registry import KeypointDetector, create_detector
from pipelines.keypoints.tracking import CONFIDENT
from pipelines.media.tensors import normalise_pixels

WEIGHTS = "landmarks"
MARGIN = 1.47  # side of a region in extents of the landmarks in it
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)  # of the person
MIN_PRESENCE = 0.5  # sureness from which on a region shows a face
LOOKS = 3  # the first, and two at a region that is centred on the landmarks and turned upright
MAX_CHANGE = 0.15  # of landmarks between the last two looks at a face, in its extents: others are read into scenery
SEARCHED_PRESENCE, SEARCHED_CHANGE = 0.98, 0.03  # the same of a search, which looks at much more scenery
HEAD_JOINTS = slice(0, 5)  # of a pose: nose, eyes, ears
HEAD_SIDES = (1.4, 2.0, 2.8)  # of the regions in which a head's face is looked for, in extents of its joints
SEARCH_SIDES = (1.3, 0.8, 0.5, 0.3)  # of the squares of a search, in shorter sides of the picture
SEARCH_STEP = 0.4  # distance of such squares, in their sides
MAX_SQUARES = 8  # smallest squares of a search, side by side along the longer side of the picture
CANDIDATES = 4  # squares of a search that are looked at again
SEARCH_INTERVAL = 12  # frames between two searches while nobody is found
MAX_OVERSAMPLING = 6  # samples per pixel of the input and direction, of large faces
BATCH = 16


@dataclass(frozen=True)
class Face:
    """A face that was found."""

    points: np.ndarray
    """[68, 2] x, y in pixels of the picture."""
    presence: float
    """0 to 1."""

    @property
    def region(self) -> Region:
        """The square around the face, upright as the face is."""
        right, left = self.points[RIGHT_EYE].mean(0), self.points[LEFT_EYE].mean(0)
        angle = math.atan2(*(left - right)[::-1].tolist())
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        upright = self.points @ turn
        low, high = upright.min(0), upright.max(0)
        x, y = (turn @ ((low + high) / 2)).tolist()
        return Region(x, y, MARGIN * max(float((high - low).max()), 4.0), angle)


def check_weights() -> None:
    """Raises BackendUnavailable where the weights of the landmark network are missing."""
    try:
        resolve(WEIGHTS)
    except WeightsError as error:
        raise BackendUnavailable(f"the landmark network has no weights here ({error})") from None


class BundledLandmarks:
    """The face of a picture, or of every frame, followed from frame to frame.

    Args:
        network: a landmark network; the one of the weights `landmarks` if omitted.
        people: finds the person; the bundled keypoint network if omitted.

    Raises:
        BackendUnavailable: there are no such weights.
        WeightsError: they are damaged.
    """

    name = "bundled"
    points = LANDMARKS

    def __init__(self, network: nn.Module | None = None, people: KeypointDetector | None = None) -> None:
        if network is None:
            check_weights()
            network = load_weights(WEIGHTS, expect="landmarks")
        self.size = int(network.config.size)  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]
        self.network = prepare_for_inference(network)
        self.people = people or create_detector(BundledDetector.name)

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Picture uint8 RGB [H, W, 3] -> faces float32 [P, 68, 3]: x, y in its pixels, confidence 0..1."""
        return _as_array(self._find(image))

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`; one pass of the network per frame as long as the face is not lost."""
        face, lost = None, 0
        for image in images:
            face = self._follow(image, face) if face else None
            if face is None and lost % SEARCH_INTERVAL == 0:
                face = self._find(image)
            lost = 0 if face else lost + 1
            yield _as_array(face)

    def _follow(self, image: np.ndarray, before: Face) -> Face | None:
        face = self._read(image, [before.region])[0]
        return face if face.presence >= MIN_PRESENCE else None

    def _find(self, image: np.ndarray) -> Face | None:
        """The face of the person in a picture; else the surest of all its squares."""
        return self._find_surest(image, self._head_regions(image), MIN_PRESENCE, MAX_CHANGE) or self._find_surest(
            image, _search_regions(*image.shape[:2]), SEARCHED_PRESENCE, SEARCHED_CHANGE
        )

    def _find_surest(self, image: np.ndarray, regions: list[Region], presence: float, change: float) -> Face | None:
        """The face of `presence` or more in one of the regions whose landmarks hardly change when looked at again."""
        faces = sorted(self._read(image, regions), key=lambda face: -face.presence)[:CANDIDATES]
        looked = [self._look_closer(image, face, change) for face in faces]
        found = [face for face in looked if face and face.presence >= presence]
        return max(found, key=lambda face: face.presence * face.region.side**0.25, default=None)

    def _head_regions(self, image: np.ndarray) -> list[Region]:
        """Where the face of the person is, whose head joints the keypoint network finds."""
        poses = self.people.detect(image)
        joints = poses[0, HEAD_JOINTS] if len(poses) else np.empty((0, 3))
        joints = joints[joints[:, 2] >= CONFIDENT, :2]
        if len(joints) < 2:
            return []
        x, y = joints[0].tolist()  # the nose, unless it is hidden
        extent = float(np.linalg.norm(joints[:, None] - joints, axis=-1).max())
        return [Region(x, y, side * extent) for side in HEAD_SIDES]

    def _look_closer(self, image: np.ndarray, face: Face, max_change: float) -> Face | None:
        """The face read again from its own region; None if that shows no face, or another one every time."""
        before = face
        for _ in range(LOOKS - 1):
            if face.presence < MIN_PRESENCE:
                return None
            before, face = face, self._read(image, [face.region])[0]
        change = float(np.linalg.norm(face.points - before.points, axis=-1).mean())
        settled = change <= max_change * face.region.side / MARGIN
        return face if settled and face.presence >= MIN_PRESENCE else None

    @torch.inference_mode()
    def _read(self, image: np.ndarray, regions: list[Region]) -> list[Face]:
        """What the network sees in each region, faces or not."""
        faces = []
        for first in range(0, len(regions), BATCH):
            chosen = regions[first : first + BATCH]
            squares, shifts = zip(*(_sample(image, region, self.size) for region in chosen), strict=True)
            pixels = normalise_pixels(torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2))
            answer = self.network(pixels.contiguous(memory_format=torch.channels_last))
            points, presences = decode_landmarks(answer.maps).double().numpy(), answer.presence.sigmoid().tolist()
            for region, shift, found, presence in zip(chosen, shifts, points, presences, strict=True):
                faces.append(Face(region.to_frame((found + shift) / self.size), presence))
        return faces


def _sample(image: np.ndarray, region: Region, size: int) -> tuple[np.ndarray, float]:
    """The region as uint8 [S, S, 3], large ones averaged, and by how much its pixels are right of and below those of
    `Region`'s points."""
    finer = min(max(round(region.side / size), 1), MAX_OVERSAMPLING)
    square = region.sample(image, size * finer)
    if finer > 1:
        square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
    return square, (finer - 1) / (2 * finer)


def _search_regions(height: int, width: int) -> list[Region]:
    """Overlapping squares of several sizes all over a picture of height x width."""
    regions = []
    long, short = max(height, width), min(height, width)
    for side in sorted({max(share * short, long / MAX_SQUARES) for share in SEARCH_SIDES}, reverse=True):
        columns, rows = (_middles(length, side) for length in (width, height))
        regions += [Region(x, y, side) for y in rows for x in columns]
    return regions


def _middles(length: int, side: float) -> list[float]:
    """Middles of the squares along a side of the picture."""
    if side >= length:
        return [length / 2]
    count = math.ceil((length - side) / (SEARCH_STEP * side)) + 1
    return np.linspace(side / 2, length - side / 2, count).tolist()


def _as_array(face: Face | None) -> np.ndarray:
    """float32 [P, 68, 3]; a face that is there is confident."""
    if face is None:
        return np.empty((0, LANDMARKS, 3), np.float32)
    confidence = np.full((LANDMARKS, 1), max(face.presence, CONFIDENT))
    return np.concatenate([face.points, confidence], 1).astype(np.float32)[None]
