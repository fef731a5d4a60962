"""Initial weights taken from another network."""

from collections.abc import Callable

from torch import Tensor, nn

from models.errors import WeightsError
from models.weights import load_weights
from pipelines.runtime.progress import Progress

Adapt = Callable[[nn.Module, nn.Module], dict[str, Tensor]]


def load_matching(
    network: nn.Module, init: str, progress: Progress, *, expect: str | None = None, adapt: Adapt | None = None
) -> None:
    """Copy every tensor of the same name and shape from the weights `init` (a name or a file) into `network`.

    Tensors that do not match keep their values; a note says how many those are. `expect` names the architecture that
    the weights must have. `adapt` turns the network of the weights and `network` into the state to copy from.

    Raises:
        WeightsError: the weights cannot be read, have another architecture, or no tensor matches.
    """
    given = load_weights(init, expect=expect)
    own, other = network.state_dict(), adapt(given, network) if adapt else given.state_dict()
    matching = {key: other[key] for key in own if key in other and other[key].shape == own[key].shape}
    if not matching:
        raise WeightsError(f"{init} has no tensor that fits this network: it belongs to another task or size")
    network.load_state_dict(own | matching)
    if len(matching) < len(own):
        loaded = f"{len(matching)} of {len(own)} tensors loaded"
        progress.note(f"{init} is a different network: {loaded}, the rest is random")
