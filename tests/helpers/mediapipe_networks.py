"""Stand-ins for MediaPipe's networks, and the real ones where GFLA_MEDIAPIPE names the folder that was fetched.

The stand-ins see people painted as two dots: a red one at the hips, a green one at the point that gives size and
direction of the person. Several people have several brightnesses. The networks answer as MediaPipe's do.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from models.files import file_sha256
from pipelines.keypoints.detectors.mediapipe.boxes import make_anchors
from pipelines.keypoints.detectors.mediapipe.detector import LAYERS
from pipelines.keypoints.detectors.mediapipe.networks import Network
from pipelines.weights.collections import MEDIAPIPE

Answer = Callable[[np.ndarray], list[np.ndarray]]
SIZES = {"pose_detection": 224, "pose_landmark_full": 256}


class StandIn(Network):
    """A network that is a function of its input picture; `calls` counts."""

    def __init__(self, size: int, answer: Answer) -> None:
        self.size, self.answer, self.calls = size, answer, 0

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        assert image.shape == (self.size, self.size, 3)
        self.calls += 1
        return self.answer(image.astype(np.float64))


class PaintedNetworks:
    """The networks of the detector; pass `load` to it."""

    def __init__(self) -> None:
        answers = {"pose_detection": self._detect, "pose_landmark_full": self._find}
        self.networks = {name: StandIn(SIZES[name], answer) for name, answer in answers.items()}
        self.anchors = make_anchors(224, LAYERS)

    def load(self, name: str) -> Network:
        return self.networks[name]

    def calls(self, name: str) -> int:
        """How often a network has run."""
        return self.networks[name].calls

    def _detect(self, image: np.ndarray) -> list[np.ndarray]:
        values, logits = np.zeros((len(self.anchors), 12)), np.full((len(self.anchors), 1), -20.0)
        for hips, direction in find_people((image + 1) / 2):
            nearest = int(np.linalg.norm(self.anchors * 224 - hips, axis=1).argmin())
            reach = np.linalg.norm(direction - hips)
            points = np.stack([hips, hips, direction, hips, hips]) - self.anchors[nearest] * 224
            values[nearest] = np.concatenate((points[0], [reach, reach], *points[1:]))
            logits[nearest] = 5
        return [values, logits]

    def _find(self, image: np.ndarray) -> list[np.ndarray]:
        people = [(np.linalg.norm(hips - 128), hips, direction) for hips, direction in find_people(image)]
        if not people:
            return [np.zeros(195), np.zeros(1), np.zeros((256, 256, 1)), np.full((64, 64, 39), -9.0), np.zeros(117)]
        _, hips, direction = min(people, key=lambda person: person[0])
        points = np.tile(np.append(hips, (0, 3, 3)), (39, 1))  # [39, 5]
        shares = np.linspace(-0.8, 0.8, 33)[:, None]
        points[:33, :2] = hips + shares * (direction - hips)
        points[:33, 2] = 10 * shares[:, 0]
        points[34, :2] = direction
        mask = np.full((256, 256, 1), -8.0)
        mask[64:192, 64:192] = 8
        return [points.reshape(195), np.ones(1), mask, np.full((64, 64, 39), -9.0), np.zeros(117)]


def find_people(image: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The centres x, y of the red and green dots in a picture [S, S, 3] of 0..1, by brightness."""
    people = []
    for level in (1.0, 0.8, 0.6):
        dots = []
        for channel in (0, 1):
            rest = image[..., 1 - channel] + image[..., 2]
            ys, xs = np.nonzero((abs(image[..., channel] - level) < 0.05) & (rest < 0.05))
            dots.append(np.array([xs.mean(), ys.mean()]) if len(xs) else None)
        if dots[0] is not None and dots[1] is not None:
            people.append((dots[0], dots[1]))
    return people


def paint_person(image: np.ndarray, hips: tuple[int, int], direction: tuple[int, int], level: float = 1.0) -> None:
    """Paint a person into a picture uint8 [H, W, 3]."""
    for (x, y), channel in ((hips, 0), (direction, 1)):
        radius = 6
        colour = np.zeros(3, np.uint8)
        colour[channel] = round(255 * level)
        image[max(y - radius, 0) : max(y + radius + 1, 0), max(x - radius, 0) : max(x + radius + 1, 0)] = colour


@contextmanager
def fetched_networks() -> Iterator[None]:
    """MediaPipe's own networks, from the folder GFLA_MEDIAPIPE, as if they had been fetched; skips without them."""
    folder = Path(os.environ.get("GFLA_MEDIAPIPE", "/nowhere"))
    if not all((folder / item.name).is_file() for item in MEDIAPIPE.files):
        pytest.skip("GFLA_MEDIAPIPE names no folder with MediaPipe's networks")
    assert file_sha256(folder / MEDIAPIPE.files[0].name) == MEDIAPIPE.files[0].sha256
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GFLA_WEIGHTS", str(folder.parent))
        yield
