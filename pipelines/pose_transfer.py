"""`gfla pose`: one picture of a person into one or many target poses, each a picture of its own.

The chain of `gfla animate` for a single frame: keypoints of source and target -> motion network -> retargeting ->
structure map -> generator -> paste-back. The reference stands in for the frame before; targets are independent.
The authors' generators of single pictures are at home here too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from pipelines.configs import PoseConfig
from pipelines.generation import visualization as views
from pipelines.generation.networks import fingerprint, load_generator, load_pose_cleaner, named, plain_options
from pipelines.generation.resources import Resources
from pipelines.generation.rollout import FrameGenerator, Stopwatch
from pipelines.keypoints.cleaning import PoseCleaner
from pipelines.keypoints.detection import DrivingMotion, Sighting, detect_image, follow
from pipelines.keypoints.detectors.registry import DETECTORS
from pipelines.keypoints.motion import SourcePerson
from pipelines.keypoints.tracking import select_person
from pipelines.media.pictures import load_picture
from pipelines.media.stills import check_stills, write_stills
from pipelines.pose_targets import Target, find_targets
from pipelines.runtime.devices import autocast, choose_device
from pipelines.runtime.progress import Progress, SilentProgress
from pipelines.runtime.versions import versions


@dataclass(frozen=True)
class PoseResult:
    """What a run made and what it took; `seconds` by stage."""

    config: PoseConfig
    output: Path
    poses: list[str]
    extractor: str
    device: str
    seconds: dict[str, float]

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        config = self.config
        return {
            "output": str(self.output),
            "poses": self.poses,
            "inputs": {
                "source": fingerprint(config.source),
                "targets": [fingerprint(path) for path in config.targets],
            },
            "options": plain_options(config),
            "versions": versions(),
            "weights": config.weights,
            "device": self.device,
            "keypoints": self.extractor,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def transfer_pose(config: PoseConfig, progress: Progress | None = None, studio: Resources | None = None) -> PoseResult:
    """Put the person of `config.source` into every target pose and write the pictures.

    `studio` has what several jobs share.

    Raises:
        InputError: unreadable input, nobody in the source or a target, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights, device or extractor asked for can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    progress, studio, clock = progress or SilentProgress(), studio or Resources(), Stopwatch()
    if config.keypoints not in DETECTORS:
        raise InputError(f"keypoints {config.keypoints!r} must be one of {', '.join(DETECTORS)}")
    targets = find_targets(config.targets)
    output, inputs = config.target(len(targets)), (config.source, *config.targets)
    check_stills(output, count=len(targets), overwrite=config.overwrite, inputs=inputs)
    device = choose_device(config.device)
    with clock("load"):
        picture = studio.once(load_picture, config.source)
        generator, make_stage = studio.once(load_generator, config.weights, device, ("animation", "picture"))
        cleaner = studio.once(load_pose_cleaner, config.motion, device)
        extractor = studio.extractor(config.keypoints, config.yolo_weights, device, progress)
    with clock("source pose"):
        seen = studio.sighting(config.source, config, extractor, lambda: detect_image(picture, extractor), progress)
        own = named(config.source, lambda: select_person([seen.track.frames[0].people])[0])

    def sighting(target: Target) -> Sighting:
        if target.picture is None:
            return target.sight(extractor)
        return studio.sighting(target.picture, config, extractor, lambda: target.sight(extractor), progress)

    progress.stage("target poses", len(targets))
    drivers = []
    for target in targets:
        with clock("target poses"):
            drivers.append(_driver(target, sighting(target), cleaner, config.person))
        progress.advance()

    def results() -> Iterator[np.ndarray]:
        progress.stage("pose", len(targets))
        for target, driver in zip(targets, drivers, strict=True):
            stage = make_stage(SourcePerson.cast(picture, own, cleaner, driver, config.retarget))
            performance = FrameGenerator([stage], generator, autocast(config.precision, device), clock)
            yield _picture(performance, driver, target, config)
            progress.advance()

    write_stills(output, results(), overwrite=config.overwrite)
    names = [target.name for target in targets]
    return PoseResult(config, output, names, extractor.name, str(device), dict(clock.seconds))


def _driver(target: Target, sighting: Sighting, cleaner: PoseCleaner, person: str) -> DrivingMotion:
    return named(target.name, lambda: follow(sighting, cleaner, person=person, on_missing="fail"))


def _picture(performance: FrameGenerator, driver: DrivingMotion, target: Target, config: PoseConfig) -> np.ndarray:
    """The only frame of a performance, with `--compare` in a row with what led to it."""
    _, step = next(iter(performance))
    (stage,) = performance.stages
    with performance.clock("compose"):
        result = stage.finish(step, config.frame)
        if not config.compare:
            return result
        return views.comparison(stage.picture, stage.poses[0], target.image(), driver.poses[0], driver.size, result)
