"""The authors' checkpoint files: into the user's weights folder, and back."""

import re
import warnings
from pathlib import Path

import torch
from torch import Tensor

from models.errors import InputError, WeightsError
from models.weights import load_weights, save_weights
from models.weights.bundled import bundled_files
from models.weights.official import LICENCE, find_official, from_official, to_official
from models.weights.user import is_name, user_file
from pipelines.media.files import atomic_output, check_output, check_readable, report_write_errors
from pipelines.runtime.summaries import describe_input

CODE = re.compile(r"(?:GLOBAL|global:?|class|function) ([A-Za-z_]\w*(?:\.\w+)+)")


def import_checkpoint(path: Path, *, kind: str, name: str = "", overwrite: bool = False) -> str:
    """Turn the checkpoint of the authors' configuration `kind` into weights called `name` (default: `kind`).

    Returns:
        The name.

    Raises:
        InputError: missing or empty file, a name that can't be one or is taken.
        WeightsError: unknown `kind`; no checkpoint, damaged, with code in it, or of another network.
        ProcessingError: the weights folder can't be written.
    """
    wanted = find_official(kind)
    name = name or wanted.name
    target = _free(name, overwrite)
    model, found = from_official(read_checkpoint(path), wanted, str(path))
    with report_write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(target, overwrite=overwrite) as temporary, report_write_errors(target):
        save_weights(
            temporary,
            model,
            architecture=found.architecture,
            licence=LICENCE,
            command=f"gfla weights import {path.name} --as {found.name}",
            extra={"imported": {"file": path.name, "sha256": describe_input(path)["sha256"]}},
            official=found.name,
            exact=True,
        )
    return name


def export_checkpoint(name: str, path: Path, *, prefix: bool = False, overwrite: bool = False) -> None:
    """Write weights in the authors' layout, `module.` before every key on request.

    Raises:
        InputError: the output exists, or can't be written.
        WeightsError: no such weights, or no network of the authors.
        ProcessingError: the disk is full.
    """
    check_output(path, overwrite=overwrite)
    state = to_official(load_weights(name), prefix=prefix)
    with atomic_output(path, overwrite=overwrite) as temporary, report_write_errors(path):
        torch.save(state, temporary)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a file written by `torch.save`; nothing in it is run.

    Raises InputError if there is no such file, WeightsError if it holds anything but a plain state dict.
    """
    check_readable(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: give the file latest_net_G.pth in it")
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # foreign bytes make the unpickler fail in every possible way
        raise WeightsError(f"{path} {_reason(path, str(error))}") from None
    if not isinstance(state, dict) or not state:
        raise WeightsError(f"{path} holds a {type(state).__name__}, no state dict: give latest_net_G.pth")
    if other := [key for key, value in state.items() if not (isinstance(key, str) and isinstance(value, Tensor))]:
        kind = type(state[other[0]]).__name__
        raise WeightsError(f"{path} is no plain state dict, {other[0]!r} is a {kind}: give latest_net_G.pth")
    return state


def _reason(path: Path, message: str) -> str:
    if found := CODE.search(message):
        return f"asks to run {found[1]} and is refused: a checkpoint holds tensors only, get it from a trusted place"
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:] == b"{":
        return "is a safetensors file: gfla reads it as it is, give its path instead of a name"
    return "is cut short, damaged, or a pickle of other things than tensors, which could run code: get it again"


def _free(name: str, overwrite: bool) -> Path:
    """The file for new weights of this name."""
    if not is_name(name):
        raise InputError(f"weights can't be called {name!r}: use letters, digits, - and _")
    if name in bundled_files():
        raise InputError(f"{name!r} is the name of bundled weights: choose another with --name")
    target = user_file(name)
    if target.exists() and not overwrite:
        raise InputError(f"there are weights called {name!r} already ({target}): choose --name, or give --overwrite")
    return target
