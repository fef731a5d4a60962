"""Peak memory of `gfla animate` on a short and a long version of one clip; they should hardly differ.

The clip's frames are repeated as often as it takes. Each version runs in a process of its own.

    python -m benchmarks.memory [SOURCE DRIVING] [--frames 100 1000] [--threads N] [--weights NAME|FILE]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from itertools import chain, islice, repeat
from pathlib import Path

from pipelines.media.sources import open_video
from pipelines.media.writer import open_output

EXAMPLES = Path(__file__).parents[1] / "gfla_cli" / "demo"


def lengthen(clip: Path, frames: int, target: Path) -> None:
    """Write the first `frames` frames of `clip`, played again and again."""
    with open_video(clip) as source:
        rate, width, height = source.info.rate or Fraction(25), source.info.width, source.info.height
        with open_output(target, width=width, height=height, time_base=1 / rate, rate=rate) as writer:
            for number, frame in enumerate(islice(chain.from_iterable(repeat(source)), frames)):
                writer.write(frame.image, number, 1)


def peak(job: list[str | Path], environment: dict[str, str]) -> tuple[float, float]:
    """MiB at the peak and seconds of one `gfla animate`."""
    command = [sys.executable, "-m", "gfla_cli", "animate", *job, "--keypoints", "bundled", "--quiet"]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(os.waitstatus_to_exitcode(status))
    scale = 1024**2 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB elsewhere
    return usage.ru_maxrss / scale, time.perf_counter() - began


def main() -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, default=EXAMPLES / "source.png")
    parser.add_argument("driving", nargs="?", type=Path, default=EXAMPLES / "driving.mp4")
    parser.add_argument("--frames", type=int, nargs=2, default=(100, 1000))
    parser.add_argument("--threads", type=int)
    parser.add_argument("--weights", default="person")
    options = parser.parse_args()
    threads = {"OMP_NUM_THREADS": str(options.threads)} if options.threads else {}
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for frames in options.frames:
            clip = Path(name) / f"{frames}.mp4"
            lengthen(options.driving, frames, clip)
            job = [options.source, clip, "--output", Path(name) / f"{frames}-out.mp4", "--weights", options.weights]
            memory, seconds = peak(job, os.environ | threads)
            print(f"{frames:6} frames: {memory:7.1f} MiB at the peak, {seconds:.0f} s", flush=True)
            peaks.append(memory)
    print(f"difference: {(peaks[1] / peaks[0] - 1) * 100:+.1f} %")


if __name__ == "__main__":
    main()
