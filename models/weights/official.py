"""The authors' eight networks, and the state dicts of their checkpoints (official format, sections 3 and 6).

State dicts in, networks out, and back. Our modules have the authors' names, so the table of keys is the identity but
for one thing: the authors register the convolution of every jump and output block twice, so their `conv1.*` is also
`model.2.*`, and both are in the file. Files are read and written in `pipelines.weights.checkpoints`.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from models.errors import WeightsError
from models.generators import config
from models.layers import Jump
from models.motion import MotionConfig
from models.weights.files import ARCHITECTURES, describe_differences

LICENCE = "CC BY-NC, the authors' terms"
PREFIX = "module."  # of every key, where the network was trained on several GPUs
STAGE_ONE = "flow_net."  # prefix of all keys in a checkpoint of the first training stage


@dataclass(frozen=True)
class OfficialNetwork:
    """One configuration of the authors."""

    name: str
    """The authors' task and data set, such as "pose_fashion"."""

    architecture: str
    """A key of `models.weights.files.ARCHITECTURES`."""

    config: Callable[[], Any]
    """Builds the architecture's config."""

    def build(self) -> nn.Module:
        """The network on the meta device, without values."""
        with torch.device("meta"):
            return ARCHITECTURES[self.architecture][1](config=self.config())

    def keys(self) -> dict[str, str]:
        """The authors' state-dict keys -> ours."""
        return official_keys(self.build())

    @property
    def stage_one(self) -> "OfficialNetwork | None":
        """The flow network that the first training stage trains; None if the training has one stage only."""
        return dataclasses.replace(self, architecture="flow") if self.architecture == "picture" else None


OFFICIAL = {
    each.name: each
    for each in (
        OfficialNetwork("pose_fashion", "picture", config.pose_fashion),
        OfficialNetwork("pose_market", "picture", config.pose_market),
        OfficialNetwork("dance_fashion", "animation", config.dance_fashion),
        OfficialNetwork("dance_iper", "animation", config.dance_iper),
        OfficialNetwork("keypoint", "motion", MotionConfig),
        OfficialNetwork("face", "face", config.face),
        OfficialNetwork("shapenet_car", "picture", config.shapenet_car),
        OfficialNetwork("shapenet_chair", "picture", config.shapenet_chair),
    )
}


def find_official(name: str) -> OfficialNetwork:
    """The authors' configuration of this name, with hyphens or underscores.

    Raises:
        WeightsError: unknown name.
    """
    found = OFFICIAL.get(name.replace("-", "_"))
    if found is None:
        raise WeightsError(f"{name!r} is not one of the authors' configurations: {', '.join(OFFICIAL)}")
    return found


def official_keys(model: nn.Module) -> dict[str, str]:
    """The authors' state-dict keys of a network -> ours; two of their keys can name the same tensor."""
    table = {key: key for key in model.state_dict()}
    for name, module in model.named_modules():
        if isinstance(module, Jump):
            table |= {f"{name}.model.2.{kind}": f"{name}.conv1.{kind}" for kind in module.conv1.state_dict()}
    return table


def from_official(
    tensors: dict[str, Tensor], network: OfficialNetwork, source: str
) -> tuple[nn.Module, OfficialNetwork]:
    """Build a network from the state dict of a checkpoint.

    Args:
        tensors: float32, under the authors' keys, with or without `module.` before every key.
        network: the configuration that the checkpoint should be of; a checkpoint of its first stage is recognised.
        source: what error messages call the checkpoint.

    Returns:
        The network in eval mode, sharing the checkpoint's tensors, and what it is: `network` or its first stage.

    Raises:
        WeightsError: keys are missing, unexpected, of another shape or not float32, or two keys of the same tensor
            differ; if the checkpoint is of another configuration, the message says of which.
    """
    tensors = _strip_prefix(tensors)
    if network.stage_one and all(key.startswith(STAGE_ONE) for key in tensors):
        network = network.stage_one
    model = network.build()
    table, shapes = official_keys(model), model.state_dict()
    if problem := describe_differences({key: shapes[ours] for key, ours in table.items()}, tensors):
        raise WeightsError(f"{source} is not a {network.name} checkpoint: {_suggest_name(tensors) or problem}")
    _check_values(tensors, table, source)
    model.load_state_dict({ours: tensors[key] for key, ours in table.items()}, assign=True)
    return model.eval(), network


def to_official(model: nn.Module, *, prefix: bool = False) -> dict[str, Tensor]:
    """The state dict of a network under the authors' keys, on the CPU.

    prefix: put `module.` before every key, as the authors' training on several GPUs does.

    Raises:
        WeightsError: the network is not of one of the authors' configurations.
    """
    architecture = next(name for name, (_, kind) in ARCHITECTURES.items() if type(model) is kind)
    known = [each.stage_one if architecture == "flow" else each for each in OFFICIAL.values()]
    if not any(each and each.architecture == architecture and each.config() == model.config for each in known):
        raise WeightsError(
            f"this {architecture!r} network is not one of the authors', so it can't be written in their format"
        )
    state = {key: tensor.detach().cpu() for key, tensor in model.state_dict().items()}
    return {(PREFIX if prefix else "") + key: state[ours] for key, ours in official_keys(model).items()}


def _strip_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    prefixed = all(key.startswith(PREFIX) for key in tensors)
    return {key.removeprefix(PREFIX): tensor for key, tensor in tensors.items()} if prefixed else tensors


def _suggest_name(tensors: dict[str, Tensor]) -> str | None:
    """The remedy if the tensors are those of other configurations, otherwise None."""
    fitting = []
    for each in OFFICIAL.values():
        for stage in filter(None, (each, each.stage_one)):
            model = stage.build()
            shapes = model.state_dict()
            if not describe_differences({key: shapes[ours] for key, ours in official_keys(model).items()}, tensors):
                fitting.append(each.name)
    return f"its tensors are those of {' or '.join(fitting)}, pass that with --as" if fitting else None


def _check_values(tensors: dict[str, Tensor], table: dict[str, str], source: str) -> None:
    """All tensors must be float32 and aliases equal, so that exporting the network restores the checkpoint."""
    if other := [key for key, tensor in tensors.items() if tensor.dtype != torch.float32]:
        raise WeightsError(f"{source}: {len(other)} tensors are not float32, the first is {other[0]}")
    if unequal := [key for key, ours in table.items() if not torch.equal(tensors[key], tensors[ours])]:
        raise WeightsError(
            f"{source}: {len(unequal)} keys differ from the tensor that they are a second name of: "
            f"{unequal[0]} and {table[unequal[0]]}"
        )
