"""What every executor runs in its processes: the jobs of a group, of which a bad one never stops the others.

In: a `Group` and the folder of the batch. Out: files in the folder, and `Event`s through a callback. Called by
`executors.local` and `executors.ray.node`.
"""

from functools import lru_cache
from pathlib import Path

from pipelines.animation import animate
from pipelines.batch.batched_animation import animate_together
from pipelines.batch.events import SendEvent
from pipelines.batch.job_progress import JobProgress
from pipelines.batch.jobs import Group, Job, config_of
from pipelines.batch.journal import STATE_FOLDER
from pipelines.configs import AnimateConfig, FaceConfig, PoseConfig
from pipelines.face_animation import animate_face
from pipelines.generation.resources import Resources
from pipelines.media.files import check_readable
from pipelines.pose_transfer import transfer_pose
from pipelines.view_synthesis import synthesize_views


def run_group(group: Group, folder: Path, send: SendEvent) -> None:
    """Run every job of the group; outputs go into `folder`.

    `send` receives for each job that it has started, its progress, and that it is done or why it failed. Networks and
    pictures stay loaded for the next group that this process runs.
    """
    resources = _shared_resources(folder, group.threads)
    for first in range(0, len(group.jobs), group.together):
        jobs = group.jobs[first : first + group.together]
        if len(jobs) > 1 and jobs[0].command == "animate":
            jobs = animate_together(jobs, folder, send, resources)
        for job in jobs:
            _run_job(job, folder, send, resources)


def _run_job(job: Job, folder: Path, send: SendEvent, resources: Resources) -> None:
    progress = JobProgress(job, send)
    try:
        progress.finish(folder, _run_pipeline(job, folder, progress, resources))
    except Exception as error:
        progress.fail(error)


def _run_pipeline(job: Job, folder: Path, progress: JobProgress, resources: Resources) -> int:
    """Do what the job's command does; returns the number of pictures made."""
    for path in job.inputs:
        check_readable(Path(path))
    (folder / job.output).parent.mkdir(parents=True, exist_ok=True)
    config = config_of(job, folder)
    if isinstance(config, AnimateConfig):
        return animate(config, progress, resources).frames
    if isinstance(config, FaceConfig):
        return animate_face(config, progress).frames
    if isinstance(config, PoseConfig):
        return len(transfer_pose(config, progress, resources).poses)
    return sum(map(len, synthesize_views(config, progress, resources).azimuths.values()))


@lru_cache(1)
def _shared_resources(folder: Path, threads: int) -> Resources:
    poses = folder / STATE_FOLDER / "poses"
    poses.mkdir(parents=True, exist_ok=True)
    return Resources(poses, threads)
