"""The authors' kind of weights in `animate` and `pose`: the pictures equal a composition written out here.

Networks of the official layouts, narrower and with random numbers, then imported checkpoints of full width with the
generated numbers of the reference files. Encodings are those that the reference files judge.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from gfla_cli.app import app
from models.generators.animation import AnimationGenerator
from models.generators.config import dance_iper, pose_fashion, pose_market, shapenet_car
from models.generators.picture import PictureGenerator
from models.motion import MotionConfig, MotionNetwork
from models.weights import load_weights, save_weights
from pipelines.keypoints.detectors.registry import create_detector
from pipelines.keypoints.structure_maps import person_maps, structure_map
from pipelines.keypoints.track import PoseFrame, PoseTrack
from pipelines.keypoints.track_file import save_track
from tests.helpers.checkpoints import generated, official_files, save_checkpoint
from tests.helpers.golden import open_golden
from tests.helpers.media_files import SOURCE
from tests.helpers.networks import NETWORKS as FULL_WIDTH

NARROW = {"width": 8, "max_width": 32, "flow_width": 8, "flow_max_width": 16}
NETWORKS = {
    "iper": ("animation", "dance_iper", lambda: AnimationGenerator(config=replace(dance_iper(), **NARROW))),
    "fashion": ("picture", "pose_fashion", lambda: PictureGenerator(config=replace(pose_fashion(), **NARROW))),
    "market": ("picture", "pose_market", lambda: PictureGenerator(config=replace(pose_market(), **NARROW))),
    "car": ("picture", "shapenet_car", lambda: PictureGenerator(config=replace(shapenet_car(), **NARROW))),
    "cleaner": ("motion", "keypoint", lambda: MotionNetwork(config=MotionConfig(channels=8))),
}
FRAMES, WIDTH, HEIGHT = 3, 500, 800
OPENPOSE18 = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)  # of COCO-17; the neck is made


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [*map(str, arguments), "--device", "cpu", "--keypoints", "bundled", "--quiet"])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights, and the pose track driving.json."""
    folder = tmp_path_factory.mktemp("official")
    torch.manual_seed(0)
    for name, (architecture, official, build) in NETWORKS.items():
        known = {"licence": "Apache-2.0", "command": "none", "extra": {}, "official": official, "exact": True}
        save_weights(folder / f"{name}.safetensors", _lively(build()), architecture=architecture, **known)
    people = [PoseFrame(number, pose[None]) for number, pose in enumerate(driving())]
    save_track(folder / "driving.json", PoseTrack("coco17", WIDTH, HEIGHT, Fraction(1, 25), people))
    save_track(folder / "target.json", PoseTrack("coco17", WIDTH, HEIGHT, Fraction(1, 25), people[:1]))
    return folder


@pytest.fixture(autouse=True)
def _weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GFLA_WEIGHTS", str(folder))


def _lively(network: nn.Module) -> nn.Module:
    """Random numbers large enough that the pictures are not grey."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    return network


def picture() -> np.ndarray:
    return np.asarray(Image.open(SOURCE).convert("RGB"))


def detected() -> np.ndarray:
    return create_detector("bundled").detect(picture())[0]


def driving() -> np.ndarray:
    """A body as detected in the source, elsewhere and larger, its left hand sinking: [T, 17, 3]."""
    height, width = picture().shape[:2]
    poses = np.repeat(detected()[None], FRAMES, 0).astype(np.float64)
    poses[..., :2] *= np.array([WIDTH / width * 0.8, HEIGHT / height * 0.9])
    poses[:, 9, 1] += 15 * np.arange(FRAMES)
    return poses.astype(np.float32)


def squashed(height: int, width: int) -> Tensor:
    small = Image.fromarray(picture()).resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.asarray(small).transpose(2, 0, 1).copy())[None] / 127.5 - 1


def truncated(image: Tensor) -> np.ndarray:
    return ((image[0] + 1) / 2 * 255).byte().permute(1, 2, 0).numpy()


def cleaned(poses: np.ndarray, network: nn.Module) -> np.ndarray:
    """The authors' test loop of the motion network, for a clip shorter than its window: [T, 17, 2] of 256 x 256."""
    index = np.clip(np.arange(-40, 64), 0, len(poses) - 1)
    points = poses[index, :, :2].astype(np.float64) * (256 / np.array([WIDTH, HEIGHT]))
    track = np.concatenate([points[..., 1].T, points[..., 0].T]) / 256 * 2 - 1  # [34, 104]
    with torch.inference_mode():
        found = network(torch.from_numpy(track).float()[None])[0].numpy()
    y, x = np.split((found[:, : len(poses)] + 1) / 2 * 256, 2)
    return np.stack([x.T, y.T], -1)


def openpose(pose: np.ndarray) -> np.ndarray:
    """COCO-17 [17, 3] -> OpenPose-18 [18, 2], -1 for what is not sure."""
    pose = np.where(pose[:, 2:] >= 0.3, pose, -1)
    neck = pose[5:7].mean(0) if (pose[5:7, 2] >= 0.3).all() else np.full(3, -1)
    return np.stack([neck if joint is None else pose[joint] for joint in OPENPOSE18])[:, :2]


def assert_same_picture(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal, but for few values between two levels that rounding moves to the other."""
    difference = np.abs(found.astype(int) - expected)
    assert expected.std() > 20
    assert difference.max() <= 1
    assert difference.mean() < 1e-2


def judge_clip(folder: Path, made: Path, weights: str, motion: str, network: nn.Module, cleaner: nn.Module) -> None:
    """Animate the source into the folder `made` with weights by name, and compose the same with the networks."""
    command = ("animate", SOURCE, folder / "driving.json", "-o", made / "%05d.png", "--weights", weights)
    code, _, stderr = run(*command, "--motion", motion, "--retarget", "none", "--frame", "crop")
    assert (code, stderr) == (0, "")
    height, width = picture().shape[:2]
    own = detected()
    reference = np.where(own[:, 2:] >= 0.3, own[:, :2] * (256 / np.array([width, height])), 0)
    structures = np.stack([structure_map(pose, layout="h36m17") for pose in cleaned(driving(), cleaner)])
    maps = torch.from_numpy(structure_map(reference, layout="coco17"))[None]
    with torch.inference_mode():
        steps = network(torch.from_numpy(structures)[None], squashed(256, 256), maps)
    files = sorted(made.glob("*.png"))
    assert len(files) == FRAMES
    for path, step in zip(files, steps, strict=True):
        assert_same_picture(np.asarray(Image.open(path)), truncated(step.image))


def judge_pose(folder: Path, made: Path, weights: str, network: nn.Module, size: tuple[int, int]) -> None:
    """The same of one pose, on a canvas of `size` (height, width)."""
    height, width = size
    command = ("pose", SOURCE, folder / "target.json", "--weights", weights, "--retarget", "none")
    code, _, stderr = run(*command, "--frame", "crop", "-o", made / "made.png")
    assert (code, stderr) == (0, "")
    pairs = ((detected(), picture().shape[:2]), (driving()[0], (HEIGHT, WIDTH)))
    own, target = (
        torch.from_numpy(person_maps(openpose(pose), height=height, width=width, annotated=size))[None]
        for pose, size in pairs
    )
    with torch.inference_mode():
        expected = network(squashed(height, width), own, target).image
    assert_same_picture(np.asarray(Image.open(made / "made.png")), truncated(expected))


def test_a_clip_by_the_authors_networks(folder: Path, tmp_path: Path) -> None:
    judge_clip(folder, tmp_path, "iper", "cleaner", load_weights("iper"), load_weights("cleaner"))


@pytest.mark.parametrize(("weights", "size"), [("fashion", (256, 256)), ("market", (128, 64))])
def test_a_pose_by_the_authors_networks(weights: str, size: tuple[int, int], folder: Path, tmp_path: Path) -> None:
    judge_pose(folder, tmp_path, weights, load_weights(weights), size)


@pytest.fixture
def bring_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], nn.Module]:
    """Import a checkpoint of full width under its configuration's name; gives the network made without the import."""
    monkeypatch.setenv("GFLA_WEIGHTS", str(tmp_path / "weights"))

    def work(kind: str) -> nn.Module:
        golden = open_golden(official_files()[kind])
        save_checkpoint(tmp_path / "latest_net_G.pth", golden, kind)
        command = ["weights", "import", str(tmp_path / "latest_net_G.pth"), "--as", kind, "--quiet"]
        assert CliRunner().invoke(app, command).exit_code == 0
        network = FULL_WIDTH[golden.network](golden.metadata["config"])
        network.load_state_dict(generated(golden, kind))
        return network.eval()

    return work


FULL_POSES = [
    pytest.param("pose_market", (128, 64), id="pose_market"),
    pytest.param("pose_fashion", (256, 256), id="pose_fashion", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("kind", "size"), [pose for pose in FULL_POSES if pose.values[0] in official_files()])
def test_a_pose_by_an_imported_checkpoint(
    kind: str, size: tuple[int, int], bring_in: Callable[[str], nn.Module], folder: Path, tmp_path: Path
) -> None:
    judge_pose(folder, tmp_path, kind, bring_in(kind), size)


@pytest.mark.slow
@pytest.mark.skipif(not {"dance_fashion", "keypoint"} <= set(official_files()), reason="the reference files lack it")
def test_a_clip_by_imported_checkpoints(bring_in: Callable[[str], nn.Module], folder: Path, tmp_path: Path) -> None:
    judge_clip(folder, tmp_path, "dance_fashion", "keypoint", bring_in("dance_fashion"), bring_in("keypoint"))


@pytest.mark.parametrize("weights", ["market", "iper"])
def test_the_whole_frame_has_the_sources_size_and_body_is_the_default(
    weights: str, folder: Path, tmp_path: Path
) -> None:
    command = ("pose", SOURCE, folder / "target.json", "--weights", weights, "--json")
    code, stdout, stderr = run(*command, "-o", tmp_path / "body.png")
    assert (code, stderr) == (0, "")
    assert json.loads(stdout)["options"]["retarget"] == "body"
    assert np.asarray(Image.open(tmp_path / "body.png")).shape == picture().shape
    assert run(*command, "--retarget", "none", "-o", tmp_path / "none.png")[0] == 0
    assert (tmp_path / "none.png").read_bytes() != (tmp_path / "body.png").read_bytes()


@pytest.mark.parametrize(
    ("command", "option", "line"),
    [
        ("animate", ("--weights", "fashion"), "fashion holds 'picture' weights, which are for gfla pose"),
        ("animate", ("--weights", "car"), "car holds 'picture' weights, which are for gfla view-synth"),
        ("pose", ("--weights", "car"), "car holds 'picture' weights, which are for gfla view-synth"),
        (
            "pose",
            ("--weights", "cleaner"),
            "cleaner holds 'motion' weights, which are for the option --motion",
        ),
        ("animate", ("--motion", "iper"), "iper holds 'animation' weights, which are for gfla animate and gfla pose"),
        (
            "animate",
            ("--weights", "nobody"),
            "no weights 'nobody': use a file, or one of: keypoints, motion, objects, person, viewpoint, car",
        ),
    ],
)
def test_weights_for_something_else_are_one_line(
    command: str, option: tuple[str, str], line: str, folder: Path, tmp_path: Path
) -> None:
    name = {"animate": "driving.json", "pose": "target.json"}[command]
    output = tmp_path / ("out.mp4" if command == "animate" else "out.png")
    code, stdout, stderr = run(command, SOURCE, folder / name, "-o", output, *option)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert line in stderr
    assert not output.exists()
