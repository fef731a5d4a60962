"""Local attention (paper, section 3.2) in an exact form that never stores the k x k patches of the source.

In: features of source and target and the flow between them. Out: the source's features at the target's positions. Used
through `models.attention.LocalAttention`. The algebra is that of the official format, section 5: the first layer is a
k x k convolution over [target patch, source patch], so it splits into an ordinary convolution of the target and a
convolution of the complete source that is sampled at the flowed positions. All k*k taps of a patch share one bilinear
fraction, so the result is a sum over (k+1)^2 integer neighbours.

B batch, C channels, A hidden channels, H, W size of the source, h, w size of flow and target, k kernel size. Flow is
backward flow in pixels of the source map, channel 0 = x.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.neighbours import bilinear_weights, can_run_triton, split_positions, sum_neighbours_torch
from models.ops.padding import pad
from models.ops.sampling import check_flow, flowed_positions

SLOPE = 0.1  # of every leaky ReLU in the authors' networks


def project_target(target: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Target half of the first layer: target [B,C,h,w], weight [A,C,k,k], bias [A] -> [B,A,h,w]."""
    kernel = weight.shape[-1]
    before, after = kernel // 2, (kernel - 1) // 2
    return F.conv2d(pad(target, before, after, mode="replicate"), weight, bias)


def project_source(source: Tensor, weight: Tensor) -> Tensor:
    """Source half of the first layer at every position: source [B,C,H,W], weight [A,C,k,k] -> [B,A,H+k-1,W+k-1].

    With k-1 pixels of padding the result is constant beyond its edges, so sampling it is exact for any flow.
    """
    return F.conv2d(pad(source, weight.shape[-1] - 1, mode="replicate"), weight)


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
        target: [B,C,h,w] features, the queries.
        flow: [B,2,h,w]; positions stay float32 under autocast.
        weight, bias: first layer, [A,2C,k,k] and [A]; input channels 0..C-1 are the target's, C..2C-1 the source's.
        head_weight, head_bias: second layer, [k*k,A,1,1] and [k*k].
        softmax: normalise the k*k weights; otherwise they pass through the leaky ReLU.
        projected: `project_source(source, weight[:, C:])`, if it is known already.

    Returns:
        The result [B,C,h,w], and the attention weights [B,k*k,h,w], on CUDA in float32. The result is an average over
        the k*k taps: the weights, which already sum to 1 after the softmax, are divided by k*k once more, as in the
        official code (official format, section 4).

    Raises:
        ValueError: the shapes don't fit together.
    """
    _check(source, target, flow, weight, head_weight, projected)
    kernel = weight.shape[-1]
    target_weight, source_weight = weight.split(source.shape[1], dim=1)
    if projected is None:
        projected = project_source(source, source_weight)
    asked = project_target(target, target_weight, bias)
    if can_run_triton(source) or flow.dtype == torch.float64:
        hidden = sample_hidden_torch(projected, asked, flow, kernel=kernel)
        return attend_torch(source, F.conv2d(hidden, head_weight, head_bias), flow, softmax=softmax)
    from models.ops.attention_triton import attend_triton, sort_flow
    from models.ops.hidden_triton import sample_hidden_triton

    flow = flow.float()
    trained = torch.is_grad_enabled() and (source.requires_grad or projected.requires_grad)
    places = sort_flow(flow, (source.shape[2], source.shape[3]), kernel) if trained else None
    hidden = sample_hidden_triton(projected, asked, flow, kernel=kernel, places=places, slope=SLOPE)
    logits = F.conv2d(hidden, head_weight, head_bias)
    return attend_triton(source, logits, flow, softmax=softmax, places=places, slope=SLOPE)


def sample_hidden_torch(projected: Tensor, asked: Tensor, flow: Tensor, *, kernel: int) -> Tensor:
    """The input of the second layer: `project_source`, sampled at the flowed positions, and `project_target`.

    projected [B,A,H+k-1,W+k-1], asked [B,A,h,w], flow [B,2,h,w], kernel k -> [B,A,h,w].
    """
    x0, y0, fx, fy = split_positions(*flowed_positions(flow))
    # Taps to the right of the centre; position n of the source is index n + after of `projected`.
    after = (kernel - 1) // 2
    near = range(after, after + 2)
    sampled = sum_neighbours_torch(projected, x0, y0, bilinear_weights(fx, fy), columns=near, rows=near)
    return F.leaky_relu(asked + sampled, SLOPE)


def attend_torch(source: Tensor, logits: Tensor, flow: Tensor, *, softmax: bool) -> tuple[Tensor, Tensor]:
    """source [B,C,H,W], result of the second layer [B,k*k,h,w], flow [B,2,h,w] -> as `local_attention`."""
    kernel = round(logits.shape[1] ** 0.5)
    x0, y0, fx, fy = split_positions(*flowed_positions(flow))
    attention = logits.softmax(dim=1) if softmax else F.leaky_relu(logits, SLOPE)
    offsets = range(-(kernel // 2), (kernel - 1) // 2 + 2)
    weights = _spread_over_neighbours(attention, fx, fy) / kernel**2  # [B,h,w,k+1,k+1]
    return sum_neighbours_torch(source, x0, y0, weights, columns=offsets, rows=offsets), attention


def _spread_over_neighbours(attention: Tensor, fx: Tensor, fy: Tensor) -> Tensor:
    """Weights of the k*k bilinear taps [B,k*k,h,w] -> weights of the integer neighbours [B,h,w,k+1,k+1]."""
    batch, taps, height, width = attention.shape
    kernel = round(taps**0.5)
    taps_last = attention.to(fx.dtype).permute(0, 2, 3, 1).reshape(batch, height, width, kernel, kernel)  # [B,h,w,k,k]
    fx, fy = fx[..., None, None], fy[..., None, None]  # [B,h,w,1,1]
    columns = F.pad(taps_last * (1 - fx), (0, 1)) + F.pad(taps_last * fx, (1, 0))  # [B,h,w,k,k+1]
    return F.pad(columns * (1 - fy), (0, 0, 0, 1)) + F.pad(columns * fy, (0, 0, 1, 0))  # [B,h,w,k+1,k+1]


def _check(
    source: Tensor, target: Tensor, flow: Tensor, weight: Tensor, head_weight: Tensor, projected: Tensor | None
) -> None:
    check_flow(source, flow)
    channels, kernel = source.shape[1], weight.shape[-1]
    if target.shape != (source.shape[0], channels, *flow.shape[-2:]):
        raise ValueError(f"expected target [B,{channels},h,w] of the flow's size, got {tuple(target.shape)}")
    if weight.shape[1:] != (2 * channels, kernel, kernel):
        raise ValueError(f"expected weight [A,{2 * channels},k,k], got {tuple(weight.shape)}")
    if head_weight.shape != (kernel**2, weight.shape[0], 1, 1):
        raise ValueError(f"expected head_weight [{kernel**2},{weight.shape[0]},1,1], got {tuple(head_weight.shape)}")
    extended = (source.shape[0], weight.shape[0], source.shape[2] + kernel - 1, source.shape[3] + kernel - 1)
    if projected is not None and projected.shape != extended:
        raise ValueError(f"expected projected source {extended}, got {tuple(projected.shape)}")
