"""The face of a person whose pose is known: looked for in a square around the head, which follows the head.

So small faces of large pictures are found, fast heads are not lost, and nobody else's face is taken. T frames, P faces;
poses are COCO-17 [17, 3], landmarks [K, 3], both x, y in pixels of their picture and a confidence. K = 68, or 70 with
irises, is the detector's.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from pipelines.faces.landmark_detectors import LandmarkDetector
from pipelines.keypoints.tracking import CONFIDENT
from pipelines.media.square_crop import SquareCrop

HEAD_JOINTS = slice(0, 5)  # nose, eyes, ears
HEAD_SIDES = 3.2  # side of the square in extents of the head's joints
MIN_SHARE = 0.6  # of the median extent over a clip, below which joints of a head lie too close, as those of profiles do
SQUARE = 384  # pixels that the detector sees of it
MAX_ASIDE = 0.4  # distance of the nose's tip from the middle between the ends of the jaw, in units of theirs
MAX_OFFSET = 0.3  # distance of the face's middle from the square's, in its sides


def find_face(picture: np.ndarray, pose: np.ndarray, detector: LandmarkDetector) -> np.ndarray:
    """The landmarks [K, 3] of the person with this pose in a picture uint8 RGB [H, W, 3]; zeros if no face is seen."""
    square = _head_squares(pose[None])[0]
    faces = detector.detect(square.resize(square.cut(picture))) if square else None
    return _no_face(detector) if faces is None or square is None else _choose(faces, square)


def find_faces(pictures: Iterable[np.ndarray], poses: np.ndarray, detector: LandmarkDetector) -> Iterator[np.ndarray]:
    """The landmarks [K, 3] in each of T frames, like `find_face`; the detector follows the face, which is faster.

    Args:
        pictures: uint8 RGB [H, W, 3], in order.
        poses: of the person in them, [T, 17, 3].
    """
    squares, waiting = _head_squares(poses), deque[SquareCrop | None]()

    def heads() -> Iterator[np.ndarray]:
        for picture, square in zip(pictures, squares, strict=False):
            waiting.append(square)
            if square:  # frames without a head would make the detector lose the face
                yield square.resize(square.cut(picture))

    for faces in detector.track(heads()):
        while (square := waiting.popleft()) is None:
            yield _no_face(detector)
        yield _choose(faces, square)
    yield from (_no_face(detector) for _ in waiting)


def measure_face(landmarks: np.ndarray) -> float:
    """Larger side of the box around landmarks [K, 2 or 3], in pixels."""
    return float(np.ptp(landmarks[:, :2], axis=0).max())


def _head_squares(poses: np.ndarray) -> list[SquareCrop | None]:
    """The squares around the heads of poses [T, 17, 3]; None where fewer than two of their joints are seen."""
    heads = [head[head[:, 2] >= CONFIDENT, :2] for head in poses[:, HEAD_JOINTS]]
    extents = np.array([np.linalg.norm(head[:, None] - head, axis=-1).max() if len(head) > 1 else 0 for head in heads])
    least = MIN_SHARE * float(np.median(extents[extents > 0])) if extents.any() else 0.0
    return [
        _square(head, max(extent, least)) if extent else None
        for head, extent in zip(heads, extents.tolist(), strict=True)
    ]


def _square(head: np.ndarray, extent: float) -> SquareCrop:
    x, y = head.mean(0).tolist()
    return SquareCrop.centred(x, y, HEAD_SIDES * extent, size=SQUARE)


def _choose(faces: np.ndarray, square: SquareCrop) -> np.ndarray:
    """Of faces [P, K, 3] in a square the one nearest to its middle, in pixels of the picture."""
    offsets = np.linalg.norm(faces[..., :2].mean(1) - SQUARE / 2, axis=-1) / SQUARE  # [P]
    if not len(faces) or offsets.min() > MAX_OFFSET or looks_aside(nearest := faces[offsets.argmin()]):
        return np.zeros(faces.shape[1:], np.float32)
    return square.from_canvas(nearest)


def looks_aside(face: np.ndarray) -> bool:
    """Whether a face [K, 2 or 3] is turned so far that one half of it is hardly seen: the tip of the nose is near the
    end of the jaw."""
    right, left, nose = face[[0, 16, 30], :2].astype(np.float64)
    along = left - right
    return abs((nose - right) @ along / max(along @ along, 1e-6) - 0.5) > MAX_ASIDE


def _no_face(detector: LandmarkDetector) -> np.ndarray:
    return np.zeros((detector.points, 3), np.float32)
