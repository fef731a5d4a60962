"""A person followed on the device is the one followed frame by frame: on the CPU as well, and on a GPU in threads."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import av
import numpy as np
import pytest
import torch

from pipelines.keypoints.detectors.bundled import SIZE, BundledDetector
from pipelines.keypoints.detectors.crops import next_crop, sample_crop
from pipelines.keypoints.detectors.device_following import DeviceFollower, next_crop_on_device, sample_on_device
from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.detectors.scores import CONFIDENT
from pipelines.media.square_crop import SquareCrop
from tests.helpers.devices import needs_cuda
from tests.helpers.media_files import DRIVING
from tests.helpers.poses import make_standing_pose


def make_tensor(crop: SquareCrop) -> torch.Tensor:
    return torch.tensor([crop.left, crop.top, crop.side], dtype=torch.float32)


def read_clip(frames: int) -> list[np.ndarray]:
    """Frames of the example; one in the middle is empty."""
    with av.open(str(DRIVING)) as container:
        decoded = container.decode(video=0)
        images = [next(decoded).to_ndarray(format="rgb24") for _ in range(frames)]
    images[frames // 2] = np.zeros_like(images[0])
    return images


def assert_same(ours: list[np.ndarray], theirs: list[np.ndarray], *, apart: float) -> None:
    """The same people in each frame, whose confident joints are at most so many pixels apart."""
    assert [len(people) for people in ours] == [len(people) for people in theirs]
    first, second = np.concatenate(ours), np.concatenate(theirs)
    sure = second[..., 2] > CONFIDENT
    assert sure.mean() > 0.5
    assert np.abs(first - second)[sure, :2].max() < apart


@pytest.mark.parametrize(
    ("left", "top", "side"),
    [(10, 20, 100), (-30, -40, 333), (50, 60, 256), (20, 10, 512), (250, 150, 77), (5, 7, 128), (-500, -500, 100)],
)
def test_crops_are_sampled_as_on_the_cpu(left: int, top: int, side: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    crop = SquareCrop(left, top, side, SIZE)
    sampled = sample_on_device(torch.from_numpy(image), make_tensor(crop), SIZE)[0].permute(1, 2, 0).numpy()
    difference = np.abs(sampled - sample_crop(image, crop))
    assert difference.max() <= 1
    assert difference.mean() < 0.2


def test_the_next_crop_is_that_of_the_cpu() -> None:
    random = np.random.default_rng(0)
    height, width = 360, 640
    for _ in range(200):
        pose = make_standing_pose(random.uniform(0, 500), random.uniform(0, 200), size=random.uniform(0.2, 1.5))
        pose[:, 2] = random.uniform(0, 1, 17)
        crop = SquareCrop.centred(random.uniform(0, 300), random.uniform(0, 300), random.uniform(50, 500), size=SIZE)
        wanted = next_crop(pose, crop, height, width, size=SIZE, confident=CONFIDENT)
        found = next_crop_on_device(torch.from_numpy(pose), make_tensor(crop), torch.tensor([width, height]).float())
        assert found.tolist() == make_tensor(wanted).tolist()


def test_a_person_is_followed_lost_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frames that were on their way when the person was lost come again."""
    images, detector = read_clip(7), create_detector("bundled")
    assert isinstance(detector, BundledDetector)
    alone = list(detector.track(images))
    detector.follower = DeviceFollower(partial(detector.predict_heat_maps, flip=False), detector.device, size=SIZE)
    monkeypatch.setattr(detector, "_follow", None)
    assert_same(list(detector.track(images)), alone, apart=0.1)
    assert [len(people) for people in alone].count(0) == 1


@pytest.mark.gpu
@needs_cuda
def test_several_threads_follow_people_with_one_graph() -> None:
    clips = [read_clip(24 - 2 * number) for number in range(4)]
    network = create_detector("bundled", device="cuda", precision="fp32")
    assert isinstance(network, BundledDetector)
    assert network.follower is not None
    graphs = network.follower._find._graphs
    with ThreadPoolExecutor(len(clips)) as threads:
        tracks = list(threads.map(lambda clip: list(network.track(clip)), clips))
    assert [each.graph is not None for each in graphs.values()] == [True]
    network.follower = None
    for clip, track in zip(clips, tracks, strict=True):
        assert_same(track, list(network.track(clip)), apart=1.0)
