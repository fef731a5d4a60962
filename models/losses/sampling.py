"""Losses of flow fields without ground truth (paper, section 3.1; official format, section 8.1).

In: flows, and for the correctness VGG19 features of source and target. Out: scalars.

B batch, C feature channels, H, W size of the features, h, w size of a flow map, k kernel size, N windows. Flow is
backward flow in pixels of its own map, channel 0 = x.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.resampling import gaussian_resample

EPSILON = 1e-8
CORRECTNESS = {1: "relu2_1", 2: "relu3_1", 3: "relu4_1"}  # attended layer -> VGG19 features of about its size


def sampling_correctness(source: Tensor, target: Tensor, flow: Tensor, mask: Tensor | None = None) -> Tensor:
    """How much less the warped source resembles the target than the best match in the source does; at least 0.

    Args:
        source, target: [B,C,H,W] VGG19 features of both images, at `CORRECTNESS` of the layer.
        flow: [B,2,h,w]; resized to H x W by nearest neighbour, its values unchanged, as the authors do.
        mask: [B,1,*,*], 1 where the loss counts and 0 elsewhere, of any size; None to count everywhere.
    """
    size = target.shape[-2:]
    warped = gaussian_resample(source, F.interpolate(flow, size=size, mode="nearest"))
    similarity = F.cosine_similarity(warped, target, dim=1, eps=EPSILON)  # [B,H,W]
    loss = torch.exp(-similarity / (_best_similarity(source, target) + EPSILON)) - math.exp(-1)
    if mask is None:
        return loss.mean()
    weight = F.interpolate(mask, size=size, mode="nearest")[:, 0]  # [B,H,W]
    return (loss * weight).sum() / (weight.sum() + EPSILON)


def correctness_of_layers(
    source: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    flows: Sequence[Tensor],
    layers: Iterable[int],
    mask: Tensor | None = None,
) -> Tensor:
    """Sum of `sampling_correctness` over the attended layers.

    Args:
        source, target: [B,C,H,W] features of both images by name, at least `CORRECTNESS` of each layer.
        flows: [B,2,h,w] of each layer, coarse to fine.
        layers: the attended layers, in any order.
        mask: see `sampling_correctness`.
    """
    names = [CORRECTNESS[layer] for layer in sorted(layers, reverse=True)]
    pairs = zip(names, flows, strict=True)
    return torch.stack([sampling_correctness(source[name], target[name], flow, mask) for name, flow in pairs]).sum()


def regularisation_of_layers(flows: Sequence[Tensor], kernel_sizes: Mapping[int, int]) -> Tensor:
    """Sum of `affine_regularisation` over flows [B,2,h,w], coarse to fine; kernel_sizes: attended layer -> k."""
    kernels = [kernel_sizes[layer] for layer in sorted(kernel_sizes, reverse=True)]
    terms = [affine_regularisation(flow, kernel) for flow, kernel in zip(flows, kernels, strict=True)]
    return torch.stack(terms).sum()


def affine_regularisation(flow: Tensor, kernel_size: int) -> Tensor:
    """How far the flow [B,2,h,w] is from being affine in every k x k window.

    The squared residual of the best affine fit, summed over the window and over x and y, averaged over batch and
    windows.

    Raises:
        ValueError: the flow is smaller than a window.
    """
    batch, _, height, width = flow.shape
    if min(height, width) < kernel_size:
        raise ValueError(f"flow {tuple(flow.shape)} is smaller than a window of {kernel_size} x {kernel_size}")
    # Flow and absolute position have the same residual: they differ by the pixel grid, which is affine.
    windows = F.unfold(flow.reshape(2 * batch, 1, height, width), kernel_size)  # [2B,k*k,N]
    residual = affine_residual(kernel_size).to(windows) @ windows  # [2B,k*k,N]
    return 2 * residual.square().sum(dim=1).mean()


@cache
def affine_residual(kernel_size: int) -> Tensor:
    """The matrix [k*k,k*k], float64, that maps a window (row-major) to the residual of its best affine fit.

    I - A (A^T A)^-1 A^T with A = [row, column, 1].
    """
    steps = torch.arange(kernel_size, dtype=torch.float64) - (kernel_size - 1) / 2
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    affine = torch.stack([rows.flatten(), columns.flatten(), torch.ones(kernel_size**2)], dim=1)  # [k*k,3]
    return torch.eye(kernel_size**2, dtype=torch.float64) - affine @ torch.linalg.pinv(affine)


def _best_similarity(source: Tensor, target: Tensor) -> Tensor:
    """The largest cosine similarity [B,H,W] of each target position to any position of the source."""
    directions = [x.flatten(2) / (x.flatten(2).norm(dim=1, keepdim=True) + EPSILON) for x in (source, target)]
    similarity = directions[0].transpose(1, 2) @ directions[1]  # [B,source positions,target positions]
    return similarity.amax(dim=1).view(target.shape[0], *target.shape[-2:])
