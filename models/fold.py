"""Batch norm folded into the convolutions before it, for inference."""

import copy
from typing import TypeVar

import torch
from torch import nn

Convolution = nn.Conv2d | nn.ConvTranspose2d
Module = TypeVar("Module", bound=nn.Module)


def fold_batch_norm(module: Module) -> Module:
    """A copy of `module` in eval mode that computes the same with fewer passes.

    Inside every `nn.Sequential` a batch norm right after a convolution becomes part of its weights, and the
    rectifier behind a fresh tensor works in place. Other norms stay. The copy is for inference only.
    """
    folded = copy.deepcopy(module).eval().requires_grad_(False)
    for sequence in [child for child in folded.modules() if isinstance(child, nn.Sequential)]:
        _fold_sequence(sequence)
    return folded


def _fold_sequence(sequence: nn.Sequential) -> None:
    fresh = False
    for index in range(len(sequence)):
        layer, before = sequence[index], sequence[index - 1] if index else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, Convolution):
            _absorb(before, layer)
            sequence[index] = nn.Identity()
        elif isinstance(layer, nn.LeakyReLU | nn.ReLU):
            layer.inplace = fresh
        else:
            fresh = isinstance(layer, Convolution | nn.BatchNorm2d | nn.GroupNorm)


@torch.no_grad()
def _absorb(convolution: Convolution, norm: nn.BatchNorm2d) -> None:
    """Scale and shift the outputs of `convolution` as `norm` would, in float64 before rounding."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("only a batch norm with running statistics can be folded")
    scale = norm.weight.double() / (variance.double() + norm.eps).sqrt()
    shape = (1, -1, 1, 1) if isinstance(convolution, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    bias = torch.zeros_like(mean) if convolution.bias is None else convolution.bias
    shift = (bias.double() - mean.double()) * scale + norm.bias.double()
    weight = convolution.weight.double() * scale.view(shape)
    convolution.weight = nn.Parameter(weight.to(convolution.weight.dtype), requires_grad=False)
    convolution.bias = nn.Parameter(shift.to(convolution.weight.dtype), requires_grad=False)


def channels_last(module: Module) -> Module:
    """`module` itself, its convolution weights laid out the way that is fastest for channels-last pictures."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module
