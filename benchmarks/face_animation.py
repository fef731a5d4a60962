"""A talking clip that drives pictures and its own first frame: do mouths open and eyes shut as the driver's do?

    python -m benchmarks.face_animation CLIP [PICTURE...] [--frames N] [--weights NAME] [--landmarks DETECTOR]
        [--judge DETECTOR]

Printed is, for each picture, the correlation of the mouth's and of the eyes' opening with the driver's, in landmarks of
the result (openings in distances of the outer corners of the eyes; `--judge` finds them, by default the detector that
also drives), and that of the gaze to the side if the judge finds irises; how far mouth and gaze move in parts of the
driver's way (5th to 95th percentile); and the frames per second of everything after loading. For the clip's own first
frame there is the mean absolute difference from the true frames, 0..255, in the box around the true face, and that of
copying the first frame, as well.
"""

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from pipelines.configs import FaceConfig
from pipelines.face_animation import animate_face
from pipelines.faces.gaze import follow_gaze
from pipelines.faces.landmark_detectors import LandmarkDetector, create_landmark_detector
from pipelines.keypoints.tracking import fill_gaps, select_person
from pipelines.media.sources import open_video

LIPS, LIDS = ((61, 67), (62, 66), (63, 65)), ((37, 41), (38, 40), (43, 47), (44, 46))  # upper, lower
CORNERS = (36, 45)  # outer ones of the eyes


def read_frames(path: Path, count: int | None) -> list[np.ndarray]:
    """The frames of a clip, uint8 RGB [H, W, 3]."""
    with open_video(path, max_frames=count) as source:
        return [frame.image for frame in source]


def find_landmarks(frames: list[np.ndarray], detector: LandmarkDetector) -> np.ndarray:
    """Landmarks [T, 68 or 70, 2] of the largest face, gaps filled."""
    people = select_person(list(detector.track(frames)), what="face")
    return fill_gaps(people, "interpolate", what="face")[0][..., :2]


def measure_opening(landmarks: np.ndarray, pairs: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Mean distance [T] of pairs of landmarks [T, 68, 2], in distances of the outer corners of the eyes."""
    apart = np.linalg.norm(landmarks[:, CORNERS[0]] - landmarks[:, CORNERS[1]], axis=-1)
    gaps = [np.linalg.norm(landmarks[:, first] - landmarks[:, second], axis=-1) for first, second in pairs]
    return np.mean(gaps, 0) / apart


def compare_gaze(found: np.ndarray, driver: np.ndarray) -> tuple[float, float]:
    """Correlation of the gaze to the side in landmarks [T, 70, 2] of the result and of the driver, and how far it goes
    in parts of the driver's way; NaN if eyes are always shut or irises not known."""
    ours, theirs = (follow_gaze(faces) if faces.shape[1] == 70 else None for faces in (found, driver))
    if ours is None or theirs is None:
        return float("nan"), float("nan")
    return np.corrcoef(ours[:, 0], theirs[:, 0])[0, 1], _measure_way(ours[:, 0]) / _measure_way(theirs[:, 0])


def _measure_way(openings: np.ndarray) -> float:
    """How far openings [T] go, from their 5th to their 95th percentile."""
    return float(np.subtract(*np.percentile(openings, [95, 5])))


def compare(made: list[np.ndarray], true: list[np.ndarray], landmarks: np.ndarray) -> tuple[float, float]:
    """Mean absolute differences of the result, and of the first frame, from the true frames in the face's box."""
    rows = []
    for ours, frame, points in zip(made[1:], true[1:], landmarks[1:], strict=True):
        (left, top), (right, bottom) = points.min(0).astype(int).clip(0), points.max(0).astype(int) + 1
        part = np.s_[top:bottom, left:right]
        rows.append([np.abs(each[part].astype(float) - frame[part]).mean() for each in (ours, true[0])])
    ours, copied = np.mean(rows, 0)
    return float(ours), float(copied)


def main() -> None:
    """Animate, find landmarks again, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("pictures", type=Path, nargs="*")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--weights", default="face")
    parser.add_argument("--landmarks", default="auto")
    parser.add_argument("--judge")
    options = parser.parse_args()
    detector = create_landmark_detector(options.landmarks)
    true = read_frames(options.clip, options.frames)
    judge = create_landmark_detector(options.judge) if options.judge else detector
    driver = find_landmarks(true, judge)
    with tempfile.TemporaryDirectory() as name:
        own, output = Path(name) / "first_frame.png", Path(name) / "frames"
        cv2.imwrite(str(own), cv2.cvtColor(true[0], cv2.COLOR_RGB2BGR))
        output.mkdir()
        for picture in (own, *options.pictures):
            choices = {"landmarks": detector.name, "weights": options.weights, "max_frames": options.frames}
            retarget = "none" if picture == own else "fit"
            config = FaceConfig(picture, options.clip, output=output, overwrite=True, retarget=retarget, **choices)
            result = animate_face(config)
            made = read_frames(output, None)
            found = find_landmarks(made, judge)
            ours, theirs = measure_opening(found, LIPS), measure_opening(driver, LIPS)
            mouth, way = np.corrcoef(ours, theirs)[0, 1], _measure_way(ours) / _measure_way(theirs)
            eyes = np.corrcoef(measure_opening(found, LIDS), measure_opening(driver, LIDS))[0, 1]
            spent = sum(result.seconds.values()) - result.seconds["load"] - sum(result.overlapping.values())
            line = f"{picture.name:24} mouth r {mouth:.3f} way {way:.2f}  eyes r {eyes:.3f}"
            line += "  gaze r {:.3f} way {:.2f}".format(*compare_gaze(found, driver))
            line += f"  {result.frames / spent:5.1f} frames/s"
            if picture == own:
                error, copied = compare(made, true, driver)
                line += f"  L1 {error:.2f}, copying the first frame {copied:.2f}"
            print(line)


if __name__ == "__main__":
    main()
