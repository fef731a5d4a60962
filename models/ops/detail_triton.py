"""The detail head's steps at the image's resolution in inference, as two Triton kernels around its convolutions.

Values are computed in float32; there is no gradient. Used by `models.detail` for CUDA tensors, for a single reference.

B batch, I image channels, R channels of the first convolution, L of the last one, H, W image size, h, w size of the
finest flow. Flow is backward flow in pixels of its own map, channel 0 = x. Maps are channels-last.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 256  # pixels of one program


@triton.jit
def _bilinear(at, x, y, width, height, there, C: tl.constexpr):
    """Samples of a map of C channels at positions inside it; `at` points to the channels of its first pixel."""
    left, above = x.to(tl.int32), y.to(tl.int32)
    right, below = tl.minimum(left + 1, width - 1), tl.minimum(above + 1, height - 1)
    fx, fy = x - left, y - above
    a = tl.load(at + (above * width + left) * C, mask=there, other=0.0).to(tl.float32)
    b = tl.load(at + (above * width + right) * C, mask=there, other=0.0).to(tl.float32)
    d = tl.load(at + (below * width + left) * C, mask=there, other=0.0).to(tl.float32)
    e = tl.load(at + (below * width + right) * C, mask=there, other=0.0).to(tl.float32)
    return (1.0 - fy) * ((1.0 - fx) * a + fx * b) + fy * ((1.0 - fx) * d + fx * e)


@triton.jit
def _warp(
    picture, coarse, mask, residual, bias, flow, warped, candidates, number, image, row, column, place, there,
    height, width, SCALE: tl.constexpr, CHANNELS: tl.constexpr, BLOCK_C: tl.constexpr, R: tl.constexpr,
    COUNT: tl.constexpr,
):  # fmt: skip
    """Flow into source `number`, the source at its positions, and what the blending convolution reads of both."""
    h, w, pixel = height // SCALE, width // SCALE, (image * height + row) * width + column
    x = tl.minimum(tl.maximum((column + 0.5) / SCALE - 0.5, 0.0), w - 1.0)
    y = tl.minimum(tl.maximum((row + 0.5) / SCALE - 0.5, 0.0), h - 1.0)
    start = coarse + image * h * w * 2
    flow_x = _bilinear(start, x, y, w, h, there, 2) * SCALE + tl.load(bias + 2 * number).to(tl.float32)
    flow_y = _bilinear(start + 1, x, y, w, h, there, 2) * SCALE + tl.load(bias + 2 * number + 1).to(tl.float32)
    flow_x += tl.load(residual + pixel * R + 2 * number, mask=there, other=0.0).to(tl.float32)
    flow_y += tl.load(residual + pixel * R + 2 * number + 1, mask=there, other=0.0).to(tl.float32)
    at = flow + image * 2 * height * width + place
    tl.store(at, flow_x, mask=there)
    tl.store(at + height * width, flow_y, mask=there)
    shown = _bilinear(mask + image * h * w, x, y, w, h, there, 1)
    tl.store(candidates + pixel * COUNT + 2 * CHANNELS + number, shown.to(candidates.dtype.element_ty), mask=there)
    c = tl.arange(0, BLOCK_C)[None, :]
    x = tl.minimum(tl.maximum(column + flow_x, 0.0), width - 1.0)[:, None]
    y = tl.minimum(tl.maximum(row + flow_y, 0.0), height - 1.0)[:, None]
    inside, pixel = there[:, None] & (c < CHANNELS), pixel[:, None]
    value = _bilinear(picture + image * height * width * CHANNELS + c, x, y, width, height, inside, CHANNELS)
    tl.store(warped + pixel * CHANNELS + c, value.to(warped.dtype.element_ty), mask=inside)
    tl.store(candidates + pixel * COUNT + CHANNELS * number + c, value.to(candidates.dtype.element_ty), mask=inside)


@triton.jit
def _gather(
    picture_0, picture_1, coarse_0, coarse_1, mask_0, mask_1, residual, bias, flow_0, flow_1, warped_0, warped_1,
    candidates, height, width, SCALE: tl.constexpr, CHANNELS: tl.constexpr, BLOCK_C: tl.constexpr, R: tl.constexpr,
    COUNT: tl.constexpr, BLOCK_REST: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(height * width, BLOCK)
    image, place = tl.program_id(0) // blocks, tl.program_id(0) % blocks * BLOCK + tl.arange(0, BLOCK)
    there, row, column = place < height * width, place // width, place % width
    _warp(
        picture_0, coarse_0, mask_0, residual, bias, flow_0, warped_0, candidates, 0, image, row, column, place, there,
        height, width, SCALE, CHANNELS, BLOCK_C, R, COUNT,
    )  # fmt: skip
    _warp(
        picture_1, coarse_1, mask_1, residual, bias, flow_1, warped_1, candidates, 1, image, row, column, place, there,
        height, width, SCALE, CHANNELS, BLOCK_C, R, COUNT,
    )  # fmt: skip
    rest = 2 * CHANNELS + 2 + tl.arange(0, BLOCK_REST)[None, :]
    at = candidates + (image * height * width + place)[:, None] * COUNT + rest
    zeros = tl.zeros((BLOCK, BLOCK_REST), candidates.dtype.element_ty)
    tl.store(at, zeros, mask=there[:, None] & (rest < COUNT))


@triton.jit
def _compose(
    generated, warped_0, warped_1, logits, bias, restraint, blend, result, height, width,
    stride_b, stride_c, stride_y, stride_x, CHANNELS: tl.constexpr, BLOCK_C: tl.constexpr, L: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(height * width, BLOCK)
    image, place = tl.program_id(0) // blocks, tl.program_id(0) % blocks * BLOCK + tl.arange(0, BLOCK)
    there, row, column = place < height * width, place // width, place % width
    pixel = image * height * width + place
    at = logits + pixel * L
    first = tl.load(at, mask=there, other=0.0).to(tl.float32) + tl.load(bias) - tl.load(restraint)
    second = tl.load(at + 1, mask=there, other=0.0).to(tl.float32) + tl.load(bias + 1) - tl.load(restraint + 1)
    third = tl.load(at + 2, mask=there, other=0.0).to(tl.float32) + tl.load(bias + 2) - tl.load(restraint + 2)
    highest = tl.maximum(first, tl.maximum(second, third))
    first, second, third = tl.exp(first - highest), tl.exp(second - highest), tl.exp(third - highest)
    total = first + second + third
    first, second, third = first / total, second / total, third / total
    at = blend + image * 3 * height * width + place
    tl.store(at, first, mask=there)
    tl.store(at + height * width, second, mask=there)
    tl.store(at + 2 * height * width, third, mask=there)
    c = tl.arange(0, BLOCK_C)[None, :]
    inside, here = there[:, None] & (c < CHANNELS), pixel[:, None] * CHANNELS + c
    at = generated + (image * stride_b + row * stride_y + column * stride_x)[:, None] + c * stride_c
    value = tl.load(at, mask=inside, other=0.0).to(tl.float32) * first[:, None]
    value += tl.load(warped_0 + here, mask=inside, other=0.0).to(tl.float32) * second[:, None]
    value += tl.load(warped_1 + here, mask=inside, other=0.0).to(tl.float32) * third[:, None]
    tl.store(result + here, value.to(result.dtype.element_ty), mask=inside)


def gather_candidates_triton(
    pictures: Sequence[Tensor],
    flows: Sequence[Tensor],
    masks: Sequence[Tensor],
    residual: Tensor,
    bias: Tensor,
    *,
    count: int,
) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """Flows at the image's resolution, the pictures warped by them, and what the blending convolution reads.

    Args:
        pictures: two of [B,I,H,W].
        flows: [B,2,h,w] into each.
        masks: [B,1,h,w] of each.
        residual: [B,R,H,W], of which the first four channels are added to the enlarged flows.
        bias: [R], added to them too.
        count: channels of the last result.

    Returns:
        Two flows [B,2,H,W] in float32, two pictures [B,I,H,W], and [B,count,H,W] in the precision of `residual`: both
        pictures, their masks, zeros.
    """
    batch, channels, height, width = pictures[0].shape
    pictures, flows, masks = ([_channels_last(each) for each in maps] for maps in (pictures, flows, masks))
    residual, size = _channels_last(residual), (batch, 2, height, width)
    found = [torch.empty(size, dtype=torch.float32, device=residual.device) for _ in range(2)]
    warped = [torch.empty_like(picture) for picture in pictures]
    size, options = (batch, count, height, width), {"dtype": residual.dtype, "device": residual.device}
    candidates = torch.empty(size, **options, memory_format=torch.channels_last)
    rest = triton.next_power_of_2(max(count - 2 * channels - 2, 1))
    _gather[(batch * triton.cdiv(height * width, BLOCK),)](
        *pictures, *flows, *masks, residual, bias, *found, *warped, candidates, height, width,
        height // flows[0].shape[2], channels, triton.next_power_of_2(channels), residual.shape[1], count, rest, BLOCK,
    )  # fmt: skip
    return found, warped, candidates


def compose_triton(
    generated: Tensor, warped: Sequence[Tensor], logits: Tensor, bias: Tensor, restraint: Tensor
) -> tuple[Tensor, Tensor]:
    """The sum of three pictures, weighted by the softmax of the first three logits.

    Args:
        generated: [B,I,H,W] of any layout.
        warped: two of [B,I,H,W].
        logits: [B,L,H,W].
        bias, restraint: [L] and [3 or more], added to and subtracted from the logits.

    Returns:
        The picture [B,I,H,W] in the precision of those that are warped, and the weights [B,3,H,W] in float32.
    """
    batch, channels, height, width = generated.shape
    warped, logits = [_channels_last(each) for each in warped], _channels_last(logits)
    result = torch.empty_like(warped[0])
    blend = torch.empty((batch, 3, height, width), dtype=torch.float32, device=logits.device)
    _compose[(batch * triton.cdiv(height * width, BLOCK),)](
        generated, *warped, logits, bias, restraint, blend, result, height, width, *generated.stride(),
        channels, triton.next_power_of_2(channels), logits.shape[1], BLOCK,
    )  # fmt: skip
    return result, blend


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
