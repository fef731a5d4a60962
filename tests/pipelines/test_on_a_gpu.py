"""Every pipeline once on a GPU: it makes there what it makes on the CPU, and no frame waits for the GPU."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pipelines import (
    AnimateConfig,
    FaceConfig,
    KeypointsConfig,
    PoseConfig,
    ViewSynthConfig,
    animate,
    animate_face,
    extract_keypoints,
    synthesize_views,
    transfer_pose,
)
from pipelines.animation import generate_frames, prepare_animation
from pipelines.batch.batched_animation import BatchedJob
from pipelines.batch.jobs import Group, Job
from pipelines.batch.worker import run_group
from pipelines.generation.resources import Resources
from pipelines.keypoints.loading import load_track
from pipelines.runtime.progress import SILENT
from tests.helpers.devices import needs_cuda
from tests.helpers.faces import write_face_inputs
from tests.helpers.media_files import DRIVING, EXAMPLES, SOURCE

pytestmark = [pytest.mark.gpu, needs_cuda]

FRAMES = 8
PERSON: dict[str, Any] = {"keypoints": "bundled", "precision": "fp32"}
CLOSE = 34.0  # dB: convolutions on GPUs round to TF32, and what is copied from frame to frame carries it on


@pytest.fixture(autouse=True)
def _let_everything_wait_afterwards() -> Iterator[None]:
    yield
    torch.cuda.set_sync_debug_mode("default")


def read(folder: Path) -> np.ndarray:
    """The pictures of a folder, float [T, H, W, C]."""
    return np.stack([np.asarray(Image.open(path), np.float64) for path in sorted(folder.rglob("*.png"))])


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """PSNR in dB."""
    assert first.shape == second.shape
    return float(10 * np.log10(255**2 / max(np.square(first - second).mean(), 1e-9)))


def assert_same_on_both(run: Callable[[str, Path], object], folder: Path) -> None:
    """Run on both devices into a folder each, and compare the pictures."""
    for device in ("cpu", "cuda"):
        run(device, folder / device)
    assert similarity(read(folder / "cpu"), read(folder / "cuda")) > CLOSE


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"frame": "crop", "quality": "fast"},
        {"background": "transparent"},
        {"background": "driving"},
        {"face": True, "quality": "best"},
        {"compare": True, "background": "white"},
    ],
    ids=str,
)
def test_animate(options: dict[str, Any], tmp_path: Path) -> None:
    def run(device: str, output: Path) -> None:
        shared = PERSON | {"device": device, "output": output, "max_frames": FRAMES}
        animate(AnimateConfig(SOURCE, DRIVING, **shared | options))

    assert_same_on_both(run, tmp_path)


def test_animate_in_bfloat16_into_a_video(tmp_path: Path) -> None:
    config = AnimateConfig(SOURCE, DRIVING, output=tmp_path / "made.mp4", keypoints="bundled", max_frames=FRAMES)
    result = animate(config)
    assert (result.device.split(":")[0], result.precision, result.frames) == ("cuda", "bf16", FRAMES)
    assert config.target.stat().st_size > 10_000


def test_pose(tmp_path: Path) -> None:
    assert_same_on_both(
        lambda device, output: transfer_pose(
            PoseConfig(SOURCE, (SOURCE, SOURCE), output=output, device=device, **PERSON)
        ),
        tmp_path,
    )


@pytest.mark.parametrize("weights", ["face", "authors"])
def test_face(weights: str, tmp_path: Path) -> None:
    (tmp_path / "inputs").mkdir()
    inputs = write_face_inputs(tmp_path / "inputs", frames=FRAMES)
    fields: dict[str, Any] = {
        "source": inputs / "source.png",
        "driving": inputs / "driving",
        "landmarks": inputs / "landmarks",
        "source_landmarks": inputs / "source.txt",
        "weights": "face" if weights == "face" else str(inputs / "face.safetensors"),
        "precision": "fp32",
    }
    made = tmp_path / "made"
    assert_same_on_both(lambda device, output: animate_face(FaceConfig(device=device, output=output, **fields)), made)


def test_view_synthesis(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"images": (EXAMPLES / "car.png",), "category": "car", "views": 6, "precision": "fp32"}
    assert_same_on_both(
        lambda device, output: synthesize_views(ViewSynthConfig(device=device, output=output, **fields)), tmp_path
    )


def test_keypoints(tmp_path: Path) -> None:
    tracks = []
    for device in ("cpu", "cuda"):
        config = KeypointsConfig(DRIVING, tmp_path / f"{device}.json", device=device, max_frames=FRAMES, **PERSON)
        extract_keypoints(config)
        tracks.append(load_track(config.output))
    first, second = (np.concatenate(track.people) for track in tracks)
    sure = first[..., 2] > 0.5
    assert sure.mean() > 0.5
    assert np.abs(first - second)[sure, :2].max() < 1.0


@pytest.mark.parametrize("together", [1, 4])
def test_batch(together: int, tmp_path: Path) -> None:
    """Videos of different lengths and canvases, side by side or not, are what each is alone on the CPU."""
    narrow = tmp_path / "narrow.png"
    Image.open(SOURCE).convert("RGB").resize((360, 600)).save(narrow)
    inputs = {"driving": str(DRIVING), "background": "white"} | PERSON
    sources = [(SOURCE, FRAMES), (SOURCE, FRAMES - 3), (SOURCE, FRAMES - 5), (narrow, FRAMES)]
    made = {}
    for device, group in (("cpu", 1), ("cuda", together)):
        jobs = [
            Job(
                f"{number}",
                "animate",
                inputs | {"source": str(path), "max_frames": frames, "device": device},
                f"{number}",
            )
            for number, (path, frames) in enumerate(sources)
        ]
        reasons: list[str | None] = []
        run_group(Group(tuple(jobs), group), tmp_path / device, lambda event, told=reasons: told.append(event.reason))
        assert not any(reasons)
        made[device] = [read(tmp_path / device / f"{number}") for number in range(len(jobs))]
    for first, second in zip(made["cpu"], made["cuda"], strict=True):
        assert similarity(first, second) > CLOSE


def test_jobs_are_prepared_side_by_side(tmp_path: Path) -> None:
    """With the bundled detector, which may be in several videos at once."""
    options = {"source": str(SOURCE), "driving": str(DRIVING), "device": "cuda"} | PERSON
    job = BatchedJob(Job("job", "animate", options, "job.mp4"), tmp_path, lambda event: None)
    assert job.can_prepare_beside_others(Resources())


def test_no_frame_waits_for_the_gpu(tmp_path: Path) -> None:
    """Once the graphs are captured, generating and composing only queue work."""
    shared: dict[str, Any] = {"device": "cuda", "keypoints": "bundled", "output": tmp_path / "made.mp4"}
    config = AnimateConfig(SOURCE, DRIVING, max_frames=3 * FRAMES, **shared)
    pending = []
    with prepare_animation(config, SILENT, Resources()) as animation, animation.output as output:
        for number, (_, step) in enumerate(generate_frames([animation])):
            if number == FRAMES:
                torch.cuda.set_sync_debug_mode("error")
            pending.append(output.begin(step))
        torch.cuda.set_sync_debug_mode("default")
        for each in pending:
            output.write(each)
    assert len(pending) == 3 * FRAMES
