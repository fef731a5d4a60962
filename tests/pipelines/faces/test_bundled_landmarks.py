"""How the bundled landmark detector finds and follows a face: with a network whose answers are known."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from models.errors import BackendUnavailable
from models.landmarks import LandmarkOutput
from models.weights.bundled import bundled_files
from pipelines.faces import bundled_landmarks
from pipelines.faces.bundled_landmarks import SEARCH_INTERVAL, BundledLandmarks
from pipelines.media.tensors import tensor_to_image
from pipelines.synthetic.head_clips import HeadClipConfig, sample_head_clip
from pipelines.training.landmarks.metrics import mean_errors
from tests.helpers.detector_contract import make_noise
from tests.helpers.painted_faces import PaintedFaceNetwork, paint_face, place_landmarks


class HeadAt:
    """Finds the head joints of one person at a place, or nobody; counts how often it looks."""

    name = "stand-in"

    def __init__(self, place: tuple[float, float, float] | None = None) -> None:
        self.place, self.looks = place, 0

    def detect(self, image: np.ndarray) -> np.ndarray:
        self.looks += 1
        if self.place is None:
            return np.empty((0, 17, 3), np.float32)
        x, y, radius = self.place
        pose = np.zeros((1, 17, 3), np.float32)
        pose[0, :5] = [(x + dx * radius, y, 0.9) for dx in (0, 0.4, -0.4, 0.8, -0.8)]
        return pose

    def track(self, images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        return map(self.detect, images)


def make_picture(width: int, height: int, *face: float) -> np.ndarray:
    return paint_face(np.full((height, width, 3), (90, 90, 200), np.uint8), *face)


def assert_found(faces: np.ndarray, *face: float) -> None:
    assert (faces.shape, faces.dtype) == ((1, 68, 3), np.float32)
    distance = np.linalg.norm(faces[0, :, :2] - place_landmarks(*face), axis=1)
    assert distance.mean() < 0.03 * face[2] + 0.3
    assert (faces[0, :, 2] > 0.5).all()


@pytest.mark.parametrize(
    ("width", "height", "face"),
    [
        (256, 256, (120, 130, 70, 0.0)),
        (256, 256, (120, 130, 120, 0.0)),  # fills the picture
        (320, 180, (250, 100, 34, 0.6)),
        (180, 320, (60, 250, 40, -0.7)),
        (1100, 900, (700, 400, 330, 0.3)),  # larger than the network's input
    ],
)
def test_a_search_finds_close_ups_of_any_size_and_tilt(
    width: int, height: int, face: tuple[float, float, float, float]
) -> None:
    assert_found(BundledLandmarks(PaintedFaceNetwork(), HeadAt()).detect(make_picture(width, height, *face)), *face)


def test_a_small_face_is_found_by_the_persons_head() -> None:
    face = (500.0, 90.0, 9.0, 0.2)
    picture = make_picture(700, 600, *face)
    assert len(BundledLandmarks(PaintedFaceNetwork(), HeadAt()).detect(picture)) == 0
    assert_found(BundledLandmarks(PaintedFaceNetwork(), HeadAt(face[:3])).detect(picture), *face)


@pytest.mark.parametrize("size", [(240, 320), (1, 1), (3, 700), (300, 96)])
def test_nobody_in_a_picture_of_any_size(size: tuple[int, int]) -> None:
    image = make_noise(*size) // 2
    before = image.copy()
    faces = BundledLandmarks(PaintedFaceNetwork(), HeadAt()).detect(image)
    assert (faces.shape, faces.dtype) == ((0, 68, 3), np.float32)
    np.testing.assert_array_equal(image, before)


def test_a_head_without_a_face_leads_to_a_search() -> None:
    face = (150.0, 150.0, 60.0, 0.0)
    assert_found(
        BundledLandmarks(PaintedFaceNetwork(), HeadAt((30, 30, 10))).detect(make_picture(300, 300, *face)), *face
    )


def test_a_face_is_followed_with_one_look_per_frame() -> None:
    people = HeadAt()
    places = [(100.0 + 6 * t, 120.0, 50.0 + t, 0.05 * t) for t in range(10)]
    detector = BundledLandmarks(PaintedFaceNetwork(), people)
    assert isinstance(detector.network, PaintedFaceNetwork)
    tracked = detector.track(make_picture(400, 240, *face) for face in places)
    assert_found(next(tracked), *places[0])
    searched = detector.network.squares
    for faces, face in zip(tracked, places[1:], strict=True):
        assert_found(faces, *face)
    assert (people.looks, detector.network.squares - searched) == (1, len(places) - 1)


def test_a_lost_face_is_searched_for_at_once_and_then_now_and_then() -> None:
    face, people = (100.0, 120.0, 50.0, 0.0), HeadAt()
    there, empty = make_picture(240, 240, *face), np.full((240, 240, 3), 90, np.uint8)
    frames = [there, *[empty] * (2 * SEARCH_INTERVAL), there, there]
    found = [len(faces) for faces in BundledLandmarks(PaintedFaceNetwork(), people).track(frames)]
    assert found == [1, *[0] * (2 * SEARCH_INTERVAL), 1, 1]
    assert people.looks == 1 + 2 + 1


def test_landmarks_that_change_with_every_look_are_no_face() -> None:
    class Dreamer(PaintedFaceNetwork):
        """Sees a face everywhere, each time another one."""

        def forward(self, image: Tensor) -> LandmarkOutput:
            return LandmarkOutput(30 * torch.randn(len(image), 68, 16, 16), torch.full((len(image),), 3.0))

    torch.manual_seed(0)
    assert len(BundledLandmarks(Dreamer(), HeadAt()).detect(make_noise(200, 200))) == 0


def test_a_search_takes_no_doubtful_face_but_a_persons_head_does() -> None:
    class Doubter(PaintedFaceNetwork):
        """Is never quite sure."""

        def forward(self, image: Tensor) -> LandmarkOutput:
            answer = super().forward(image)
            return answer._replace(presence=answer.presence.clamp(max=2.0))

    face = (150.0, 150.0, 60.0, 0.0)
    picture = make_picture(300, 300, *face)
    assert len(BundledLandmarks(Doubter(), HeadAt()).detect(picture)) == 0
    assert_found(BundledLandmarks(Doubter(), HeadAt(face[:3])).detect(picture), *face)


def test_missing_weights_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled_landmarks, "WEIGHTS", "nowhere")
    with pytest.raises(BackendUnavailable, match="no weights here"):
        BundledLandmarks()


@pytest.mark.skipif("landmarks" not in bundled_files(), reason="no bundled landmark weights")
def test_the_bundled_networks_find_rendered_faces() -> None:
    times, generator = torch.arange(2).expand(3, -1), torch.Generator().manual_seed(11)
    config = HeadClipConfig(length=2, turn=(0.2, 0.3, 0.1))
    clip = sample_head_clip(config, batch=3, times=times, generator=generator)
    images, truth = clip.images, clip.face
    detector = BundledLandmarks()
    for clip, points in zip(images, truth, strict=True):
        found = np.concatenate(list(detector.track(tensor_to_image(clip, rounding="round"))))
        weighted = torch.cat([points, torch.ones(len(points), 68, 1)], -1)
        assert float(mean_errors(torch.from_numpy(found), weighted).max()) < 0.07
