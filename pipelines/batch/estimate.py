"""What a batch will take: frames from the headers of the driving videos, seconds from sizes and measured rates.

In: jobs and the folder of the batch. Out: an `Estimate` for each, and the wall time of all. Called by `gfla batch`, for
`--dry-run` and for the time left of a run.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from time import monotonic

from models.errors import explain
from pipelines.batch.costs import WORKER_START, job_seconds, measure_slowness, wall_time
from pipelines.batch.jobs import COMMANDS, Group, Job
from pipelines.batch.journal import Journal, JournalEntry, read_journal
from pipelines.batch.runner import outputs_intact
from pipelines.keypoints.loading import is_track, load_track, select_frames
from pipelines.keypoints.pairs import parse_pairs
from pipelines.media.sources import open_video

DEFAULT_VIEWS = 72  # of a turntable with the bundled weights
ALL_PEOPLE = 2  # of `--people all` before anybody has looked: those who ask for it have several


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


def estimate_jobs(
    jobs: Sequence[Job], folder: Path, *, is_core_free: bool = False, limit: float = math.inf
) -> list[Estimate]:
    """One estimate per job, in order; finished jobs take no time.

    Args:
        is_core_free: whether every worker has two cores, see `costs.job_seconds`.
        limit: seconds after which no more headers are read; jobs that are left get the mean of the others.
    """
    journal, end = read_journal(folder), monotonic() + limit
    people = {name: _count_people(job) for name, job in journal.load_jobs().items()}
    paces = {command: _measure_pace(command, journal, people) for command in COMMANDS}
    searched: set[str | None] = set()  # driving inputs in which people have been found by then
    estimates = []
    for job in jobs:
        estimate = _estimate_frames(job, _state(journal.find(job), folder), is_late=monotonic() > end)
        if estimate.frames and estimate.state != "done":
            detect = job.driving not in searched and not _has_poses(job)
            about = {"people": _count_people(job), "detect": detect, "is_core_free": is_core_free}
            seconds = job_seconds(job.command, job.source, estimate.frames, **about)
            estimate = replace(estimate, seconds=seconds * paces[job.command])
            searched.add(job.driving)
        estimates.append(estimate)
    known = [each.seconds for each in estimates if each.seconds]
    mean = sum(known) / len(known) if known else 0.0
    return [replace(each, seconds=mean) if each.frames is None and not each.reason else each for each in estimates]


def estimate_wall_time(estimates: Sequence[Estimate], groups: Iterable[Group], workers: int) -> float:
    """Seconds until the last worker is through with its groups, with the start of the workers."""
    seconds = {each.job.name: each.seconds for each in estimates}
    busy = wall_time([[seconds[job.name] for job in group.jobs] for group in groups], workers)
    return busy + WORKER_START * measure_slowness() if busy else 0.0


def _measure_pace(command: str, journal: Journal, people: Mapping[str, int]) -> float:
    """How slow finished jobs of the command were, or else this machine is, as a multiple of the times in `costs`.

    people: how many move, by the name of the job.
    """
    finished = {
        name: entry.facts
        for name, entry in journal.entries.items()
        if entry.state == "done" and entry.facts["command"] == command and entry.facts.get("frames")
    }
    expected, searched = 0.0, set()
    for name, facts in finished.items():
        about = {"people": people.get(name, 1), "detect": facts["driving"] not in searched, "is_core_free": False}
        searched.add(facts["driving"])
        expected += job_seconds(command, facts["source"], facts["frames"], **about)
    return sum(facts["seconds"] for facts in finished.values()) / expected if expected else measure_slowness()


def _state(entry: JournalEntry | None, folder: Path) -> str:
    if entry is None:
        return "new"
    return "incomplete" if entry.state == "done" and not outputs_intact(entry, folder) else entry.state


def _estimate_frames(job: Job, state: str, *, is_late: bool) -> Estimate:
    """An estimate without its seconds."""
    try:
        return Estimate(job, state, None if is_late else _count_frames(job), 0.0)
    except Exception as error:  # a damaged file; it fails its own job only
        return Estimate(job, state, None, 0.0, explain(error))


def _count_people(job: Job) -> int:
    """How many people a job moves, as far as its options say."""
    asked = job.options.get("people")
    return 1 if asked is None else len(parse_pairs(asked) or ()) or ALL_PEOPLE


def _has_poses(job: Job) -> bool:
    """Whether the poses come from a file."""
    given = [*job.inputs[1:], job.options.get("keypoints", "")]
    return any(is_track(path) for path in given if path and Path(path).exists())


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
