"""What an animation will take: a few frames are made for real and timed; memory follows from sizes."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from pipelines.animation import AnimateConfig, run
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track import PoseFrame, PoseTrack, is_track, save_track
from pipelines.media.sources import open_video
from pipelines.preflight.inspection import DrivingInspection
from pipelines.runtime.progress import SilentProgress

STEPS = 8
# Fitted to the peaks of nine runs on the CPU with two cores: pictures of 0.3 to 15 megapixels, squares of 0.4 to 14,
# driving frames of 0.2 to 6. They are within 6 % of all nine.
BASE_BYTES = 860 * 2**20
BYTES_PER_PIXEL, BYTES_PER_SQUARE_PIXEL, BYTES_PER_DRIVING_PIXEL = 165, 80, 20


@dataclass(frozen=True)
class TimingEstimate:
    """Seconds before the first frame and for each frame, and the side of the square that is generated, in pixels of
    the picture."""

    start: float
    frame: float
    side: int


class StepTimer(SilentProgress):
    """Takes the time of every step of the latest stage."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    def stage(self, name: str, total: int | None) -> None:
        self.stamps = [perf_counter()]

    def advance(self, n: int = 1) -> None:
        self.stamps.append(perf_counter())


def time_detection(path: Path, config: AnimateConfig, extractor: KeypointDetector, clip: DrivingInspection) -> float:
    """Seconds to decode a frame and find the person in it: the median of STEPS frames that follow each other, without
    the first, in which the person is searched. 0 for a pose track."""
    if is_track(path):
        return 0.0
    laps = StepTimer()
    with open_video(path, start=clip.moment, max_frames=STEPS, fps=config.fps) as source:
        detect_video(source, extractor, laps)
    seconds = np.diff(laps.stamps)
    return float(np.median(seconds[1:] if len(seconds) > 1 else seconds))


def estimate_timing(config: AnimateConfig, clip: DrivingInspection, extractor: str) -> TimingEstimate:
    """Animate the picture of `config` through STEPS of the clip's poses, from loading to encoding, and throw it away.

    The first frame, which has to warm up, does not count.

    Raises what `animate.run` raises.
    """
    chosen = clip.poses[np.linspace(0, len(clip.poses) - 1, STEPS).astype(int)]
    frames = [PoseFrame(number, pose[None]) for number, pose in enumerate(chosen)]
    with TemporaryDirectory() as folder:
        track, output, laps = Path(folder, "poses.json"), Path(folder, "rehearsal.mp4"), StepTimer()
        save_track(track, PoseTrack("coco17", *clip.size, Fraction(1, 25), frames))
        whole = {"start": None, "end": None, "max_frames": None, "fps": None}
        job = replace(
            config, driving=track, output=output, keypoints=extractor, audio="none", person="largest", **whole
        )
        result = run(job, laps)
        seconds = perf_counter() - laps.stamps[1]
    left, _, right, _ = result.canvas
    start = sum(result.seconds[name] for name in ("load", "source pose", "motion"))
    return TimingEstimate(start, seconds / (STEPS - 1), right - left)


def expected_memory(picture: tuple[int, int], driving: tuple[int, int], side: int) -> int:
    """Bytes of main memory at the peak of `gfla animate`, from sizes (width, height) and the square's side in pixels.

    The length of the clip does not matter. A GPU's own memory is not meant, and its driver's share not known.
    """
    areas = (picture[0] * picture[1], side**2, driving[0] * driving[1])
    factors = (BYTES_PER_PIXEL, BYTES_PER_SQUARE_PIXEL, BYTES_PER_DRIVING_PIXEL)
    return BASE_BYTES + sum(factor * area for factor, area in zip(factors, areas, strict=True))
