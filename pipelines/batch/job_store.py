"""The jobs of a batch folder as they were queued, one JSON object per line, so that they can run again without the
command line that made them.

In: jobs. Out: the same jobs, by name. `journal` writes it before it records that a job is queued; `queue` reads it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from pipelines.batch.jobs import Job
from pipelines.media.files import flush_to_disk


def store_jobs(path: Path, jobs: Iterable[Job]) -> None:
    """Append the jobs. Raises OSError."""
    lines = [json.dumps(asdict(job)).encode() + b"\n" for job in jobs]
    if lines:
        with path.open("ab+") as file:
            if file.tell() and not _ends_with_newline(path):  # a process died while it wrote
                file.write(b"\n")
            file.write(b"".join(lines))
            file.flush()
            flush_to_disk(file.fileno())


def load_jobs(path: Path) -> dict[str, Job]:
    """The latest job of each name; lines that are damaged are left out. Raises OSError."""
    jobs: dict[str, Job] = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            job = Job(**json.loads(line))
        except (ValueError, TypeError):
            continue
        jobs[job.name] = job
    return jobs


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
