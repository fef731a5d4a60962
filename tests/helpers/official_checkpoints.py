"""Checkpoints as the authors would have saved them, with the generated weights of the reference files."""

from collections import OrderedDict
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from models.weights.official import OFFICIAL
from tests.helpers.golden import Golden, golden_files, open_golden
from tests.helpers.golden_networks import NETWORKS

ON_SEVERAL_GPUS = ("dance_fashion", "face")


@cache
def find_official_files() -> dict[str, Path]:
    """Configuration -> file of full width whose weights are generated."""
    found = {}
    for path in golden_files():
        golden = open_golden(path)
        if "recipe" in golden.metadata:
            with torch.device("meta"):
                config = NETWORKS[golden.network](golden.metadata["config"]).config
            fitting = [each.name for each in OFFICIAL.values() if each.config() == config]
            found |= dict.fromkeys(fitting[:1], path)
    return found


def generate_state(golden: Golden, kind: str) -> dict[str, Tensor]:
    """The weights of a file of full width under canonical keys."""
    shapes = {key: list(tensor.shape) for key, tensor in OFFICIAL[kind].build().state_dict().items()}
    return golden.state(torch.float32, shapes)


def save_checkpoint(path: Path, golden: Golden, kind: str) -> None:
    """Write latest_net_G.pth: aliases share their tensor, dance and face have `module.` before every key."""
    state = generate_state(golden, kind)
    state |= {alias: state[key] for alias, key in golden.metadata["alias"].items()}
    several = kind in ON_SEVERAL_GPUS
    prefixed = OrderedDict((("module." if several else "") + key, tensor) for key, tensor in state.items())
    vars(prefixed)["_metadata"] = OrderedDict([("", {"version": 1})])  # as Module.state_dict() leaves it
    torch.save(prefixed, path, _use_new_zipfile_serialization=several)
