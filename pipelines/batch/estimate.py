"""What a batch will take: frames from the headers of the driving videos, seconds from measured rates.

In: jobs and the folder of the batch. Out: an `Estimate` for each. Called by `gfla batch --dry-run`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from models.errors import GflaError, explain
from pipelines.batch.jobs import Job
from pipelines.batch.journal import JournalEntry, read_journal
from pipelines.batch.runner import outputs_intact, seconds_per_frame
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.media.sources import open_video

DEFAULT_VIEWS = 72  # of a turntable with the bundled weights
# Seconds per picture on one core of a 2026 server, poses and encoding included. The folder's own rate replaces them as
# soon as it has finished jobs.
SECONDS_PER_FRAME = {"animate": 0.33, "pose": 1.2, "view-synth": 0.6}


@dataclass(frozen=True)
class Estimate:
    """A job before it runs."""

    job: Job
    state: str
    """"new", one of JOB_STATES as the journal has it, or "incomplete": done, but an output is missing or changed."""
    frames: int | None
    """Pictures to make; None if unknown, see `reason`."""
    seconds: float
    """Working time that is left."""
    reason: str = ""
    """Why the number of frames is unknown, one line."""

    def row(self) -> tuple[object, ...]:
        """Name, command, state, frames, seconds and reason, as a plan shows them."""
        frames = "?" if self.frames is None else self.frames
        return self.job.name, self.job.command, self.state, frames, round(self.seconds), self.reason


def estimate_jobs(jobs: Sequence[Job], folder: Path) -> list[Estimate]:
    """One estimate per job, in order; finished jobs take no time."""
    journal = read_journal(folder)
    rates = {command: seconds_per_frame(folder, command) or rate for command, rate in SECONDS_PER_FRAME.items()}
    return [_estimate_job(job, _state(journal.find(job), folder), rates[job.command]) for job in jobs]


def _state(entry: JournalEntry | None, folder: Path) -> str:
    if entry is None:
        return "new"
    return "incomplete" if entry.state == "done" and not outputs_intact(entry, folder) else entry.state


def _estimate_job(job: Job, state: str, rate: float) -> Estimate:
    """`rate` in seconds per frame."""
    try:
        frames = _count_frames(job)
    except (GflaError, OSError) as error:
        return Estimate(job, state, None, 0.0, explain(error))
    return Estimate(job, state, frames, 0.0 if state == "done" else (frames or 0) * rate)


def _count_frames(job: Job) -> int | None:
    options = job.options
    if job.command == "view-synth":
        return len(options.get("angles", ())) or options.get("views", DEFAULT_VIEWS)
    if job.command == "pose":
        return len(options["targets"])
    times = (None if (value := options.get(name)) is None else Fraction(value) for name in ("start", "end", "fps"))
    return _count_driving_frames(options["driving"], *times, options.get("max_frames"))


@cache
def _count_driving_frames(
    path: str, start: Fraction | None, end: Fraction | None, fps: Fraction | None, max_frames: int | None
) -> int | None:
    """Frames of a video or pose track that would be animated; times in seconds, `fps` in frames per second."""
    if is_track(path):
        return len(select_frames(load_track(path, rate=fps), start, end, max_frames).frames)
    with open_video(path, start=start, end=end, fps=fps, max_frames=max_frames) as source:
        return source.info.frames
