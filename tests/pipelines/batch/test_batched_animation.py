"""Videos generated together are those generated one by one, whatever else is in the batch."""

from dataclasses import replace
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.generators.animation import AnimationGenerator
from pipelines.batch.batched_animation import BatchedJob
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.worker import run_group
from pipelines.generation import networks, resume_folder
from pipelines.generation.resources import Resources
from pipelines.generation.rollout import FrameGenerator
from pipelines.generation.video_output import VideoOutput
from tests.helpers.small_batches import BatchInputs, make_animate_job

ROUNDING = 2  # levels of 255


def as_pictures(job: Job) -> Job:
    """The job with a folder of pictures for an output."""
    return replace(job, output=job.name)


def read_frames(folder: Path) -> np.ndarray:
    """int [T, H, W, 3]."""
    return np.stack([np.asarray(Image.open(path)).astype(int) for path in sorted(folder.iterdir())])


def last_events(jobs: list[Job], folder: Path, *, together: int) -> dict[str, Event]:
    """Run the jobs as one group; returns the last event of each."""
    folder.mkdir()
    last: dict[str, Event] = {}
    run_group(Group(tuple(jobs), together=together), folder, lambda event: last.update({event.job: event}))
    return last


@pytest.fixture
def jobs(inputs: BatchInputs) -> list[Job]:
    """Lengths of 4, 2 and 6 frames, and one that can't be read."""
    (ann, bob), (first, second) = inputs.sources, inputs.tracks
    short = replace(make_animate_job(bob, first, inputs.weights, max_frames=2), name="short")
    good = make_animate_job(ann, first, inputs.weights), short, make_animate_job(ann, second, inputs.weights)
    return [as_pictures(job) for job in (*good, make_animate_job(inputs.broken_source, first, inputs.weights))]


def test_jobs_of_different_lengths_one_of_which_fails_half_way(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = last_events(jobs, tmp_path / "alone", together=1)
    sizes: list[int] = []
    step, write = AnimationGenerator.step, VideoOutput.write

    def count_step(self, reference, state, structure, joints=None):
        sizes.append(len(structure))
        return step(self, reference, state, structure, joints)

    def full_disk(self, made):
        if self.config.target.name == jobs[0].name and self.count == 2:
            raise OSError(28, "No space left on device")
        write(self, made)

    monkeypatch.setattr(AnimationGenerator, "step", count_step)
    monkeypatch.setattr(VideoOutput, "write", full_disk)
    together = last_events(jobs, tmp_path / "together", together=4)
    assert sizes[0] == 3
    assert sizes[-1] == 1
    assert sorted(sizes, reverse=True) == sizes
    assert len(sizes) == 7  # the poses of the sources, and the longest of the videos
    assert [alone[job.name].state for job in jobs] == ["done", "done", "done", "failed"]
    assert [together[job.name].state for job in jobs] == ["failed", "done", "done", "failed"]
    assert "No space left" in (together[jobs[0].name].reason or "")
    assert "bad.png" in (together[jobs[3].name].reason or "")
    for job, count in ((jobs[1], 2), (jobs[2], 6)):
        ours, theirs = read_frames(tmp_path / "together" / job.output), read_frames(tmp_path / "alone" / job.output)
        assert len(ours) == together[job.name].frames == count
        assert np.abs(ours - theirs).max() <= ROUNDING
    assert {path.name for path in (tmp_path / "together").iterdir()} == {".gfla", jobs[1].output, jobs[2].output}


def test_on_a_gpu_a_batch_keeps_its_size_until_half_of_it_is_over(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = last_events(jobs[:3], tmp_path / "alone", together=1)
    sizes: list[int] = []
    step, make = AnimationGenerator.step, FrameGenerator.__init__

    def count_step(self, reference, state, structure, joints=None):
        sizes.append(len(structure))
        return step(self, reference, state, structure, joints)

    def keep_sizes(self, *args, **options):
        make(self, *args, **options)
        self.keeps_sizes = True

    monkeypatch.setattr(AnimationGenerator, "step", count_step)
    monkeypatch.setattr(FrameGenerator, "__init__", keep_sizes)
    together = last_events(jobs[:3], tmp_path / "together", together=3)
    assert sizes[-6:] == [3, 3, 3, 3, 1, 1]
    for job in jobs[:3]:
        ours, theirs = read_frames(tmp_path / "together" / job.output), read_frames(tmp_path / "alone" / job.output)
        assert len(ours) == together[job.name].frames == alone[job.name].frames
        assert np.abs(ours - theirs).max() <= ROUNDING


def test_what_does_not_fit_together_is_generated_one_by_one(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, sizes = AnimationGenerator.step, []

    def small_memory(self, reference, state, structure, joints=None):
        sizes.append(len(structure))
        if len(structure) > 1 and len(sizes) > 1:
            raise torch.OutOfMemoryError("out of memory")
        return step(self, reference, state, structure, joints)

    monkeypatch.setattr(AnimationGenerator, "step", small_memory)
    last = last_events(jobs[:2], tmp_path / "out", together=2)
    assert [last[job.name].state for job in jobs[:2]] == ["done", "done"]
    assert sizes == [2, 2, *[1] * 5, *[1] * 3]  # alone each has the step of its source's pose as well
    assert [len(read_frames(tmp_path / "out" / job.output)) for job in jobs[:2]] == [4, 2]


def test_jobs_that_were_killed_go_on_beside_others(
    jobs: list[Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume_folder, "SEGMENT", 2)
    first, _, second, _ = (replace(job, options=job.options | {"resume": True}) for job in jobs)
    alone = last_events([first, second], tmp_path / "alone", together=1)
    write = VideoOutput.write
    with monkeypatch.context() as patch:

        def kill(self, made):
            if self.count == 5:
                raise KeyboardInterrupt
            write(self, made)

        patch.setattr(VideoOutput, "write", kill)
        with pytest.raises(KeyboardInterrupt):
            run_group(Group((second,)), tmp_path / "together", lambda event: None)
    events: list[Event] = []
    run_group(Group((first, second), together=2), tmp_path / "together", events.append)
    assert [event.step for event in events if event.stage == "animate"][:2] == [0, 4]
    for job in (first, second):
        ours, theirs = read_frames(tmp_path / "together" / job.output), read_frames(tmp_path / "alone" / job.output)
        assert len(ours) == alone[job.name].frames
        assert np.abs(ours - theirs).max() <= ROUNDING
    assert {path.name for path in (tmp_path / "together").iterdir()} == {".gfla", first.output, second.output}


def test_jobs_prepared_side_by_side_are_those_prepared_in_turn(
    inputs: BatchInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As beside a GPU, and there alone: networks are loaded once, two jobs look for the same people, one job fails."""
    sources = [*inputs.sources, inputs.broken_source, inputs.sources[0]]
    clips = [*inputs.clips, inputs.clips[0], inputs.clips[0]]
    jobs = [
        replace(make_animate_job(source, clip, inputs.weights, max_frames=2), name=f"job{number}")
        for number, (source, clip) in enumerate(zip(sources, clips, strict=True))
    ]
    jobs = [as_pictures(job) for job in jobs]
    on_cpu = BatchedJob(jobs[0], tmp_path, lambda event: None)
    assert not on_cpu.can_prepare_beside_others(Resources())
    alone = last_events(jobs, tmp_path / "alone", together=4)
    loaded: list[str] = []
    threads = set[int]()
    load, prepare = networks.load_weights, BatchedJob.prepare

    def count(name: str, **options: Any) -> Any:
        loaded.append(name)
        return load(name, **options)

    def note_thread(self: BatchedJob, resources: Resources) -> None:
        threads.add(get_ident())
        prepare(self, resources)

    monkeypatch.setattr(networks, "load_weights", count)
    monkeypatch.setattr(BatchedJob, "prepare", note_thread)
    monkeypatch.setattr(BatchedJob, "can_prepare_beside_others", lambda self, resources: True)
    together = last_events(jobs, tmp_path / "together", together=4)
    assert [together[job.name].state for job in jobs] == ["done", "done", "failed", "done"]
    assert get_ident() not in threads
    assert sorted(set(loaded)) == sorted(loaded)
    for job in jobs:
        assert together[job.name].warnings == alone[job.name].warnings
        assert together[job.name].reason == alone[job.name].reason
        if together[job.name].state == "done":
            ours, theirs = (read_frames(tmp_path / run / job.output) for run in ("together", "alone"))
            assert np.array_equal(ours, theirs)
