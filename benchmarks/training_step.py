"""Where training the animation generator spends its time: drawing a batch, then updates, with and without CUDA graphs.

Run from the repository root: `python -m benchmarks.training_step --batch 192 --chunk 48`. With `--separate-norms`
updates as graphs are first timed with PyTorch's batch norm and activation, not with the kernels that fuse them.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import torch

from models import layers
from pipelines.runtime.progress import SilentProgress
from pipelines.training.animation.data import Clips, Recipe
from pipelines.training.animation.layer_task import list_inputs
from pipelines.training.animation.recipe import AnimationTask
from pipelines.training.config import TrainConfig
from pipelines.training.engine.distributed import Processes
from pipelines.training.engine.session import Session

Result = TypeVar("Result")


def main() -> None:
    """Print milliseconds per batch rendered and per update, and the most expensive kernels of an update."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--chunk", type=int, default=48)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--adversarial", action="store_true")
    parser.add_argument("--separate-norms", action="store_true")
    options = parser.parse_args()
    recipe = Recipe(size=options.size, chunk=options.chunk, adversarial_from=0.0 if options.adversarial else 2.0)
    if options.separate_norms:
        with patch.object(layers, "can_run_triton", return_value="switched off"):
            measure(options, recipe, ways=(True,), remark=", separate norms")
    measure(options, recipe, ways=(True, False))


def measure(options: argparse.Namespace, recipe: Recipe, *, ways: Sequence[bool], remark: str = "") -> None:
    """Time a task of its own, so that nothing of another one takes part in its graphs or fills the memory.

    ways: whether updates are CUDA graphs, where there is a GPU, in turn.
    """
    with tempfile.TemporaryDirectory() as folder:
        session = Session(TrainConfig(out=Path(folder), batch=options.batch), Processes(), SilentProgress())
        task = AnimationTask(session, recipe)
        task.start_adversarial_when_due()
        with torch.no_grad():
            clips = timed("batch rendered", options.repeat, task.draw_batch)
        chunk = next(clips.chunks(task.chunk))
        pieces = task.generator_gradients, task.generator_step, task.discriminator_gradients, task.discriminator_step
        for graphs in ways if task.on_gpu else (False,):
            for piece in pieces:
                piece.enabled = graphs
            name = f"{len(chunk.targets)} updates{' as graphs' if graphs else ''}{remark}"
            timed(name, options.repeat, lambda: task.update_chunk(chunk), warm_up=4)
        if not remark:
            show_kernels(task, replace(chunk, targets=chunk.targets[:1]))
    if task.on_gpu:
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
        del task, clips, chunk, pieces
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def timed(name: str, repeat: int, work: Callable[[], Result], warm_up: int = 1) -> Result:
    """Mean milliseconds of `work` after warming up; returns its last result."""
    for _ in range(warm_up):
        work()
    wait()
    began = time.perf_counter()
    for _ in range(repeat - 1):
        work()
    result = work()
    wait()
    print(f"{name}: {(time.perf_counter() - began) / repeat * 1000:.1f} ms", flush=True)
    return result


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def show_kernels(task: AnimationTask, clips: Clips) -> None:
    """The most expensive operations of one ordinary update."""
    inputs = list_inputs(clips.targets[0], clips.previous, clips.reference, *clips.others)
    activity = torch.profiler.ProfilerActivity
    activities = [activity.CPU, activity.CUDA] if task.on_gpu else [activity.CPU]
    with torch.profiler.profile(activities=activities) as profile:
        task.optimiser.zero_grad()
        task.compute_generator_gradients(*inputs)
        wait()
    order = "self_cuda_time_total" if task.on_gpu else "self_cpu_time_total"
    print(profile.key_averages().table(sort_by=order, row_limit=25, max_name_column_width=60))


if __name__ == "__main__":
    main()
