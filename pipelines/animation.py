"""`gfla animate`: one picture of a person and one driving video in, one video out.

Reader -> keypoints -> motion network -> retargeting -> structure maps -> generator, frame after frame -> paste-back
-> writer with sound. Frames are streamed; only the poses of the whole clip are kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from models.generators.animation import Step
from pipelines.configs import AnimateConfig
from pipelines.generation import visualization as views
from pipelines.generation.networks import (
    Generator,
    fingerprint,
    load_generator,
    load_pose_cleaner,
    named,
    plain_options,
)
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.resources import Resources
from pipelines.generation.rollout import FrameGenerator, Stopwatch
from pipelines.generation.video_output import VideoOutput
from pipelines.keypoints.detection import DrivingMotion, Sighting, align_track, detect_image, detect_video, follow
from pipelines.keypoints.detectors.registry import DETECTORS, KeypointDetector
from pipelines.keypoints.motion import SourcePerson
from pipelines.keypoints.track import is_track, load_track, select_frames
from pipelines.keypoints.tracking import select_person
from pipelines.media.audio import AudioPlan, plan_audio
from pipelines.media.pictures import load_picture
from pipelines.media.sources import FrameSource, open_driving
from pipelines.media.writer import check_target
from pipelines.runtime.devices import autocast, choose_device
from pipelines.runtime.progress import Progress, SilentProgress
from pipelines.runtime.versions import versions
from pipelines.runtime.workers import background_worker


@dataclass
class AnimateResult:
    """What a run made and what it took; `seconds` by stage."""

    config: AnimateConfig
    output: Path
    debug_output: Path | None
    frames: int
    rate: float
    size: tuple[int, int]
    canvas: tuple[int, int, int, int]
    missing_frames: int
    extractor: str
    device: str
    seconds: dict[str, float] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        config = self.config
        return {
            "output": str(self.output),
            "debug_output": str(self.debug_output) if self.debug_output else None,
            "inputs": {name: fingerprint(getattr(config, name)) for name in ("source", "driving")},
            "options": plain_options(config),
            "versions": versions(),
            "weights": config.weights,
            "device": self.device,
            "keypoints": self.extractor,
            "frames": self.frames,
            "fps": round(self.rate, 4),
            "size": list(self.size),
            "canvas": list(self.canvas),
            "frames_without_person": self.missing_frames,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


@dataclass(frozen=True)
class Scene:
    """A job before its first frame: everything is read and found, `generator` only has to play the poses of `stage`."""

    config: AnimateConfig
    stage: FrameProcessor
    generator: Generator
    driver: DrivingMotion
    source: FrameSource | None
    audio: AudioPlan | None
    extractor: str
    device: torch.device
    clock: Stopwatch
    threads: int | None

    def film(self) -> VideoOutput:
        """What takes the steps and writes the outputs."""
        return VideoOutput(self.config, self.stage, self.driver, self.source, self.audio, self.clock, self.threads)

    def result(self) -> AnimateResult:
        """To be asked when the film is done."""
        config, driver = self.config, self.driver
        return AnimateResult(
            config,
            config.target,
            views.debug_path(config.target) if config.debug else None,
            frames=len(driver.pts),
            rate=driver.rate,
            size=self.stage.size(config.frame),
            canvas=self.stage.box,
            missing_frames=driver.gaps.missing_frames,
            extractor=self.extractor,
            device=str(self.device),
            seconds=dict(self.clock.seconds),
        )


def animate(config: AnimateConfig, progress: Progress | None = None, studio: Resources | None = None) -> AnimateResult:
    """Animate the person of `config.source` like the one in `config.driving` and write the video.

    `studio` has what several jobs share.

    Raises:
        InputError: unreadable input, nobody in the picture or the video, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights, device or extractor asked for can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    progress, studio = progress or SilentProgress(), studio or Resources()
    with prepared(config, progress, studio) as scene:
        progress.stage("animate", len(scene.driver.pts))
        with scene.film() as film, background_worker(film.add) as hand_over:
            for _, step in play([scene]):
                assert isinstance(step, Step)  # other generators are refused where weights are loaded
                hand_over(step)
                progress.advance()
    return scene.result()


@contextmanager
def prepared(config: AnimateConfig, progress: Progress, studio: Resources) -> Iterator[Scene]:
    """Everything before the first frame; the driving video stays open. Raises what `animate` raises."""
    clock = Stopwatch()
    torch.manual_seed(config.seed)
    _check(config)
    device = choose_device(config.device)
    with ExitStack() as stack:
        with clock("load"):
            picture = studio.once(load_picture, config.source)
            source = None if is_track(config.driving) else stack.enter_context(_open(config))
            audio = _audio(config, source, progress)
            generator, make_stage = studio.once(load_generator, config.weights, device, ("animation",))
            cleaner = studio.once(load_pose_cleaner, config.motion, device)
            extractor = studio.extractor(config.keypoints, config.yolo_weights, device, progress)
        with clock("source pose"):
            seen = studio.sighting(config.source, config, extractor, lambda: detect_image(picture, extractor), progress)
            pose = named(config.source, lambda: select_person([seen.track.frames[0].people])[0])
        with clock("driving keypoints"):
            sighting = _sight(config, source, extractor, progress, studio)
        with clock("motion"):
            driver = named(
                config.driving,
                lambda: follow(sighting, cleaner, person=config.person, on_missing=config.on_missing),
            )
            stage = make_stage(SourcePerson.cast(picture, pose, cleaner, driver, config.retarget))
        if driver.gaps.missing_frames:
            progress.note(
                f"{driver.gaps.missing_frames} of {driver.gaps.frames} frames show nobody: {config.on_missing}"
            )
        yield Scene(
            config, stage, generator, driver, source, audio, extractor.name, device, clock, threads=studio.threads
        )


def play(scenes: Sequence[Scene]) -> FrameGenerator:
    """The scenes side by side, each from its own first frame; they share weights, device and precision."""
    first = scenes[0]
    precision = autocast(first.config.precision, first.device)
    return FrameGenerator([scene.stage for scene in scenes], first.generator, precision, first.clock)


def _audio(config: AnimateConfig, source: FrameSource | None, progress: Progress) -> AudioPlan | None:
    audio, notes = plan_audio(config.audio, source, config.target)
    for message in notes:
        progress.note(message)
    return audio


def _check(config: AnimateConfig) -> None:
    """Everything about the outputs that can be refused before any work."""
    views.check(config.debug)
    for path in (config.target, *([views.debug_path(config.target)] if config.debug else [])):
        check_target(
            path,
            codec=config.codec,
            crf=config.crf,
            overwrite=config.overwrite,
            inputs=(config.source, config.driving),
        )


def _open(config: AnimateConfig) -> FrameSource:
    return open_driving(
        config.driving, start=config.start, end=config.end, max_frames=config.max_frames, fps=config.fps
    )


def _sight(
    config: AnimateConfig,
    source: FrameSource | None,
    extractor: KeypointDetector,
    progress: Progress,
    studio: Resources,
) -> Sighting:
    if source is None:
        rate = None if config.fps is None else Fraction(config.fps)
        track = select_frames(load_track(config.driving, rate=rate), config.start, config.end, config.max_frames)
        return Sighting(track, [None] * len(track.frames))
    if config.keypoints not in DETECTORS:
        return align_track(load_track(config.keypoints), source, config.keypoints)
    part = config.start, config.end, config.max_frames, config.fps
    return studio.sighting(
        config.driving,
        config,
        extractor,
        lambda: detect_video(source, extractor, progress, whole=True),
        progress,
        part=part,
    )
