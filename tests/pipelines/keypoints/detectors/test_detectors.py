"""Both detectors against the shared contract, on random weights; then what is special to each."""

import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor, nn

from models.errors import BackendUnavailable, InputError, WeightsError
from models.keypoints import KeypointConfig, KeypointMaps, KeypointNetwork
from pipelines.keypoints.details import DetailedDetector, request_details
from pipelines.keypoints.detectors import yolo
from pipelines.keypoints.detectors.bundled import SIZE, BundledDetector
from pipelines.keypoints.detectors.registry import DETECTORS, KeypointDetector, create_detector
from pipelines.keypoints.detectors.scores import score
from pipelines.media.pictures import load_picture
from pipelines.media.square_crop import SquareCrop
from tests.helpers.detector_contract import DetectorContract
from tests.helpers.media_files import SOURCE
from tests.helpers.poses import make_standing_pose


@pytest.fixture(scope="module")
def yolo_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLO pose model of its own configuration with random weights."""
    path = tmp_path_factory.mktemp("yolo") / "random-pose.pt"
    torch.manual_seed(0)
    yolo.import_yolo()("yolo11n-pose.yaml", verbose=False).save(path)
    return path


class TestBundledDetector(DetectorContract):
    @pytest.fixture(scope="class")
    def detector(self) -> KeypointDetector:
        torch.manual_seed(0)
        return BundledDetector(KeypointNetwork(config=KeypointConfig(widths=(8, 8, 16, 16, 16))))


class TestYoloDetector(DetectorContract):
    @pytest.fixture(scope="class")
    def detector(self, yolo_weights: Path) -> KeypointDetector:
        return yolo.YoloDetector(yolo_weights, confidence=1e-6)


def test_unknown_name() -> None:
    with pytest.raises(InputError, match="'magic'"):
        create_detector("magic")


class Painted(nn.Module):
    """Stands for the keypoint network: finds joints painted as coloured dots, and none elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, image: Tensor, *, mask: bool = False) -> KeypointMaps:
        self.calls += len(image)
        code = image[:, 0] * 127.5 + 127.5  # [N, S, S]
        blue = image[:, 2] > 0.9  # the inside of a dot: its edge mixes colours
        near = [((code - 14 * (joint + 1)).abs() < 6) & blue for joint in range(17)]
        maps = torch.stack(near, 1).double()  # [N, 17, S, S]
        mass = maps.sum((2, 3))
        place = torch.arange(SIZE, dtype=maps.dtype)
        x = (maps.sum(2) * place).sum(2) / mass.clamp_min(1)  # [N, 17]
        y = (maps.sum(3) * place).sum(2) / mass.clamp_min(1)
        cells = 4 * torch.arange(SIZE / 4) + 1.5
        gap = (cells - x[..., None])[..., None, :] ** 2 + (cells - y[..., None])[..., None] ** 2
        logits = torch.logit((torch.exp(-gap / 72) * (mass > 0)[..., None, None] * 0.95).clamp(1e-9, 0.95))
        return KeypointMaps(logits, None)


class PaintedDetector(BundledDetector):
    """Without flip averaging: painted joints do not change sides in a mirror."""

    def __init__(self) -> None:
        super().__init__(Painted())

    def predict_both(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.network(batch).joints
        return maps, maps


def _painting(pose: np.ndarray, height: int, width: int) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    for joint, (x, y, _) in enumerate(pose):
        left, top = max(round(float(x)) - 6, 0), max(round(float(y)) - 6, 0)
        image[top : top + 13, left : left + 13] = (14 * (joint + 1), 0, 255)
    return image


def _spread(x: float, y: float, size: float = 1.0) -> np.ndarray:
    """A standing pose with the face pulled apart, so that painted dots do not overlap."""
    pose = make_standing_pose(x, y, size=size)
    pose[:5, 0] = pose[0, 0] + np.array((0, 14, -14, 28, -28)) * size
    return pose


def test_bundled_finds_a_small_person_in_a_large_frame_to_the_pixel() -> None:
    pose = _spread(700, 60)
    people = PaintedDetector().detect(_painting(pose, 400, 1200))
    assert len(people) == 1
    body = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    assert np.abs(people[0, body, :2] - pose[body, :2]).max() < 1.0


def test_bundled_follows_with_one_pass_per_frame_and_finds_the_person_again() -> None:
    detector = PaintedDetector()
    poses = [_spread(60 + 12 * t, 40) for t in range(6)] + [None, None] + [_spread(500, 60)]
    frames = [_painting(pose, 360, 640) if pose is not None else np.zeros((360, 640, 3), np.uint8) for pose in poses]
    calls, results = [], []
    for people in detector.track(frames):
        calls.append(detector.network.calls)
        results.append(people)
    assert [len(people) for people in results] == [1] * 6 + [0, 0, 1]
    assert np.diff(calls)[:5].tolist() == [1] * 5
    for people, pose in zip(results, poses, strict=True):
        if pose is not None:
            assert np.percentile(np.abs(people[0, 5:, :2] - pose[5:, :2]), 90) < 1.0


def test_bundled_reports_an_empty_picture() -> None:
    assert PaintedDetector().detect(np.zeros((360, 640, 3), np.uint8)).shape == (0, 17, 3)


def test_bundled_doubts_a_person_who_is_elsewhere_in_the_mirror() -> None:
    """Painted dots keep their sides in the mirror: without the override above the two views contradict each other."""
    pose, crop = _spread(30, 10), SquareCrop(0, 0, SIZE, SIZE)
    image = _painting(pose, SIZE, SIZE)
    sure = PaintedDetector().score_person(image, pose, crop)
    np.testing.assert_allclose(sure, score(pose), rtol=1e-6)
    assert BundledDetector(Painted()).score_person(image, pose, crop) < 0.6 * sure


def test_a_small_person_is_searched_for_only_while_no_large_one_is_clear() -> None:
    detector = PaintedDetector()
    painted = detector.network
    assert isinstance(painted, Painted)
    detector.detect(_painting(_spread(90, 60), 400, 420))
    near = painted.calls
    detector.detect(np.zeros((400, 420, 3), np.uint8))
    assert painted.calls - near > near


class Ramp(nn.Module):
    """Asymmetric maps: shows whether the mirrored pass is mirrored back, and left and right exchanged."""

    def forward(self, image: Tensor, *, mask: bool = False) -> KeypointMaps:
        maps = nn.functional.avg_pool2d(image[:, :1], 4) * torch.arange(17.0).view(1, 17, 1, 1)
        return KeypointMaps(maps, None)


def test_flip_averaging_is_symmetric() -> None:
    detector = BundledDetector(Ramp())
    batch = torch.rand(1, 3, SIZE, SIZE)
    maps = detector.predict_heat_maps(batch, flip=True)
    mirrored = detector.predict_heat_maps(batch.flip(3), flip=True)
    torch.testing.assert_close(mirrored.flip(3)[:, [0, 2, 1]], maps[:, :3])
    torch.testing.assert_close(maps[:, 0], torch.zeros_like(maps[:, 0]))


def test_missing_weights_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pt"):
        create_detector("yolo", yolo_weights=tmp_path / "none.pt")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken", b"<!DOCTYPE html>"])
def test_damaged_weights_are_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.pt").write_bytes(content)
    with pytest.raises(WeightsError, match=r"bad\.pt") as caught:
        create_detector("yolo", yolo_weights=tmp_path / "bad.pt")
    assert "\n" not in str(caught.value)


def test_pillow_still_opens_pictures_itself(yolo_weights: Path, tmp_path: Path) -> None:
    assert yolo.YoloDetector(yolo_weights).name == "yolo"
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(UnidentifiedImageError):
        Image.open(tmp_path / "words.png")


def test_other_yolo_tasks_are_refused(tmp_path: Path) -> None:
    yolo.import_yolo()("yolo11n.yaml", verbose=False).save(tmp_path / "detect.pt")
    with pytest.raises(WeightsError, match="detect model"):
        yolo.YoloDetector(tmp_path / "detect.pt")


def test_offline_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolo, "cached_weights_path", lambda: tmp_path / "cache" / yolo.WEIGHTS)
    monkeypatch.setattr(yolo, "has_network", lambda: False)
    with pytest.raises(BackendUnavailable, match="--keypoints bundled"):
        create_detector("yolo")
    assert not (tmp_path / "cache").exists()


def test_auto_tries_a_download_that_fails_once_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts, notes = [], []

    def fail(command: list[str], **options: object) -> None:
        attempts.append(command)
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(yolo, "cached_weights_path", lambda: tmp_path / "cache" / yolo.WEIGHTS)
    monkeypatch.setattr(yolo, "has_network", lambda: True)
    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.setitem(DETECTORS, "bundled", lambda **options: PaintedDetector())

    def runs() -> int:
        for _ in range(2):
            create_detector("auto", note=notes.append)
        return len(attempts)

    assert runs() == 1
    (marker,) = (tmp_path / "cache").iterdir()
    os.utime(marker, times=(0, time.time() - 23 * 3600))
    assert runs() == 1
    os.utime(marker, times=(0, time.time() - 25 * 3600))
    assert runs() == 2
    with pytest.raises(BackendUnavailable):
        create_detector("yolo")
    assert len(attempts) == 3  # asked for by name, it always tries
    assert len(notes) == 6
    assert all(note.startswith("keypoints: bundled network (") and "\n" not in note for note in notes)


def test_auto_prefers_fetched_networks_to_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yolo, "cached_weights_path", lambda: tmp_path / yolo.WEIGHTS)
    monkeypatch.setattr(yolo, "has_network", lambda: False)
    notes: list[str] = []
    stand_in = PaintedDetector()
    monkeypatch.setitem(DETECTORS, "mediapipe", lambda **options: stand_in)
    assert create_detector("auto", note=notes.append) is stand_in
    assert [note.split(" (")[0] for note in notes] == ["keypoints: MediaPipe"]


def test_auto_says_what_it_chose(yolo_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    assert create_detector("auto", yolo_weights=yolo_weights, note=notes.append).name == "yolo"
    monkeypatch.setattr(yolo, "cached_weights_path", lambda: tmp_path / yolo.WEIGHTS)
    monkeypatch.setattr(yolo, "has_network", lambda: False)
    stand_in = PaintedDetector()
    monkeypatch.setitem(DETECTORS, "bundled", lambda **options: stand_in)
    assert create_detector("auto", note=notes.append) is stand_in
    assert [note.split(" (")[0] for note in notes] == ["keypoints: YOLO", "keypoints: bundled network"]
    assert all("\n" not in note for note in notes)
    assert "gfla weights fetch mediapipe" in notes[1]


@pytest.mark.parametrize(
    ("rows", "shows_hips"), [pytest.param(398, True, marks=pytest.mark.slow), (380, True), (280, False)]
)
def test_bundled_finds_people_cut_at_thighs_waist_and_chest(rows: int, shows_hips: bool) -> None:
    detector, picture = create_detector("bundled"), load_picture(SOURCE)
    whole, part = detector.detect(picture)[0], detector.detect(np.ascontiguousarray(picture[:rows]))[0]
    assert np.abs(part[:7, :2] - whole[:7, :2]).max() < 10
    assert (part[11:13, 2] > 0.3).all() == shows_hips
    assert (part[13:, 2] < 0.3).all(), "legs that the picture does not show are not made up"


def test_bundled_finds_the_mask_of_the_person() -> None:
    detector, picture = create_detector("bundled"), load_picture(SOURCE)
    assert isinstance(detector, DetailedDetector)
    assert detector.detect_people(picture).details == ()
    request_details(detector, ["mask"])
    found = detector.detect_people(picture)
    (details,) = found.details
    assert details is not None
    assert details.mask is not None
    mask = details.mask.render(*picture.shape[:2])
    assert mask.shape == picture.shape[:2]
    joints = found.poses[0, 5:, :2].round().astype(int)
    assert (mask[joints[:, 1], joints[:, 0]] > 127).all()
    assert 0.05 < (mask > 127).mean() < 0.3
    assert mask[:20].max() < 10


def test_what_bundled_does_not_find_is_refused() -> None:
    with pytest.raises(InputError, match="--hands, --face: the detector bundled finds none; use --keypoints mediapipe"):
        request_details(create_detector("bundled"), ["hands", "face", "mask"])
