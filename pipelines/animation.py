"""`gfla animate`: one picture of a person and one driving video in, one video out.

Frames are streamed: of the whole clip only the poses are in memory. T frames.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from models.generators.animation import AnimationGenerator
from pipelines.configs import AnimateConfig, debug_path
from pipelines.generation.background import find_background
from pipelines.generation.further_pictures import find_further_pictures
from pipelines.generation.moving_people import FACE, find_sources, follow, move_faces, retarget_person
from pipelines.generation.networks import PersonNetworks
from pipelines.generation.people_processor import make_people_processor
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.provenance import Record, make_record, make_tags, resume_facts
from pipelines.generation.resources import Resources
from pipelines.generation.resume_folder import ResumeFolder, find_finished, open_resume_folder
from pipelines.generation.rollout import FrameGenerator
from pipelines.generation.video_output import VideoOutput, VideoResult, check_outputs
from pipelines.keypoints.detectors.registry import check_people
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.motion import DrivingMotion, MovingPerson, SourcePerson, find_driving_track
from pipelines.keypoints.pairs import ALL
from pipelines.keypoints.people import MovingPair
from pipelines.media.audio import plan_audio
from pipelines.media.pictures import describe_changes, load_with_alpha
from pipelines.media.sources import FrameSource, open_video
from pipelines.runtime.devices import autocast
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.workers import background_worker

ARCHITECTURES = ("animation",)  # of weights that animate people
OF_THE_RUN = ("config", "seconds", "overlapping")  # fields of a result that are not about the output
MotionFinder = Callable[
    [AnimateConfig, FrameSource | None, list[SourcePerson], PersonNetworks, Stopwatch, Progress], list[MovingPair]
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
    resources = resources or Resources()
    if config.resume and not config.overwrite and (earlier := _find_earlier(config, progress, resources)):
        return earlier
    with prepare_animation(config, progress, resources) as animation:
        # 7. Generate; a second thread, at most two frames behind, encodes, and composes what the device does not
        progress.stage("animate", animation.frames, done=animation.begin)
        with animation.output as output, background_worker(output.write, animation.stopwatch) as write:
            for _, step in generate_frames([animation]):
                write(output.begin(step))
                progress.advance()
    return animation.result()


def _find_earlier(config: AnimateConfig, progress: Progress, resources: Resources) -> AnimateResult | None:
    """The result of a run of the same job that was killed when its output was complete; removes what it has left.

    Of one that was killed between its two outputs the debug video is removed: it is made again.
    """
    debug = debug_path(config.target) if config.debug else None
    main, second = find_finished(config.target), debug and find_finished(config.target, debug)
    if not main and not second:
        return None
    networks = resources.person_networks(config, ARCHITECTURES, progress)
    facts = resume_facts(make_animation_record(config, networks), resources.threads)
    if main and main.facts == facts and bool(second) == bool(debug):
        with open_resume_folder(config.target):
            progress.note(f"{config.target} is complete: the run that made it was killed at its end")
        return AnimateResult(config=config, **main.report)
    if second and second.facts == facts and not config.target.exists():
        for file in second.files:
            file.unlink()
    return None


@dataclass(frozen=True)
class PreparedFrames:
    """Frames whose poses are known, to be generated one after the other."""

    config: AnimateConfig
    networks: PersonNetworks
    people: list[MovingPerson]
    processor: FrameProcessor
    stopwatch: Stopwatch

    @property
    def motion(self) -> DrivingMotion:
        """Of the first of the people; time stamps are those of all."""
        return self.people[0].driving


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
            missing_frames=max(each.driving.gaps.missing_frames for each in self.people),
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
        frames = prepare_frames(config, video, networks, find_motions, stopwatch, progress, resources)
        parts = config, frames.processor, frames.motion, video, audio, stopwatch, progress, resources.threads
        output = VideoOutput(*parts, resume=resume, tags=make_tags(record, config))
        animation = Animation(**vars(frames), output=output, record=record, resume=resume)
        if resume:
            result = vars(animation.result())
            resume.report = {name: result[name] for name in result if name not in OF_THE_RUN}
        yield animation


def open_driving(config: AnimateConfig) -> AbstractContextManager[FrameSource | None]:
    """The part of the driving video that is used; None for a pose track."""
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    return nullcontext() if is_track(config.driving) else open_video(config.driving, **selection)


def prepare_frames(
    config: AnimateConfig,
    video: FrameSource | None,
    networks: PersonNetworks,
    find_motions: MotionFinder,
    stopwatch: Stopwatch,
    progress: Progress,
    resources: Resources,
) -> PreparedFrames:
    """Everything between the open driving video and its frames. Raises what `animate` raises.

    Args:
        networks: detector, pose cleaner, generator with the processor of its weights.
        find_motions: makes the motions of as many frames as are to be generated: `find_motions` below, or another one.
    """
    with stopwatch("load"):
        picture, alpha = resources.load(load_with_alpha, config.source)  # uint8 [H, W, 3] and [H, W]
        note_all(progress, resources.load(describe_changes, config.source))
    check_people(config.people, networks.detector)
    with stopwatch("source pose"):
        # 3. The source people: COCO-17 pose [17, 3] as detected, and cleaned as Human3.6M-17 [17, 3]
        sources = find_sources(config, picture, alpha, networks)
        note_all(progress, (each.about(note) for each in sources for note in each.notes))
    with stopwatch("matte"):
        further = find_further_pictures(config.also, networks, resources, progress)
    pairs = find_motions(config, video, sources, networks, stopwatch, progress)
    if config.people == ALL and len(pairs) < len(sources):
        moving = f"{len(pairs)} of {len(sources)} people in the picture"
        progress.note(f"--people all: {moving} can move, for the video shows no more at the same time")
    with stopwatch("motion"):
        people = [retarget_person(config, *pair, progress) for pair in pairs]
    with stopwatch("matte"):
        # 6b. Cut the people out, put them and the poses on the network's canvas
        if config.people is None:
            (one,) = people
            options = config.retarget, config.quality
            processor = networks.make_processor(one.source, one.driving, one.poses, *options)
        else:
            processor = make_people_processor(people, networks, config)
        note_all(progress, processor.notes)
        for other in further:
            processor.add_picture(other.person, other.matte)
    with stopwatch("background"):
        # 6c. What is behind the people
        if background := find_background(config, people, video, networks, progress):
            processor.put_on(background)
    with stopwatch("face"):
        # 6d. The drivers' expressions on the sources' faces
        if config.face and video:
            move_faces(people, processor, video, networks, resources, progress)
    return PreparedFrames(config, networks, people, processor, stopwatch)


def make_animation_record(config: AnimateConfig, networks: PersonNetworks) -> Record:
    """Of what and how an animation is made."""
    weights = (config.weights, config.motion, *((FACE,) if config.face else ()))
    used = {"precision": networks.precision, "keypoints": networks.detector.name}
    return make_record("animate", config, weights=weights, device=str(networks.device), **used)


def find_motions(
    config: AnimateConfig,
    video: FrameSource | None,
    sources: list[SourcePerson],
    networks: PersonNetworks,
    stopwatch: Stopwatch,
    progress: Progress,
) -> list[MovingPair]:
    """Who of the sources moves, and the motions of all T frames of a driving video or pose track."""
    with stopwatch("driving keypoints"):
        # 4. Everybody in the driving video: a pose track of T frames
        track = find_driving_track(config, video, networks.detector, networks.track_cache, progress)
    with stopwatch("motion"), error_context(config.driving):
        # 5. The driving motions: follow people, fill gaps, clean -> [T, 17, 3]
        return follow(config, track, sources, networks, start=float(config.start or 0))


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
