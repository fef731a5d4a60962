"""Import of the authors' checkpoint files into the user's weights folder, and export in their format.

Official format, section 6. Called by `gfla weights import`; the conversion of the tensors is in
`models.weights.official`.
"""

import re
import warnings
from pathlib import Path

import torch
from torch import Tensor

from models.errors import InputError, WeightsError
from models.files import file_sha256
from models.weights import load_weights, save_weights
from models.weights.bundled import bundled_files
from models.weights.official import LICENCE, find_official, from_official, to_official
from models.weights.user import is_name, user_file
from pipelines.media.files import atomic_output, check_output, check_readable, report_write_errors

# How torch's unpickler names the code that a file asks it to run.
CODE = re.compile(r"(?:GLOBAL|global:?|class|function) ([A-Za-z_]\w*(?:\.\w+)+)")


def import_checkpoint(path: Path, *, kind: str, name: str = "", overwrite: bool = False) -> str:
    """Convert a checkpoint of the authors to a weights file in the user's folder.

    Args:
        path: the checkpoint, such as latest_net_G.pth.
        kind: the authors' configuration that it is of, such as "pose_fashion".
        name: what to call the weights; `kind` if empty.
        overwrite: replace existing weights of this name.

    Returns:
        The name of the weights.

    Raises:
        InputError: the file is missing or empty; the name is not valid, or is taken.
        WeightsError: unknown `kind`; the file is not a checkpoint, is damaged, contains code, or is of another network.
        ProcessingError: the weights folder is not writable, or the disk is full.
    """
    network = find_official(kind)
    name = name or network.name
    target = _choose_file(name, overwrite)
    model, found = from_official(read_checkpoint(path), network, str(path))
    with report_write_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(target, overwrite=overwrite) as temporary, report_write_errors(target):
        save_weights(
            temporary,
            model,
            architecture=found.architecture,
            licence=LICENCE,
            command=f"gfla weights import {path.name} --as {found.name}",
            extra={"imported": {"file": path.name, "sha256": file_sha256(path)}},
            official=found.name,
            exact=True,
        )
    return name


def export_checkpoint(name: str, path: Path, *, prefix: bool = False, overwrite: bool = False) -> None:
    """Write weights as a checkpoint in the authors' format.

    Args:
        name: name or file of the weights.
        path: the checkpoint.
        prefix: put `module.` before every key, as the authors' training on several GPUs does.
        overwrite: replace an existing file.

    Raises:
        InputError: the output exists, or its folder is missing or not writable.
        WeightsError: there are no such weights, or their network is not one of the authors'.
        ProcessingError: the disk is full.
    """
    check_output(path, overwrite=overwrite)
    state = to_official(load_weights(name), prefix=prefix)
    with atomic_output(path, overwrite=overwrite) as temporary, report_write_errors(path):
        torch.save(state, temporary)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the state dict of a checkpoint, written by any version of `torch.save`; no code in the file is run.

    Raises:
        InputError: the file is missing or empty.
        WeightsError: the file is damaged, or contains anything but a plain state dict.
    """
    check_readable(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder: use the file latest_net_G.pth in it")
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # bytes of any other kind of file make the unpickler fail in any way
        raise WeightsError(f"{path} {_explain_failure(path, str(error))}") from None
    if not isinstance(state, dict) or not state:
        raise WeightsError(f"{path} contains a {type(state).__name__}, not a state dict: use latest_net_G.pth")
    if other := [key for key, value in state.items() if not (isinstance(key, str) and isinstance(value, Tensor))]:
        kind = type(state[other[0]]).__name__
        raise WeightsError(f"{path} is not a plain state dict, {other[0]!r} is a {kind}: use latest_net_G.pth")
    return state


def _explain_failure(path: Path, message: str) -> str:
    """The likely reason why torch can't read a checkpoint, as the rest of a sentence; message: torch's own."""
    if found := CODE.search(message):
        return f"would run {found[1]} and is refused: a checkpoint needs no code, get it from a trusted source"
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:] == b"{":
        return "is a safetensors file: no import is needed, use its path wherever weights have a name"
    return "is cut short, damaged, or a pickle of something other than tensors, which could run code: download it again"


def _choose_file(name: str, overwrite: bool) -> Path:
    """The file for new weights of this name; raises InputError if the name is not valid or is taken."""
    if not is_name(name):
        raise InputError(f"weights can't be called {name!r}: use letters, digits, - and _")
    if name in bundled_files():
        raise InputError(f"{name!r} is the name of bundled weights: choose another with --name")
    target = user_file(name)
    if target.exists() and not overwrite:
        raise InputError(f"weights called {name!r} already exist ({target}): choose another --name, or use --overwrite")
    return target
