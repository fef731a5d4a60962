"""What an animation will take: a few frames are made for real and timed; memory follows from sizes."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from pipelines.animation import animate
from pipelines.compositing.background_choice import background_kind
from pipelines.configs import AnimateConfig
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.media.sources import open_video
from pipelines.preflight.inspection import DrivingInspection
from pipelines.runtime.progress import SilentProgress

TIMED_FRAMES = 8
# Fitted to the peaks of nine runs on the CPU with two cores: pictures of 0.3 to 15 megapixels, squares of 0.4 to 14,
# driving frames of 0.2 to 6. They are within 6 % of all nine.
BASE_BYTES = 860 * 2**20
BYTES_PER_PIXEL, BYTES_PER_SQUARE_PIXEL, BYTES_PER_DRIVING_PIXEL = 165, 80, 20


@dataclass(frozen=True)
class TimingEstimate:
    """What a few frames of an animation took."""

    start: float
    """Seconds before the first frame."""
    frame: float
    """Seconds per frame."""
    side: int
    """Side of the generated square in pixels of the picture."""
    certainty: float | None = None
    """How sure the outline of the person in the picture is, 0 to 1; None for weights that need none."""


class StepTimer(SilentProgress):
    """Records when the latest stage began and when each of its steps was done, in seconds of `perf_counter`."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    def stage(self, name: str, total: int | None, *, done: int = 0, unit: str = "") -> None:
        self.stamps = [perf_counter()]

    def advance(self, n: int = 1) -> None:
        self.stamps.append(perf_counter())


def time_detection(path: Path, config: AnimateConfig, detector: KeypointDetector, clip: DrivingInspection) -> float:
    """Seconds to decode a frame and detect the person in it; 0 for a pose track.

    The median of TIMED_FRAMES consecutive frames without the first, in which the person is searched for.
    """
    if is_track(path):
        return 0.0
    timer = StepTimer()
    with open_video(path, start=clip.moment, max_frames=TIMED_FRAMES, fps=config.fps) as video:
        detect_video(video, detector, timer)
    seconds = np.diff(timer.stamps)
    return float(np.median(seconds[1:] if len(seconds) > 1 else seconds))


def estimate_timing(config: AnimateConfig, clip: DrivingInspection, detector: str) -> TimingEstimate:
    """Animate the picture of `config` with TIMED_FRAMES of the clip's poses, from loading to encoding, into a temporary
    folder.

    The first frame, which has to warm up, does not count. `detector` is the name of the one that finds the source pose.

    Raises what `animate` raises.
    """
    chosen = clip.poses[np.linspace(0, len(clip.poses) - 1, TIMED_FRAMES).astype(int)]
    beside = np.arange(1 if config.people is None else clip.people)[:, None, None] * (clip.size[0], 0, 0)
    frames = [PoseFrame(number, pose + beside.astype(np.float32)) for number, pose in enumerate(chosen)]
    with TemporaryDirectory() as folder:
        driving, timer = Path(folder, "poses.json"), StepTimer()
        name = config.target.name if config.target.suffix else "timing.mp4"
        output = Path(folder, name)  # of a format that shows what is transparent and has the codec
        save_track(driving, PoseTrack("coco17", *clip.size, Fraction(1, 25), frames))
        options = {"keypoints": detector, "audio": "none", "person": "largest"}
        everything: dict[str, Any] = {"start": None, "end": None, "max_frames": None, "fps": None}
        everything["face"] = False  # poses have none, and no background
        if background_kind(config.background) == "driving":
            everything["background"] = "picture"
        result = animate(replace(config, driving=driving, output=output, **options, **everything), timer)
        seconds = perf_counter() - timer.stamps[1]
    left, _, right, _ = result.canvas
    start = sum(result.seconds[name] for name in ("load", "source pose", "motion", "matte"))
    return TimingEstimate(start, seconds / (TIMED_FRAMES - 1), right - left, result.certainty)


def estimate_memory(picture: tuple[int, int], driving: tuple[int, int], side: int) -> int:
    """Bytes of main memory at the peak of `gfla animate`, from sizes (width, height) and the square's side in pixels.

    The length of the clip does not matter. A GPU's own memory is not included, and its driver's share is not known.
    """
    areas = (picture[0] * picture[1], side**2, driving[0] * driving[1])
    factors = (BYTES_PER_PIXEL, BYTES_PER_SQUARE_PIXEL, BYTES_PER_DRIVING_PIXEL)
    return BASE_BYTES + sum(factor * area for factor, area in zip(factors, areas, strict=True))
