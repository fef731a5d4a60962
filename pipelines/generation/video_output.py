"""From a generator's steps to finished videos: postprocessed, compared, encoded, with sound and time stamps."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from torch import Tensor

from models.errors import InputError
from models.generators.recurrent import Step
from pipelines.compositing.transparency import show_transparency
from pipelines.configs import AnimateConfig, FaceConfig, debug_path
from pipelines.generation.background import background_input, check_background, makes_layers
from pipelines.generation.further_pictures import check_further_pictures
from pipelines.generation.people_processor import check_people_options
from pipelines.generation.processors import FrameProcessor, PendingFrame, PendingMemory
from pipelines.generation.provenance import Record
from pipelines.generation.resume_folder import EndedSegment, ResumeFolder, check_resume
from pipelines.generation.rollout import state_tensors
from pipelines.generation.upscaling import check_upscaler, make_upscaler
from pipelines.generation.visualization import check_layer_views, check_views, draw_debug_frames
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.motion import DrivingMotion
from pipelines.media.audio import AudioPlan
from pipelines.media.credentials import check_credentials
from pipelines.media.sources import FrameSource
from pipelines.media.tags import Tags
from pipelines.media.turning import turn_picture
from pipelines.media.writer import Writer, check_video_output, open_output, written_size
from pipelines.option_groups import STANDARD
from pipelines.runtime.input_files import list_input_files
from pipelines.runtime.progress import Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.summaries import describe_input, summarize_run
from pipelines.runtime.workers import background_worker

VideoConfig = AnimateConfig | FaceConfig


def check_outputs(config: VideoConfig) -> None:
    """Refuse whatever can be refused about the outputs before any work.

    Raises:
        InputError: existing or unwritable output, missing folder, an input as output, unknown suffix or debug view,
            unsuitable codec, crf or background, a face that can't be moved.
        BackendUnavailable: no such encoder here.
        WeightsError: no such weights.
    """
    check_views(config.debug)
    check_credentials(config, config.target)
    if config.debug and config.target == STANDARD:
        raise InputError("--debug writes a second video beside the output: name a file with -o instead of -")
    check_upscaler(config)
    if isinstance(config, AnimateConfig):
        check_background(config)
        check_face(config)
        check_people_options(config)
        check_further_pictures(config, config.weights)
        if config.resume:
            check_resume(config.target)
    check_video_output(config.target, **_output_options(config, transparent=is_transparent(config)))
    if config.debug:
        check_video_output(debug_path(config.target), **_output_options(config, transparent=False))


def check_face(config: AnimateConfig) -> None:
    """Refuse to move a face where there can't be one to follow, or none that can be moved.

    Raises:
        InputError: no driving video, or weights that paint the background with the person.
        WeightsError: no such weights, or damaged ones.
    """
    if config.face and is_track(config.driving):
        raise InputError(f"--face needs a driving video, but {config.driving} has poses alone")
    if config.face and not makes_layers(config.weights):
        raise InputError(f"--face: {config.weights} weights don't make the person alone; use --weights person")


def is_transparent(config: VideoConfig) -> bool:
    """Whether the main output has an alpha channel."""
    return isinstance(config, AnimateConfig) and config.transparent


def _output_options(config: VideoConfig, *, transparent: bool) -> dict[str, Any]:
    """What `check_video_output` and `open_output` share; `codec` and `crf` are for outputs like the main one."""
    encoding = (
        {"codec": config.codec, "crf": config.crf, "stream": config.format}
        if transparent == is_transparent(config)
        else {}
    )
    paths = {"overwrite": config.overwrite, "inputs": list_input_files(config)}
    return {"transparent": transparent, **encoding, **paths}


@dataclass(frozen=True)
class BegunFrame:
    """A frame between `VideoOutput.begin` and `VideoOutput.write`."""

    step: Step
    """What it is made of, a batch of 1."""
    finish: PendingFrame
    """Makes the frame."""
    memory: PendingMemory | None = None
    """What the next frame needs of this one, where a segment ends behind it."""


class VideoOutput:
    """A context manager that takes every step once; the outputs appear when it ends without an exception.

    Args:
        config: what to write and where; `check_outputs` has accepted it.
        processor: makes frames of steps.
        motion: its time stamps are those of the output.
        video: the driving video for `compare`; None if the processor knows its driving frames, or there are none.
        audio: the sound of the main output.
        stopwatch: gets the stages "compose" and "encode".
        progress: hears of what the encoders leave out or can't do.
        threads: of the encoder; None lets it choose.
        resume: keeps what is done until the outputs are complete; they go on behind what it holds.
        tags: metadata of the outputs.

    Raises:
        InputError: debug views of layers, which this processor does not make.
    """

    def __init__(
        self,
        config: VideoConfig,
        processor: FrameProcessor,
        motion: DrivingMotion,
        video: FrameSource | None,
        audio: AudioPlan | None,
        stopwatch: Stopwatch,
        progress: Progress,
        threads: int | None = None,
        resume: ResumeFolder | None = None,
        tags: Tags | None = None,
    ) -> None:
        check_layer_views(config.debug, processor.plate)
        self.config, self.processor, self.motion, self.audio = config, processor, motion, audio
        self.stopwatch, self.progress, self.threads, self.tags = stopwatch, progress, threads, tags
        self.upscaler = make_upscaler(config, config.device)
        self.resume = resume
        self.count = self.begun = resume.frames if resume else 0  # frames that are written, and begun
        self.driving_frames = islice(video, self.count, None) if config.compare and video else None
        if self.count and resume:
            processor.recall(resume.tensors, self.count)
        self.writers: dict[Path, Writer] = {}
        self.reported: set[str] = set()  # notes
        self._open = ExitStack()
        self._keep: Callable[[EndedSegment], None] | None = None  # from the first segment on

    def __enter__(self) -> Self:
        return self

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the results."""
        size = self.processor.output_size(self.config.frame)
        return self.upscaler.size(size) if self.upscaler else size

    def __exit__(self, *error: Any) -> None:
        with self.stopwatch("encode"):
            self._open.__exit__(*error)
        if error[0] is None:
            self._report_notes()
            note_all(self.progress, self.processor.background.notes if self.processor.background else ())

    def begin(self, step: Step) -> BegunFrame:
        """Begin to compose the next frame (a batch of the processor's people), in the thread of the network; `write`
        takes the rest."""
        with self.stopwatch("compose"):
            finish = self.processor.begin_frame(step, self.config.frame)
            self.begun += 1
            is_due = self.resume and self.resume.is_due(self.begun, of=len(self.motion.pts))
            return BegunFrame(step, finish, self.processor.memory() if is_due else None)

    def write(self, begun: BegunFrame) -> None:
        """Finish and write the next frame, and its debug views."""
        with self.stopwatch("compose"):
            result = begun.finish()
        if self.upscaler:
            with self.stopwatch("upscale"):
                result = self.upscaler(result)
        if self.config.compare:
            with self.stopwatch("compose"):
                driving = next(self.driving_frames).image if self.driving_frames else None
                driving = None if driving is None else turn_picture(driving, self.motion.quarter_turns)
                result = show_transparency(result) if result.shape[2] == 4 else result
                result = self.processor.comparison(self.count, driving, result)
        with self.stopwatch("encode"):
            self._write(self.config.target, result, self.audio)
            if self.config.debug:
                plates = [person.plate for person in self.processor.people]
                shown = draw_debug_frames(self.config.debug, begun.step, plates)
                self._write(debug_path(self.config.target), shown, None)
            self.count += 1
            if begun.memory:
                self._end_segment(state_tensors(begun.step.state) | begun.memory())

    def _end_segment(self, tensors: dict[str, Tensor]) -> None:
        """Have everything so far on the disk, beside the next segment, which waits for the one before."""
        assert self.resume is not None
        if self._keep is None:
            self._keep = self._open.enter_context(background_worker(self.resume.keep, waiting=1))
        pieces = [writer.end_segment() for writer in self.writers.values()]
        self._keep(EndedSegment(self.count, tensors, pieces))

    def _write(self, path: Path, image: np.ndarray, audio: AudioPlan | None) -> None:
        """Write a picture uint8 [H, W, 3 or 4] with the time stamp of the current frame; the first opens the file."""
        motion = self.motion
        if path not in self.writers:
            opened = open_output(
                path,
                width=image.shape[1],
                height=image.shape[0],
                time_base=motion.time_base,
                rate=Fraction(motion.rate).limit_denominator(1001),
                audio=audio,
                threads=self.threads,
                tags=self.tags,
                segments=self.resume and self.resume.segments("debug" if path != self.config.target else "main"),
                **_output_options(self.config, transparent=image.shape[2] == 4),
            )
            self.writers[path] = self._open.enter_context(opened)
            self._report_notes()
        pts = motion.pts[self.count] - motion.pts[0]
        self.writers[path].write(image, pts, motion.durations[self.count])

    def _report_notes(self) -> None:
        """Report every note of the writers once: some know at the beginning what others know at the end."""
        notes = dict.fromkeys(note for writer in self.writers.values() for note in writer.notes)
        note_all(self.progress, (note for note in notes if note not in self.reported))
        self.reported.update(notes)


@dataclass(frozen=True, kw_only=True)
class VideoResult:
    """What a run wrote and how long it took."""

    config: VideoConfig
    """The options of the run."""
    frames: int
    """Number of frames written."""
    rate: float
    """Mean frames per second."""
    size: tuple[int, int]
    """Width and height of the frames in pixels, without `compare`; `summary` has those that the file has."""
    canvas: tuple[int, int, int, int]
    """The region of the source picture that was generated: left, top, right, bottom in pixels."""
    missing_frames: int
    """Driving frames in which nobody was detected."""
    device: str
    """The device that the generator ran on."""
    precision: str
    """The precision it ran in: fp32, bf16 or fp16."""
    record: Record = field(default_factory=dict)
    """Of what and how the output was made."""
    certainty: float | None = None
    """How sure the outline of the person in the picture is, 0 to 1; None for weights that need none."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time in seconds by stage."""
    overlapping: dict[str, float] = field(default_factory=dict)
    """The part of `seconds` in a second thread, beside other stages, by stage."""

    @property
    def output(self) -> Path:
        """Where the video is."""
        return self.config.target

    @property
    def debug_output(self) -> Path | None:
        """Where the second video of `debug` is."""
        return debug_path(self.config.target) if self.config.debug else None

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        config = self.config
        times = {"seconds": self.seconds, "overlapping": self.overlapping}
        return summarize_run(config, weights=config.weights, device=self.device, precision=self.precision, **times) | {
            "output": str(self.output),
            "debug_output": str(self.debug_output) if self.debug_output else None,
            "inputs": self._describe_inputs(),
            "frames": self.frames,
            "fps": round(self.rate, 4),
            "size": list(written_size(self.output, self.size)),
            "canvas": list(self.canvas),
            "record": self.record,
        }

    def _describe_inputs(self) -> dict[str, Any]:
        config = self.config
        behind = background_input(config.background) if isinstance(config, AnimateConfig) else {}
        return {"source": describe_input(config.source), "driving": describe_input(config.driving)} | behind
