"""Weights of a view-synthesis generator with other codes as a start: without lenses, or with other classes.

Called by `engine.initialisation.load_matching` for `gfla train view-synth --init`. New inputs count for nothing, so the
pictures stay the same until they are learnt.
"""

import torch
from torch import Tensor, nn

from models.generators.config import ViewConfig
from models.generators.view import ViewGenerator


def fit_codes(given: nn.Module, network: nn.Module) -> dict[str, Tensor]:
    """The state of `given` in the shapes of `network`, if they differ in what the codes hold."""
    state, own = given.state_dict(), network.state_dict()
    if not isinstance(given, ViewGenerator) or not isinstance(network, ViewGenerator):
        return state
    labels = [_label_codes(each.config) for each in (given, network)]
    for block in labels[0]:
        for key, old in state.items():
            if key.startswith(block) and key in own and own[key].shape != old.shape:
                state[key] = _move_inputs(old, own[key], *(each[block] for each in labels))
    return state


def _label_codes(config: ViewConfig) -> dict[str, list[str]]:
    """What each channel of the codes is, for the two blocks whose last inputs are codes."""
    pose = [f"pose {number}" for number in range(2 * config.harmonics + 1)]
    lens = ["nearness", "scale"] * config.lens
    around = [f"{which} {name}" for names in (pose, lens) for which in ("view", "source") for name in names]
    return {"volume.posed.": [*pose, *lens, *config.classes], "reader.around.": [*around, *config.classes]}


def _move_inputs(old: Tensor, own: Tensor, old_code: list[str], code: list[str]) -> Tensor:
    """Weights of features and a code, for another code; the norm of new inputs is `own`'s, what they add to is 0."""
    axis = min(old.dim() - 1, 1)
    features = old.shape[axis] - len(old_code)
    if own.shape[axis] != features + len(code):
        return old
    new = own.clone() if old.dim() == 1 else torch.zeros_like(own)
    known = [name for name in old_code if name in code]
    taken, places = ([*range(features), *(features + each.index(name) for name in known)] for each in (old_code, code))
    return new.index_copy_(axis, torch.tensor(places), old.index_select(axis, torch.tensor(taken)).to(new))
