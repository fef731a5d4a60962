"""Faster networks for inference: batch norm folded into convolutions, weights in the precision and layout of their use.

In: a trained module. Out: a module that computes the same. Called wherever networks are loaded for inference.
"""

import copy
from typing import TypeVar

import torch
from torch import nn

from models.detail import DetailHead, FusedDetail
from models.fingers import FingerHead
from models.flow import FlowNet
from models.fused import FixedBatchNorm2d
from models.layers import PositionConv2d

Convolution = nn.Conv2d | nn.ConvTranspose2d
Module = TypeVar("Module", bound=nn.Module)


def prepare_for_inference(module: Module, precision: torch.dtype = torch.float32) -> Module:
    """A copy of `module` for inference in eval mode: batch norm folded, channels last, heads ready for tensor cores.

    Args:
        precision: of the autocast in which it will run, float32 for none. Convolutions keep their weights in it, so
            that autocast does not convert them at every call; positions are still computed in float32.
    """
    folded = fold_batch_norm(module)
    for child in list(folded.modules()):
        if isinstance(child, DetailHead):
            child.fused = FusedDetail(child)
        elif isinstance(child, FlowNet):
            child.join_heads()
        elif isinstance(child, FingerHead) and precision != torch.float32:
            child.pad()
    if precision != torch.float32:
        for child in folded.modules():
            if isinstance(child, Convolution) and not isinstance(child, PositionConv2d):
                child.to(precision)
    return channels_last(folded)


def fold_batch_norm(module: Module) -> Module:
    """A copy of `module` in eval mode that computes the same in fewer passes; for inference only.

    In every `nn.Sequential`, a batch norm right after a convolution becomes part of the convolution's weights, and a
    ReLU works in place where its input is needed nowhere else. Other batch norms get to know the scale and
    shift that they amount to; other norms stay.

    Raises:
        ValueError: a batch norm without running statistics.
    """
    folded = copy.deepcopy(module).eval().requires_grad_(False)
    for sequence in [child for child in folded.modules() if isinstance(child, nn.Sequential)]:
        _fold_sequence(sequence)
    return folded


def _fold_sequence(sequence: nn.Sequential) -> None:
    fresh = False  # whether the tensor at this point was made inside the sequence, so that nobody else reads it
    for index in range(len(sequence)):
        layer, before = sequence[index], sequence[index - 1] if index else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, Convolution):
            _absorb(before, layer)
            sequence[index] = nn.Identity()
        elif isinstance(layer, nn.BatchNorm2d):
            sequence[index], fresh = _fix(layer), True
        elif isinstance(layer, nn.LeakyReLU | nn.ReLU):
            layer.inplace = fresh
        else:
            fresh = isinstance(layer, Convolution | nn.GroupNorm)


@torch.no_grad()
def _absorb(convolution: Convolution, norm: nn.BatchNorm2d) -> None:
    """Make `convolution` scale and shift its outputs as `norm` does; computed in float64, then rounded."""
    scale, shift = _scale_and_shift(norm, convolution.bias)
    # A transposed convolution stores its weight as [in,out,k,k].
    shape = (1, -1, 1, 1) if isinstance(convolution, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    weight = _exact(convolution.weight) * scale.view(shape)
    like = convolution.weight
    convolution.weight = nn.Parameter(weight.to(like.dtype).to(like.device), requires_grad=False)
    convolution.bias = nn.Parameter(shift.to(like.dtype).to(like.device), requires_grad=False)


@torch.no_grad()
def _fix(norm: nn.BatchNorm2d) -> FixedBatchNorm2d:
    fixed = FixedBatchNorm2d(norm.num_features, eps=norm.eps).to(norm.weight).eval().requires_grad_(False)
    fixed.load_state_dict(norm.state_dict())
    for name, value in zip(("scale", "shift"), _scale_and_shift(norm), strict=True):
        fixed.register_buffer(name, value.to(norm.weight.dtype).to(norm.weight.device), persistent=False)
    return fixed


def _scale_and_shift(norm: nn.BatchNorm2d, bias: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """What a batch norm in eval mode, after a bias [C], multiplies maps with and then adds: [C] each, in float64."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ValueError("a batch norm without running statistics can't be folded")
    scale = _exact(norm.weight) / (_exact(variance) + norm.eps).sqrt()
    offset = -_exact(mean) if bias is None else _exact(bias) - _exact(mean)
    return scale, offset * scale + _exact(norm.bias)


def _exact(tensor: torch.Tensor) -> torch.Tensor:
    """In float64, on the CPU, because Apple's GPUs have no float64."""
    return tensor.cpu().double()


def channels_last(module: Module) -> Module:
    """Change the memory layout of all 4-D weights of `module` in place to channels-last, and return `module`.

    The fastest layout for images that are channels-last too.
    """
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module
