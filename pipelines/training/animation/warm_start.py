"""Weights of an animation generator of another size as a start: with fewer channels of images, structures or features,
fewer limbs, or no shadow.

Called by `engine.initialisation.load_matching` for `gfla train animate --init`. New inputs of a layer count for
nothing, so what the smaller network made stays the same; its new features are random, and can be learnt from at once.
"""

from itertools import accumulate, zip_longest

import torch
from torch import Tensor, nn

from models.generators.animation import AnimationConfig, AnimationGenerator

Groups = tuple[int, ...]  # numbers of channels that belong together, in order
WIDTHS = ("width", "max_width", "flow_width", "flow_max_width", "attention_hidden", "detail_hidden")


def fit_channels(given: nn.Module, network: nn.Module) -> dict[str, Tensor]:
    """The state of `given` in the shapes of `network`, unless that has fewer features.

    Tensors that differ in another way stay as they are.
    """
    state = given.state_dict()
    if not isinstance(given, AnimationGenerator) or not isinstance(network, AnimationGenerator):
        return state
    if any(getattr(network.config, width) < getattr(given.config, width) for width in WIDTHS):
        return state
    own = network.state_dict()
    for key, old in state.items():
        if key not in own or own[key].shape == old.shape:
            continue
        transposed = isinstance(network.get_submodule(key.rpartition(".")[0]), nn.ConvTranspose2d)
        dims = [
            _channel_groups(key, each.config, size, transposed) for each, size in ((given, old), (network, own[key]))
        ]
        state[key] = _spread(old, own[key], *dims, outputs=int(transposed))
    return state


def _channel_groups(key: str, config: AnimationConfig, tensor: Tensor, transposed: bool) -> list[Groups]:
    """What the channels of each of the first two dimensions of a tensor belong to."""
    image, structure = config.image_channels, config.structure_channels
    groups: list[Groups] = [(size,) for size in tensor.shape[:2]]
    inputs = 0 if tensor.dim() == 1 or transposed else 1
    block = key.split(".")[1:4]
    if block == ["block0", "model", "0"] or (block == ["block0", "model", "2"] and tensor.dim() > 1):
        if key.startswith("source_"):
            groups[inputs] = (image,)
        elif key.startswith("target."):
            groups[inputs] = (structure,)
        else:
            groups[inputs] = image, structure, structure
    elif key == "detail.blend.0.weight":
        groups[inputs] = config.channels(0), image, image, 2  # features, previous frame, reference, masks
    elif key.endswith("fully_connect_layer.0.weight"):
        groups[inputs] = (tensor.shape[1] // 2,) * 2  # target, source
    elif key.startswith("target.outconv."):
        groups[0] = image, int(config.shadow)
    return groups


def _spread(old: Tensor, own: Tensor, old_groups: list[Groups], own_groups: list[Groups], *, outputs: int) -> Tensor:
    """Old weights at the places where their channels are now; `old` itself if they don't fit.

    What makes old outputs (dimension `outputs`) takes nothing from new inputs. Other new values are `own`'s, but for
    new channels of the image, which stay empty.
    """
    if old.dim() != own.dim() or old.dim() == 0 or old.shape[2:] != own.shape[2:]:
        return old
    pairs = [_match(*groups) for groups in zip(old_groups, own_groups, strict=True)]
    new = own.clone()
    if len(own_groups[0]) == 2:
        new[: own_groups[0][0]] = 0
    if old.dim() == 1:
        taken, places = pairs[0]
        new[places] = old[taken].to(new)
        return new
    new.index_fill_(outputs, pairs[outputs][1], 0)
    (rows, new_rows), (columns, new_columns) = pairs
    new[new_rows[:, None], new_columns] = old[rows[:, None], columns].to(new)
    return new


def _match(old: Groups, own: Groups) -> tuple[Tensor, Tensor]:
    """Indices of the channels that both have: in the old tensor, and in the new one."""
    taken, places = [], []
    starts = zip(accumulate(old, initial=0), accumulate(own, initial=0), strict=False)
    for (first, place), (theirs, mine) in zip(starts, zip_longest(old, own, fillvalue=0), strict=False):
        taken += range(first, first + min(theirs, mine))
        places += range(place, place + min(theirs, mine))
    return torch.tensor(taken), torch.tensor(places)
