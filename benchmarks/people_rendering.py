"""Speed of rendering clips of people with real bodies, as training does.

Draws the scenes once, then renders all their frames again and again, and finds the true flow between frames.

    python -m benchmarks.people_rendering [--device cuda] [--clips N] [--frames N] [--size N] [--profile]
"""

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import torch
from torch.profiler import ProfilerActivity, profile

from pipelines.synthetic.clips import Clip, ClipConfig, render_clip
from pipelines.synthetic.scene import sample_scene

Result = TypeVar("Result")


def main() -> None:
    """Print seconds for all clips and for one frame."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clips", type=int, help="192 on CUDA, 2 elsewhere")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="print the most expensive operations")
    options = parser.parse_args()
    device = torch.device(options.device)
    clips = options.clips or (192 if device.type == "cuda" else 2)
    config = ClipConfig(height=options.size, width=options.size)
    generator = torch.Generator(device).manual_seed(0)
    times = torch.randint(config.length, (clips, options.frames), generator=generator, device=device)
    frames = clips * options.frames
    print(f"{clips} clips of {options.frames} frames, {options.size} x {options.size} pixels")
    scene = timed("scenes", frames, 1, lambda: sample_scene(config, batch=clips, generator=generator))
    clip = timed("render", frames, options.repeat, lambda: render_clip(scene, times))
    print(f"  {clip.mask.mean():.1%} of the pixels show the person")
    timed("flow", clips * (options.frames - 1), options.repeat, lambda: find_flows(clip))
    if options.profile:
        activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
        with profile(activities=activities) as profiler:
            render_clip(scene, times)
        order = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
        print(profiler.key_averages().table(sort_by=order, row_limit=25, max_name_column_width=60))
    if device.type == "cuda":
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def find_flows(clip: Clip) -> None:
    """Flow from every frame to the one before it."""
    for target in range(1, clip.index.shape[1]):
        clip.flow(target, target - 1)


def timed(name: str, frames: int, repeat: int, work: Callable[[], Result]) -> Result:
    """Print seconds of `work` after warming up; returns its last result."""
    result = work()
    _synchronise()
    began = time.perf_counter()
    for _ in range(repeat):
        result = work()
    _synchronise()
    spent = (time.perf_counter() - began) / repeat
    print(f"{name}: {spent:.2f} s, {1000 * spent / frames:.2f} ms a frame", flush=True)
    return result


def _synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
