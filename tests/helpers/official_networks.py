"""The authors' networks, narrow, with random numbers, and their chain written out without `pipelines`.

The encodings are those that the reference files check. H, W picture size, T frames, `SOURCE` the example person.
"""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.generators.animation import AnimationGenerator
from models.generators.config import dance_iper, pose_fashion, pose_market, shapenet_car
from models.generators.picture import PictureGenerator
from models.motion import MotionConfig, MotionNetwork
from models.weights import save_weights
from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.structure_maps import person_maps, structure_map
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from pipelines.weights.checkpoints import import_checkpoint
from tests.helpers.golden import open_golden
from tests.helpers.golden_networks import NETWORKS as FULL_WIDTH
from tests.helpers.media_files import SOURCE
from tests.helpers.official_checkpoints import find_official_files, generate_state, save_checkpoint

NARROW = {"width": 8, "max_width": 32, "flow_width": 8, "flow_max_width": 16}
NETWORKS = {
    "iper": ("animation", "dance_iper", lambda: AnimationGenerator(config=replace(dance_iper(), **NARROW))),
    "fashion": ("picture", "pose_fashion", lambda: PictureGenerator(config=replace(pose_fashion(), **NARROW))),
    "market": ("picture", "pose_market", lambda: PictureGenerator(config=replace(pose_market(), **NARROW))),
    "car": ("picture", "shapenet_car", lambda: PictureGenerator(config=replace(shapenet_car(), **NARROW))),
    "cleaner": ("motion", "keypoint", lambda: MotionNetwork(config=MotionConfig(channels=8))),
}
FRAMES, WIDTH, HEIGHT = 3, 500, 800
OPENPOSE18 = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)  # of COCO-17; the neck is computed


def write_official_weights(folder: Path) -> Path:
    """Write the weights of NETWORKS, the pose track driving.json and its first frame as target.json."""
    torch.manual_seed(0)
    for name, (architecture, official, build) in NETWORKS.items():
        known = {"licence": "Apache-2.0", "command": "none", "extra": {}, "official": official, "exact": True}
        save_weights(folder / f"{name}.safetensors", _with_contrast(build()), architecture=architecture, **known)
    people = [PoseFrame(number, pose[None]) for number, pose in enumerate(make_driving_poses())]
    save_track(folder / "driving.json", PoseTrack("coco17", WIDTH, HEIGHT, Fraction(1, 25), people))
    save_track(folder / "target.json", PoseTrack("coco17", WIDTH, HEIGHT, Fraction(1, 25), people[:1]))
    return folder


def import_official(kind: str, folder: Path) -> nn.Module:
    """Import a checkpoint of full width under the name of its configuration; the same network without the import."""
    golden = open_golden(find_official_files()[kind])
    save_checkpoint(folder / "latest_net_G.pth", golden, kind)
    import_checkpoint(folder / "latest_net_G.pth", kind=kind)
    network = FULL_WIDTH[golden.network](golden.metadata["config"])
    network.load_state_dict(generate_state(golden, kind))
    return network.eval()


def expected_clip(network: nn.Module, cleaner: nn.Module) -> list[np.ndarray]:
    """What the generator makes of SOURCE and the driving poses without retargeting: T pictures uint8 [256, 256, 3]."""
    height, width = load_source().shape[:2]
    pose = detect_source()
    reference = np.where(pose[:, 2:] >= 0.3, pose[:, :2] * (256 / np.array([width, height])), 0)
    structures = np.stack([structure_map(each, layout="h36m17") for each in clean_poses(make_driving_poses(), cleaner)])
    maps = torch.from_numpy(structure_map(reference, layout="coco17"))[None]
    network.to(memory_format=torch.channels_last)  # as `animate` lays it out: on some machines that rounds otherwise
    with torch.inference_mode():
        steps = network(torch.from_numpy(structures)[None], squash_source(256, 256), maps)
    return [to_picture(step.image) for step in steps]


def expected_pose(network: nn.Module, size: tuple[int, int]) -> np.ndarray:
    """What the generator makes of SOURCE and the first driving pose: a picture of `size` (height, width)."""
    height, width = size
    pairs = ((detect_source(), load_source().shape[:2]), (make_driving_poses()[0], (HEIGHT, WIDTH)))
    source, target = (
        torch.from_numpy(person_maps(to_openpose18(pose), height=height, width=width, annotated=size))[None]
        for pose, size in pairs
    )
    with torch.inference_mode():
        return to_picture(network(squash_source(height, width), source, target).image)


def assert_same_picture(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal, but for few values between two levels that rounding moves to the other."""
    difference = np.abs(found.astype(int) - expected)
    assert expected.std() > 20
    assert difference.max() <= 1
    assert difference.mean() < 1e-2


def load_source() -> np.ndarray:
    """SOURCE as uint8 [H, W, 3]."""
    return np.asarray(Image.open(SOURCE).convert("RGB"))


@cache
def detect_source() -> np.ndarray:
    """The pose detected in SOURCE: [17, 3]."""
    return create_detector("bundled").detect(load_source())[0]


def make_driving_poses() -> np.ndarray:
    """The body of SOURCE elsewhere and larger, its left hand sinking: [T, 17, 3]."""
    height, width = load_source().shape[:2]
    poses = np.repeat(detect_source()[None], FRAMES, 0).astype(np.float64)
    poses[..., :2] *= np.array([WIDTH / width * 0.8, HEIGHT / height * 0.9])
    poses[:, 9, 1] += 15 * np.arange(FRAMES)
    return poses.astype(np.float32)


def squash_source(height: int, width: int) -> Tensor:
    """SOURCE at another size, not keeping its proportions: [1, 3, height, width] in [-1, 1]."""
    small = Image.fromarray(load_source()).resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(small).transpose(2, 0, 1).copy())[None] / 127.5 - 1


def to_picture(image: Tensor) -> np.ndarray:
    """[1, 3, H, W] in [-1, 1] -> uint8 [H, W, 3], rounded down."""
    return ((image[0] + 1) / 2 * 255).byte().permute(1, 2, 0).numpy()


def clean_poses(poses: np.ndarray, network: nn.Module) -> np.ndarray:
    """The authors' test loop of the motion network, for a clip shorter than its window: [T, 17, 2] of 256 x 256."""
    index = np.clip(np.arange(-40, 64), 0, len(poses) - 1)
    points = poses[index, :, :2].astype(np.float64) * (256 / np.array([WIDTH, HEIGHT]))
    track = np.concatenate([points[..., 1].T, points[..., 0].T]) / 256 * 2 - 1  # [34, 104]
    with torch.inference_mode():
        found = network(torch.from_numpy(track).float()[None])[0].numpy()
    y, x = np.split((found[:, : len(poses)] + 1) / 2 * 256, 2)
    return np.stack([x.T, y.T], -1)


def to_openpose18(pose: np.ndarray) -> np.ndarray:
    """COCO-17 [17, 3] -> OpenPose-18 [18, 2], -1 for what is not certain."""
    pose = np.where(pose[:, 2:] >= 0.3, pose, -1)
    neck = pose[5:7].mean(0) if (pose[5:7, 2] >= 0.3).all() else np.full(3, -1)
    return np.stack([neck if joint is None else pose[joint] for joint in OPENPOSE18])[:, :2]


def _with_contrast(network: nn.Module) -> nn.Module:
    """Random numbers large enough that the pictures are not grey."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    return network
