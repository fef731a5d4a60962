"""How far a detector's face landmarks are from those of MediaPipe's face mesh, on your own videos and pictures.

    python -m benchmarks.face_landmarks FILE... [--detector bundled|dlib|WEIGHTS] [--every N] [--sheet SHEET.png]

FILE is a video or a picture; WEIGHTS is a file of `gfla train landmarks`. Printed is, over the faces that MediaPipe
finds, the mean distance of the 68 landmarks of the detector's nearest face, in distances of the outer corners of the
eyes, and the share of the faces without one within 8 %. The mesh is no truth: on frontal faces dlib is 4 to 5 % away
from it, most along the jaw and the brows, so the mean of nose, eyes and mouth alone (inner) is printed as well. Needs
`gfla weights fetch mediapipe`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from models.weights import load_weights
from pipelines.faces.bundled_landmarks import BundledLandmarks
from pipelines.faces.landmark_detectors import DETECTORS, LandmarkDetector, create_landmark_detector
from pipelines.faces.mesh_landmarks import MeshLandmarks
from pipelines.media.pictures import load_picture
from pipelines.media.sources import open_video
from pipelines.training.landmarks.metrics import FAILURE, mean_errors

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
INNER = slice(27, 68)  # nose, eyes and mouth
MISSED = 1.0  # error of a face that was not found
TILE, COLUMNS = 256, 6  # of the sheet
OWN, MESH = (0, 255, 0), (255, 60, 60)  # colours on the sheet


def read_frames(path: Path, every: int) -> Iterator[np.ndarray]:
    """The picture, or every N-th frame of the video, uint8 RGB [H, W, 3]."""
    if path.suffix.lower() in PICTURES:
        yield load_picture(path)
        return
    with open_video(path) as video:
        yield from (frame.image for number, frame in enumerate(video) if number % every == 0)


def compare(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Errors of all and of the inner landmarks of the nearest face of [P, 68, 3] to one [68, 3]."""
    if not len(found):
        return MISSED, MISSED
    faces, true = torch.from_numpy(found), torch.from_numpy(truth).expand(len(found), -1, -1)
    counted = torch.zeros(68)
    counted[INNER] = 1
    whole = mean_errors(faces, true)
    inner = mean_errors(faces, torch.cat([true[..., :2], counted.expand(len(found), -1)[..., None]], -1))
    best = int(whole.argmin())
    return min(float(whole[best]), MISSED), min(float(inner[best]), MISSED)


def draw(image: np.ndarray, found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """A square of the picture around the face [68, 3] with the landmarks of both, uint8 [TILE, TILE, 3]."""
    low, high = truth[:, :2].min(0), truth[:, :2].max(0)
    side = 1.8 * float((high - low).max())
    scale = TILE / side
    shift = TILE / 2 - scale * (low + high) / 2
    tile = cv2.warpAffine(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), (TILE, TILE))
    for faces, colour in ((truth[None], MESH), (found, OWN)):
        for x, y in faces[..., :2].reshape(-1, 2) * scale + shift:
            cv2.circle(tile, (round(float(x)), round(float(y))), 2, colour, -1, cv2.LINE_AA)
    return tile


def create(detector: str) -> LandmarkDetector:
    if detector in DETECTORS:
        return create_landmark_detector(detector)
    return BundledLandmarks(load_weights(detector, expect="landmarks"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Distance of face landmarks from MediaPipe's")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--detector", default="bundled", help="bundled, dlib, or a weights file")
    parser.add_argument("--every", type=int, default=1, help="take every N-th frame of a video")
    parser.add_argument("--sheet", type=Path, help="picture to write, of faces with both detectors' landmarks")
    options = parser.parse_args()
    mesh, tiles = MeshLandmarks(), []
    for path in options.files:
        detector = create(options.detector)  # follows a face from frame to frame
        rows, alone, frames = [], 0, list(read_frames(path, options.every))
        for image, *faces in zip(frames, detector.track(frames), mesh.track(frames), strict=True):
            found, truths = (each[:, :68] for each in faces)  # without irises
            alone += not len(truths) and len(found) > 0
            rows += [compare(found, truth) for truth in truths[:1]]
            tiles += [draw(image, found, truth) for truth in truths[:1]]
        whole, inner = np.array(rows).reshape(-1, 2).T
        hits = whole[whole < MISSED]
        print(
            f"{path.name}: {len(frames)} frames, {len(whole)} with a face, mean {hits.mean():.3f} "
            f"median {np.median(whole):.3f} inner {inner[whole < MISSED].mean():.3f} "
            f"above {FAILURE:.0%}: {(whole > FAILURE).mean():.2f} not found: {(whole >= MISSED).mean():.2f} "
            f"found alone: {alone}"
            if len(hits)
            else f"{path.name}: {len(frames)} frames, {len(whole)} with a face, none found; found alone: {alone}"
        )
    if options.sheet and tiles:
        shown = tiles[:: max(len(tiles) // (COLUMNS * COLUMNS), 1)][: COLUMNS * COLUMNS]
        shown += [np.zeros_like(shown[0])] * (-len(shown) % COLUMNS)
        rows = [np.concatenate(shown[first : first + COLUMNS], 1) for first in range(0, len(shown), COLUMNS)]
        Image.fromarray(np.concatenate(rows)).save(options.sheet)


if __name__ == "__main__":
    main()
