"""The two parts of local attention that are Triton kernels, beside their torch form: for tests and benchmarks.

`hidden` samples the projected source, adds the target's half and applies the leaky ReLU; `attend` turns the result of
the second layer into weights and sums the source. B batch, H, W size of the maps, k kernel size.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.attention_triton import attend_triton, sort_flow
from models.ops.hidden_triton import sample_hidden_triton
from models.ops.local_attention import SLOPE, attend_torch, sample_hidden_torch

Function = Callable[..., Tensor]


@dataclass(frozen=True)
class Shape:
    """One attention of a generator."""

    name: str
    channels: int
    hidden: int
    size: int
    kernel: int


@dataclass(frozen=True)
class Part:
    """One part in all forms."""

    name: str
    inputs: tuple[Tensor, ...]
    """The last is the flow [B,2,H,W], float32."""

    torch_form: Function
    triton_form: Function
    trained_form: Function
    """The Triton form in training: it prepares for the backward pass."""


def make_parts(shape: Shape, batch: int, precision: torch.dtype, device: str = "cuda") -> Iterator[Part]:
    """Both parts with random channels-last inputs; flows are smooth and leave the image here and there."""
    size, kernel = shape.size, shape.kernel

    def make(channels: int, side: int) -> Tensor:
        made = torch.randn(batch, channels, side, side, device=device).to(precision)
        return made.contiguous(memory_format=torch.channels_last)

    coarse = torch.randn(batch, 2, 5, 5, device=device) * size / 10
    # In steps that float32 adds to the pixel grid without rounding: next to an integer the gradient of positions jumps.
    flow = (F.interpolate(coarse, size=(size, size), mode="bicubic") * 1024).round() / 1024
    places = sort_flow(flow, (size, size), kernel)
    triton_form = partial(sample_hidden_triton, kernel=kernel, slope=SLOPE)
    projected, asked = make(shape.hidden, size + kernel - 1), make(shape.hidden, size)
    hidden = sample_hidden_torch(projected.double(), asked.double(), flow.double(), kernel=kernel)
    asked[hidden.abs() < 1e-3] += 0.125  # away from the bend of the leaky ReLU, where its gradient jumps
    yield Part(
        "hidden",
        (projected, asked, flow),
        partial(sample_hidden_torch, kernel=kernel),
        partial(triton_form, places=None),
        partial(triton_form, places=places),
    )

    def attend(source: Tensor, logits: Tensor, flow: Tensor, *, trained: bool) -> Tensor:
        places = sort_flow(flow, (size, size), kernel) if trained else None
        return attend_triton(source, logits, flow, softmax=True, places=places, slope=SLOPE)[0]

    yield Part(
        "attend",
        (make(shape.channels, size), make(kernel**2, size), flow),
        lambda *inputs: attend_torch(*inputs, softmax=True)[0],
        partial(attend, trained=False),
        partial(attend, trained=True),
    )


def differentiate(function: Function, inputs: tuple[Tensor, ...], upstream: Tensor) -> tuple[Tensor, ...]:
    """Result and gradients of all inputs."""
    leaves = [value.detach().requires_grad_() for value in inputs]
    result = function(*leaves)
    return result.detach(), *torch.autograd.grad(result, leaves, upstream)


def measure_errors(part: Part) -> tuple[float, float]:
    """Largest differences of result and gradients from float64, relative to the largest value of each."""
    with torch.no_grad():
        upstream = torch.randn_like(part.triton_form(*part.inputs))
    exact = differentiate(part.torch_form, tuple(value.double() for value in part.inputs), upstream.double())
    found = differentiate(part.trained_form, part.inputs, upstream)
    errors = [float((a.double() - b).abs().max() / b.abs().max()) for a, b in zip(found, exact, strict=True)]
    return errors[0], max(errors[1:])
