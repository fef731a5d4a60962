"""A network fed with tensors from a file, for comparisons with other implementations (official format, section 12).

B batch, T frames, S structure channels, K joints, H, W image size. Inputs by architecture:

picture, flow: source [B,3,H,W], source_structure and target_structure [B,S,H,W] or codes [B,S,1,1]
animation, face: ref_image [B,3,H,W], ref_structure [B,S,H,W], structures [B,T,S,H,W], and to go on from a frame
    previous_image [B,3,H,W] and previous_structure [B,S,H,W]
motion: track [B,2K,T]

Outputs: image [B,3,H,W], or [B,T,3,H,W]; flow.i and mask.i, coarse to fine; of several frames flow.t.i and mask.t.i, at
each layer the previous frame's before the reference's; track [B,2K,T-80].
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models.errors import InputError
from models.generators.picture import Picture
from models.generators.recurrent import Step
from models.weights import load_weights, read_metadata
from pipelines.media.files import atomic_output, check_output, report_write_errors
from pipelines.runtime.devices import choose_device

PRECISIONS = {"fp32": torch.float32, "fp64": torch.float64}
PICTURE = ("source", "source_structure", "target_structure")
RECURRENT = ("structures", "ref_image", "ref_structure")
PREVIOUS = ("previous_image", "previous_structure")
Tensors = dict[str, Tensor]


def run_network(name: str, inputs: Path, output: Path, *, precision: str, device: str, overwrite: bool = False) -> None:
    """Write what the network of weights `name` makes of the tensors in `inputs`, both safetensors.

    Raises:
        InputError: inputs that can't be read or don't fit the network; an output that exists.
        WeightsError: no such weights, or a network that has no inputs here.
    """
    check_output(output, overwrite=overwrite, inputs=[inputs])
    architecture = read_metadata(name)["architecture"]
    if architecture not in FORWARD:
        raise InputError(f"{name}: {architecture!r} networks can't be run so; {', '.join(FORWARD)} can")
    needed, allowed, forward = FORWARD[architecture]
    kind, place = PRECISIONS[precision], choose_device(device)
    tensors = {key: value.to(place, kind) for key, value in _load(inputs).items()}
    _check_names(inputs, tensors, needed, allowed)
    network = load_weights(name).to(place, kind)
    try:
        with torch.inference_mode():
            found = forward(network, [tensors[key] for key in (*needed, *allowed) if key in tensors])
    except (ValueError, RuntimeError, IndexError) as error:
        raise InputError(f"{inputs} does not fit {name}: {(str(error).splitlines() or ['?'])[0]}") from None
    with atomic_output(output, overwrite=overwrite) as temporary, report_write_errors(output):
        save_file({key: value.cpu().contiguous() for key, value in found.items()}, str(temporary))


def _load(path: Path) -> Tensors:
    try:
        return load_file(str(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is no readable safetensors file ({str(error).splitlines()[0]})") from None


def _check_names(path: Path, found: Tensors, needed: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    problems = {"lacks": [key for key in needed if key not in found]}
    problems["has unknown"] = [key for key in found if key not in (*needed, *allowed)]
    if 0 < len([key for key in allowed if key in found]) < len(allowed):
        problems["lacks"] += [key for key in allowed if key not in found]
    if told := [f"{what} {', '.join(keys)}" for what, keys in problems.items() if keys]:
        raise InputError(f"{path} {'; '.join(told)}: this network takes {', '.join(needed)}")


def _picture(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    found: Picture = network(*inputs)
    return {"image": found.image} | _numbered("flow", found.flows) | _numbered("mask", found.masks)


def _flow(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    flows, masks = network(*inputs)
    return _numbered("flow", flows) | _numbered("mask", masks)


def _recurrent(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    steps: list[Step] = network(*inputs)
    result = {"image": torch.stack([step.image for step in steps], 1)}
    for frame, step in enumerate(steps):
        result |= _numbered(f"flow.{frame}", _interleaved(step.flows_previous, step.flows_reference))
        result |= _numbered(f"mask.{frame}", _interleaved(step.masks_previous, step.masks_reference))
    return result


def _motion(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    return {"track": network(*inputs)}


def _interleaved(previous: list[Tensor], reference: list[Tensor]) -> list[Tensor]:
    return [item for pair in zip(previous, reference, strict=True) for item in pair]


def _numbered(name: str, values: list[Tensor]) -> Tensors:
    return {f"{name}.{index}": value for index, value in enumerate(values)}


# architecture: inputs it needs, inputs it may have, in the order of its forward, and what it makes of them
FORWARD: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[nn.Module, list[Tensor]], Tensors]]] = {
    "picture": (PICTURE, (), _picture),
    "flow": (PICTURE, (), _flow),
    "animation": (RECURRENT, PREVIOUS, _recurrent),
    "face": (RECURRENT, PREVIOUS, _recurrent),
    "motion": (("track",), (), _motion),
}
