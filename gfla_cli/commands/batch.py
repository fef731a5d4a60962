"""`gfla batch`: every source with every driving, or the jobs of a list; goes on where a run before has ended."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gfla_cli import job_options, options
from gfla_cli.console import Board, Console, out, out_json, table

if TYPE_CHECKING:
    from pipelines.batch.jobs import Job

BATCH = "Batch"

First = Annotated[
    str,
    typer.Argument(
        metavar="SOURCES|JOBS",
        show_default=False,
        help="Folder, 'pattern' or file: pictures; or a .csv or .yaml list.",
    ),
]
Second = Annotated[
    str | None,
    typer.Argument(
        metavar="[DRIVINGS]", show_default=False, help="Folder, 'pattern' or file: videos, for pose target poses."
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", show_default=False, help="Folder that gets the results.")
]
Kind = Annotated[
    Literal["animate", "pose", "view-synth"],
    typer.Option("--command", help="What the jobs do; a list may say so in a column.", rich_help_panel=BATCH),
]
Pair = Annotated[
    Literal["cross", "zip"],
    typer.Option(help="cross: every source with every driving; zip: one to one.", rich_help_panel=BATCH),
]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN", show_default="{source}--{driving}", help="Names of jobs and outputs.", rich_help_panel=BATCH
    ),
]
Suffix = Annotated[
    str | None,
    typer.Option(
        metavar=".mp4|.png|...",
        show_default=".mp4, of poses .png",
        help="Kind of the outputs, as with -o of the command; '' for folders.",
        rich_help_panel=BATCH,
    ),
]
Workers = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        callback=options.number_or_auto,
        help="Processes; auto: one for each GPU, or what cores and memory allow.",
        rich_help_panel=BATCH,
    ),
]
Threads = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        callback=options.number_or_auto,
        help="Threads of a worker; the results' bytes depend on it. auto: 1, with GPUs 4.",
        rich_help_panel=BATCH,
    ),
]
Together = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        callback=options.number_or_auto,
        help="Videos that a worker generates at once; auto: 1 on the CPU, on a GPU by its memory.",
        rich_help_panel=BATCH,
    ),
]
Where = Annotated[
    Literal["local", "ray"],
    typer.Option(
        "--executor", help="local: processes on this machine; ray: tasks of a Ray cluster.", rich_help_panel=BATCH
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        show_default="RAY_ADDRESS, the cluster on this machine, or a new one for this run",
        help="Ray cluster to use.",
        rich_help_panel=BATCH,
    ),
]
Unshared = Annotated[
    bool,
    typer.Option(
        "--no-shared-storage", help="Send inputs to Ray's nodes, and results back to DIR.", rich_help_panel=BATCH
    ),
]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Do failed jobs again.", rich_help_panel=BATCH)]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Look at all inputs and say what to expect, as 'gfla check' does.", rich_help_panel=BATCH
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and do nothing.", rich_help_panel=BATCH)]


@job_options.with_job_options
def batch(
    first: First,
    second: Second = None,
    *,
    output: Output,
    kind: Kind = "animate",
    pair: Pair = "cross",
    name: Name = None,
    suffix: Suffix = None,
    workers: Workers = "auto",
    threads: Threads = "auto",
    together: Together = "auto",
    executor: Where = "local",
    ray_address: RayAddress = None,
    no_shared_storage: Unshared = False,
    retry_failed: Retry = False,
    check: Check = False,
    dry_run: DryRun = False,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    **given: Any,
) -> int:
    """Do many jobs of animate, pose or view-synth; the same command again does what is left."""
    from pipelines.batch.executors.registry import ExecutorOptions, open_executor
    from pipelines.batch.runner import read_rows, run_batch

    if executor != "ray" and (ray_address or no_shared_storage):
        raise typer.BadParameter("--ray-address and --no-shared-storage go with --executor ray")
    jobs = _jobs(first, second, job_options.given(given), kind=kind, pair=pair, name=name, suffix=suffix, folder=output)
    devices = [job.options.get("device", "auto") for job in jobs]
    numbers: Any = (workers, threads, together)  # numbers, or None for auto, once their callbacks have seen them
    wanted = ExecutorOptions(devices, *numbers, ray_address=ray_address, shared_storage=not no_shared_storage)
    if check:
        return _show_checks(jobs, output, json=json, quiet=quiet)
    if dry_run:
        return _show_plan(jobs, output, wanted.allocate().workers)
    with Board(quiet=quiet) as board, open_executor(executor, output, wanted, board.note) as (opened, allocation):
        outcome = run_batch(
            jobs, output, opened, allocation.group_jobs, board, retry_failed=retry_failed, overwrite=overwrite
        )
    _report(output)
    board.end(len(outcome.done), len(outcome.skipped), outcome.failed)
    if json:
        counts = {"done": len(outcome.done), "skipped": len(outcome.skipped), "failed": len(outcome.failed)}
        out_json({"folder": output, **counts, "jobs": read_rows(output)})
    else:
        out(str(output))
    return outcome.code


def _jobs(
    first: str, second: str | None, given: dict[str, str], *, kind: str, pair: str, folder: Path, **names: Any
) -> "list[Job]":
    from pipelines.batch.job_files import is_job_file, read_job_file
    from pipelines.batch.planning import JOB_FIELDS, build_jobs, expand_pairs, refuse_links_outside

    if second is None and is_job_file(first):
        wishes = read_job_file(Path(first), lambda column: column in JOB_FIELDS or job_options.is_option(column))
        jobs = build_jobs(wishes, job_options.parse, given, command=kind, **names)
    else:
        if (second is None) != (kind == "view-synth"):
            wrong = "takes no DRIVINGS" if second else f"needs DRIVINGS beside {first!r}, or a .csv or .yaml list alone"
            raise typer.BadParameter(f"{kind} {wrong}")
        jobs = build_jobs(
            expand_pairs(kind, first, second, given, folder, pair=pair), job_options.parse, command=kind, **names
        )
    refuse_links_outside(jobs, folder)
    return jobs


def _report(folder: Path) -> None:
    from pipelines.batch.report import write_report
    from pipelines.batch.runner import read_rows
    from pipelines.batch.thumbnails import make_thumbnails

    found = read_rows(folder)
    command = shlex.join(["gfla", *sys.argv[1:]])
    write_report(folder, found, command=command, thumbnails=make_thumbnails(folder, found))


def _show_checks(jobs: "list[Job]", folder: Path, *, json: bool, quiet: bool) -> int:
    """Exit code 0: all good, 3: some doubtful or impossible, 2: all impossible."""
    from pipelines.batch.preflight import check_jobs
    from pipelines.preflight.check import GOOD, IMPOSSIBLE

    with Console(quiet=quiet) as console:
        found = list(check_jobs(jobs, folder, console))
    if json:
        out_json([{"job": job.name, **each.as_dict()} for job, each in zip(jobs, found, strict=True)])
    else:
        rows = [(job.name, *each.row()) for job, each in zip(jobs, found, strict=True)]
        table(("job", "verdict", "frames", "seconds", "GB", ""), rows)
    verdicts = {each.verdict for each in found}
    return 0 if verdicts == {GOOD} else 2 if verdicts == {IMPOSSIBLE} else 3


def _show_plan(jobs: "list[Job]", folder: Path, workers: int) -> int:
    from pipelines.batch.estimate import estimate_jobs

    plan = estimate_jobs(jobs, folder)
    table(("job", "command", "state", "frames", "seconds", ""), [each.row() for each in plan])
    frames, seconds = sum(each.frames or 0 for each in plan), sum(each.seconds for each in plan)
    out(f"{len(jobs)} jobs, {frames} frames: about {seconds / min(workers, len(jobs)):.0f} s with {workers} workers")
    return 0
