"""Runs a network on tensors from a file, for comparisons with other implementations (official format, section 12).

In: weights and a safetensors file of inputs. Out: a safetensors file of outputs. Called by `gfla weights run`.

Inputs by architecture (B batch, T frames, S structure channels, K joints, H, W image size, h, w map size):

    picture, flow    source [B,3,H,W], source_structure and target_structure [B,S,H,W] or codes [B,S,1,1]
    animation, face  ref_image [B,3,H,W], ref_structure [B,S,H,W], structures [B,T,S,H,W]; optional, to continue after
                     a frame: previous_image [B,3,H,W] and previous_structure [B,S,H,W]
    motion           track [B,2K,T]

Outputs: image [B,3,H,W], of several frames [B,T,3,H,W]; flow.i [B,2,h,w] and mask.i [B,1,h,w] for each attended layer,
coarse to fine; of several frames flow.t.i and mask.t.i for frame t, at each layer the previous frame's before the
reference's; track [B,2K,T-80]. Images are in [-1, 1], flow is in pixels of its own map, tracks are in -1..1.
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
    """Run the network of weights on the tensors of a file, and write its outputs to another file.

    Args:
        name: name or file of the weights.
        inputs: safetensors file with the inputs.
        output: safetensors file for the outputs.
        precision: "fp32" or "fp64", of the computation and of the outputs.
        device: "auto", "cpu", "cuda", ...; see `pipelines.runtime.devices`.
        overwrite: replace an existing output.

    Raises:
        InputError: the inputs can't be read or don't fit the network, or the output exists or can't be written.
        WeightsError: there are no such weights.
        BackendUnavailable: the device is not available.
        ProcessingError: the disk is full.
    """
    check_output(output, overwrite=overwrite, inputs=[inputs])
    architecture = read_metadata(name)["architecture"]
    if architecture not in FORWARD:
        raise InputError(f"{name}: can't run {architecture!r} networks: use weights of {', '.join(FORWARD)}")
    required, optional, forward = FORWARD[architecture]
    dtype, target = PRECISIONS[precision], choose_device(device)
    tensors = {key: value.to(target, dtype) for key, value in _load(inputs).items()}
    _check_names(inputs, tensors, required, optional)
    network = load_weights(name).to(target, dtype)
    try:
        with torch.inference_mode():
            outputs = forward(network, [tensors[key] for key in (*required, *optional) if key in tensors])
    except (ValueError, RuntimeError, IndexError) as error:
        raise InputError(f"{inputs} does not fit {name}: {(str(error).splitlines() or ['?'])[0]}") from None
    with atomic_output(output, overwrite=overwrite) as temporary, report_write_errors(output):
        save_file({key: value.cpu().contiguous() for key, value in outputs.items()}, str(temporary))


def _load(path: Path) -> Tensors:
    try:
        return load_file(str(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is not a readable safetensors file ({str(error).splitlines()[0]})") from None


def _check_names(path: Path, inputs: Tensors, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    """Raise InputError unless all required inputs, all or none of the optional ones and no others are there."""
    missing = [key for key in required if key not in inputs]
    if any(key in inputs for key in optional):
        missing += [key for key in optional if key not in inputs]
    unknown = [key for key in inputs if key not in (*required, *optional)]
    problems = [f"{what} {', '.join(keys)}" for what, keys in (("lacks", missing), ("has unknown", unknown)) if keys]
    if problems:
        raise InputError(f"{path} {'; '.join(problems)}: this network takes {', '.join(required)}")


def _run_picture(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    result: Picture = network(*inputs)
    return {"image": result.image} | _number("flow", result.flows) | _number("mask", result.masks)


def _run_flow(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    flows, masks = network(*inputs)
    return _number("flow", flows) | _number("mask", masks)


def _run_recurrent(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    steps: list[Step] = network(*inputs)
    result = {"image": torch.stack([step.image for step in steps], 1)}  # T x [B,3,H,W] -> [B,T,3,H,W]
    for frame, step in enumerate(steps):
        result |= _number(f"flow.{frame}", _interleave(step.flows_previous, step.flows_reference))
        result |= _number(f"mask.{frame}", _interleave(step.masks_previous, step.masks_reference))
    return result


def _run_motion(network: nn.Module, inputs: list[Tensor]) -> Tensors:
    return {"track": network(*inputs)}


def _interleave(previous: list[Tensor], reference: list[Tensor]) -> list[Tensor]:
    return [item for pair in zip(previous, reference, strict=True) for item in pair]


def _number(name: str, values: list[Tensor]) -> Tensors:
    return {f"{name}.{index}": value for index, value in enumerate(values)}


# architecture -> required inputs, optional inputs, both in the order of the network's arguments, and how to run it
FORWARD: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[nn.Module, list[Tensor]], Tensors]]] = {
    "picture": (PICTURE, (), _run_picture),
    "flow": (PICTURE, (), _run_flow),
    "animation": (RECURRENT, PREVIOUS, _run_recurrent),
    "face": (RECURRENT, PREVIOUS, _run_recurrent),
    "motion": (("track",), (), _run_motion),
}
