"""Which jobs can be checked. What the reports say is in tests of `gfla batch --check`."""

from pathlib import Path

import pytest

from models.errors import InputError
from pipelines.batch.jobs import Job
from pipelines.batch.preflight import check_jobs
from pipelines.runtime.progress import SilentProgress


def test_jobs_of_other_commands_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    animate = Job("a", "animate", {"source": "/a.png", "driving": "/b.mp4"}, "a.mp4")
    pose = Job("p", "pose", {"source": "/a.png", "targets": ["/b.png"]}, "p.png")
    with pytest.raises(InputError, match="--check supports jobs of animate only; p is a job of pose"):
        next(check_jobs([animate, pose], tmp_path, SilentProgress()))
