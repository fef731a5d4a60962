"""Batch norm in training, with the leaky ReLU that follows it, as Triton kernels on channels-last maps.

Each direction reads its maps twice, once for sums per channel and once for the result, and stores one map. Sums are in
float32, maps in any precision. Used by `models.layers` for CUDA tensors. There are no atomics.

B batch, C channels, H, W size of a map, M = B*H*W rows of C channels.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 4096  # values that a program looks at together
CHANNELS = 64  # at most, of one program
PROGRAMS = 1024  # that share the rows


@triton.jit
def _read(x, rows, c, there, C: tl.constexpr):
    """Values [rows, channels] as float32."""
    return tl.load(x + (rows[:, None] * C + c[None, :]), mask=there, other=0.0).to(tl.float32)


@triton.jit
def _sum(x, shift, partial, count, share, C: tl.constexpr, BLOCK_C: tl.constexpr, ROWS: tl.constexpr):
    """Sums of x - shift and of its square over this program's rows: partial [2,P,C]."""
    program, c = tl.program_id(0), tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    centre = tl.load(shift + c, mask=c < C, other=0.0)[None, :]
    first = tl.zeros((ROWS, BLOCK_C), tl.float32)
    second = tl.zeros((ROWS, BLOCK_C), tl.float32)
    for start in range(program * share, min((program + 1) * share, count), ROWS):
        rows = start + tl.arange(0, ROWS)
        there = (rows < min((program + 1) * share, count))[:, None] & (c < C)[None, :]
        value = tl.where(there, _read(x, rows, c, there, C) - centre, 0.0)
        first += value
        second += value * value
    tl.store(partial + program * C + c, tl.sum(first, axis=0), mask=c < C)
    tl.store(partial + (tl.num_programs(0) + program) * C + c, tl.sum(second, axis=0), mask=c < C)


@triton.jit
def _finish(
    partial, running_mean, running_variance, mean, scale, count, momentum, epsilon, programs,
    C: tl.constexpr, BLOCK_C: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Mean and 1 / standard deviation of every channel, and the running statistics."""
    c = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    first, second = _add_partial(partial, programs, c, C, ROWS)
    centre = tl.load(running_mean + c, mask=c < C, other=0.0)  # what `_sum` has subtracted
    variance = tl.maximum(second / count - (first / count) * (first / count), 0.0)
    found = centre + first / count
    tl.store(mean + c, found, mask=c < C)
    tl.store(scale + c, 1.0 / tl.sqrt(variance + epsilon), mask=c < C)
    tl.store(running_mean + c, centre + momentum * (found - centre), mask=c < C)
    former = tl.load(running_variance + c, mask=c < C, other=0.0)
    unbiased = variance * (count / tl.maximum(count - 1.0, 1.0))
    tl.store(running_variance + c, former + momentum * (unbiased - former), mask=c < C)


@triton.jit
def _add_partial(partial, programs, c, C: tl.constexpr, ROWS: tl.constexpr):
    """Both sums of every channel over all programs."""
    first = tl.zeros((ROWS, c.shape[0]), tl.float32)
    second = tl.zeros((ROWS, c.shape[0]), tl.float32)
    for start in range(0, programs, ROWS):
        rows = start + tl.arange(0, ROWS)
        there = (rows < programs)[:, None] & (c < C)[None, :]
        first += _read(partial, rows, c, there, C)
        second += _read(partial, rows + programs, c, there, C)
    return tl.sum(first, axis=0), tl.sum(second, axis=0)


@triton.jit
def _apply(
    x, mean, scale, weight, bias, result, count, SLOPE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    there = (rows < count)[:, None] & (c < C)[None, :]
    factor = tl.load(scale + c, mask=c < C, other=0.0) * tl.load(weight + c, mask=c < C, other=0.0)
    centre, offset = tl.load(mean + c, mask=c < C, other=0.0), tl.load(bias + c, mask=c < C, other=0.0)
    value = (_read(x, rows, c, there, C) - centre[None, :]) * factor[None, :] + offset[None, :]
    value = tl.where(value > 0, value, value * SLOPE)
    tl.store(result + (rows[:, None] * C + c[None, :]), value.to(result.dtype.element_ty), mask=there)


@triton.jit
def _read_backward(x, upstream, rows, c, there, mean, scale, weight, bias, SLOPE: tl.constexpr, C: tl.constexpr):
    """Normalised values, and the gradient that arrives at the norm's result."""
    centre, factor = tl.load(mean + c, mask=c < C, other=0.0), tl.load(scale + c, mask=c < C, other=0.0)
    gain, offset = tl.load(weight + c, mask=c < C, other=0.0), tl.load(bias + c, mask=c < C, other=0.0)
    value, grad = _read(x, rows, c, there, C) - centre[None, :], _read(upstream, rows, c, there, C)
    positive = value * (factor * gain)[None, :] + offset[None, :] > 0  # as in `_apply`, so that both agree
    return value * factor[None, :], tl.where(positive, grad, grad * SLOPE)


@triton.jit
def _sum_backward(
    x, upstream, mean, scale, weight, bias, partial, count, share, SLOPE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    """Sums of the gradient and of its product with the normalised values: partial [2,P,C]."""
    program, c = tl.program_id(0), tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    first = tl.zeros((ROWS, BLOCK_C), tl.float32)
    second = tl.zeros((ROWS, BLOCK_C), tl.float32)
    for start in range(program * share, min((program + 1) * share, count), ROWS):
        rows = start + tl.arange(0, ROWS)
        there = (rows < min((program + 1) * share, count))[:, None] & (c < C)[None, :]
        value, grad = _read_backward(x, upstream, rows, c, there, mean, scale, weight, bias, SLOPE, C)
        first += grad
        second += grad * value
    tl.store(partial + program * C + c, tl.sum(first, axis=0), mask=c < C)
    tl.store(partial + (tl.num_programs(0) + program) * C + c, tl.sum(second, axis=0), mask=c < C)


@triton.jit
def _finish_backward(
    partial, grad_weight, grad_bias, programs, C: tl.constexpr, BLOCK_C: tl.constexpr, ROWS: tl.constexpr
):
    c = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    first, second = _add_partial(partial, programs, c, C, ROWS)
    tl.store(grad_bias + c, first, mask=c < C)
    tl.store(grad_weight + c, second, mask=c < C)


@triton.jit
def _apply_backward(
    x, upstream, mean, scale, weight, bias, grad_weight, grad_bias, result, count, SLOPE: tl.constexpr,
    C: tl.constexpr, BLOCK_C: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    there = (rows < count)[:, None] & (c < C)[None, :]
    value, grad = _read_backward(x, upstream, rows, c, there, mean, scale, weight, bias, SLOPE, C)
    factor = tl.load(scale + c, mask=c < C, other=0.0) * tl.load(weight + c, mask=c < C, other=0.0)
    first = tl.load(grad_bias + c, mask=c < C, other=0.0) / count
    second = tl.load(grad_weight + c, mask=c < C, other=0.0) / count
    grad = (grad - first[None, :] - value * second[None, :]) * factor[None, :]
    tl.store(result + (rows[:, None] * C + c[None, :]), grad.to(result.dtype.element_ty), mask=there)


class _Plan:
    """How M rows of C channels are divided among programs."""

    def __init__(self, x: Tensor) -> None:
        self.channels = x.shape[1]
        self.count = x.numel() // max(self.channels, 1)
        block = min(triton.next_power_of_2(self.channels), CHANNELS)
        self.rows, groups = BLOCK // block, triton.cdiv(self.channels, block)
        blocks = triton.cdiv(self.count, self.rows)
        self.share = triton.cdiv(blocks, max(PROGRAMS // groups, 1)) * self.rows  # rows of a program that sums
        self.programs = triton.cdiv(self.count, self.share)
        self.sums, self.all, self.groups = (self.programs, groups), (blocks, groups), (groups,)
        self.sizes = self.channels, block, self.rows


class _NormaliseAndActivate(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_variance, momentum, epsilon, slope, precision):
        plan = _Plan(x)
        partial = x.new_empty((2, plan.programs, plan.channels), dtype=torch.float32)
        mean, scale = torch.empty_like(weight), torch.empty_like(weight)
        result = torch.empty_like(x, dtype=precision)
        _sum[plan.sums](x, running_mean, partial, plan.count, plan.share, *plan.sizes)
        _finish[plan.groups](
            partial, running_mean, running_variance, mean, scale, plan.count, momentum, epsilon, plan.programs,
            *plan.sizes[:2], 16,
        )  # fmt: skip
        _apply[plan.all](x, mean, scale, weight, bias, result, plan.count, slope, *plan.sizes)
        ctx.save_for_backward(x, mean, scale, weight, bias)
        ctx.slope = slope
        return result

    @staticmethod
    def backward(ctx, *grads):
        x, mean, scale, weight, bias = ctx.saved_tensors
        plan, upstream = _Plan(x), grads[0].contiguous(memory_format=torch.channels_last)
        partial = x.new_empty((2, plan.programs, plan.channels), dtype=torch.float32)
        grad_weight, grad_bias = torch.empty_like(weight), torch.empty_like(bias)
        inputs = x, upstream, mean, scale, weight, bias
        _sum_backward[plan.sums](*inputs, partial, plan.count, plan.share, ctx.slope, *plan.sizes)
        _finish_backward[plan.groups](partial, grad_weight, grad_bias, plan.programs, *plan.sizes[:2], 16)
        result = None
        if ctx.needs_input_grad[0]:
            result = torch.empty_like(x)
            _apply_backward[plan.all](*inputs, grad_weight, grad_bias, result, plan.count, ctx.slope, *plan.sizes)
        return result, grad_weight, grad_bias, None, None, None, None, None, None


def normalise_and_activate_triton(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_variance: Tensor,
    *,
    momentum: float,
    epsilon: float,
    slope: float,
) -> Tensor:
    """leaky_relu(batch_norm(x)) with the statistics of x, and an update of the running ones.

    Args:
        x: [B,C,H,W].
        weight, bias, running_mean, running_variance: [C] float32.

    Returns:
        [B,C,H,W], channels-last; in the precision of autocast where it is on, since a convolution follows.
    """
    precision = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
    x = x.contiguous(memory_format=torch.channels_last)
    statistics = running_mean, running_variance, momentum, epsilon
    return _NormaliseAndActivate.apply(x, weight, bias, *statistics, slope, precision)  # type: ignore[return-value]
