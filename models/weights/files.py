"""Weights files: one safetensors file per network, with everything that rebuilds the network in its metadata.

`save_weights` and `load_weights` are inverse to each other. Weights of two and more dimensions are float16 unless they
must stay exact, everything else is float32. The metadata are JSON under the key "gfla": format, architecture, config,
licence, command, extra, official, sha256 (of the tensors).
"""

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
from models.files import describe_stand_in
from models.generators.animation import AnimationConfig, AnimationGenerator
from models.generators.config import GeneratorConfig, PictureConfig, ViewConfig
from models.generators.face import FaceGenerator
from models.generators.picture import FlowEstimator, PictureGenerator
from models.generators.view import ViewGenerator
from models.keypoints import KeypointConfig, KeypointNetwork
from models.landmarks import LandmarkConfig, LandmarkNetwork
from models.motion import MotionConfig, MotionNetwork
from models.plate import PlateConfig, PlateNetwork
from models.pose_refiner import PoseRefiner, RefinerConfig
from models.segmentation import SegmentationConfig, SegmentationNetwork
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
    "refiner": (RefinerConfig, PoseRefiner),
    "keypoints": (KeypointConfig, KeypointNetwork),
    "plate": (PlateConfig, PlateNetwork),
    "segmentation": (SegmentationConfig, SegmentationNetwork),
    "landmarks": (LandmarkConfig, LandmarkNetwork),
}
MAX_LISTED_KEYS = 8  # state-dict keys that an error message lists
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
    """Write `model` so that `load_weights` can rebuild it.

    Args:
        path: the new file.
        model: a network of this architecture, with its config as the attribute `config`.
        architecture: a key of `ARCHITECTURES`.
        licence: of the weights.
        command: the command that made them.
        extra: anything that JSON can hold, such as steps and validation results.
        official: the authors' configuration whose preprocessing the network expects, if any.
        exact: keep float32 instead of storing weights of two and more dimensions as float16.

    Raises:
        WeightsError: unknown architecture, or values that are infinite or too large for the stored precision.
    """
    if architecture not in ARCHITECTURES:
        raise WeightsError(f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}")
    tensors = {key: _to_storage(key, tensor, exact) for key, tensor in model.state_dict().items()}
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
    # A single entry: safetensors writes several in arbitrary order, so the SHA-256 of the file would vary.
    save_file(tensors, str(path), metadata={METADATA_KEY: json.dumps(metadata)})


def load_weights(
    name_or_path: str | Path, *, device: torch.device | str = "cpu", expect: str | None = None
) -> nn.Module:
    """Rebuild the network of a weights file in float32 and eval mode.

    Args:
        name_or_path: see `models.weights.resolve`.
        device: where to put the network.
        expect: the architecture that is needed, a key of `ARCHITECTURES`; any if None.

    Raises:
        WeightsError: the file is missing, damaged, not written by gfla, of another architecture, or its keys or shapes
            don't fit its own config.
    """
    path = resolve(name_or_path)
    metadata, tensors = _read(path)
    architecture = metadata["architecture"]
    if expect is not None and architecture != expect:
        raise WeightsError(f"{path} holds {architecture!r} weights, but {expect!r} weights are needed")
    model = _build(path, architecture, metadata["config"])
    _require_same_layout(path, model.state_dict(), tensors)
    model.load_state_dict(
        {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    )
    return model.eval().to(device)


def read_metadata(name_or_path: str | Path) -> dict[str, Any]:
    """The metadata of a weights file, without reading its tensors.

    Keys: format, architecture, config, licence, command, extra, official, sha256; the last two are "" in old files.

    Raises:
        WeightsError: the file is missing, damaged or not written by gfla.
    """
    return _read(resolve(name_or_path), with_tensors=False)[0]


def find_problem(path: Path) -> str | None:
    """One line that says why a weights file is unreadable or that it changed after it was written; None if intact."""
    try:
        metadata, tensors = _read(path)
        with torch.device("meta"):
            model = _build(path, metadata["architecture"], metadata["config"])
        _require_same_layout(path, model.state_dict(), tensors)
    except WeightsError as error:
        return str(error)
    intact = metadata["sha256"] in ("", _digest(tensors))
    return None if intact else f"{path} has changed since it was written: import or train the weights again"


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of all keys and the bytes of their tensors, sorted by key."""
    sha256 = hashlib.sha256()
    for key in sorted(tensors):
        sha256.update(key.encode())
        sha256.update(tensors[key].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha256.hexdigest()


def _to_storage(key: str, tensor: Tensor, exact: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not tensor.is_floating_point():
        return tensor
    stored = tensor.float() if exact or tensor.ndim < 2 else tensor.half()
    if not stored.isfinite().all():
        raise WeightsError(f"{key} has values that are infinite or too large")
    return stored


def _read(path: Path, *, with_tensors: bool = True) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()} if with_tensors else {}  # noqa: SIM118
    except FileNotFoundError:
        raise WeightsError(f"weights file {path} does not exist") from None
    except (SafetensorError, OSError, ValueError) as error:
        if path.is_file() and (stand_in := describe_stand_in(path)):
            raise WeightsError(f"{path} {stand_in}") from None
        reason = str(error).splitlines()[0]
        remedy = (
            "`gfla weights import` converts the authors' checkpoints"
            if path.suffix in TORCH_SUFFIXES
            else "download or train it again"
        )
        raise WeightsError(f"{path} is not a readable safetensors file ({reason}): {remedy}") from None
    if not _is_ours(metadata):
        raise WeightsError(
            f"{path} was not written by gfla ({FORMAT}, {', '.join(ARCHITECTURES)}): use a file from `gfla train`"
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
        values = {key: _to_tuples(value) for key, value in config.items()}
        return module_class(config=config_class(**values))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise WeightsError(
            f"{path} has a config that this version of gfla can't build ({error}): update gfla"
        ) from None


def _to_tuples(value: Any) -> Any:
    """Turn the lists of JSON back into the tuples of the config."""
    return tuple(_to_tuples(item) for item in value) if isinstance(value, list) else value


def _require_same_layout(path: Path, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    if problem := describe_differences(expected, found):
        raise WeightsError(f"{path} does not fit its own config: {problem}")


def describe_differences(expected: dict[str, Tensor], found: dict[str, Tensor]) -> str:
    """The keys that are missing, unexpected or of another shape, counted and listed; "" if there are none."""
    problems = {
        "missing": [key for key in expected if key not in found],
        "unexpected": [key for key in found if key not in expected],
        "of another shape": [
            f"{key} {list(found[key].shape)} instead of {list(expected[key].shape)}"
            for key in expected
            if key in found and expected[key].shape != found[key].shape
        ],
    }
    return "; ".join(f"{len(keys)} keys {what}: {_join_keys(keys)}" for what, keys in problems.items() if keys)


def _join_keys(keys: list[str]) -> str:
    return ", ".join(keys[:MAX_LISTED_KEYS]) + (", ..." if len(keys) > MAX_LISTED_KEYS else "")
