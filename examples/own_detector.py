"""A keypoint detector of your own, here for dark videos: python examples/own_detector.py SOURCE DRIVING OUTPUT"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pipelines import AnimateConfig, animate
from pipelines.keypoints.detectors.registry import DETECTORS, create_detector


class LowLightDetector:
    """The bundled detector behind a filter. Any class with these three members is a detector."""

    name = "low-light"

    def __init__(self, device: str, **unused: object) -> None:
        self.inner = create_detector("bundled", device=device)

    def detect(self, image: np.ndarray) -> np.ndarray:
        return self.inner.detect(brighten(image))  # uint8 RGB [H, W, 3] -> float32 [people, 17, 3]

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return self.inner.track(map(brighten, images))  # the frames of a video, one at a time


def brighten(image: np.ndarray) -> np.ndarray:
    return (255 * np.sqrt(image / 255)).astype(np.uint8)


def main(source: str, driving: str, output: str) -> None:
    DETECTORS["low-light"] = LowLightDetector  # from now on it can be chosen by this name
    result = animate(AnimateConfig(Path(source), Path(driving), output=Path(output), keypoints="low-light"))
    print(f"{result.detector}: a person in {result.frames - result.missing_frames} of {result.frames} frames")


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
