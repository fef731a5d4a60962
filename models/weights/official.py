"""The authors' eight networks, and their checkpoints as tensors (official format, section 6).

Our modules carry the authors' names, so the key table is the identity, except that theirs register the convolution of
every jump and output block twice: `conv1.*` is also `model.2.*`, and both are in the file.
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
from models.weights.files import ARCHITECTURES, layout_problems

LICENCE = "CC BY-NC, the authors' terms"
PREFIX = "module."  # of every key, where the network was trained on several GPUs
STAGE_ONE = "flow_net."  # all that a checkpoint of the first training stage has


@dataclass(frozen=True)
class Official:
    """One configuration of the authors: its architecture here, and the builder of its config."""

    name: str
    architecture: str
    config: Callable[[], Any]

    def build(self) -> nn.Module:
        """The network without numbers, on the meta device."""
        with torch.device("meta"):
            return ARCHITECTURES[self.architecture][1](config=self.config())

    def keys(self) -> dict[str, str]:
        """The authors' keys -> ours."""
        return official_keys(self.build())

    @property
    def stage_one(self) -> "Official | None":
        """The network of the first training stage, where there is one."""
        return dataclasses.replace(self, architecture="flow") if self.architecture == "picture" else None


OFFICIAL = {
    each.name: each
    for each in (
        Official("pose_fashion", "picture", config.pose_fashion),
        Official("pose_market", "picture", config.pose_market),
        Official("dance_fashion", "animation", config.dance_fashion),
        Official("dance_iper", "animation", config.dance_iper),
        Official("keypoint", "motion", MotionConfig),
        Official("face", "face", config.face),
        Official("shapenet_car", "picture", config.shapenet_car),
        Official("shapenet_chair", "picture", config.shapenet_chair),
    )
}


def official(name: str) -> Official:
    """The configuration of this name, hyphens for underscores allowed. Raises WeightsError for an unknown one."""
    found = OFFICIAL.get(name.replace("-", "_"))
    if found is None:
        raise WeightsError(f"{name!r} is none of the authors' configurations: {', '.join(OFFICIAL)}")
    return found


def official_keys(model: nn.Module) -> dict[str, str]:
    """The authors' keys of a network -> ours; two keys of theirs may name one tensor."""
    table = {key: key for key in model.state_dict()}
    for name, module in model.named_modules():
        if isinstance(module, Jump):
            table |= {f"{name}.model.2.{kind}": f"{name}.conv1.{kind}" for kind in module.conv1.state_dict()}
    return table


def from_official(tensors: dict[str, Tensor], wanted: Official, source: str) -> tuple[nn.Module, Official]:
    """Build a network of a checkpoint's tensors.

    Returns:
        The network in eval mode with the checkpoint's own tensors, and what it is: `wanted`, or its first stage.

    Raises:
        WeightsError: naming `source` and what is missing, too much, of another shape or type, or differs between two
            names of one tensor; or which configuration the checkpoint is of instead.
    """
    tensors = _without_prefix(tensors)
    if wanted.stage_one and all(key.startswith(STAGE_ONE) for key in tensors):
        wanted = wanted.stage_one
    model = wanted.build()
    table, shapes = official_keys(model), model.state_dict()
    if problem := layout_problems({key: shapes[ours] for key, ours in table.items()}, tensors):
        raise WeightsError(f"{source} is no {wanted.name} checkpoint: {_instead(tensors) or problem}")
    _refuse_unlike(tensors, table, source)
    model.load_state_dict({ours: tensors[key] for key, ours in table.items()}, assign=True)
    return model.eval(), wanted


def to_official(model: nn.Module, *, prefix: bool = False) -> dict[str, Tensor]:
    """The state dict of a network under the authors' keys, `module.` before them on request.

    Raises WeightsError for a network that none of the authors' configurations describes.
    """
    architecture = next(name for name, (_, kind) in ARCHITECTURES.items() if type(model) is kind)
    known = [each.stage_one if architecture == "flow" else each for each in OFFICIAL.values()]
    if not any(each and each.architecture == architecture and each.config() == model.config for each in known):
        raise WeightsError(f"the authors have no network like this {architecture!r} one, so it has no layout of theirs")
    state = {key: tensor.detach().cpu() for key, tensor in model.state_dict().items()}
    return {(PREFIX if prefix else "") + key: state[ours] for key, ours in official_keys(model).items()}


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    whole = all(key.startswith(PREFIX) for key in tensors)
    return {key.removeprefix(PREFIX): tensor for key, tensor in tensors.items()} if whole else tensors


def _instead(tensors: dict[str, Tensor]) -> str | None:
    """What to do where the tensors are those of other configurations."""
    fitting = []
    for each in OFFICIAL.values():
        for stage in filter(None, (each, each.stage_one)):
            model = stage.build()
            shapes = model.state_dict()
            if not layout_problems({key: shapes[ours] for key, ours in official_keys(model).items()}, tensors):
                fitting.append(each.name)
    return f"its tensors are those of {' or '.join(fitting)}, give that with --as" if fitting else None


def _refuse_unlike(tensors: dict[str, Tensor], table: dict[str, str], source: str) -> None:
    """Aliases must be equal and everything float32, so that the way back gives the same file."""
    if other := [key for key, tensor in tensors.items() if tensor.dtype != torch.float32]:
        raise WeightsError(f"{source}: {len(other)} tensors are not float32, the first is {other[0]}")
    if torn := [key for key, ours in table.items() if not torch.equal(tensors[key], tensors[ours])]:
        raise WeightsError(
            f"{source}: {len(torn)} keys differ from the tensor they are a second name of: "
            f"{torn[0]} and {table[torn[0]]}"
        )
