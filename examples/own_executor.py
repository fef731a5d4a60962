"""Run a batch with an executor of your own: python examples/own_executor.py SOURCE DRIVING FOLDER"""

from collections.abc import Generator, Sequence
from contextlib import nullcontext
from pathlib import Path

from pipelines.batch.events import Event
from pipelines.batch.executors.registry import EXECUTORS, ExecutorOptions, Note, OpenExecutor, open_executor
from pipelines.batch.jobs import Group, Job
from pipelines.batch.runner import run_batch
from pipelines.batch.worker import run_group


class InProcessExecutor:
    """Runs one group of jobs after another in this process, where a debugger can follow them."""

    workers = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, groups: Sequence[Group]) -> Generator[Event]:
        for group in groups:
            events: list[Event] = []
            run_group(group, self.folder, events.append)
            yield from events


def open_in_process(folder: Path, options: ExecutorOptions, note: Note) -> OpenExecutor:
    return nullcontext((InProcessExecutor(folder), options.allocate()))


class PrintedEvents:
    def begin(self, jobs: int, skipped: int, workers: int) -> None:
        print(f"{jobs} jobs to run, {skipped} finished earlier")

    def event(self, event: Event) -> None:
        print(event.job, event.state, event.stage or event.reason or "")


def main(source: str, driving: str, folder: str) -> None:
    EXECUTORS["in-process"] = open_in_process  # from now on it can be opened by this name
    options = {"source": str(Path(source).resolve()), "driving": str(Path(driving).resolve()), "keypoints": "bundled"}
    jobs = [Job(frame, "animate", {**options, "frame": frame}, f"{frame}.mp4") for frame in ("full", "crop")]
    with open_executor("in-process", Path(folder), ExecutorOptions(devices=["cpu"]), print) as (executor, allocation):
        run_batch(jobs, Path(folder), executor, allocation.group_jobs, PrintedEvents())


if __name__ == "__main__":
    from arguments import run_script

    run_script(main, __doc__)
