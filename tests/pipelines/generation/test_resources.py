"""What jobs share: which details the detector looks for, and whose tracks are reused."""

from pathlib import Path

import numpy as np
import pytest

from models.joints import DETAILED_CHANNELS, STRUCTURE_CHANNELS
from pipelines.configs import AnimateConfig
from pipelines.generation import resources
from pipelines.generation.resources import Resources
from pipelines.keypoints.details import DetailName, People
from pipelines.runtime.progress import SILENT
from tests.helpers.small_batches import write_small_weights


class Detector:
    """Finds nobody, and may know details."""

    name = "mediapipe"
    wanted: frozenset[DetailName] = frozenset()

    def __init__(self, findable: frozenset[DetailName]) -> None:
        self.findable = findable

    def detect_people(self, image: np.ndarray) -> People:
        return People(np.zeros((0, 17, 3), np.float32))

    track_people = detect = track = detect_people


@pytest.mark.parametrize(
    ("channels", "findable", "wanted"),
    [
        (DETAILED_CHANNELS, ["hands", "mask"], {"hands"}),
        (DETAILED_CHANNELS, ["mask"], set()),
        (STRUCTURE_CHANNELS, ["hands", "mask"], set()),
    ],
)
def test_hands_are_looked_for_where_the_generator_sees_them(
    channels: int, findable: list[DetailName], wanted: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Detector(frozenset(findable))
    monkeypatch.setattr(resources, "load_detector", lambda *_: (detector, ()))
    weights = write_small_weights(tmp_path / "small.safetensors", structure_channels=channels)
    shared = Resources(tmp_path)
    config = AnimateConfig(tmp_path, tmp_path, weights=str(weights), device="cpu")
    networks = shared.person_networks(config, ("animation",), SILENT)
    assert detector.wanted == wanted
    plain = shared.track_cache(Detector(frozenset()), config, "cpu", networks.precision)  # pyright: ignore[reportArgumentType]
    tracks = {networks.track_cache.conditions, plain.conditions}
    assert len(tracks) == (2 if wanted else 1), "tracks with hands are others than those without"


def test_a_job_without_details_after_one_with_them_looks_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = Detector(frozenset(["hands"]))
    monkeypatch.setattr(resources, "load_detector", lambda *_: (detector, ()))
    shared, wanted = Resources(), []
    for channels in (DETAILED_CHANNELS, STRUCTURE_CHANNELS):
        weights = write_small_weights(tmp_path / f"{channels}.safetensors", structure_channels=channels)
        shared.person_networks(
            AnimateConfig(tmp_path, tmp_path, weights=str(weights), device="cpu"), ("animation",), SILENT
        )
        wanted.append(set(detector.wanted))
    assert wanted == [{"hands"}, set()]
