"""`gfla animate` from decoding to encoding: frames per second, and where the seconds go.

The best of some runs is shown, each with its own output in a temporary folder.

    python -m benchmarks.end_to_end [SOURCE DRIVING] [--frames N] [--threads N] [--runs N] [--keypoints NAME]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `gfla` does; torch reads it when it is loaded

import torch

from pipelines.animation import AnimateResult, animate
from pipelines.configs import AnimateConfig

EXAMPLES = Path(__file__).parents[1] / "gfla_cli" / "demo"


def timed(config: AnimateConfig) -> tuple[float, AnimateResult]:
    """Seconds of one whole run, and its result."""
    began = time.perf_counter()
    result = animate(config)
    return time.perf_counter() - began, result


def show(seconds: float, result: AnimateResult) -> None:
    """Frames per second and a table of seconds by stage; stages in the background overlap with `generate`."""
    frames, (width, height), (left, _, right, _) = result.frames, result.size, result.canvas
    print(f"{frames} frames of {width}x{height}, square of {right - left} px: {frames / seconds:.2f} frames a second")
    print(f"{'stage':20} {'s':>8} {'ms a frame':>12}")
    for name, spent in [*result.seconds.items(), ("whole run", seconds)]:
        print(f"{name:20} {spent:8.2f} {spent / frames * 1e3:12.1f}")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=Path, default=EXAMPLES / "source.png")
    parser.add_argument("driving", nargs="?", type=Path, default=EXAMPLES / "driving.mp4")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--keypoints", default="bundled")
    parser.add_argument("--weights", default="person")
    parser.add_argument("--compare", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    inputs = {"source": options.source, "driving": options.driving, "max_frames": options.frames}
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / f"{number}.mp4" for number in range(options.runs)]
        extras = {name: getattr(options, name) for name in ("keypoints", "weights", "compare")}
        runs = [timed(AnimateConfig(output=output, **inputs, **extras)) for output in outputs]
    show(*min(runs, key=lambda pair: pair[0]))


if __name__ == "__main__":
    main()
