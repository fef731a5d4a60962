"""The options of `gfla batch` itself; those of its jobs are in `gfla_cli.job_options`."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import ClassVar, Literal

Command = Literal["animate", "pose", "view-synth", "face"]
Pairing = Literal["cross", "zip"]
ExecutorName = Literal["local", "ray"]


@dataclass(frozen=True)
class BatchOptions:
    """What a batch does and how it is spread over processes."""

    panel: ClassVar[str] = "Batch"

    first: str
    """Source pictures: a folder, a quoted pattern or a file; or a .csv or .yaml job list."""
    second: str | None = None
    """Driving videos (for `pose`: target poses): a folder, a quoted pattern or a file."""
    _: KW_ONLY
    output: Path
    """Folder for the results."""
    overwrite: bool = False
    """Replace existing output."""
    kind: Command = "animate"
    """Command that the jobs run; a job list may name one per job."""
    pair: Pairing = "cross"
    """How sources and drivings are combined: `cross` is each with each, `zip` the first with the first and so on."""
    name: str | None = None
    """Pattern for the names of jobs and outputs."""
    suffix: str | None = None
    """File type of the outputs, as in -o of the command, with or without the dot; '' makes folders of pictures."""
    workers: int | None = None
    """Number of processes; `auto` is what cores and memory allow, and 4 per GPU at most."""
    threads: int | None = None
    """Threads per worker; the bytes of the results depend on it. `auto` is 1, or 4 with GPUs."""
    together: int | None = None
    """Videos that a worker generates at once; `auto` is 1 on the CPU, on a GPU what its memory allows."""
    executor: ExecutorName = "local"
    """Where jobs run: `local` processes on this machine, or tasks of a `ray` cluster."""
    ray_address: str | None = None
    """Ray cluster to use."""
    no_shared_storage: bool = False
    """Send inputs to the nodes of the Ray cluster and results back to DIR."""
    retry_failed: bool = False
    """Retry jobs that failed in an earlier run."""
    watch: bool = False
    """Go on watching the inputs: what arrives becomes jobs, until Ctrl-C, which lets running jobs end. Needs the extra
    `watch`."""
    check: bool = False
    """Inspect all inputs and report what to expect, as `gfla check` does, without running anything."""
    dry_run: bool = False
    """Print the jobs and the expected time without running anything."""
