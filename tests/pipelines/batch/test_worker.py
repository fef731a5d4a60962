"""One group in this process: the bytes of single commands, poses detected once, bad jobs that fail alone."""

import os
from dataclasses import replace
from pathlib import Path

import av
import h5py
import numpy as np
import pytest
from PIL import Image

from pipelines.animation import animate
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.worker import run_group
from pipelines.configs import AnimateConfig
from pipelines.generation.resources import Resources
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.runtime.progress import SilentProgress
from tests.helpers.small_batches import BatchInputs, make_animate_job, write_small_car_weights


def run_jobs(folder: Path, *jobs: Job, **options: int) -> tuple[list[Event], dict[str, Event]]:
    """All events, and the last of each job."""
    events: list[Event] = []
    run_group(Group(jobs, **options), folder, events.append)
    return events, {event.job: event for event in events}


def decode_frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]


def test_jobs_of_a_group_give_the_bytes_of_single_commands_and_each_input_is_detected_once(
    inputs: BatchInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detections: list[str] = []
    for way in ("detect_people", "track_people"):
        original = getattr(BundledDetector, way)

        def counted(self, given, way: str = way, original=original):
            detections.append(way)
            return original(self, given)

        monkeypatch.setattr(BundledDetector, way, counted)
    jobs = [make_animate_job(source, inputs.clips[0], inputs.weights) for source in inputs.sources]
    events, last = run_jobs(tmp_path, *jobs)
    assert [last[job.name].state for job in jobs] == ["done", "done"]
    assert sorted(detections) == ["detect_people", "detect_people", "track_people"]
    states = [event.state for event in events if event.job == jobs[0].name]
    assert states[0] == "started"
    assert "progress" in states
    alone = tmp_path / "alone.mp4"
    config = AnimateConfig(
        inputs.sources[1], inputs.clips[0], output=alone, weights=str(inputs.weights), keypoints="bundled"
    )
    animate(replace(config, device="cpu"), SilentProgress(), Resources(threads=1))
    assert alone.read_bytes() == (tmp_path / jobs[1].output).read_bytes()
    files = last[jobs[1].name].files or {}
    assert files[jobs[1].output][1] == alone.stat().st_size
    assert last[jobs[1].name].frames == len(decode_frames(alone)) == 4


def test_one_bad_job_does_not_stop_the_others(inputs: BatchInputs, tmp_path: Path) -> None:
    good = make_animate_job(inputs.sources[0], inputs.tracks[0], inputs.weights)
    pipe = tmp_path / "inputs" / "pipe.json"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    bad = [
        make_animate_job(inputs.broken_source, inputs.clips[0], inputs.weights),
        make_animate_job(inputs.sources[0], inputs.broken_clip, inputs.weights),
        make_animate_job(inputs.sources[0], tmp_path / "missing.mp4", inputs.weights),
        make_animate_job(inputs.sources[0], pipe, inputs.weights),
        make_animate_job(pipe.parent, inputs.clips[0], inputs.weights),
    ]
    _, last = run_jobs(tmp_path, *bad, good)
    assert last[good.name].state == "done"
    for job, what in zip(bad, ("bad.png", "bad.mp4", "missing.mp4", "is a pipe", "is a folder"), strict=True):
        assert last[job.name].state == "failed"
        assert what in (last[job.name].reason or "")
    assert {path.name for path in tmp_path.iterdir()} == {".gfla", "inputs", good.output}


def test_a_pose_job_writes_its_picture(inputs: BatchInputs, tmp_path: Path) -> None:
    given = {"source": str(inputs.sources[0]), "targets": [str(inputs.sources[1])], "keypoints": "bundled"}
    job = Job("p", "pose", {**given, "weights": str(inputs.weights), "device": "cpu"}, "poses/p.png")
    _, last = run_jobs(tmp_path, job)
    assert last["p"].state == "done", last["p"].reason
    assert last["p"].frames == 1
    assert Image.open(tmp_path / "poses" / "p.png").size == (180, 240)


def test_a_view_job_writes_its_turntable(inputs: BatchInputs, tmp_path: Path) -> None:
    weights = write_small_car_weights(tmp_path / "car.safetensors")
    given = {"images": [str(inputs.sources[0])], "category": "car", "weights": str(weights)}
    job = Job("v", "view-synth", {**given, "azimuth": 40.0, "angles": [0.0, 20.0, 60.0], "device": "cpu"}, "v.mp4")
    _, last = run_jobs(tmp_path, job)
    assert last["v"].state == "done", last["v"].reason
    assert last["v"].frames == len(decode_frames(tmp_path / "v.mp4")) == 3


def test_a_view_of_a_shapenet_file_needs_no_picture(tmp_path: Path) -> None:
    data = tmp_path / "data_car.hdf5"
    with h5py.File(data, "w") as file:
        file["a_4_20/image"], file["a_4_20/pose"] = np.zeros((256, 256, 3), np.uint8), np.array([4, 20])
    weights = write_small_car_weights(tmp_path / "car.safetensors")
    options = {"shapenet": str(data), "id": "a_4_20", "category": "car", "weights": str(weights), "device": "cpu"}
    _, last = run_jobs(tmp_path / "out", Job("v", "view-synth", {**options, "angles": [0.0, 20.0]}, "v.mp4"))
    assert last["v"].state == "done", last["v"].reason
    assert last["v"].frames == 2


def test_a_face_that_can_t_be_moved_is_a_warning_of_its_job(inputs: BatchInputs, tmp_path: Path) -> None:
    own, other = inputs.sources
    jobs = [make_animate_job(own, inputs.clips[0], inputs.weights, face=True, max_frames=2)]
    jobs.append(make_animate_job(other, inputs.clips[0], inputs.weights, max_frames=2))
    _, last = run_jobs(tmp_path, *jobs)
    said = [[note for note in last[job.name].warnings if "--face has no effect" in note] for job in jobs]
    assert [last[job.name].state for job in jobs] == ["done", "done"]
    assert [len(notes) for notes in said] == [1, 0]
