"""Local attention in its exact fast form (paper, section 3.2): the flowed patches are never written out.

B batch, C channels, A hidden channels, H, W size of the source, h, w size of flow and target, k kernel size.

The first layer of the attention is a k x k convolution over [target block, source block], so it splits into an
ordinary convolution of the target and a convolution of the whole source that is sampled at the flowed positions.
All k*k taps of a block share one bilinear fraction, so the result is a sum over (k+1)^2 integer neighbours.
"""

import torch.nn.functional as F
from torch import Tensor

from models.ops.neighbours import bilinear_weights, split_positions, sum_neighbours
from models.ops.sampling import check_flow, flowed_positions

SLOPE = 0.1


def project_target(target: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Target half of the first layer: target [B,C,h,w], weight [A,C,k,k] -> [B,A,h,w]."""
    kernel = weight.shape[-1]
    before, after = kernel // 2, (kernel - 1) // 2
    return F.conv2d(F.pad(target, (before, after, before, after), mode="replicate"), weight, bias)


def project_source(source: Tensor, weight: Tensor) -> Tensor:
    """Source half of the first layer for every position: source [B,C,H,W], weight [A,C,k,k] -> [B,A,H+k-1,W+k-1].

    Padding by k-1 makes the result constant beyond its edges, so that any flow can be sampled from it exactly.
    """
    return F.conv2d(F.pad(source, (weight.shape[-1] - 1,) * 4, mode="replicate"), weight)


def local_attention(
    source: Tensor,
    target: Tensor,
    flow: Tensor,
    *,
    weight: Tensor,
    bias: Tensor,
    head_weight: Tensor,
    head_bias: Tensor,
    softmax: bool = True,
    projected: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Attend to the k x k patch of source around each flowed position.

    Args:
        source: [B,C,H,W] features.
        target: [B,C,h,w] features that ask.
        flow: [B,2,h,w] backward flow in source pixels, channel 0 = x; positions stay float32 under autocast.
        weight, bias: first layer [A,2C,k,k] and [A]; input channels 0..C-1 see the target, C..2C-1 the source.
        head_weight, head_bias: second layer [k*k,A,1,1] and [k*k].
        softmax: normalise the k*k weights; otherwise they pass a leaky rectifier.
        projected: `project_source(source, weight[:, C:])` if it is known already.

    Returns:
        result [B,C,h,w], an average over k*k taps (softmax weights are divided by k*k once more, as in the paper's
        code), and attention [B,k*k,h,w], the weights before that division.

    Raises:
        ValueError: shapes that don't fit together.
    """
    _check(source, target, flow, weight, head_weight, projected)
    kernel = weight.shape[-1]
    target_weight, source_weight = weight.split(source.shape[1], dim=1)
    if projected is None:
        projected = project_source(source, source_weight)
    x0, y0, fx, fy = split_positions(*flowed_positions(flow))
    # Position n of the source is index n + after of its projection.
    after = (kernel - 1) // 2
    hidden = project_target(target, target_weight, bias)
    hidden = hidden + sum_neighbours(
        projected, x0, y0, bilinear_weights(fx, fy), columns=range(after, after + 2), rows=range(after, after + 2)
    )
    logits = F.conv2d(F.leaky_relu(hidden, SLOPE), head_weight, head_bias)
    attention = logits.softmax(dim=1) if softmax else F.leaky_relu(logits, SLOPE)
    offsets = range(-(kernel // 2), after + 2)
    weights = _spread(attention, fx, fy) / kernel**2
    return sum_neighbours(source, x0, y0, weights, columns=offsets, rows=offsets), attention


def _spread(attention: Tensor, fx: Tensor, fy: Tensor) -> Tensor:
    """Weights of the k*k bilinear taps [B,k*k,h,w] -> weights of the integer neighbours [B,h,w,k+1,k+1]."""
    batch, taps, height, width = attention.shape
    kernel = round(taps**0.5)
    taps_last = attention.to(fx.dtype).permute(0, 2, 3, 1).reshape(batch, height, width, kernel, kernel)
    fx, fy = fx[..., None, None], fy[..., None, None]
    columns = F.pad(taps_last * (1 - fx), (0, 1)) + F.pad(taps_last * fx, (1, 0))  # [B,h,w,k,k+1]
    return F.pad(columns * (1 - fy), (0, 0, 0, 1)) + F.pad(columns * fy, (0, 0, 1, 0))  # [B,h,w,k+1,k+1]


def _check(
    source: Tensor, target: Tensor, flow: Tensor, weight: Tensor, head_weight: Tensor, projected: Tensor | None
) -> None:
    check_flow(source, flow)
    channels, kernel = source.shape[1], weight.shape[-1]
    if target.shape != (source.shape[0], channels, *flow.shape[-2:]):
        raise ValueError(f"need target [B,{channels},h,w] of the flow's size, got {tuple(target.shape)}")
    if weight.shape[1:] != (2 * channels, kernel, kernel):
        raise ValueError(f"need weight [A,{2 * channels},k,k], got {tuple(weight.shape)}")
    if head_weight.shape != (kernel**2, weight.shape[0], 1, 1):
        raise ValueError(f"need head_weight [{kernel**2},{weight.shape[0]},1,1], got {tuple(head_weight.shape)}")
    extended = (source.shape[0], weight.shape[0], source.shape[2] + kernel - 1, source.shape[3] + kernel - 1)
    if projected is not None and projected.shape != extended:
        raise ValueError(f"need projected source {extended}, got {tuple(projected.shape)}")
