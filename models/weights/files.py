"""One safetensors file per network: matrices in half precision, the rest in float32, the config in its metadata."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from models.errors import WeightsError
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.generators.config import GeneratorConfig, PictureConfig, ViewConfig
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.generators.view import ViewGenerator
from models.keypoints import KeypointConfig, KeypointNetwork
from models.motion import MotionConfig, MotionNetwork
from models.viewpoint import ViewpointConfig, ViewpointNetwork
from models.weights.bundled import resolve

FORMAT = "gfla-1"
METADATA_KEY = "gfla"
ARCHITECTURES: dict[str, tuple[type, type[nn.Module]]] = {
    "animation": (AnimationConfig, AnimationGenerator),
    "face": (GeneratorConfig, FaceGenerator),
    "picture": (PictureConfig, PictureGenerator),
    "flow": (PictureConfig, FlowEstimator),
    "view": (ViewConfig, ViewGenerator),
    "viewpoint": (ViewpointConfig, ViewpointNetwork),
    "motion": (MotionConfig, MotionNetwork),
    "keypoints": (KeypointConfig, KeypointNetwork),
}
NAMED_KEYS = 8
TORCH_SUFFIXES = (".pth", ".pt")


def save_weights(
    path: Path | str,
    model: nn.Module,
    *,
    architecture: str,
    licence: str,
    command: str,
    extra: dict[str, Any],
    official: str = "",
    exact: bool = False,
) -> None:
    """Write `model` so that `load_weights` can build it again.

    `command` is the training command, `extra` anything JSON can hold (steps, validation numbers), `official` the
    authors' configuration whose preprocessing the network expects. Weights of two and more dimensions become float16
    unless they must stay `exact`. Raises WeightsError for an unknown architecture or values beyond half precision.
    """
    if architecture not in ARCHITECTURES:
        raise WeightsError(f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}")
    tensors = {key: _stored(key, tensor, exact) for key, tensor in model.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "architecture": architecture,
        "config": dataclasses.asdict(model.config),  # pyright: ignore[reportArgumentType]
        "licence": licence,
        "command": command,
        "extra": extra,
        "official": official,
        "sha256": _digest(tensors),
    }
    # One entry only: safetensors writes several in any order, and the file's hash would change.
    save_file(tensors, str(path), metadata={METADATA_KEY: json.dumps(metadata)})


def load_weights(
    name_or_path: str | Path, *, device: torch.device | str = "cpu", expect: str | None = None
) -> nn.Module:
    """The network of a bundled name or a file, in float32 and eval mode on `device`.

    `expect` names the architecture that is needed. Raises WeightsError, in one line, for a file that is missing,
    damaged, foreign, of another architecture, or with other keys or shapes than its config asks for.
    """
    path = resolve(name_or_path)
    metadata, tensors = _read(path)
    architecture = metadata["architecture"]
    if expect is not None and architecture != expect:
        raise WeightsError(f"{path} holds {architecture!r} weights, but {expect!r} weights are needed here")
    model = _build(path, architecture, metadata["config"])
    _require_same_layout(path, model.state_dict(), tensors)
    model.load_state_dict(
        {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    )
    return model.eval().to(device)


def read_metadata(name_or_path: str | Path) -> dict[str, Any]:
    """Architecture, config, licence, command, extra, official and sha256 of a weights file; the last two are "" in
    files that don't have them yet. Raises WeightsError like `load_weights`."""
    return _read(resolve(name_or_path), with_tensors=False)[0]


def check_whole(path: Path) -> str | None:
    """None, or one line that says what is wrong with a file: unreadable, or not the tensors that were written."""
    try:
        metadata, tensors = _read(path)
        with torch.device("meta"):
            model = _build(path, metadata["architecture"], metadata["config"])
        _require_same_layout(path, model.state_dict(), tensors)
    except WeightsError as error:
        return str(error)
    whole = metadata["sha256"] in ("", _digest(tensors))
    return None if whole else f"{path} holds other numbers than were written into it: import or train it again"


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of all keys and numbers, in the order of the keys."""
    sha256 = hashlib.sha256()
    for key in sorted(tensors):
        sha256.update(key.encode())
        sha256.update(tensors[key].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()


def _stored(key: str, tensor: Tensor, exact: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    stored = tensor.float() if exact or tensor.ndim < 2 else tensor.half()
    if not stored.isfinite().all():
        raise WeightsError(f"{key} has values that are infinite or too large: the training diverged, nothing was saved")
    return stored


def _read(path: Path, *, with_tensors: bool = True) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()} if with_tensors else {}  # noqa: SIM118
    except FileNotFoundError:
        raise WeightsError(f"there is no weights file {path}") from None
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        way_out = (
            "`gfla weights import` takes the authors' checkpoints"
            if path.suffix in TORCH_SUFFIXES
            else "fetch or train it again"
        )
        raise WeightsError(f"{path} is no readable safetensors file ({reason}); {way_out}") from None
    if not _is_ours(metadata):
        raise WeightsError(
            f"{path} was not written by gfla ({FORMAT}, {', '.join(ARCHITECTURES)}); `gfla train` writes such files"
        )
    return {"official": "", "sha256": ""} | metadata, tensors


def _is_ours(metadata: Any) -> bool:
    return (
        isinstance(metadata, dict)
        and metadata.get("format") == FORMAT
        and metadata.get("architecture") in ARCHITECTURES
        and isinstance(metadata.get("config"), dict)
        and "licence" in metadata
    )


def _build(path: Path, architecture: str, config: dict[str, Any]) -> nn.Module:
    config_class, module_class = ARCHITECTURES[architecture]
    try:
        values = {key: _frozen(value) for key, value in config.items()}
        return module_class(config=config_class(**values))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise WeightsError(f"{path} has a config that this version can't build ({error}); update gfla") from None


def _frozen(value: Any) -> Any:
    """JSON's lists as the tuples they were."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _require_same_layout(path: Path, wanted: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    if problem := layout_problems(wanted, found):
        raise WeightsError(f"{path} does not fit its own config: {problem}")


def layout_problems(wanted: dict[str, Tensor], found: dict[str, Tensor]) -> str:
    """The keys that are missing, unexpected, or of another shape, counted and the first ones named; "" if none is."""
    problems = {
        "missing": [key for key in wanted if key not in found],
        "unexpected": [key for key in found if key not in wanted],
        "of another shape": [
            f"{key} {list(found[key].shape)} instead of {list(wanted[key].shape)}"
            for key in wanted
            if key in found and wanted[key].shape != found[key].shape
        ],
    }
    return "; ".join(f"{len(keys)} keys {what}: {_listed(keys)}" for what, keys in problems.items() if keys)


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:NAMED_KEYS]) + (", ..." if len(keys) > NAMED_KEYS else "")
