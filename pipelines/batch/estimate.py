"""What a batch will take, before it runs: frames from the clips' headers, seconds from measured rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from models.errors import GflaError, explain
from pipelines.batch import journal
from pipelines.batch.jobs import Job
from pipelines.batch.runner import outputs_intact, rate
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.media.sources import open_video

VIEWS = 72  # of a turntable that does not say, with our own weights
# A picture on one core of a server of 2026, with poses and encoding. A folder's own rate counts once there is one.
SECONDS = {"animate": 0.33, "pose": 1.2, "view-synth": 0.6}


@dataclass(frozen=True)
class Estimate:
    """A job before it runs. state: "new", or what the journal says; frames None: not known (see `reason`)."""

    job: Job
    state: str
    frames: int | None
    seconds: float
    reason: str = ""

    def row(self) -> tuple[object, ...]:
        """Name, command, state, frames, seconds and reason, as a plan shows them."""
        frames = "?" if self.frames is None else self.frames
        return self.job.name, self.job.command, self.state, frames, round(self.seconds), self.reason


def estimates(jobs: Sequence[Job], folder: Path) -> list[Estimate]:
    """One for each job; those that are done take no time."""
    book = journal.read(folder)
    rates = {command: rate(folder, command) or seconds for command, seconds in SECONDS.items()}
    return [_estimate(job, book.entries.get(job.name), folder, rates[job.command]) for job in jobs]


def _estimate(job: Job, entry: journal.Entry | None, folder: Path, seconds: float) -> Estimate:
    known = entry is not None and entry.key == job.key
    state = entry.state if known and entry else "new"
    if known and entry and state == "done":
        state = "done" if outputs_intact(entry, folder) else "torn"
    try:
        frames = _frames(job)
    except (GflaError, OSError) as error:
        return Estimate(job, state, None, 0.0, explain(error))
    return Estimate(job, state, frames, 0.0 if state == "done" else (frames or 0) * seconds)


def _frames(job: Job) -> int | None:
    options = job.options
    if job.command == "view-synth":
        return len(options.get("angles", ())) or options.get("views", VIEWS)
    if job.command == "pose":
        return len(options["targets"])
    times = (None if (value := options.get(name)) is None else Fraction(value) for name in ("start", "end", "fps"))
    return _clip(options["driving"], *times, options.get("max_frames"))


@cache
def _clip(
    path: str, start: Fraction | None, end: Fraction | None, fps: Fraction | None, most: int | None
) -> int | None:
    if is_track(path):
        return len(select_frames(load_track(path, rate=fps), start, end, most).frames)
    with open_video(path, start=start, end=end, fps=fps, max_frames=most) as source:
        return source.info.frames
