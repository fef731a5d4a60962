"""Weights of an animation generator with other channels of images or structures, or without a shadow, as a start.

Called by `engine.initialisation.load_matching` for `gfla train animate --init`. New input channels count for nothing,
new output channels make nothing, and so what a network with fewer channels made stays the same.
"""

from itertools import accumulate

import torch
from torch import Tensor, nn

from models.generators.animation import AnimationConfig, AnimationGenerator


def fit_channels(given: nn.Module, network: nn.Module) -> dict[str, Tensor]:
    """The state of `given` in the shapes of `network`, as far as they differ by such channels and the shadow only.

    Tensors that differ in another way stay as they are.
    """
    state = given.state_dict()
    if not isinstance(given, AnimationGenerator) or not isinstance(network, AnimationGenerator):
        return state
    own = network.state_dict()
    for key, old in state.items():
        groups = _channel_groups(key, given.config), _channel_groups(key, network.config)
        if key in own and own[key].shape != old.shape and groups[0]:
            state[key] = _spread(old, own[key], *groups)
    return state


def _channel_groups(key: str, config: AnimationConfig) -> tuple[int, ...]:
    """What the channels of a tensor belong to that reads images or structures, or makes images; () for all others."""
    image, structure = config.image_channels, config.structure_channels
    first_of_block = key.split(".")[1:4] in (["block0", "model", "0"], ["block0", "model", "2"])
    if key.startswith("source_") and first_of_block:
        return (image,)
    if key.startswith("target.block0.") and first_of_block:
        return (structure,)
    if key.startswith("flow_net_") and first_of_block:
        return image, structure, structure
    if key == "detail.blend.0.weight":
        return config.channels(0), image, image, 2  # features, previous frame, reference, masks
    if key.startswith("target.outconv."):
        return image, int(config.shadow)
    return ()


def _spread(old: Tensor, own: Tensor, old_groups: tuple[int, ...], own_groups: tuple[int, ...]) -> Tensor:
    """Old weights at the places where their channels are now: along the outputs of the last layer, else the inputs.

    New channels of a weight [C_out,C_in,k,k] are 0, but for the shadow; those of a norm or bias are `own`'s.
    """
    made = len(old_groups) == 2
    dim = 0 if made or old.dim() == 1 else 1
    alike = [(*each.shape[:dim], *each.shape[dim + 1 :]) for each in (old, own)]
    if old.dim() == 0 or alike[0] != alike[1] or old.shape[dim] != sum(old_groups):
        return old
    new = own.clone() if old.dim() == 1 else torch.zeros_like(own)
    if made:
        new[own_groups[0] :] = own[own_groups[0] :]
    taken, places = [], []
    starts = zip(accumulate(old_groups, initial=0), accumulate(own_groups, initial=0), strict=True)
    for (first, place), counts in zip(starts, zip(old_groups, own_groups, strict=True), strict=False):
        taken += range(first, first + min(counts))
        places += range(place, place + min(counts))
    return new.index_copy(dim, torch.tensor(places, device=own.device), old.to(new)[(slice(None),) * dim + (taken,)])
