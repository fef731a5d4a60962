"""What `gfla batch` saves: one source with many clips, and many sources with one clip, against as many single commands.

Wall time of whole processes, inputs cut from the example picture and clip into a temporary folder.

    python -m benchmarks.batch [--jobs N] [--frames N] [--workers N]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from pipelines.batch.runner import seconds_per_frame

EXAMPLES = Path(__file__).parents[1] / "gfla_cli" / "demo"
OPTIONS = ["--keypoints", "bundled", "--quiet"]


def cut_clips(folder: Path, count: int, frames: int) -> None:
    """Parts of the example clip that begin one after the other, from the start again at its end."""
    with av.open(str(EXAMPLES / "driving.mp4")) as container:
        pictures = [frame.to_image() for frame in container.decode(video=0)]
    for number in range(count):
        with av.open(str(folder / f"clip{number}.mp4"), "w") as output:
            stream = output.add_stream("libx264", rate=25)
            stream.width, stream.height = pictures[0].size
            for index in range(frames):
                frame = av.VideoFrame.from_image(pictures[(3 * number + index) % len(pictures)])
                frame.pts, frame.time_base = index, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode())


def shade_sources(folder: Path, count: int) -> None:
    """The example picture in different brightness."""
    picture = Image.open(EXAMPLES / "source.png").convert("RGB")
    for number in range(count):
        picture.point(lambda value, share=1 - number / 50: int(value * share)).save(folder / f"person{number}.png")


def seconds(*arguments: str | Path) -> float:
    """Wall time of one command."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "gfla_cli", *map(str, arguments), *OPTIONS]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def compare(name: str, sources: list[Path], clips: list[Path], folder: Path, workers: str) -> None:
    """One line: the single commands, the batch of the same jobs, and how much faster it is."""
    pairs = [(source, clip) for source in sources for clip in clips]
    single = sum(
        seconds("animate", source, clip, "-o", folder / f"{name}-{number}.mp4")
        for number, (source, clip) in enumerate(pairs)
    )
    inputs = [sources[0].parent if len(sources) > 1 else sources[0], clips[0].parent if len(clips) > 1 else clips[0]]
    batch = seconds("batch", *inputs, "-o", folder / name, "--workers", workers)
    each = seconds_per_frame(folder / name, "animate") or 0
    print(f"{name:24} {len(pairs):5} {single:10.1f} {batch:10.1f} {single / batch:8.2f} {each:12.3f}", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--workers", default="auto")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, {options.frames} frames a clip; seconds of wall time")
    print(f"{'':24} {'jobs':>5} {'single':>10} {'batch':>10} {'times':>8} {'s a frame':>12}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("people", "clips"):
            (folder / name).mkdir()
        shade_sources(folder / "people", options.jobs)
        cut_clips(folder / "clips", options.jobs, options.frames)
        people, clips = sorted((folder / "people").iterdir()), sorted((folder / "clips").iterdir())
        compare("1-source", people[:1], clips, folder, options.workers)
        compare("1-clip", people, clips[:1], folder, options.workers)


if __name__ == "__main__":
    main()
