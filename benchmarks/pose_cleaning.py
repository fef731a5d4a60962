"""What cleaning does to pose tracks: `python -m benchmarks.pose_cleaning [--motion WEIGHTS] [TRACK.json ...]`.

First on rendered people with the errors of a detector, at frame rates from 5 to 240: the mean error of the joints in
pixels of a square of 256, and of their velocity in pixels per frame, of the detections mapped by geometry and after
cleaning. Then on every TRACK, for instance of `gfla keypoints`: how far joints that the detector was sure of are moved,
in parts of the height from the shoulders to the ankles.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from pipelines.generation.networks import load_pose_cleaner
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.joint_mapping import map_joints
from pipelines.keypoints.layouts import COCO17_BODY, h36m17_to_coco17
from pipelines.keypoints.loading import load_track
from pipelines.keypoints.tracking import fill_gaps, select_person
from pipelines.training.motion.data import PIXELS_PER_UNIT, Recipe, Windows, draw_windows

RATES = (5.0, 8.0, 12.0, 25.0, 60.0, 120.0, 240.0)
CLIPS, FRAMES = 48, 120
SURE = 0.5  # confidence
FAR = 0.1  # of the height from the shoulders to the ankles


def measure_rendered(cleaner: PoseCleaner, rate: float) -> str:
    """One line about rendered clips of `rate` frames per second."""
    generator = torch.Generator().manual_seed(0)
    windows = draw_windows(Recipe(slowest=rate, fastest=rate), CLIPS, FRAMES, generator)
    errors, seconds = [], 0.0
    for clip in range(CLIPS):
        track, truth = _as_pixels(windows, clip)
        if len(track):
            start = time.perf_counter()
            poses = cleaner(track, size=(256, 256), rate=rate)
            seconds += time.perf_counter() - start
            errors.append(np.stack((map_joints(track)[..., :2] - truth, poses[..., :2] - truth)))  # [2, T, 17, 2]
    joints, velocities = np.concatenate(errors, 1), np.concatenate([np.diff(each, axis=1) for each in errors], 1)
    (mapped, cleaned), jumps = (np.linalg.norm(each, axis=-1).mean((1, 2)) for each in (joints, velocities))
    return (
        f"{rate:5.0f} fps: error {mapped:.2f} -> {cleaned:.2f} px, velocity {jumps[0]:.2f} -> {jumps[1]:.2f} px, "
        f"{1e3 * seconds / joints.shape[1]:.2f} ms per frame"
    )


def _as_pixels(windows: Windows, clip: int) -> tuple[np.ndarray, np.ndarray]:
    """Track [T, 17, 3] and true joints [T, 17, 2] of one clip in pixels of a square of 256."""
    inside = windows.inside[clip]
    points, truth = ((each[clip][inside].numpy() + 1) * PIXELS_PER_UNIT for each in (windows.points, windows.truth))
    confidence = windows.confidence[clip][inside].numpy()
    return np.concatenate((np.where(confidence[..., None] > 0, points, 0), confidence[..., None]), -1), truth


def measure_track(cleaner: PoseCleaner, path: Path) -> str:
    """One line about a pose track from a file."""
    track = load_track(path)
    filled, _ = fill_gaps(select_person(track.people))
    cleaned = h36m17_to_coco17(cleaner(filled, size=track.size, rate=track.rate))
    before, after = filled[:, COCO17_BODY], cleaned[:, COCO17_BODY]
    height = np.median(np.abs(before[:, :2, 1].mean(1) - before[:, -2:, 1].mean(1)))
    moved = np.linalg.norm(after[..., :2] - before[..., :2], axis=-1)[before[..., 2] > SURE] / height
    return (
        f"{path.name}, {track.rate:g} fps, {len(filled)} frames: sure joints moved by {moved.mean():.2%} on average, "
        f"{moved.max():.1%} at most, {np.mean(moved > FAR):.2%} of them by more than {FAR:.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracks", nargs="*", type=Path, metavar="TRACK.json")
    parser.add_argument("--motion", default="motion", help="weights of the network")
    options = parser.parse_args()
    cleaner = load_pose_cleaner(options.motion, torch.device("cpu"))
    for rate in RATES:
        print(measure_rendered(cleaner, rate))
    for path in options.tracks:
        print(measure_track(cleaner, path))


if __name__ == "__main__":
    main()
