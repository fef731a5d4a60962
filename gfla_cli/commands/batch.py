"""`gfla batch`: every source with every driving, or the jobs of a list; a later run resumes what is not done."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gfla_cli import job_options, options
from gfla_cli.batch_display import BatchDisplay
from gfla_cli.batch_options import BatchOptions
from gfla_cli.console import Console, out, out_json, table
from gfla_cli.reports import wall_seconds

if TYPE_CHECKING:
    from pipelines.batch.executors.allocation import Allocation
    from pipelines.batch.executors.registry import ExecutorOptions
    from pipelines.batch.jobs import Job
    from pipelines.batch.runner import Outcome

ESTIMATE_LIMIT = 5.0  # seconds for the estimate of the time left
OUTPUT = typer.Option("--output", "-o", metavar="DIR", show_default=False)


@options.with_config(BatchOptions, output=OUTPUT, more=job_options.job_parameters())
def batch(
    batch: BatchOptions, json: options.Json = False, quiet: options.Quiet = False, **of_jobs: str | bool | None
) -> int:
    """Run many jobs of animate, face, pose or view-synth; the same command again resumes an unfinished batch."""
    from pipelines.batch.executors.registry import ExecutorOptions

    if batch.executor != "ray" and (batch.ray_address or batch.no_shared_storage):
        raise typer.BadParameter("--ray-address and --no-shared-storage go with --executor ray")
    if batch.watch and (batch.executor == "ray" or batch.check or batch.dry_run):
        raise typer.BadParameter("--watch goes neither with --executor ray nor with --check or --dry-run")
    display = BatchDisplay(quiet=quiet)
    if batch.watch:
        return _watch(batch, job_options.used(of_jobs), display, json=json)
    jobs = _jobs(batch, job_options.used(of_jobs), display)
    executor_options = ExecutorOptions(
        [job.options.get("device", "auto") for job in jobs],
        *(batch.workers, batch.threads, batch.together),
        ray_address=batch.ray_address,
        shared_storage=not batch.no_shared_storage,
    )
    if batch.check:
        return _show_checks(jobs, batch.output, json=json, quiet=quiet)
    if batch.dry_run:
        return _show_plan(jobs, batch.output, executor_options.allocate())
    return _run(jobs, batch, executor_options, display, json=json)


def _run(
    jobs: "list[Job]", batch: BatchOptions, options: "ExecutorOptions", display: BatchDisplay, *, json: bool
) -> int:
    """Run the jobs, write the report, print the summary. Exit code 0: all done, 3: some failed, 1: all failed."""
    from pipelines.batch.executors.registry import open_executor
    from pipelines.batch.runner import run_batch
    from pipelines.runtime.workers import begin_beside

    folder, rules = batch.output, {"retry_failed": batch.retry_failed, "overwrite": batch.overwrite}
    with display, open_executor(batch.executor, folder, options, display.note) as (executor, allocation):
        # Beside the start of the workers, which takes longer; nobody waits for it at the end
        display.expect = begin_beside(partial(_expect, jobs, batch, allocation))
        outcome = run_batch(jobs, folder, executor, allocation.group_jobs, display, **rules)
    return _report(outcome, folder, display, json=json)


def _expect(jobs: "list[Job]", batch: BatchOptions, allocation: "Allocation") -> dict[str, float]:
    """Seconds that the jobs will take that no earlier run has ended, by name."""
    from pipelines.batch.estimate import estimate_jobs

    is_core_free = allocation.is_core_free(len(jobs))
    plan = estimate_jobs(jobs, batch.output, is_core_free=is_core_free, limit=ESTIMATE_LIMIT)
    skipped = ("done",) if batch.retry_failed else ("done", "failed")
    return {each.job.name: each.seconds for each in plan if each.state not in skipped}


def _watch(batch: BatchOptions, used: dict[str, str], display: BatchDisplay, *, json: bool) -> int:
    """Run jobs as their inputs arrive, until Ctrl-C; exit codes as for `_run`."""
    from pipelines.batch.executors.allocation import Machine
    from pipelines.batch.executors.local import LocalExecutor
    from pipelines.batch.jobs import group_jobs
    from pipelines.batch.runner import watch_batch
    from pipelines.batch.watch import folders_of

    folder, rules = batch.output, {"retry_failed": batch.retry_failed, "overwrite": batch.overwrite}
    folders = folders_of((batch.first, batch.second))
    options = {"workers": batch.workers, "threads": batch.threads, "together": batch.together}
    allocation = Machine.detect([used.get("device", "auto")]).allocate(**options)
    executor = LocalExecutor(folder, workers=allocation.workers, gpus=[gpu for gpu, _ in allocation.gpus])
    alone = {"size": allocation.together, "together": allocation.together, "threads": allocation.threads}
    with display:
        display.note(f"watching {', '.join(map(str, folders))}: Ctrl-C ends after the running jobs")
        plan = partial(_jobs, batch, used, display)
        report = partial(_write_report, folder, display.warnings)
        outcome = watch_batch(plan, folders, folder, executor, partial(group_jobs, **alone), display, report, **rules)
    return _report(outcome, folder, display, json=json)


def _report(outcome: "Outcome", folder: Path, display: BatchDisplay, *, json: bool) -> int:
    """Write the report and print the summary; the exit code."""
    from pipelines.batch.runner import read_rows

    _write_report(folder, display.warnings)
    seconds = round(wall_seconds(), 3)
    display.end(len(outcome.done), len(outcome.skipped), outcome.failed, seconds)
    if json:
        counts = {"done": len(outcome.done), "skipped": len(outcome.skipped), "failed": len(outcome.failed)}
        about = {"warnings": display.warnings, "wall_seconds": seconds}
        out_json({"folder": folder, **counts, **about, "jobs": read_rows(folder)})
    else:
        out(str(folder))
    return outcome.code


def _jobs(batch: BatchOptions, used: dict[str, str], display: BatchDisplay) -> "list[Job]":
    """The jobs of the list, or of every pair of inputs.

    Raises:
        typer.BadParameter: inputs that do not go with the command.
        InputError: what `read_job_file`, `expand_pairs` and `build_jobs` refuse.
    """
    from pipelines.batch.job_files import is_job_file, read_job_file
    from pipelines.batch.planning import JOB_FIELDS, build_jobs, expand_pairs, refuse_links_outside

    first, second, kind = batch.first, batch.second, batch.kind
    names: dict[str, Any] = {"command": kind, "name": batch.name, "suffix": batch.suffix}
    if second is None and is_job_file(first):
        requests = read_job_file(Path(first), lambda column: column in JOB_FIELDS or job_options.is_option(column))
        jobs = build_jobs(requests, job_options.parse, used, **names)
    else:
        if (second is None) != (kind == "view-synth"):
            wrong = "takes no DRIVINGS" if second else f"needs DRIVINGS beside {first!r}, or a .csv or .yaml list alone"
            raise typer.BadParameter(f"{kind} {wrong}")
        requests = expand_pairs(kind, first, second, used, batch.output, pair=batch.pair, note=display.warn)
        jobs = build_jobs(requests, job_options.parse, **names)
    refuse_links_outside(jobs, batch.output)
    return jobs


def _write_report(folder: Path, warnings: list[str]) -> None:
    from pipelines.batch.report import write_report
    from pipelines.batch.runner import read_rows
    from pipelines.batch.thumbnails import make_thumbnails

    found = read_rows(folder)
    command = shlex.join(["gfla", *sys.argv[1:]])
    thumbnails = make_thumbnails(folder, found)
    about = {"warnings": warnings, "wall_seconds": round(wall_seconds(), 3)}
    write_report(folder, found, command=command, thumbnails=thumbnails, **about)


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


def _show_plan(jobs: "list[Job]", folder: Path, allocation: "Allocation") -> int:
    from pipelines.batch.estimate import estimate_jobs, estimate_wall_time

    plan = estimate_jobs(jobs, folder, is_core_free=allocation.is_core_free(len(jobs)))
    table(("job", "command", "state", "frames", "seconds", ""), [each.row() for each in plan])
    todo = [each.job for each in plan if each.state != "done"]
    seconds = estimate_wall_time(plan, allocation.group_jobs(todo), allocation.workers)
    frames, workers = sum(each.frames or 0 for each in plan), allocation.workers
    out(f"{len(jobs)} jobs, {frames} frames: about {seconds:.0f} s with {workers} workers")
    return 0
