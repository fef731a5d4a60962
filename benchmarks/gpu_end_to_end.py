"""What a GPU makes of whole commands: `gfla animate` in a new process and in one that is warm, and `gfla batch`.

Animates the example picture (480x640) with the example clip, which is repeated if more frames are asked for. Shows:

    cold     one `gfla animate` as a process of its own: wall time from start to end, and its stages; "start" is until
             everything is imported, "end" after the report
    warm     the same call in a process that has made one before: the best of some runs
    device   the parts of one frame, each waited for: what the GPU has to do
    worker   several jobs in one worker of a batch that is warm, one after the other and together
    batch    the same by `gfla batch`, as a process of its own

    python -m benchmarks.gpu_end_to_end [--frames N] [--runs N] [--jobs N] [--workers N ...] [--codec NAME]
                                       [--device NAME] [--only PART ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `gfla` does; torch reads it when it is loaded

import av
import torch
from PIL import Image

from pipelines.animation import AnimateResult, animate, generate_frames, prepare_animation
from pipelines.batch.events import Event
from pipelines.batch.jobs import Group, Job
from pipelines.batch.journal import STATE_FOLDER
from pipelines.batch.worker import run_group
from pipelines.configs import AnimateConfig
from pipelines.generation.resources import Resources
from pipelines.runtime.cores import GPU_THREADS
from pipelines.runtime.progress import SILENT

EXAMPLES = Path(__file__).parents[1] / "gfla_cli" / "demo"
PARTS = ("cold", "warm", "device", "worker", "batch")
# Processes keep what they compile, as they do for users: compiling it again and again would take seconds.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
HEIGHTS = (640, 560, 480, 720)  # pixels of the pictures that are animated together


def write_clip(path: Path, frames: int, first: int = 0) -> Path:
    """Frames of the example clip from `first` on, from the start again at its end."""
    with av.open(str(EXAMPLES / "driving.mp4")) as container:
        pictures = [frame.to_image() for frame in container.decode(video=0)]
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height = pictures[0].size
        for number in range(frames):
            frame = av.VideoFrame.from_image(pictures[(first + number) % len(pictures)])
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def show(title: str, wall: float, frames: int, seconds: Mapping[str, float], beside: Mapping[str, float]) -> None:
    """Frames per second and a table of stages; what runs in a second thread beside others is marked."""
    print(f"\n{title}: {frames} frames in {wall:.2f} s, {frames / wall:.1f} frames a second")
    for name, spent in seconds.items():
        second = f", {beside[name]:.2f} s of it in a second thread" if beside.get(name) else ""
        print(f"  {name:20} {spent:8.2f} s {spent / frames * 1e3:8.1f} ms a frame{second}")
    alone = sum(seconds.values()) - sum(beside.values())
    print(f"  {'anything else':20} {wall - alone:8.2f} s")


def measure_cold(config: AnimateConfig) -> None:
    """Run the command as a process, twice: the first may compile Python files and kernels."""
    options = ["--keypoints", config.keypoints, "--device", config.device, "--overwrite", "--json", "--quiet"]
    codec = ["--codec", config.codec] if config.codec else []
    command = [sys.executable, "-m", "gfla_cli", "animate", config.source, config.driving, "-o", config.target]
    process = [*map(str, command), *options, *codec]
    for title in ("first process", "cold"):
        began = time.perf_counter()
        made = subprocess.run(process, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE)
        wall, report = time.perf_counter() - began, json.loads(made.stdout)
        stages = {"start": report["start_seconds"], **report["seconds"], "end": wall - report["wall_seconds"]}
        show(title, wall, report["frames"], stages, report["overlapping_seconds"])


def measure_warm(config: AnimateConfig, runs: int) -> Resources:
    """Run the pipeline several times; networks, and what is known of the picture, stay."""
    resources, best = Resources(), (float("inf"), None)
    for number in range(runs + 1):
        began = time.perf_counter()
        result: AnimateResult | None = animate(config, SILENT, resources)
        wall = time.perf_counter() - began
        print(f"{'first' if not number else 'warm'} run in this process: {wall:.2f} s", flush=True)
        best = min(best, (wall, result), key=lambda run: run[0]) if number else best
    wall, result = best
    assert result is not None
    show("warm", wall, result.frames, result.seconds, result.overlapping)
    return resources


def measure_device(config: AnimateConfig, resources: Resources) -> None:
    """Generate with the device waited for after every part."""

    def wait() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()

    spent = {"map and step": 0.0, "compose": 0.0, "fetch": 0.0, "encode": 0.0}
    counted = 0
    with prepare_animation(config, SILENT, resources) as animation, animation.output as output:
        before = wait()
        for number, (_, step) in enumerate(generate_frames([animation])):
            times = [before, wait()]
            begun = output.begin(step)
            times.append(wait())
            picture = begun.finish()
            times.append(wait())
            output.write(type(begun)(step, lambda made=picture: made))
            times.append(before := wait())
            if number >= min(8, animation.frames // 2):  # graphs are captured
                counted += 1
                for name, first, last in zip(spent, times, times[1:], strict=False):
                    spent[name] += last - first
    print(f"\ndevice: parts of one of {counted} frames, each waited for")
    for name, seconds in spent.items():
        print(f"  {name:20} {seconds / counted * 1e3:8.2f} ms")


def make_jobs(folder: Path, count: int, frames: int, device: str, codec: str | None) -> list[Job]:
    """Animations of pictures of several sizes with as many clips."""
    picture, jobs = Image.open(EXAMPLES / "source.png").convert("RGB"), []
    for number in range(count):
        height = HEIGHTS[number % len(HEIGHTS)]
        source = folder / f"person{number}.png"
        picture.resize((round(picture.width * height / picture.height), height)).save(source)
        driving = write_clip(folder / f"clip{number}.mp4", frames, 3 * number)
        options = {"source": str(source), "driving": str(driving), "keypoints": "bundled", "device": device}
        jobs.append(Job(f"job{number}", "animate", options | ({"codec": codec} if codec else {}), f"job{number}.mp4"))
    return jobs


def measure_worker(jobs: Sequence[Job], folder: Path, frames: int) -> None:
    """The jobs in one worker, one after the other and together; the first round only warms it up."""
    print(f"\nworker: {len(jobs)} jobs of {frames} frames in one warm worker")
    for number, together in enumerate((len(jobs), 1, len(jobs))):
        for track in (folder / STATE_FOLDER / "poses").glob("*"):  # so that every round looks for the people
            track.unlink()
        events: list[tuple[float, Event]] = []
        began = time.perf_counter()
        group = Group(tuple(jobs), together, GPU_THREADS)  # as `gfla batch` gives workers with a GPU
        run_group(group, folder, lambda event, all=events: all.append((time.perf_counter(), event)))
        wall = time.perf_counter() - began
        if failures := [event.reason for _, event in events if event.reason]:
            raise SystemExit(f"failed: {failures}")
        if number:
            _show_rate(f"--together {together}", wall, len(jobs) * frames)
            if together > 1:
                prepared = max(when for when, event in events if event.stage == "animate" and not event.step)
                print(f"  of which preparing took      {prepared - began:8.2f} s")


def measure_batch(jobs: Sequence[Job], folder: Path, frames: int, workers: Sequence[str]) -> None:
    """`gfla batch` as a process of its own, from its start to the report."""
    print(f"\nbatch: {len(jobs)} jobs of {frames} frames, whole processes")
    table = folder / "jobs.yaml"
    table.write_text(json.dumps([{"name": job.name, **job.options} for job in jobs]))
    for count, together in product(workers, (1, len(jobs))):
        command = [sys.executable, "-m", "gfla_cli", "batch", table, "-o", folder / f"together{together}-{count}"]
        began = time.perf_counter()
        options = ["--together", together, "--workers", count, "--quiet"]
        process = [*map(str, command), *map(str, options)]
        subprocess.run(process, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
        _show_rate(f"--together {together} --workers {count}", time.perf_counter() - began, len(jobs) * frames)


def _show_rate(name: str, wall: float, frames: int) -> None:
    print(f"  {name:28} {wall:8.2f} s {frames / wall:8.1f} frames a second", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--workers", nargs="+", default=["1", "auto"], help="processes of the batch, each in turn")
    parser.add_argument("--codec")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    name = torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device
    print(f"{name}, {os.cpu_count()} cores, torch {torch.__version__}, PyAV {av.__version__}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        clip, output = write_clip(folder / "driving.mp4", options.frames), folder / "made.mp4"
        given = {"keypoints": "bundled", "device": options.device, "codec": options.codec, "overwrite": True}
        config = AnimateConfig(EXAMPLES / "source.png", clip, output=output, **given)  # pyright: ignore[reportArgumentType]
        if "cold" in options.only:
            measure_cold(config)
        if "warm" in options.only or "device" in options.only:
            resources = measure_warm(config, options.runs)
            if "device" in options.only:
                measure_device(config, resources)
        if "worker" in options.only or "batch" in options.only:
            jobs = make_jobs(folder, options.jobs, options.frames, options.device, options.codec)
            if "worker" in options.only:
                measure_worker(jobs, folder, options.frames)
            if "batch" in options.only:
                measure_batch(jobs, folder, options.frames, options.workers)


if __name__ == "__main__":
    main()
