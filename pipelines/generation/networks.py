"""Networks of the people chains, loaded by the names of their weights and ready to run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from models.errors import InputError, WeightsError
from models.fold import prepare_for_inference
from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from models.generators.picture import PictureGenerator
from models.joints import FACE_STRUCTURES
from models.plate import PlateNetwork
from models.weights import load_weights, read_metadata
from pipelines.compositing.plate import fill_plate
from pipelines.generation.cutout import CutOutMaker, Fill
from pipelines.generation.processor_choice import LAYER_CHANNELS, choose_processor
from pipelines.generation.processors import ProcessorFactory
from pipelines.generation.turned_processor import turning_back
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.detectors.registry import DETECTORS, KeypointDetector, create_detector
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.masks import MaskFinder, find_mask
from pipelines.keypoints.track_cache import TrackCache
from pipelines.runtime.devices import PRECISIONS
from pipelines.runtime.progress import NotesProgress

PersonGenerator = AnimationGenerator | PictureGenerator

USED_BY = {
    "animation": "gfla animate and gfla pose",
    "picture": "gfla pose",
    "face": "gfla face",
    "motion": "the option --motion of gfla animate and gfla pose",
    "refiner": "the option --motion of gfla animate and gfla pose",
    "keypoints": "the bundled keypoint detector, which finds them by itself",
    "landmarks": "the bundled detector of face landmarks, which finds them by itself",
    "flow": "gfla train, as --init of the next stage",
    "view": "gfla view-synth",
    "plate": "gfla animate and gfla pose, which fill in the background with it by themselves",
    "viewpoint": "the option --viewpoint of gfla view-synth",
    "segmentation": "gfla view-synth, which cuts objects out with it by itself",
}


@dataclass(frozen=True)
class PersonNetworks:
    """Everything that finds and generates a person."""

    detector: KeypointDetector
    """Pictures in, COCO-17 poses out."""
    cleaner: PoseCleaner
    """COCO-17 tracks in, smooth Human3.6M-17 tracks out."""
    track_cache: TrackCache
    """Tracks that this detector has found before."""
    generator: PersonGenerator
    """Structure maps in, frames out."""
    make_processor: ProcessorFactory
    """Prepares inputs for this generator as its training did."""
    device: torch.device
    """Where they run."""
    precision: str
    """Of the generator: fp32, bf16 or fp16."""

    @property
    def find_mask(self) -> MaskFinder | None:
        """Marks the source person, if the generator makes people alone."""
        if not generates_layers(self.generator):
            return None
        return partial(find_mask, detector=self.detector, device=str(self.device))

    @property
    def fill(self) -> Fill:
        """Makes up what is behind people."""
        return load_fill(self.device)

    @property
    def cut_out(self) -> CutOutMaker:
        """Cuts several people out of a picture."""
        return load_cut_out(self.device)


def generates_layers(generator: PersonGenerator) -> bool:
    """Whether a generator makes people alone, without background."""
    return generator.config.image_channels == LAYER_CHANNELS


def sees_details(generator: PersonGenerator) -> bool:
    """Whether a generator sees hands, feet and the order of limbs."""
    return isinstance(generator, AnimationGenerator) and generator.config.structure_details


def load_generator(
    name: str, device: torch.device, precision: str, architectures: tuple[str, ...]
) -> tuple[PersonGenerator, ProcessorFactory]:
    """The generator of these weights, ready for inference in this precision, and the processor that it needs.

    Raises WeightsError: no such weights, or not of one of the `architectures`; says what they are for.
    """
    metadata = require_architecture(name, architectures)
    model = load_weights(name)
    assert isinstance(model, PersonGenerator)
    generator = prepare_for_inference(model, PRECISIONS[precision]).to(device)  # folding computes on the CPU
    return generator, turning_back(choose_processor(metadata, partial(load_fill, device)))


@cache
def load_fill(device: torch.device) -> Fill:
    """Fills the holes that people leave in pictures. Raises WeightsError: the bundled weights are damaged."""
    network = load_weights("plate", device=str(device), expect="plate")
    assert isinstance(network, PlateNetwork)
    return partial(fill_plate, network=network)


@cache
def load_cut_out(device: torch.device) -> CutOutMaker:
    """Cuts several people out of pictures, and fills the holes on this device."""
    return CutOutMaker(partial(load_fill, device))


def load_pose_cleaner(name: str, device: torch.device) -> PoseCleaner:
    """The pose refiner or motion network of these weights. Raises WeightsError like `load_generator`."""
    metadata = require_architecture(name, ("refiner", "motion"))
    return PoseCleaner(load_weights(name, device=str(device)), whole_frame=metadata["official"] == "keypoint")


def load_face_generator(name: str, device: torch.device, precision: str) -> FaceGenerator | AnimationGenerator:
    """The face generator of these weights, ready for inference in this precision: the authors', or ours, which makes
    layers.

    Raises WeightsError like `load_generator`.
    """
    metadata = read_metadata(name)
    if not is_layered_face(metadata):
        require_architecture(name, ("face",))
    model = load_weights(name)
    assert isinstance(model, FaceGenerator | AnimationGenerator)
    return prepare_for_inference(model, PRECISIONS[precision]).to(device)


def load_detector(
    keypoints: str, yolo_weights: Path | None, device: torch.device, precision: str
) -> tuple[KeypointDetector, Sequence[str]]:
    """The keypoint detector, and notes on which one was chosen and why.

    `keypoints` may also be a pose file of the driving video; the source picture is then left to the detector "auto".

    Raises:
        InputError: `keypoints` is neither a detector nor a pose file.
        BackendUnavailable, WeightsError: the detector can't be used.
    """
    name = keypoints if keypoints in DETECTORS else "auto"
    if name == "auto" and keypoints != "auto" and not is_track(keypoints):
        raise InputError(f"keypoints {keypoints!r} must be {', '.join(DETECTORS)} or an existing pose file")
    progress = NotesProgress()
    options = {"device": str(device), "precision": precision, "yolo_weights": yolo_weights}
    return create_detector(name, **options, note=progress.note), progress.notes


def require_architecture(name: str, architectures: tuple[str, ...]) -> dict[str, Any]:
    """The metadata of weights of one of these architectures. Raises WeightsError for others; says what uses them."""
    metadata = read_metadata(name)
    is_view_synthesis = metadata["config"].get("coded", False)
    if metadata["architecture"] not in architectures or is_view_synthesis or is_layered_face(metadata):
        other = "gfla view-synth" if is_view_synthesis else "gfla face" if is_layered_face(metadata) else ""
        use = other or USED_BY[metadata["architecture"]]
        raise WeightsError(f"{name} holds {metadata['architecture']!r} weights, which are for {use}")
    return metadata


def is_layered_face(metadata: dict[str, Any]) -> bool:
    """Whether weights with this metadata are of our face generator: one of people that sees lines of landmarks."""
    channels = metadata["config"].get("structure_channels")
    return metadata["architecture"] == "animation" and channels in FACE_STRUCTURES
