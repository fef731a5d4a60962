"""Where an update of the animation generator spends its time: rendering a batch, then updates, with and without graphs.

Run from the repository root: `python -m benchmarks.training_step --batch 192 --chunk 48`.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from pipelines.runtime.progress import SilentProgress
from pipelines.training.animation.data import Recipe, Sample, sample, tensors
from pipelines.training.animation.recipe import Trainer, start
from pipelines.training.engine.session import Processes, Session, TrainConfig

Result = TypeVar("Result")


def main() -> None:
    """Print milliseconds per batch rendered and per update, and the most expensive kernels of an update."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--chunk", type=int, default=48)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--adversarial", action="store_true")
    options = parser.parse_args()
    recipe = Recipe(size=options.size, chunk=options.chunk, adversarial_from=0.0 if options.adversarial else 2.0)
    with tempfile.TemporaryDirectory() as folder:
        session = Session(TrainConfig(out=Path(folder), batch=options.batch), Processes(), SilentProgress())
        trainer = Trainer(session, recipe, start(session.config, SilentProgress()))
        trainer.adversarial = options.adversarial
        with torch.no_grad():
            clips = timed("batch rendered", options.repeat, lambda: sample(recipe, options.batch, session.generator))
        chunk = next(clips.chunks(trainer.chunk))
        for graphs in (False, True) if trainer.cuda else (False,):
            for piece in (trainer.gradients, trainer.update, trainer.judge_gradients, trainer.judge_update):
                piece.enabled = graphs
            name = f"{len(chunk.targets)} updates{' as graphs' if graphs else ''}"
            timed(name, options.repeat, lambda: trainer._play(chunk), warm_up=4)
        show_kernels(trainer, replace(chunk, targets=chunk.targets[:1]))
    if trainer.cuda:
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


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


def show_kernels(trainer: Trainer, clips: Sample) -> None:
    """The most expensive operations of one ordinary update."""
    truth, reference, previous = clips.targets[0], clips.reference, clips.previous
    inputs = (*tensors(reference), *tensors(previous), *truth.tensors())
    activity = torch.profiler.ProfilerActivity
    activities = [activity.CPU, activity.CUDA] if trainer.cuda else [activity.CPU]
    with torch.profiler.profile(activities=activities) as profile:
        trainer.optimiser.zero_grad()
        trainer._gradients(*inputs)
        wait()
    order = "self_cuda_time_total" if trainer.cuda else "self_cpu_time_total"
    print(profile.key_averages().table(sort_by=order, row_limit=25, max_name_column_width=60))


if __name__ == "__main__":
    main()
