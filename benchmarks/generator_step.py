"""Time of one step of the recurrent generators: ordinary calls against CUDA graphs, as `gfla animate` runs them.

Both make the same frames in the same run, one pose after the other; the table says how far the last frame of the graphs
is from that of the ordinary calls. `person` moves a rendered person: with noise for picture and poses, frames that copy
from the one before drift apart from rounding alone. Without a GPU only the ordinary calls run.

    python -m benchmarks.generator_step [--frames N] [--size N] [--batches N ...] [--threads N]
"""

import argparse
import time
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from models.fold import prepare_for_inference
from models.generators.animation import AnimationGenerator, State, Step, dance_fashion
from models.joints import H36M17_LIMBS
from models.weights import load_weights
from pipelines.generation.step_graphs import StepGraphs
from pipelines.runtime.devices import PRECISIONS, autocast
from pipelines.training.animation.validation import HeldOutClips, draw_structure, render_held_out

WARM_UP = 5  # steps before the clock starts: a graph is captured at the fourth
POSES = 8  # of a run, again and again


def main() -> None:
    """Print one row for each generator, precision and batch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100, help="steps of a run")
    parser.add_argument("--size", type=int, default=256, help="sides of the canvas")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64], help="people side by side")
    parser.add_argument("--threads", type=int, help="of PyTorch on the CPU")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print("generator       precision  batch  ordinary ms  graph ms  frames/s  largest difference")
    for name, model in (("official dance", make_dance()), ("person", load_weights("person", expect="animation"))):
        for precision in ("fp32", "bf16"):
            generator = prepare_for_inference(model.to(device), PRECISIONS[precision])
            assert isinstance(generator, AnimationGenerator)
            for batch in options.batches:
                measure(name, generator, precision, batch, options.size, options.frames)


def make_dance() -> AnimationGenerator:
    """The authors' dance generator with random weights."""
    torch.manual_seed(0)
    return AnimationGenerator(config=dance_fashion())


@torch.inference_mode()
def measure(name: str, generator: AnimationGenerator, precision: str, batch: int, size: int, frames: int) -> None:
    """Run the same poses both ways and print the row."""
    device = next(generator.parameters()).device
    ordinary, image = run(generator, generator.step, precision, batch, size, frames)
    row = f"{name:15} {precision:9} {batch:6} {ordinary:12.2f}"
    if device.type == "cuda":
        graph, graph_image = run(generator, StepGraphs(generator), precision, batch, size, frames)
        difference = (graph_image - image).abs().max().item()
        print(f"{row} {graph:9.2f} {batch / graph * 1000:9.0f}  {difference:.2g}", flush=True)
    else:
        print(f"{row}         - {batch / ordinary * 1000:9.1f}", flush=True)


def run(
    generator: AnimationGenerator, step: Callable[..., Step], precision: str, batch: int, size: int, frames: int
) -> tuple[float, Tensor]:
    """Milliseconds of a step, and the last image [batch, C, size, size]."""
    device = next(generator.parameters()).device
    image, poses, joints = draw_poses(generator, batch, size)
    image, *structures = (each.to(device).contiguous(memory_format=torch.channels_last) for each in (image, *poses))
    with autocast(precision, device):
        reference = generator.encode_reference(image, structures[0], joints[0])
    state, began = State.initial(reference), 0.0
    for frame in range(WARM_UP + frames):
        if frame == WARM_UP:
            wait(device)
            began = time.perf_counter()
        with autocast(precision, device):
            state = step(reference, state, structures[frame % POSES], joints[frame % POSES]).state
    wait(device)
    return (time.perf_counter() - began) / frames * 1000, state.image


def draw_poses(
    generator: AnimationGenerator, batch: int, size: int
) -> tuple[Tensor, list[Tensor], list[Tensor | None]]:
    """A picture [batch, C, size, size], and structures [batch, S, size, size] and joints [batch, 17, 2] of `POSES`."""
    config, device = generator.config, next(generator.parameters()).device
    if not config.limbs:
        random = torch.Generator().manual_seed(1)
        image = torch.rand(batch, config.image_channels, size, size, generator=random) * 2 - 1
        poses = [torch.rand(batch, config.structure_channels, size, size, generator=random) for _ in range(POSES)]
        return image, poses, [None] * POSES
    clip, poses = film(size), []
    for joints, details, depth in zip(clip.h36m[0], clip.details[0], clip.h36m_depth[0], strict=True):
        pose = draw_structure(joints[None], H36M17_LIMBS, (details[None], depth[None]), size=size)
        poses.append(pose[:, : config.structure_channels].expand(batch, -1, -1, -1))
    joints = [each[None].expand(batch, -1, -1).to(device) for each in clip.h36m[0]]
    return clip.source.expand(batch, -1, -1, -1), poses, [*joints]


@lru_cache
def film(size: int) -> HeldOutClips:
    """A rendered person in a few poses."""
    return render_held_out(1, POSES, size=size, device=torch.device("cpu"))


def wait(device: torch.device) -> None:
    """Until the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
