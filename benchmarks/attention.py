"""Local attention, fast form against the paper's literal form, inside the authors' full-width dance generator.

All run the same weights on the same frames, in turns. The literal forms extract the blocks of source and target,
concatenate and convolve them, and encode the reference again for every frame; the fast form caches the reference.
Blocks are extracted by index gathers, four neighbours of every tap as in the authors' extension, or by `grid_sample`.

    python -m benchmarks.attention [--frames N] [--threads N] [--size N]
"""

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.attention import LocalAttention
from models.fold import channels_last, fold_batch_norm
from models.generators.animation import AnimationGenerator, State, dance_fashion
from models.ops.neighbours import split_positions
from models.ops.sampling import sample_at
from tests.helpers.literal_attention import reshape_attention, tap_positions

Extractor = Callable[[Tensor, Tensor, int], Tensor]


def index_gathers(source: Tensor, flow: Tensor, kernel: int) -> Tensor:
    """Blocks [B,C,k*h,k*w] of source [B,C,H,W] around flow [B,2,h,w]: four clamped neighbours of each tap, weighted."""
    height, width = source.shape[-2:]
    x0, y0, fx, fy = split_positions(*tap_positions(flow, kernel))
    batch = torch.arange(source.shape[0])[:, None, None]
    blocks = torch.zeros(())
    for step_y, weight_y in ((0, 1 - fy), (1, fy)):
        for step_x, weight_x in ((0, 1 - fx), (1, fx)):
            row, column = (y0.long() + step_y).clamp(0, height - 1), (x0.long() + step_x).clamp(0, width - 1)
            read = source[batch, :, row, column].permute(0, 3, 1, 2)  # [B,C,k*h,k*w]
            blocks = blocks + read * (weight_y * weight_x)[:, None]
    return blocks


def grid_samples(source: Tensor, flow: Tensor, kernel: int) -> Tensor:
    """The same blocks by one `grid_sample`."""
    return sample_at(source, *tap_positions(flow, kernel))


class LiteralAttention(nn.Module):
    """The paper's order of work with the parameters of a LocalAttention."""

    def __init__(self, attention: LocalAttention, extract: Extractor) -> None:
        super().__init__()
        self.layers, self.kernel, self.extract = attention.fully_connect_layer, attention.kernel_size, extract

    def project(self, source: Tensor) -> Tensor:
        """Nothing can be known before the flow is."""
        return source

    def forward(self, source: Tensor, target: Tensor, flow: Tensor, *, projected: Tensor | None = None) -> Tensor:
        """Source [B,C,H,W], target [B,C,h,w], flow [B,2,h,w] -> [B,C,h,w]."""
        blocks = self.extract(source, flow, self.kernel)
        asked = self.extract(target, torch.zeros_like(flow), self.kernel)
        weights = self.layers(torch.cat([asked, blocks], dim=1)).softmax(dim=1)
        return F.avg_pool2d(reshape_attention(weights) * blocks, self.kernel)


def literal(generator: AnimationGenerator, extract: Extractor) -> AnimationGenerator:
    """The same generator, sharing its parameters, with every attention in its literal form."""
    twin = AnimationGenerator(config=generator.config)
    twin.load_state_dict(generator.state_dict(), assign=True)
    for step, _ in generator.config.attended:
        for name in (f"attn_p{step}", f"attn_r{step}"):
            setattr(twin.target, name, LiteralAttention(getattr(twin.target, name), extract))
    return twin.eval()


def runners(size: int) -> dict[str, Callable[[], Tensor]]:
    """One frame, size x size, in each form."""
    generator = AnimationGenerator(config=dance_fashion()).eval()
    picture = torch.rand(1, 3, size, size) * 2 - 1
    inputs = picture, *torch.rand(2, 1, 20, size, size)

    def naive(extract: Extractor) -> Callable[[], Tensor]:
        twin, (image, structure, following) = literal(generator, extract), inputs
        state = State(image, structure)
        return lambda: twin.step(twin.encode_reference(image, structure), state, following).image

    fast = channels_last(fold_batch_norm(generator))
    image, structure, following = (value.contiguous(memory_format=torch.channels_last) for value in inputs)
    reference = fast.encode_reference(image, structure)
    state = State.initial(reference)
    return {
        "literal, index gathers": naive(index_gathers),
        "literal, grid_sample": naive(grid_samples),
        "fast, reference cached": lambda: fast.step(reference, state, following).image,
    }


@torch.inference_mode()
def main() -> None:
    """Time all forms in turns and print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    forms = runners(options.size)
    images = {name: run() for name, run in forms.items()}
    times: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(options.frames):
        for name, run in forms.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    last = list(forms)[-1]
    print(
        f"{options.size}x{options.size}, {options.threads} threads, best of {options.frames}, torch {torch.__version__}"
    )
    for name, values in times.items():
        ratio, difference = min(values) / min(times[last]), float((images[name] - images[last]).abs().max())
        print(
            f"{name}: {min(values) * 1e3:7.0f} ms per frame, {ratio:.2f} x the fast form, difference {difference:.0e}"
        )


if __name__ == "__main__":
    main()
