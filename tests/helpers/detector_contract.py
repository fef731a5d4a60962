"""What every keypoint detector must do, as tests; each detector has a test class that derives from this one."""

from collections.abc import Iterator

import numpy as np
import pytest

from pipelines.keypoints.detectors.registry import DETECTORS, KeypointDetector


class DetectorContract:
    """Derive, and override the fixture `detector`. Random weights will do: the tests ask for no particular people."""

    @pytest.fixture
    def detector(self) -> KeypointDetector:
        raise NotImplementedError

    @pytest.mark.parametrize("size", [(240, 320), (300, 96), (1, 1), (3, 700)])
    def test_detect_accepts_any_size_and_leaves_the_picture_alone(
        self, detector: KeypointDetector, size: tuple[int, int]
    ) -> None:
        image = make_noise(*size)
        before = image.copy()
        people = detector.detect(image)
        assert_people(people)
        np.testing.assert_array_equal(image, before)
        np.testing.assert_array_equal(detector.detect(image), people)

    def test_detect_accepts_views(self, detector: KeypointDetector) -> None:
        view = make_noise(200, 200)[::2, ::-2]
        np.testing.assert_array_equal(detector.detect(view), detector.detect(view.copy()))

    def test_track_reads_one_frame_for_each_result(self, detector: KeypointDetector) -> None:
        taken = []

        def frames() -> Iterator[np.ndarray]:
            for seed in range(3):
                taken.append(seed)
                yield make_noise(120, 160, seed)

        results = detector.track(frames())
        assert_people(next(results))
        assert len(taken) == 1
        assert len(list(results)) == 2

    def test_track_of_no_frames_is_empty(self, detector: KeypointDetector) -> None:
        assert list(detector.track([])) == []

    def test_the_name_is_registered(self, detector: KeypointDetector) -> None:
        assert detector.name in DETECTORS


def make_noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture of random pixels, uint8 [H, W, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def assert_people(people: np.ndarray) -> None:
    """COCO-17 people float32 [P, 17, 3]: finite coordinates, confidences in 0..1."""
    assert people.dtype == np.float32
    assert people.shape[1:] == (17, 3)
    assert np.isfinite(people).all()
    assert ((people[..., 2] >= 0) & (people[..., 2] <= 1)).all()
