"""Rigid limbs in inference as two Triton kernels: the motion of every limb, and the mean of the candidate flows.

The torch forms are in `models.limbs`, whose letters and units apply. Values are computed in float32; there is no
gradient, and a limb whose beginning is NaN makes all of its flow NaN as in torch. Used for CUDA tensors.
"""

# pyright: reportArgumentType=false, reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (Triton compiles kernels itself, and pyright takes them for Python.)

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 16  # positions of one program, each with all candidates


@triton.jit
def _read_joint(pose, joint, known):
    """x and y of joints."""
    at = pose + joint * 2
    return tl.load(at, mask=known, other=0.0).to(tl.float32), tl.load(at + 1, mask=known, other=0.0).to(tl.float32)


@triton.jit
def _normalise(x, y):
    """Unit vectors, (1, 0) where the length is about 0, and lengths."""
    length = tl.sqrt(x * x + y * y)
    factor = 1.0 / tl.maximum(length, 1e-3)
    return tl.where(length > 1e-3, x * factor, 1.0), tl.where(length > 1e-3, y * factor, 0.0), length


@triton.jit
def _move(target, source, limbs, maps, begins, ends, joints, short, K: tl.constexpr, BLOCK_K: tl.constexpr):
    """The maps, begins and ends of `LimbMotion` for one item of the batch."""
    image, k = tl.program_id(0), tl.arange(0, BLOCK_K)
    known = (k > 0) & (k < K)
    first = tl.load(limbs + (k - 1) * 2, mask=known, other=0)
    last = tl.load(limbs + (k - 1) * 2 + 1, mask=known, other=0)
    target, source = target + image * joints * 2, source + image * joints * 2
    begin_x, begin_y = _read_joint(target, first, known)
    origin_x, origin_y = _read_joint(source, first, known)
    axis_x, axis_y = _read_joint(target, last, known)
    there_x, there_y = _read_joint(source, last, known)
    axis_x, axis_y, there_x, there_y = axis_x - begin_x, axis_y - begin_y, there_x - origin_x, there_y - origin_y
    sum_x, sum_y = axis_x + there_x, axis_y + there_y
    known_x, known_y = sum_x == sum_x, sum_y == sum_y  # NaN is unequal to itself
    axis_x, axis_y = tl.where(known_x, axis_x, 0.0), tl.where(known_y, axis_y, 0.0)
    there_x, there_y = tl.where(known_x, there_x, 0.0), tl.where(known_y, there_y, 0.0)
    along_x, along_y, length = _normalise(axis_x, axis_y)
    along_there_x, along_there_y, length_there = _normalise(there_x, there_y)
    square, square_there, square_short = length * length, length_there * length_there, short * short
    rotation = square / (square + square_short) * (square_there / (square_there + square_short))
    scale = 1.0 / (square + square_short)
    # Across a direction (x, y) is (-y, x).
    sideways_x = -along_y + rotation * (along_y - along_there_y)
    sideways_y = along_x + rotation * (along_there_x - along_x)
    xx = (there_x * axis_x + square_short * along_x * along_x) * scale - sideways_x * along_y
    xy = (there_x * axis_y + square_short * along_x * along_y) * scale + sideways_x * along_x
    yx = (there_y * axis_x + square_short * along_y * along_x) * scale - sideways_y * along_y
    yy = (there_y * axis_y + square_short * along_y * along_y) * scale + sideways_y * along_x
    at, inside = maps + (image * K + k) * 6, k < K
    tl.store(at, tl.where(known, xx - 1.0, 0.0), mask=inside)
    tl.store(at + 1, tl.where(known, xy, 0.0), mask=inside)
    tl.store(at + 2, tl.where(known, origin_x - (xx * begin_x + xy * begin_y), 0.0), mask=inside)
    tl.store(at + 3, tl.where(known, yx, 0.0), mask=inside)
    tl.store(at + 4, tl.where(known, yy - 1.0, 0.0), mask=inside)
    tl.store(at + 5, tl.where(known, origin_y - (yx * begin_x + yy * begin_y), 0.0), mask=inside)
    place = (image * (K - 1) + k - 1) * 2
    tl.store(begins + place, begin_x, mask=known)
    tl.store(begins + place + 1, begin_y, mask=known)
    tl.store(ends + place, begin_x + axis_x, mask=known)
    tl.store(ends + place + 1, begin_y + axis_y, mask=known)


@triton.jit
def _mix(
    scores, flow, maps, begins, ends, result, height, width, score_b, score_k, score_y, score_x,
    flow_b, flow_c, flow_y, flow_x, result_b, result_c, result_y, result_x, cell, reach, still,
    K: tl.constexpr, BLOCK_K: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(height * width, BLOCK)
    image, place = tl.program_id(0) // blocks, tl.program_id(0) % blocks * BLOCK + tl.arange(0, BLOCK)
    there, row, column = place < height * width, place // width, place % width
    x, y = ((column + 0.5) * cell - 0.5)[:, None], ((row + 0.5) * cell - 0.5)[:, None]
    k = tl.arange(0, BLOCK_K)
    begin_x, begin_y = _read_joint(begins + image * (K - 1) * 2, k - 1, (k > 0) & (k < K))
    axis_x, axis_y = _read_joint(ends + image * (K - 1) * 2, k - 1, (k > 0) & (k < K))
    axis_x, axis_y = (axis_x - begin_x)[None, :], (axis_y - begin_y)[None, :]
    dx, dy = x - begin_x[None, :], y - begin_y[None, :]
    part = (dx * axis_x + dy * axis_y) / tl.maximum(axis_x * axis_x + axis_y * axis_y, 1e-6)
    part = tl.minimum(tl.maximum(part, 0.0), 1.0)
    dx, dy = dx - part * axis_x, dy - part * axis_y
    near = tl.where((k == 0)[None, :], -still, -tl.sqrt(dx * dx + dy * dy) / reach)
    at = scores + (image * score_b + row * score_y + column * score_x)[:, None] + (k * score_k)[None, :]
    inside = there[:, None] & (k < K)[None, :]
    logit = tl.load(at, mask=inside, other=0.0).to(tl.float32) + near
    logit = tl.where((k < K)[None, :], logit, float("-inf"))
    weight = tl.exp(logit - tl.max(logit, axis=1)[:, None])
    factor = 1.0 / (tl.sum(weight, axis=1) * cell)
    flow_at = flow + image * flow_b + row * flow_y + column * flow_x
    result_at = result + image * result_b + row * result_y + column * result_x
    for axis in tl.static_range(2):
        at = maps + (image * K + k) * 6 + 3 * axis
        by_x, by_y = tl.load(at, mask=k < K, other=0.0), tl.load(at + 1, mask=k < K, other=0.0)
        shift = tl.load(at + 2, mask=k < K, other=0.0)
        moved = by_x[None, :] * x + by_y[None, :] * y + shift[None, :]
        value = tl.load(flow_at + axis * flow_c, mask=there, other=0.0).to(tl.float32)
        value += tl.sum(weight * moved, axis=1) * factor
        tl.store(result_at + axis * result_c, value.to(result.dtype.element_ty), mask=there)


def limb_motion_triton(target: Tensor, source: Tensor, limbs: Tensor, *, short: float) -> tuple[Tensor, Tensor, Tensor]:
    """Maps [B,K,2,3], begins and ends [B,K-1,2] of `LimbMotion`, in float32.

    Args:
        target, source: [B,J,2] joints.
        limbs: [K-1,2] pairs of joint indices, dense.
        short: length of a limb that is half-way between one that is rotated and one that is only shifted.
    """
    (batch, joints, _), count = target.shape, len(limbs) + 1
    maps = target.new_empty((batch, count, 2, 3), dtype=torch.float32)
    begins, ends = target.new_empty((2, batch, count - 1, 2), dtype=torch.float32).unbind()
    block = triton.next_power_of_2(count)
    poses = target.contiguous(), source.contiguous()
    _move[(batch,)](*poses, limbs, maps, begins, ends, joints, float(short), count, block)
    return maps, begins, ends


def mix_candidates_triton(
    flow: Tensor, scores: Tensor, maps: Tensor, begins: Tensor, ends: Tensor, *, cell: float, reach: float, still: float
) -> Tensor:
    """A flow [B,2,h,w] and the mean of the candidate flows, weighted by the softmax of scores and proximity.

    Args:
        scores: [B,K,h,w].
        maps, begins, ends: of `limb_motion_triton`.
        cell: side of one map pixel in image pixels.
        reach: distance from a limb in image pixels over which its logit falls by 1.
        still: minus the logit of standing still.

    Returns:
        [B,2,h,w] in the layout and precision of `flow`.
    """
    (batch, count, height, width), result = scores.shape, torch.empty_like(flow)
    _mix[(batch * triton.cdiv(height * width, BLOCK),)](
        scores, flow, maps, begins, ends, result, height, width, *scores.stride(), *flow.stride(), *result.stride(),
        float(cell), float(reach), float(still), count, triton.next_power_of_2(count), BLOCK,
    )  # fmt: skip
    return result
