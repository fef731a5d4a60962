"""Two people next to each other: a picture and a video of them, and a detector that finds both."""

from collections.abc import Iterable, Iterator
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipelines.keypoints.detectors.registry import DETECTORS, create_detector
from pipelines.media.sources import open_video
from tests.helpers.small_batches import SIZE, write_small_clip, write_small_source
from tests.helpers.videos import make_clip

LEFT, RIGHT = slice(0, SIZE[0]), slice(SIZE[0], 2 * SIZE[0])  # columns of the two in all frames


class HalvesDetector:
    """Finds a person in either half of a picture, with the bundled network."""

    name = "halves"

    def __init__(self, **options: Any) -> None:
        self.one = create_detector("bundled", device=options["device"], precision=options["precision"])

    def detect(self, image: np.ndarray) -> np.ndarray:
        return _join(self.one.detect(image[:, LEFT]), self.one.detect(image[:, RIGHT]))

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        pairs = zip(tee(images), (LEFT, RIGHT), strict=True)
        left, right = (self.one.track(_cut(copy, half)) for copy, half in pairs)
        return (_join(*each) for each in zip(left, right, strict=True))


def _cut(images: Iterable[np.ndarray], half: slice) -> Iterator[np.ndarray]:
    return (image[:, half] for image in images)


def _join(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.concatenate([left, right + np.array([RIGHT.start, 0, 0], np.float32)])


def add_detector(patch: Any) -> None:
    """Make `--keypoints halves` known."""
    patch.setitem(DETECTORS, HalvesDetector.name, HalvesDetector)


def write_two_people(folder: Path) -> tuple[Path, Path]:
    """A picture of the example person beside a darker mirror image, and a video of people who move differently."""
    pair = [np.asarray(Image.open(write_small_source(folder / f"{shade}.png", shade=shade))) for shade in (1.0, 0.6)]
    Image.fromarray(np.concatenate([pair[0], pair[1][:, ::-1]], 1)).save(folder / "two.png")
    clips = [write_small_clip(folder / f"{start}.mp4", start=start, frames=10) for start in (0, 12)]
    left, right = ([frame.image for frame in open_video(clip)] for clip in clips)
    frames = [np.concatenate(each, 1) for each in zip(left, right, strict=True)]
    make_clip(folder / "dance.mp4", frames=frames)
    return folder / "two.png", folder / "dance.mp4"
