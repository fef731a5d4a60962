"""What every chain begins with: the generator, the extractor, and messages that name the file they are about."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch

from models.errors import InputError, WeightsError
from models.fold import channels_last, fold_batch_norm
from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from models.generators.picture import PictureGenerator
from models.weights import load_weights, read_metadata, resolve
from pipelines.generation.processors import FrameProcessor, choose_processor
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.detectors.registry import DETECTORS, KeypointDetector, create_detector
from pipelines.keypoints.motion import SourcePerson
from pipelines.keypoints.track import is_track
from pipelines.runtime.progress import Progress

Made = TypeVar("Made")
Generator = AnimationGenerator | PictureGenerator
MakeStage = Callable[[SourcePerson], FrameProcessor]
USED_BY = {
    "animation": "gfla animate and gfla pose",
    "picture": "gfla pose",
    "face": "gfla face",
    "motion": "--motion of gfla animate and gfla pose",
    "keypoints": "--keypoints bundled, which finds them by itself",
    "flow": "gfla train, as the --init of the next stage",
    "view": "gfla view-synth",
    "viewpoint": "--viewpoint of gfla view-synth",
}
FACE_WEIGHTS = "face"


def load_generator(name: str, device: torch.device, stages: tuple[str, ...]) -> tuple[Generator, MakeStage]:
    """The generator of these weights, ready to run fast, and its stage.

    Raises WeightsError, for weights that are not of one of the architectures `stages` with what they are for.
    """
    metadata = require_architecture(name, *stages)
    model = load_weights(name, device=str(device))
    assert isinstance(model, Generator)
    return channels_last(fold_batch_norm(model)), choose_processor(metadata)


def load_pose_cleaner(name: str, device: torch.device) -> PoseCleaner:
    """The motion network of these weights. Raises WeightsError like `load_generator`."""
    metadata = require_architecture(name, "motion")
    return PoseCleaner(load_weights(name, device=str(device)), whole_frame=metadata["official"] == "keypoint")


def require_architecture(name: str, *architectures: str) -> dict[str, Any]:
    """The metadata of weights of one of these architectures. Raises WeightsError: others, and what uses them."""
    metadata = read_metadata(name)
    views = metadata["config"].get("coded", False)
    if metadata["architecture"] not in architectures or views:
        use = "gfla view-synth" if views else USED_BY[metadata["architecture"]]
        raise WeightsError(f"{name} holds {metadata['architecture']!r} weights, they are for {use}")
    return metadata


def load_face_generator(name: str, device: torch.device) -> FaceGenerator:
    """The face generator of these weights. Raises WeightsError; for the default name it says how to get some."""
    try:
        resolve(name)
    except WeightsError:
        if name != FACE_WEIGHTS:
            raise
        raise WeightsError(
            "no face weights here yet: convert the authors' with 'gfla weights import latest_net_G.pth --as face', "
            "or train some with 'gfla train face' and give them with --weights"
        ) from None
    require_architecture(name, "face")
    model = load_weights(name, device=str(device))
    assert isinstance(model, FaceGenerator)
    return channels_last(fold_batch_norm(model))


def load_detector(
    keypoints: str, yolo_weights: Path | None, device: torch.device, progress: Progress
) -> KeypointDetector:
    """The extractor asked for; a track file still needs one for the source picture.

    Raises:
        InputError: `keypoints` is neither an extractor nor a track file.
        BackendUnavailable, WeightsError: the extractor can't be had.
    """
    name = keypoints if keypoints in DETECTORS else "auto"
    if name == "auto" and keypoints != "auto" and not is_track(keypoints):
        raise InputError(f"keypoints {keypoints!r} must be {', '.join(DETECTORS)} or an existing pose track file")
    return create_detector(name, device=str(device), yolo_weights=yolo_weights, note=progress.note)


def named(name: Path | str, work: Callable[[], Made]) -> Made:
    """Run `work`, putting the file's name before the message of an input error."""
    try:
        return work()
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def fingerprint(path: Path) -> dict[str, Any]:
    """Path and, of a file, SHA-256, for reports."""
    if not path.is_file():
        return {"path": str(path)}
    with path.open("rb") as stream:
        return {"path": str(path), "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def plain_options(config: Any) -> dict[str, Any]:
    """The fields of a config dataclass as JSON-ready values."""
    return {key: _plain(value) for key, value in asdict(config).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, int | float | None) else str(value)
