"""Speed of local attention: the fast form against the paper's literal form, inside the authors' dance generator.

All forms run the same weights on the same frames, one after the other. The literal forms extract the patches of source
and target, concatenate and convolve them, and encode the reference again for every frame; the fast form encodes the
reference once. Patches are extracted by index gathers, four neighbours per tap as in the authors' CUDA extension, or by
`grid_sample`. B batch, C channels, H, W size of the source, h, w size of the flow, k kernel size.

    python -m benchmarks.attention [--frames N] [--threads N] [--size N]

On a GPU it times the kernels instead, see `benchmarks.attention_kernels`.
"""

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.attention import LocalAttention
from models.fold import prepare_for_inference
from models.generators.animation import AnimationGenerator, State, dance_fashion
from models.ops.neighbours import split_positions
from models.ops.sampling import sample_at
from tests.helpers.literal_attention import reshape_attention, tap_positions

Extractor = Callable[[Tensor, Tensor, int], Tensor]


def index_gathers(source: Tensor, flow: Tensor, kernel: int) -> Tensor:
    """Patches [B,C,k*h,k*w] of source [B,C,H,W] around flow [B,2,h,w]: weighted sums of four clamped neighbours."""
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
    """The same patches by a single `grid_sample`."""
    return sample_at(source, *tap_positions(flow, kernel))


class LiteralAttention(nn.Module):
    """The paper's literal form, with the parameters of a LocalAttention."""

    def __init__(self, attention: LocalAttention, extract: Extractor) -> None:
        super().__init__()
        self.layers, self.kernel, self.extract = attention.fully_connect_layer, attention.kernel_size, extract

    def project(self, source: Tensor) -> Tensor:
        """Return the source [B,C,H,W]: this form can compute nothing before the flow is known."""
        return source

    def forward(self, source: Tensor, target: Tensor, flow: Tensor, *, projected: Tensor | None = None) -> Tensor:
        """Source [B,C,H,W], target [B,C,h,w], flow [B,2,h,w] -> [B,C,h,w]."""
        blocks = self.extract(source, flow, self.kernel)
        queries = self.extract(target, torch.zeros_like(flow), self.kernel)
        weights = self.layers(torch.cat([queries, blocks], dim=1)).softmax(dim=1)
        return F.avg_pool2d(reshape_attention(weights) * blocks, self.kernel)


def literal_twin(generator: AnimationGenerator, extract: Extractor) -> AnimationGenerator:
    """A generator that shares the parameters of `generator`, with every attention in the literal form."""
    twin = AnimationGenerator(config=generator.config)
    twin.load_state_dict(generator.state_dict(), assign=True)
    for step, _ in generator.config.attended:
        for name in (f"attn_p{step}", f"attn_r{step}"):
            setattr(twin.target, name, LiteralAttention(getattr(twin.target, name), extract))
    return twin.eval()


def make_forms(size: int) -> dict[str, Callable[[], Tensor]]:
    """Functions that generate one frame [1,3,size,size], by the name of the form."""
    generator = AnimationGenerator(config=dance_fashion()).eval()
    picture = torch.rand(1, 3, size, size) * 2 - 1
    inputs = picture, *torch.rand(2, 1, 20, size, size)

    def naive(extract: Extractor) -> Callable[[], Tensor]:
        twin, (image, structure, following) = literal_twin(generator, extract), inputs
        state = State(image, structure)
        return lambda: twin.step(twin.encode_reference(image, structure), state, following).image

    fast = prepare_for_inference(generator)
    image, structure, following = (value.contiguous(memory_format=torch.channels_last) for value in inputs)
    reference = fast.encode_reference(image, structure)
    state = State.initial(reference)
    return {
        "literal, index gathers": naive(index_gathers),
        "literal, grid_sample": naive(grid_samples),
        "fast, reference cached": lambda: fast.step(reference, state, following).image,
    }


def main() -> None:
    """Time the kernels on a GPU; elsewhere all forms, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    if torch.cuda.is_available():
        from benchmarks.attention_kernels import show_kernels

        show_kernels()
    else:
        show_forms(options)


@torch.inference_mode()
def show_forms(options: argparse.Namespace) -> None:
    """Print the shortest time of each form."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    forms = make_forms(options.size)
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
