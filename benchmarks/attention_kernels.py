"""Time and error of the kernels of local attention on CUDA, at the shapes of the two animation generators.

Printed by `python -m benchmarks.attention` where there is a GPU: for `hidden` (sampling the projected source, adding
the target's half, leaky ReLU) and `attend` (softmax, weights of neighbours, weighted sum) the time of both forms and
what moving each input and output once would take. The backward pass of `attend` includes sorting the positions, which
both share. Flows are smooth, as those of a trained network. B batch, H, W size of the maps, k kernel size.
"""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from statistics import median

import torch
from torch import Tensor

from tests.helpers.attention_parts import Function, Part, Shape, differentiate, make_parts, measure_errors

PROCESSES = 8  # that compile kernels at the same time
CALLS = 10  # in one graph
ORDINARY_CALLS = 3  # that are timed together


SHAPES = (
    Shape("dance", 256, 128, 32, 3),
    Shape("dance", 128, 128, 64, 5),
    Shape("person", 128, 64, 32, 3),
    Shape("person", 64, 64, 64, 3),
)
BATCHES = 1, 8, 64
PRECISIONS = torch.bfloat16, torch.float32


def time_call(work: Callable[[], object], *, graph: bool) -> float:
    """Microseconds of one call, ordinarily or from a CUDA graph that holds several."""
    calls = CALLS if graph else ORDINARY_CALLS
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.synchronize()
    captured = torch.cuda.CUDAGraph()
    if graph:
        with torch.cuda.graph(captured):
            for _ in range(calls):
                work()
    times = []
    for _ in range(5):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        if graph:
            captured.replay()
        else:
            for _ in range(calls):
                work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) * 1000 / calls)
    return median(times)


def count_bytes(*tensors: Tensor) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def show_case(shape: Shape, batch: int, precision: torch.dtype, bandwidth: float) -> None:
    """Print one line per part and direction; bandwidth in bytes per microsecond."""
    for part in make_parts(shape, batch, precision):
        with torch.no_grad():
            result = part.triton_form(*part.inputs)
        upstream, errors = torch.randn_like(result), measure_errors(part)
        moved = count_bytes(*part.inputs, result), 2 * count_bytes(*part.inputs) + count_bytes(upstream)
        forward, backward = _time_directions(part, upstream)
        kind = {torch.bfloat16: "bf16", torch.float32: "fp32"}[precision]
        name = f"{shape.name} {shape.channels}x{shape.size}x{shape.size} k={shape.kernel} B={batch} {kind} {part.name}"
        for direction, times, size, error in zip(
            ("forward", "backward"), (forward, backward), moved, errors, strict=True
        ):
            floor = size / bandwidth
            numbers = "".join(f"{value:10.1f}" for value in (*times, floor))
            print(f"{name:40} {direction:8}{numbers}{times[2] / floor:8.1f}{error:10.1e}", flush=True)


@torch.no_grad()
def _time_forward(function: Function, inputs: tuple[Tensor, ...], *, graph: bool) -> float:
    return time_call(lambda: function(*inputs), graph=graph)


def _time_directions(part: Part, upstream: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Microseconds forward and backward: torch form, Triton form, Triton form from a graph."""
    forward = (
        _time_forward(part.torch_form, part.inputs, graph=False),
        _time_forward(part.triton_form, part.inputs, graph=False),
        _time_forward(part.triton_form, part.inputs, graph=True),
    )
    forms = (part.torch_form, False), (part.trained_form, False), (part.trained_form, True)
    both = [
        time_call(partial(differentiate, function, part.inputs, upstream), graph=graph) for function, graph in forms
    ]
    return forward, tuple(total - first for total, first in zip(both, forward, strict=True))


def compile_case(case: tuple[Shape, int, torch.dtype]) -> None:
    """Run the kernels of a case once, so that Triton's cache on disk has them."""
    for part in make_parts(*case):
        part.triton_form(*part.inputs)
        differentiate(part.trained_form, part.inputs, part.trained_form(*part.inputs))


def measure_bandwidth() -> float:
    """Bytes per microsecond that a copy reads and writes."""
    block = torch.empty(2**30, device="cuda", dtype=torch.uint8)
    other = torch.empty_like(block)
    return 2 * block.nbytes / time_call(lambda: other.copy_(block), graph=True)


def show_kernels() -> None:
    """Print the table."""
    torch.manual_seed(0)
    cases = list(product(SHAPES, BATCHES, PRECISIONS))
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(compile_case, cases))
    bandwidth, cell = measure_bandwidth(), torch.zeros(1, device="cuda")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}: a copy moves {bandwidth / 1e6:.2f} TB/s,")
    print(
        f"and the smallest kernel takes {time_call(lambda: cell.add_(1), graph=True):.1f} us in a graph. Times in us;"
    )
    print("floor: to move inputs and outputs once; ratio: of the graph to it; error: to float64, of the largest value.")
    columns = ("torch", "Triton", "graph", "floor")
    print(f"{'':49}" + "".join(f"{column:>10}" for column in columns) + f"{'ratio':>8}{'error':>10}")
    for case in cases:
        show_case(*case, bandwidth)
