"""What any executor runs: the jobs of a group in this process, one bad job never stopping the others."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.errors import explain
from pipelines import animate, pose, view_synth
from pipelines.batch.configs import config_of
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE
from pipelines.batch.outputs import fingerprint
from pipelines.media.files import check_readable
from pipelines.progress import Notes
from pipelines.studio import Studio

Tell = Callable[[Event], None]
PROGRESS_INTERVAL = 0.5  # seconds


def perform(group: Group, folder: Path, tell: Tell) -> None:
    """Do every job of the group; its outputs go into `folder`.

    `tell` hears of each job that it has started, how far it is, and that it is done or why it failed. What one group
    has loaded is there for the next one that this process does.
    """
    studio = _studio(folder, group.threads)
    for job in group.jobs:
        _single(job, folder, tell, studio)


def _single(job: Job, folder: Path, tell: Tell, studio: Studio) -> None:
    with _told(job, folder, tell) as report:
        frames = run_job(job, folder, report, studio)
        report.frames = frames


def run_job(job: Job, folder: Path, progress: "Report", studio: Studio) -> int:
    """Do one job as its command would alone; gives the number of pictures made. Raises what the command raises."""
    for path in job.inputs:
        check_readable(Path(path))
    config = config_of(job, folder)
    if isinstance(config, animate.AnimateConfig):
        return animate.run(config, progress, studio).frames
    if isinstance(config, pose.PoseConfig):
        return len(pose.run(config, progress, studio).poses)
    return sum(map(len, view_synth.run(config, progress, studio).azimuths.values()))


class Report(Notes):
    """Progress of one job as events; keeps its warnings."""

    def __init__(self, job: Job, tell: Tell) -> None:
        super().__init__()
        self.job, self.tell = job, tell
        self.frames = 0
        self.began = self.said = time.monotonic()
        self.name, self.steps, self.step = "", None, 0

    def stage(self, name: str, total: int | None) -> None:
        self.name, self.steps, self.step = name, total, 0
        self._say()

    def advance(self, n: int = 1) -> None:
        self.step += n
        if time.monotonic() - self.said > PROGRESS_INTERVAL:
            self._say()

    def _say(self) -> None:
        self.said = time.monotonic()
        self.tell(Event(self.job.name, "progress", stage=self.name, step=self.step, steps=self.steps))

    def end(self, state: str, **facts: Any) -> None:
        """Tell how the job ended."""
        seconds = round(time.monotonic() - self.began, 3)
        self.tell(Event(self.job.name, state, seconds=seconds, warnings=tuple(self.notes), **facts))


@contextmanager
def _told(job: Job, folder: Path, tell: Tell) -> Iterator[Report]:
    """The job's report; an error inside ends only the job."""
    tell(Event(job.name, "started"))
    report = Report(job, tell)
    try:
        (folder / job.output).parent.mkdir(parents=True, exist_ok=True)
        yield report
        files = {name: fingerprint(folder / name) for name in job.outputs}
    except Exception as error:
        report.end("failed", reason=" ".join(explain(error).split()))
    else:
        report.end("done", files=files, frames=report.frames)


@lru_cache(1)
def _studio(folder: Path, threads: int) -> Studio:
    poses = folder / STATE / "poses"
    poses.mkdir(parents=True, exist_ok=True)
    return Studio(poses, threads)
