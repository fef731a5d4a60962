"""Several videos generated at once: one batch of the network makes the next frame of each. It pays off on a GPU.

In: animate jobs that share networks. Out: their files and events, as if each had run alone. Called by `worker`.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock

from models.generators.recurrent import Step
from pipelines.animation import ARCHITECTURES, Animation, generate_frames, prepare_animation
from pipelines.batch.events import Event, SendEvent
from pipelines.batch.job_progress import JobProgress
from pipelines.batch.jobs import Job, config_of
from pipelines.configs import AnimateConfig
from pipelines.generation.resources import Resources
from pipelines.keypoints.detectors.bundled import BundledDetector
from pipelines.media.files import check_readable
from pipelines.runtime.devices import choose_device
from pipelines.runtime.progress import SILENT
from pipelines.runtime.workers import background_worker

PREPARING_THREADS = 4  # one alone keeps a GPU busy for a part of the time only


def animate_together(jobs: Sequence[Job], folder: Path, send: SendEvent, resources: Resources) -> tuple[Job, ...]:
    """Run animate jobs that share networks; one that fails or ends leaves the batch, the others continue.

    Returns the jobs that still have to run one by one, because the network could not take them together.
    """
    sending = Lock()

    def send_in_turn(event: Event) -> None:
        with sending:
            send(event)

    with ExitStack() as stack:
        batched = [BatchedJob(job, folder, send_in_turn) for job in jobs]
        for each in batched:
            stack.push(each.open_files)
            each.progress.concurrent_jobs = len(batched)
        _prepare(batched, resources)
        ready = [each for each in batched if not each.is_over]
        for shape in sorted({each.shape for each in ready}):  # of which all in a batch of the network must be
            _generate([each for each in ready if each.shape == shape])
        return tuple(each.job for each in batched if not each.is_over)


def _prepare(batched: "Sequence[BatchedJob]", resources: Resources) -> None:
    """Prepare all jobs, side by side where they can be."""

    def prepare(each: BatchedJob) -> None:
        with each.catch_errors():
            each.prepare(resources)

    beside = [each for each in batched if each.can_prepare_beside_others(resources)]
    for each in batched:
        if each not in beside:
            prepare(each)
    threads = ThreadPoolExecutor(PREPARING_THREADS)
    try:
        for prepared in [threads.submit(prepare, each) for each in beside]:
            prepared.result()
    finally:
        threads.shutdown(cancel_futures=True)


def _generate(batched: "Sequence[BatchedJob]") -> None:
    """Generate all videos to their ends, or until the network fails."""
    frames = generate_frames([each.animation for each in batched])
    steps = iter(frames)
    while True:
        try:
            number, step = next(steps)
        except StopIteration:
            return
        except Exception as error:  # most likely out of memory: one by one they may fit
            for each in batched:
                each.discard(error)
            return
        current = batched[number]
        with current.catch_errors():
            current.write(step)
        if current.is_over:
            frames.stopped.add(number)


class BatchedJob:
    """One of the jobs that are generated together: its open files, and whether it `is_over`, done or failed."""

    animation: Animation  # once it is prepared

    def __init__(self, job: Job, folder: Path, send: SendEvent) -> None:
        self.job, self.folder, self.progress = job, folder, JobProgress(job, send)
        self.open_files = ExitStack()
        self.is_over = False
        self.frames_left = 0

    @contextmanager
    def catch_errors(self) -> Iterator[None]:
        """An error in the block ends this job only."""
        try:
            yield
        except Exception as error:
            self.is_over = True
            self.discard(error)
            self.progress.fail(error)

    def discard(self, error: Exception) -> None:
        """Close all files; no output appears."""
        with suppress(Exception):
            self.open_files.__exit__(type(error), error, error.__traceback__)

    def can_prepare_beside_others(self, resources: Resources) -> bool:
        """Whether threads may do it, and gain by it: those of a CPU would wait for each other, and other detectors than
        the bundled one remember one video at a time."""
        try:
            config = self._config()
            if choose_device(config.device).type != "cuda":
                return False
            return isinstance(resources.person_networks(config, ARCHITECTURES, SILENT).detector, BundledDetector)
        except Exception:  # `prepare` will say so
            return False

    def prepare(self, resources: Resources) -> None:
        """Everything before the first frame."""
        for path in self.job.inputs:
            check_readable(Path(path))
        (self.folder / self.job.output).parent.mkdir(parents=True, exist_ok=True)
        made = prepare_animation(self._config(), self.progress, resources)
        self.animation = self.open_files.enter_context(made)
        self.output = self.open_files.enter_context(self.animation.output)
        self.write_in_background = self.open_files.enter_context(background_worker(self.output.write))
        begin = self.animation.begin
        self.frames_left = self.animation.frames - begin
        self.progress.stage("animate", self.animation.frames, done=begin)

    def _config(self) -> AnimateConfig:
        config = config_of(self.job, self.folder)
        assert isinstance(config, AnimateConfig)
        return config

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the canvas, and the number of further pictures."""
        processor = self.animation.processor
        return *processor.canvas.shape, len(processor.others)

    def write(self, step: Step) -> None:
        """Write a frame; after the last one the outputs appear under their names."""
        self.write_in_background(self.output.begin(step))
        self.progress.advance()
        self.frames_left -= 1
        if not self.frames_left:
            self.is_over = True
            self.open_files.close()
            self.progress.finish(self.folder, self.animation.frames)
