"""Steps between convolutions in inference as one Triton kernel each: scale, shift, sum and leaky ReLU; padding.

Values are computed in float32; maps may have any precision. There is no gradient. Used by `models.fused` and
`models.ops.padding` for CUDA tensors.

B batch, C channels, H, W size of a map.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 1024  # values of one program


@triton.jit
def _compute(
    x, scale, shift, other, other_shift, result, count, C: tl.constexpr, WIDE: tl.constexpr, SLOPE: tl.constexpr,
    SCALE: tl.constexpr, SHIFT: tl.constexpr, OTHER: tl.constexpr, OTHER_SHIFT: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    # The map counts as a flat array, so that any number of channels keeps all threads busy.
    target = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if WIDE == C:
        place, there, c = target, target < count, target % C
    else:
        c = target % WIDE
        place, there = target // WIDE * C + c, (target < count) & (c < C)
        c = tl.minimum(c, C - 1)
    value = tl.load(x + place, mask=there, other=0.0).to(tl.float32)
    if SCALE:
        value *= tl.load(scale + c).to(tl.float32)
    if SHIFT:
        value += tl.load(shift + c).to(tl.float32)
    if OTHER:
        value += tl.load(other + place, mask=there, other=0.0).to(tl.float32)
    if OTHER_SHIFT:
        value += tl.load(other_shift + c).to(tl.float32)
    if SLOPE != 1.0:
        value = tl.where(value > 0, value, value * SLOPE)
    if WIDE != C:
        value = tl.where(there, value, 0.0)
    tl.store(result + target, value.to(result.dtype.element_ty), mask=target < count)


def scale_and_shift_triton(
    x: Tensor,
    scale: Tensor | None = None,
    shift: Tensor | None = None,
    *,
    other: Tensor | None = None,
    other_shift: Tensor | None = None,
    slope: float = 1.0,
    wide: int | None = None,
) -> Tensor:
    """leaky_relu(x * scale + shift + other + other_shift); what is None is left out.

    Args:
        x, other: [B,C,H,W].
        scale, shift, other_shift: [C], dense.
        slope: of the leaky ReLU, 1 for none.
        wide: channels of the result, C and some of zeros; None for C.

    Returns:
        [B,wide,H,W], channels-last; in the precision of autocast where it is on, since convolutions read it.
    """
    precision = torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype
    x = x.contiguous(memory_format=torch.channels_last)
    if other is not None:
        other = other.contiguous(memory_format=torch.channels_last)
    batch, channels, height, width = x.shape
    size = batch, wide or channels, height, width
    result = torch.empty(size, dtype=precision, device=x.device, memory_format=torch.channels_last)
    addends = scale, shift, other, other_shift
    _compute[(triton.cdiv(result.numel(), BLOCK),)](
        x, *(x if each is None else each for each in addends), result, result.numel(), channels, size[1], slope,
        *(each is not None for each in addends), BLOCK,
    )  # fmt: skip
    return result


@triton.jit
def _pad(
    x, result, count, height, width, before, after, C: tl.constexpr, SLOPE: tl.constexpr, REFLECT: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there, c, pixel = place < count, place % C, place // C
    across, down = width + before + after, height + before + after
    row, column, image = pixel // across % down - before, pixel % across - before, pixel // across // down
    if REFLECT:
        row = tl.where(row < 0, -row, tl.where(row < height, row, 2 * height - 2 - row))
        column = tl.where(column < 0, -column, tl.where(column < width, column, 2 * width - 2 - column))
    else:
        row = tl.minimum(tl.maximum(row, 0), height - 1)
        column = tl.minimum(tl.maximum(column, 0), width - 1)
    value = tl.load(x + ((image * height + row) * width + column) * C + c, mask=there, other=0.0)
    if SLOPE != 1.0:
        value = value.to(tl.float32)
        value = tl.where(value > 0, value, value * SLOPE)
    tl.store(result + place, value.to(result.dtype.element_ty), mask=there)


def pad_triton(x: Tensor, before: int, after: int, *, reflect: bool, slope: float = 1.0) -> Tensor:
    """leaky_relu(x) [B,C,H,W], its border continued -> [B,C,before+H+after,before+W+after], channels-last.

    reflect: False to repeat the border. slope: 1 for no activation.

    Raises:
        ValueError: the map is too small to be reflected.
    """
    batch, channels, height, width = x.shape
    if reflect and max(before, after) >= min(height, width):
        raise ValueError(f"a map of {height} x {width} is too small to reflect {max(before, after)} pixels of it")
    x = x.contiguous(memory_format=torch.channels_last)
    size = batch, channels, before + height + after, before + width + after
    result = torch.empty(size, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    _pad[(triton.cdiv(result.numel(), BLOCK),)](
        x, result, result.numel(), height, width, before, after, channels, slope, reflect, BLOCK
    )
    return result
