"""Several videos generated at once: one batch of the network makes a frame of each. It pays on a GPU."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from models.generators.animation import Step
from pipelines.animation import Animation, generate_frames, prepare_animation
from pipelines.batch.configs import config_of
from pipelines.batch.job_progress import JobProgress, Tell
from pipelines.batch.jobs import Job
from pipelines.configs import AnimateConfig
from pipelines.generation.resources import Resources
from pipelines.media.files import check_readable
from pipelines.runtime.workers import background_worker


def animate_together(jobs: Sequence[Job], folder: Path, tell: Tell, studio: Resources) -> tuple[Job, ...]:
    """Do animations that share networks; one that fails or ends leaves the batch, and the others go on.

    Gives the jobs that are left to be done one by one, because the network could not take them together.
    """
    with ExitStack() as stack:
        roles = [BatchedJob(job, folder, tell) for job in jobs]
        for role in roles:
            stack.push(role.opened)
            role.report.beside = len(roles)
            role.attempt(lambda role=role: role.prepare(studio))
        playing = [role for role in roles if not role.over]
        if playing:
            _play(playing)
        return tuple(role.job for role in roles if not role.over)


def _play(roles: "Sequence[BatchedJob]") -> None:
    """Play all to their ends, or until the network refuses."""
    performance = generate_frames([role.scene for role in roles if role.scene])
    steps = iter(performance)
    while True:
        try:
            number, step = next(steps)
        except StopIteration:
            return
        except Exception as error:  # out of memory, most likely: alone they may fit
            for role in roles:
                role.drop(error)
            return
        role = roles[number]
        assert isinstance(step, Step)
        role.attempt(lambda role=role, step=step: role.take(step))
        if role.over:
            performance.stopped.add(number)


class BatchedJob:
    """One job among those that are generated together: what it has open, and whether it is `over`."""

    def __init__(self, job: Job, folder: Path, tell: Tell) -> None:
        self.job, self.folder, self.report = job, folder, JobProgress(job, tell)
        self.opened = ExitStack()
        self.scene: Animation | None = None
        self.over = False
        self.left = 0

    def attempt(self, work: Callable[[], None]) -> None:
        """Do a part of the work; an error ends this job only."""
        try:
            work()
        except Exception as error:
            self.over = True
            self.drop(error)
            self.report.failed(error)

    def drop(self, error: Exception) -> None:
        """Close what is open; no output appears."""
        with suppress(Exception):
            self.opened.__exit__(type(error), error, error.__traceback__)

    def prepare(self, studio: Resources) -> None:
        """Everything before the first frame."""
        for path in self.job.inputs:
            check_readable(Path(path))
        (self.folder / self.job.output).parent.mkdir(parents=True, exist_ok=True)
        config = config_of(self.job, self.folder)
        assert isinstance(config, AnimateConfig)
        self.scene = self.opened.enter_context(prepare_animation(config, self.report, studio))
        output = self.opened.enter_context(self.scene.output)
        self.hand_over = self.opened.enter_context(background_worker(output.write))
        self.left = self.scene.frames
        self.report.stage("animate", self.left)

    def take(self, step: Step) -> None:
        """Write a frame; after the last one the outputs appear."""
        self.hand_over(step)
        self.report.advance()
        self.left -= 1
        if not self.left:
            self.over = True
            self.opened.close()
            self.report.done(self.folder, self.scene.result().frames if self.scene else 0)
