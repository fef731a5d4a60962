"""`gfla animate`: one picture of a person and one driving video in, one video out.

Frames are streamed: of the whole clip only the poses are in memory. T frames.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from models.generators.animation import AnimationGenerator
from pipelines.configs import AnimateConfig
from pipelines.faces.expressions import find_expressions
from pipelines.faces.landmark_detectors import create_landmark_detector
from pipelines.generation.background import find_background
from pipelines.generation.further_pictures import find_further_pictures
from pipelines.generation.networks import PersonNetworks, load_face_generator
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.provenance import Record, make_record, make_tags, resume_facts
from pipelines.generation.resources import Resources
from pipelines.generation.resume_folder import ResumeFolder, open_resume_folder
from pipelines.generation.rollout import FrameGenerator
from pipelines.generation.video_output import VideoOutput, VideoResult, check_outputs
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.motion import (
    DrivingMotion,
    SourcePerson,
    find_driving_track,
    find_source_person,
    follow_person,
)
from pipelines.keypoints.placement import place_motion
from pipelines.keypoints.retargeting import retarget
from pipelines.media.audio import plan_audio
from pipelines.media.pictures import describe_changes, load_with_alpha
from pipelines.media.sources import FrameSource, open_video
from pipelines.runtime.devices import autocast
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.workers import background_worker

FACE = "face"  # weights of the generator of faces
ARCHITECTURES = ("animation",)  # of weights that animate people
MotionFinder = Callable[
    [AnimateConfig, FrameSource | None, SourcePerson, PersonNetworks, Stopwatch, Progress], DrivingMotion
]


@dataclass(frozen=True, kw_only=True)
class AnimateResult(VideoResult):
    """What a run of `animate` wrote and how long it took."""

    detector: str
    """Name of the keypoint detector."""

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        return super().summary() | {"keypoints": self.detector, "frames_without_person": self.missing_frames}


def animate(config: AnimateConfig, progress: Progress = SILENT, resources: Resources | None = None) -> AnimateResult:
    """Animate the person of `config.source` like the one in `config.driving` and write the video.

    Args:
        progress: hears of stages, steps and notes.
        resources: what several jobs of one process share.

    Raises:
        InputError: unreadable input, nobody in the picture or the video, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights, device or detector can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    with prepare_animation(config, progress, resources or Resources()) as animation:
        # 7. Generate; a second thread, at most two frames behind, encodes, and composes what the device does not
        progress.stage("animate", animation.frames, done=animation.begin)
        with animation.output as output, background_worker(output.write, animation.stopwatch) as write:
            for _, step in generate_frames([animation]):
                write(output.begin(step))
                progress.advance()
    return animation.result()


@dataclass(frozen=True)
class PreparedFrames:
    """Frames whose poses are known, to be generated one after the other."""

    config: AnimateConfig
    networks: PersonNetworks
    motion: DrivingMotion
    processor: FrameProcessor
    stopwatch: Stopwatch


@dataclass(frozen=True)
class Animation(PreparedFrames):
    """A job whose poses are known and whose frames are still to be generated."""

    output: VideoOutput
    """Takes the generated steps; a context manager."""
    record: Record
    """Of what and how it is made."""
    resume: ResumeFolder | None = None
    """Keeps what is done until the output is complete, with `--resume`."""

    @property
    def begin(self) -> int:
        """Frames that an earlier run has made."""
        return self.resume.frames if self.resume else 0

    @property
    def frames(self) -> int:
        """T, the number of frames to generate."""
        return len(self.motion.pts)

    def result(self) -> AnimateResult:
        """The report, once `output` is complete."""
        return AnimateResult(
            config=self.config,
            frames=self.frames,
            rate=self.motion.rate,
            size=self.output.size,
            canvas=self.processor.box,
            missing_frames=self.motion.gaps.missing_frames,
            detector=self.networks.detector.name,
            device=str(self.networks.device),
            precision=self.networks.precision,
            record=self.record,
            certainty=self.processor.certainty,
            seconds=dict(self.stopwatch.seconds),
            overlapping=dict(self.stopwatch.overlapping),
        )


@contextmanager
def prepare_animation(config: AnimateConfig, progress: Progress, resources: Resources) -> Iterator[Animation]:
    """Everything before the first frame; the driving video stays open in the block. Raises what `animate` raises."""
    # 1. Refuse whatever can be refused before any work
    check_outputs(config)
    stopwatch = Stopwatch()
    with (
        open_resume_folder(config.target) if config.resume else nullcontext() as resume,
        open_driving(config) as video,
    ):
        with stopwatch("load"):
            # 2. Inputs, and networks: detector, pose cleaner, generator with the processor of its weights
            audio, notes = plan_audio(config.audio, video, config.target)
            note_all(progress, notes)
            networks = resources.person_networks(config, ARCHITECTURES, progress)
            record = make_animation_record(config, networks)
            if resume:
                note_all(progress, resume.begin(resume_facts(record, resources.threads)))
                cache = replace(networks.track_cache, folder=networks.track_cache.folder or resume.poses)
                networks = replace(networks, track_cache=cache)
        frames = prepare_frames(config, video, networks, find_motion, stopwatch, progress, resources)
        parts = config, frames.processor, frames.motion, video, audio, stopwatch, progress, resources.threads
        output = VideoOutput(*parts, resume=resume, tags=make_tags(record, config))
        yield Animation(**vars(frames), output=output, record=record, resume=resume)


def open_driving(config: AnimateConfig) -> AbstractContextManager[FrameSource | None]:
    """The part of the driving video that is used; None for a pose track."""
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    return nullcontext() if is_track(config.driving) else open_video(config.driving, **selection)


def prepare_frames(
    config: AnimateConfig,
    video: FrameSource | None,
    networks: PersonNetworks,
    find_motion: MotionFinder,
    stopwatch: Stopwatch,
    progress: Progress,
    resources: Resources,
) -> PreparedFrames:
    """Everything between the open driving video and its frames. Raises what `animate` raises.

    Args:
        networks: detector, pose cleaner, generator with the processor of its weights.
        find_motion: makes the motion of as many frames as are to be generated: `find_motion` below, or another one.
    """
    with stopwatch("load"):
        picture, alpha = resources.load(load_with_alpha, config.source)  # uint8 [H, W, 3] and [H, W]
        note_all(progress, resources.load(describe_changes, config.source))
    detector, cleaner, track_cache = networks.detector, networks.cleaner, networks.track_cache
    with stopwatch("source pose"):
        # 3. The source person: COCO-17 pose [17, 3] as detected, and cleaned as Human3.6M-17 [17, 3]
        options = {"alpha": alpha, "find_mask": networks.find_mask}
        source = find_source_person(config.source, picture, detector, cleaner, track_cache, **options)
        note_all(progress, source.notes)
    with stopwatch("matte"):
        further = find_further_pictures(config.also, networks, resources, progress)
    motion = find_motion(config, video, source, networks, stopwatch, progress)
    with stopwatch("motion"):
        note_all(progress, (*motion.gaps.notes("person", config.on_missing), *motion.notes))
        # 6. Retarget to the source person's body, in the picture -> [T, 17, 2]
        sizes = {"driver_size": motion.size, "source_size": source.size}
        poses = retarget(motion.poses, source.pose, config.retarget, **sizes)
        place = config.place
        if config.background == "driving":  # which is upright, and whose path is taken as it is
            source, place = replace(source, quarter_turns=0), "still"
        if config.retarget != "none":
            poses, change = place_motion(poses, source.pose, source.size, place)
            note_all(progress, change.notes())
    with stopwatch("matte"):
        # 6b. Cut the person out, put them and the poses on the network's canvas
        processor = networks.make_processor(source, motion, poses, config.retarget, config.quality)
        note_all(progress, processor.notes)
        for other in further:
            processor.add_picture(other.person, other.matte)
    with stopwatch("background"):
        # 6c. What is behind the person
        if background := find_background(config, source, motion, poses, video, networks, progress):
            processor.put_on(background)
    with stopwatch("face"):
        # 6d. The driver's expressions on the source's face
        if config.face and video:
            detector = create_landmark_detector("auto", progress.note)
            if expressions := find_expressions(source, motion, video, detector, progress):
                face = resources.load(load_face_generator, FACE, networks.device, networks.precision)
                assert isinstance(face, AnimationGenerator)  # the bundled one is ours
                processor.move_face(expressions, face, autocast(networks.precision, networks.device))
    return PreparedFrames(config, networks, motion, processor, stopwatch)


def make_animation_record(config: AnimateConfig, networks: PersonNetworks) -> Record:
    """Of what and how an animation is made."""
    weights = (config.weights, config.motion, *((FACE,) if config.face else ()))
    used = {"precision": networks.precision, "keypoints": networks.detector.name}
    return make_record("animate", config, weights=weights, device=str(networks.device), **used)


def find_motion(
    config: AnimateConfig,
    video: FrameSource | None,
    source: SourcePerson,
    networks: PersonNetworks,
    stopwatch: Stopwatch,
    progress: Progress,
) -> DrivingMotion:
    """The motion of all T frames of a driving video or pose track."""
    with stopwatch("driving keypoints"):
        # 4. Everybody in the driving video: a pose track of T frames
        track = find_driving_track(config, video, networks.detector, networks.track_cache, progress)
    with stopwatch("motion"), error_context(config.driving):
        # 5. The driving motion: follow one person, fill gaps, clean -> [T, 17, 3]
        options = {"person": config.person, "on_missing": config.on_missing, "start": float(config.start or 0)}
        return follow_person(track, networks.cleaner, source=source, **options)


def generate_frames(animations: Sequence[PreparedFrames]) -> FrameGenerator:
    """The frames of animations that share networks and precision, side by side; see `FrameGenerator`."""
    first = animations[0]
    generator = first.networks.generator
    assert isinstance(generator, AnimationGenerator)  # others are refused where weights are loaded
    processors = [animation.processor for animation in animations]
    precision = autocast(first.networks.precision, first.networks.device)
    kept = [animation.resume if isinstance(animation, Animation) else None for animation in animations]
    starts = [resume.start if resume else None for resume in kept]
    return FrameGenerator(processors, generator, precision, first.stopwatch, starts)
