"""Weights of a viewpoint network with other outputs as a start: without lens, or with other kinds.

Called by `engine.initialisation.load_matching` for `gfla train viewpoint --init`.
"""

import torch
from torch import Tensor, nn

from models.viewpoint import ViewpointConfig, ViewpointNetwork

LAST = ("head.3.weight", "head.3.bias")


def fit_outputs(given: nn.Module, network: nn.Module) -> dict[str, Tensor]:
    """The state of `given` with the outputs of `network`; new outputs are those of `network`."""
    state, own = given.state_dict(), network.state_dict()
    if not isinstance(given, ViewpointNetwork) or not isinstance(network, ViewpointNetwork):
        return state
    old, new = (_label_outputs(each.config) for each in (given, network))
    taken = [number for number, label in enumerate(old) if label in new]
    places = torch.tensor([new.index(old[number]) for number in taken])
    for key in LAST:
        if own[key].shape[1:] == state[key].shape[1:]:
            state[key] = own[key].clone().index_copy_(0, places, state[key][taken].to(own[key]))
    return state


def _label_outputs(config: ViewpointConfig) -> list[str]:
    """What each output of the last layer is."""
    azimuths = [f"azimuth {360 * number / config.bins:g}" for number in range(config.bins)]
    lens = ["nearness", "error of elevation", "error of nearness"] * config.lens
    return [*azimuths, *config.kinds, "elevation", *(f"frame {number}" for number in range(3)), *lens]
