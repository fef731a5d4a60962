"""`gfla pose`: one picture of a person into one or many target poses, each a picture of its own.

The stages of `gfla animate` for single frames: the source picture stands in for the frame before, and targets are
independent of each other. The authors' generators of single pictures are used here as well.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import Step
from pipelines.compositing.transparency import show_transparency
from pipelines.configs import PoseConfig
from pipelines.generation.background import background_input, check_background, make_background
from pipelines.generation.further_pictures import check_further_pictures, find_further_pictures
from pipelines.generation.networks import PersonNetworks
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.provenance import Record, make_record, make_tags
from pipelines.generation.resources import Resources
from pipelines.generation.rollout import FrameGenerator, generate_picture
from pipelines.generation.upscaling import check_upscaler, make_upscaler
from pipelines.keypoints.detectors.registry import DETECTORS, check_person
from pipelines.keypoints.loading import is_track, load_track
from pipelines.keypoints.motion import DrivingMotion, find_source_person, follow_person
from pipelines.keypoints.quarter_turns import detect_upright_image
from pipelines.keypoints.retargeting import retarget
from pipelines.keypoints.track import PoseTrack
from pipelines.media.credentials import check_credentials
from pipelines.media.files import check_readable
from pipelines.media.folders import PictureFolder
from pipelines.media.pictures import describe_changes, load_picture, load_with_alpha
from pipelines.media.stills import check_stills, write_stills
from pipelines.media.turning import turn_picture
from pipelines.runtime.devices import autocast
from pipelines.runtime.errors import error_context
from pipelines.runtime.input_files import list_input_files
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.summaries import describe_input, summarize_run

ANY_RATE = Fraction(25)  # frames per second of a pose file: single poses have no time


@dataclass(frozen=True)
class PoseResult:
    """What a run of `transfer_pose` wrote and how long it took."""

    config: PoseConfig
    """The options of the run."""
    output: Path
    """The picture, or the folder or pattern of several."""
    poses: list[str]
    """Names of the target poses, in the order of the results."""
    detector: str
    """Name of the keypoint detector."""
    device: str
    """The device that the generator ran on."""
    precision: str
    """The precision it ran in: fp32, bf16 or fp16."""
    seconds: dict[str, float]
    """Wall time in seconds by stage."""
    record: Record
    """Of what and how the pictures were made."""

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        config = self.config
        return summarize_run(
            config, weights=config.weights, device=self.device, precision=self.precision, seconds=self.seconds
        ) | {
            "output": str(self.output),
            "poses": self.poses,
            "inputs": {
                "source": describe_input(config.source),
                "targets": [describe_input(path) for path in config.targets],
                **background_input(config.background),
            },
            "keypoints": self.detector,
            "record": self.record,
        }


@dataclass(frozen=True)
class PoseTarget:
    """One target pose: a picture in which it is still to be detected, or a pose track of one frame."""

    name: str
    """Stands in messages and in the report."""
    picture: Path | None = None
    """Picture of a person."""
    track: PoseTrack | None = None
    """A pose from a file."""


def transfer_pose(config: PoseConfig, progress: Progress = SILENT, resources: Resources | None = None) -> PoseResult:
    """Put the person of `config.source` into every target pose and write the pictures.

    Args:
        progress: hears of stages, steps and notes.
        resources: what several jobs of one process share.

    Raises:
        InputError: unreadable input, nobody in the source or a target, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights, device or detector can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    # 1. Find the targets, and refuse whatever can be refused before any work
    if config.keypoints not in DETECTORS:
        raise InputError(f"keypoints {config.keypoints!r} must be one of {', '.join(DETECTORS)}")
    targets = find_targets(config.targets)
    output = config.target(len(targets))
    check_background(config)
    check_further_pictures(config, config.weights)
    check_credentials(config, output)
    check_upscaler(config)
    check_stills(
        output,
        count=len(targets),
        transparent=config.transparent,
        overwrite=config.overwrite,
        inputs=list_input_files(config),
    )
    resources, stopwatch = resources or Resources(), Stopwatch()
    with stopwatch("load"):
        # 2. The source picture, and networks: detector, pose cleaner, generator with the processor of its weights
        picture, alpha = resources.load(load_with_alpha, config.source)  # uint8 [H, W, 3] and [H, W]
        note_all(progress, resources.load(describe_changes, config.source))
        networks = resources.person_networks(config, ("animation", "picture"), progress)
    weights, device = (config.weights, config.motion), str(networks.device)
    used = {"precision": networks.precision, "keypoints": networks.detector.name}
    record = make_record("pose", config, weights=weights, device=device, **used)
    with stopwatch("source pose"):
        # 3. The source person: COCO-17 pose [17, 3] as detected, and cleaned as Human3.6M-17 [17, 3]
        detector, cleaner, track_cache = networks.detector, networks.cleaner, networks.track_cache
        options = {"alpha": alpha, "find_mask": networks.find_mask}
        source = find_source_person(config.source, picture, detector, cleaner, track_cache, **options)
        note_all(progress, source.notes)
    with stopwatch("matte"):
        further = find_further_pictures(config.also, networks, resources, progress)
    if config.retarget == "none":  # else the size of the frames does not matter
        note_all(progress, dict.fromkeys(note for each in targets if each.track for note in each.track.warnings))
    progress.stage("target poses", len(targets))
    motions = []
    for target in targets:
        with stopwatch("target poses"):
            # 4. The target poses, each as a driving motion of one frame, [1, 17, 3]
            motions.append(find_target_pose(target, networks, person=config.person))
            note_all(progress, (f"{target.name}: {note}" for note in motions[-1].notes))
        progress.advance()

    def generate() -> Iterator[np.ndarray]:
        progress.stage("pose", len(targets))
        upscaler = make_upscaler(config, config.device)
        noted: set[str] = set()
        background = make_background(config.background, (picture.shape[1], picture.shape[0]), [Fraction(0)])
        for target, motion in zip(targets, motions, strict=True):
            # 5. Retarget to the source person's body -> [1, 17, 2]; put both on the network's canvas; generate
            sizes = {"driver_size": motion.size, "source_size": source.size}
            poses = retarget(motion.poses, source.pose, config.retarget, **sizes)
            with stopwatch("matte"):
                processor = networks.make_processor(source, motion, poses, config.retarget, config.quality)
                for other in further:
                    processor.add_picture(other.person, other.matte)
            note_all(progress, (note for note in processor.notes if note not in noted))
            noted.update(processor.notes)
            if background:
                processor.put_on(background)
            frame = _generate(processor, networks, stopwatch)
            with stopwatch("compose"):
                result = processor.postprocess(frame, config.frame)
                result = upscaler(result) if upscaler else result
                if config.compare:
                    shown = load_picture(target.picture) if target.picture else None
                    shown = None if shown is None else turn_picture(shown, motion.quarter_turns)
                    result = show_transparency(result) if result.shape[2] == 4 else result
                    result = processor.comparison(0, shown, result)
            yield result
            progress.advance()
        note_all(progress, background.notes if background else ())

    # 6. Write the pictures as they come
    with stopwatch("encode"):
        tags = make_tags(record, config)
        write_stills(output, generate(), overwrite=config.overwrite, tags=tags)
    names, machine = [target.name for target in targets], (device, networks.precision)
    return PoseResult(config, output, names, networks.detector.name, *machine, dict(stopwatch.seconds), record)


def find_targets(paths: Iterable[Path]) -> list[PoseTarget]:
    """The target poses of these files and folders, in order; every frame of a pose file is a target of its own.

    Raises:
        InputError: a path that does not exist, an empty folder, a damaged pose file.
    """
    return [target for path in paths for target in _targets_of(path)]


def find_target_pose(target: PoseTarget, networks: PersonNetworks, *, person: str) -> DrivingMotion:
    """The pose of the selected person of a target. Raises InputError: unreadable picture, nobody in it."""
    track = target.track
    if target.picture is not None:
        check_person(person, networks.detector)
        with networks.track_cache.entry(target.picture) as entry:
            if entry.track is None:
                entry.track = detect_upright_image(load_picture(target.picture), networks.detector)
        track = entry.track
    assert track is not None
    with error_context(target.name):
        return follow_person(track, networks.cleaner, person=person, on_missing="fail")


def _targets_of(path: Path) -> Iterator[PoseTarget]:
    check_readable(path)
    if is_track(path):
        track = load_track(path, rate=ANY_RATE, in_sequence=False)
        for number, frame in enumerate(track.frames, 1):
            name = f"{path} frame {number}" if len(track.frames) > 1 else str(path)
            yield PoseTarget(name, track=replace(track, frames=[frame]))
    else:
        files = PictureFolder(path, rate=None).files if path.is_dir() else [path]
        yield from (PoseTarget(str(file), picture=file) for file in files)


def _generate(processor: FrameProcessor, networks: PersonNetworks, stopwatch: Stopwatch) -> Step | Picture:
    """The only frame of a processor."""
    precision = autocast(networks.precision, networks.device)
    if isinstance(networks.generator, PictureGenerator):
        return generate_picture(processor, networks.generator, precision, stopwatch)
    _, step = next(iter(FrameGenerator([processor], networks.generator, precision, stopwatch)))
    return step
