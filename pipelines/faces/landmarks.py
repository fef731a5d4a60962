"""Landmarks of faces: dlib's 68-point predictor, or text files in the authors' format.

P faces of a picture; landmarks as in `pipelines.faces.face_maps`. The predictor was trained on iBUG 300-W, which is
licensed for non-commercial use, so it is an extra. Its landmarks are used without smoothing, as in the paper.
"""

import importlib.util
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from models.errors import BackendUnavailable, InputError, install_command
from models.joints import FACE_IRISES
from pipelines.faces.face_maps import LANDMARKS
from pipelines.keypoints.importers import first_number
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.tracking import CONFIDENT
from pipelines.media.files import check_readable
from pipelines.media.ordering import natural_key

LAYOUT = "ibug68"
PREDICTOR = "models/shape_predictor_68_face_landmarks.dat"
INSTALL = f"run {install_command('face')}, use --landmarks bundled, or files with --landmarks and --source-landmarks"


def find_predictor() -> Path:
    """The predictor's file. Raises BackendUnavailable where the extra is not installed."""
    for package in ("dlib", "face_recognition_models"):
        if importlib.util.find_spec(package) is None:
            raise BackendUnavailable(f"face detection needs {package}: {INSTALL}")
    # Located, not imported: the package imports setuptools' pkg_resources, which no longer exists.
    spec = importlib.util.find_spec("face_recognition_models")
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders or ["."]))) / PREDICTOR
    if not path.is_file():
        raise BackendUnavailable(f"{path} is missing: {INSTALL}")
    return path


class DlibLandmarks:
    """Every face of every frame, frame by frame; a `KeypointDetector` of 68 points instead of 17."""

    name = "dlib"
    points = LANDMARKS

    def __init__(self) -> None:
        path = find_predictor()
        try:
            import dlib
        except ImportError as error:
            raise BackendUnavailable(f"dlib can't be imported ({error}): {INSTALL}") from None
        self._detector = dlib.get_frontal_face_detector()  # pyright: ignore[reportAttributeAccessIssue]
        self._predictor = dlib.shape_predictor(str(path))  # pyright: ignore[reportAttributeAccessIssue]

    def detect(self, image: np.ndarray) -> np.ndarray:
        """Picture uint8 RGB [H, W, 3] -> faces float32 [P, 68, 3]: x, y in its pixels, confidence 0..1.

        If no face is found, smaller ones are searched for in the picture enlarged twofold.
        """
        image = np.ascontiguousarray(image)
        boxes, scores, _ = self._detector.run(image, 0, 0.0)
        if not boxes:
            boxes, scores, _ = self._detector.run(image, 1, 0.0)
        faces = np.empty((len(boxes), LANDMARKS, 3), np.float32)
        for face, box, score in zip(faces, boxes, scores, strict=True):
            face[:, :2] = [(point.x, point.y) for point in self._predictor(image, box).parts()]
            face[:, 2] = min(CONFIDENT + score, 1.0)
        return faces

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """See `KeypointDetector.track`."""
        return map(self.detect, images)


def read_landmarks(path: Path) -> np.ndarray | None:
    """Landmarks [68 or 70, 2] of a text file with `x,y` on each line; None for an empty file, a frame without a face.

    Raises:
        InputError: unreadable, or anything but 68 points, or 70 with both irises, with the line.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror}): check the path") from None
    if not lines:
        return None
    if len(lines) not in (LANDMARKS, LANDMARKS + len(FACE_IRISES)):
        lines_of = f"{LANDMARKS} lines of x,y, or two more with irises"
        raise InputError(f"{path}: {len(lines)} lines; a landmark file has {lines_of}")
    return np.array([_landmark(f"{path} line {number}", line) for number, line in enumerate(lines, 1)])


def _landmark(where: str, line: str) -> tuple[float, float]:
    try:
        x, y = map(float, line.split(","))
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InputError(f"{where}: {line[:40]!r} must be x,y in pixels")
    return x, y


def load_landmarks(folder: Path, *, size: tuple[int, int]) -> PoseTrack:
    """The landmark files of one clip, `*.txt` in natural order, one per frame; `size` = its width and height.

    Raises:
        InputError: no folder, no such file in it, a file that can't be used, or irises in some files only.
    """
    check_readable(folder)
    files = sorted(folder.glob("*.txt"), key=natural_key) if folder.is_dir() else []
    if not files:
        raise InputError(f"{folder}: no landmark files: use a folder with a .txt file of x,y lines for every frame")
    frames = [PoseFrame(number, as_faces(read_landmarks(file))) for number, file in enumerate(files)]
    if len({frame.people.shape[1] for frame in frames if len(frame.people)}) > 1:
        raise InputError(f"{folder}: only some of the files have irises: leave out the last two lines of those")
    start = first_number([file.name for file in files])
    return PoseTrack(LAYOUT, *size, Fraction(1, 25), frames, timed=False, first_number=start)


def as_faces(landmarks: np.ndarray | None) -> np.ndarray:
    """Landmarks [K, 2] with confidence 1, or None for nobody, as faces float32 [P, K, 3]."""
    if landmarks is None:
        return np.empty((0, LANDMARKS, 3), np.float32)
    return np.column_stack([landmarks, np.ones(len(landmarks))]).astype(np.float32)[None]
