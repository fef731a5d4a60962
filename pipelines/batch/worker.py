"""What any executor runs: the jobs of a group in this process, one bad job never stopping the others."""

from functools import lru_cache
from pathlib import Path

from pipelines import animation as animate
from pipelines import pose_transfer as pose
from pipelines import view_synthesis as view_synth
from pipelines.batch.batched_animation import animate_together
from pipelines.batch.configs import config_of
from pipelines.batch.job_progress import JobProgress, Tell
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE
from pipelines.generation.resources import Resources
from pipelines.media.files import check_readable


def run_group(group: Group, folder: Path, tell: Tell) -> None:
    """Do every job of the group; its outputs go into `folder`.

    `tell` hears of each job that it has started, how far it is, and that it is done or why it failed. What one group
    has loaded is there for the next one that this process does.
    """
    studio = _studio(folder, group.threads)
    for first in range(0, len(group.jobs), group.together):
        jobs = group.jobs[first : first + group.together]
        if len(jobs) > 1 and jobs[0].command == "animate":
            jobs = animate_together(jobs, folder, tell, studio)
        for job in jobs:
            _alone(job, folder, tell, studio)


def _alone(job: Job, folder: Path, tell: Tell, studio: Resources) -> None:
    report = JobProgress(job, tell)
    try:
        report.done(folder, _run(job, folder, report, studio))
    except Exception as error:
        report.failed(error)


def _run(job: Job, folder: Path, report: JobProgress, studio: Resources) -> int:
    """Do one job as its command would; gives the number of pictures made."""
    for path in job.inputs:
        check_readable(Path(path))
    (folder / job.output).parent.mkdir(parents=True, exist_ok=True)
    config = config_of(job, folder)
    if isinstance(config, animate.AnimateConfig):
        return animate.animate(config, report, studio).frames
    if isinstance(config, pose.PoseConfig):
        return len(pose.transfer_pose(config, report, studio).poses)
    return sum(map(len, view_synth.synthesize_views(config, report, studio).azimuths.values()))


@lru_cache(1)
def _studio(folder: Path, threads: int) -> Resources:
    poses = folder / STATE / "poses"
    poses.mkdir(parents=True, exist_ok=True)
    return Resources(poses, threads)
