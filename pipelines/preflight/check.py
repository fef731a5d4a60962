"""`gfla check`: do a picture and a driving video suit each other, and what will the animation take?

Verdicts: "impossible", `gfla animate` would refuse; "doubtful", it works, but something in the inputs will show in the
result; "good".
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil

from models.errors import InputError
from pipelines.configs import AnimateConfig
from pipelines.faces.landmark_detectors import create_landmark_detector
from pipelines.generation.background import check_background
from pipelines.generation.cutout import describe_certainty
from pipelines.generation.further_pictures import check_further_pictures
from pipelines.generation.networks import load_detector
from pipelines.generation.people_processor import check_people_options
from pipelines.generation.video_output import check_face
from pipelines.keypoints.body import MAX_PROPORTION, MIN_PROPORTION, measure_body, stature_ratio
from pipelines.keypoints.detectors.registry import check_people
from pipelines.keypoints.pairs import choose_pairs
from pipelines.keypoints.track_quality import find_troubles
from pipelines.keypoints.tracking import MIN_FRAME_SHARE, body_size
from pipelines.keypoints.visibility import describe_cut_driving, describe_cut_source
from pipelines.preflight.faces import judge_driving_face, judge_source_face, time_face, time_landmarks
from pipelines.preflight.inspection import (
    DrivingInspection,
    SourceInspection,
    inspect_driving,
    inspect_source,
    measurable_poses,
)
from pipelines.preflight.timing import TimingEstimate, estimate_memory, estimate_timing, time_detection
from pipelines.runtime.devices import choose_device, choose_precision
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import SILENT, Progress, note_all

GOOD, DOUBTFUL, IMPOSSIBLE = "good", "doubtful", "impossible"
MIN_PERSON_SHARE = 0.9  # of the frames; below, the made-up frames show
MIN_VISIBLE_SHARE = 0.8  # of the frames with the person; below, guessed body parts show
MIN_PERSON_PIXELS = 64  # height of a person below which poses are unreliable
Found = TypeVar("Found")


@dataclass(frozen=True)
class InputReport:
    """What to expect of one animation; numbers are None if it is impossible."""

    source: Path
    """The source picture."""
    driving: Path
    """The driving video or pose track."""
    verdict: str
    """One of GOOD, DOUBTFUL and IMPOSSIBLE."""
    reasons: tuple[str, ...] = ()
    """One line each, why it is not good."""
    frames: int | None = None
    """How many frames would be animated."""
    looks: int | None = None
    """How many of them were inspected."""
    person_share: float | None = None
    """Share of the inspected frames that show the person."""
    hidden: tuple[str, ...] | None = None
    """Parts of the body that the picture does not show."""
    whole_share: float | None = None
    """Share of the frames with the person that show the least visible part of the body."""
    people: tuple[int, int] | None = None
    """How many people the picture shows, and how many the video shows at once; None if the detector finds one only."""
    outline: float | None = None
    """How sure the outline of the person in the picture is, 0 to 1; None for weights that need none."""
    scale: float | None = None
    """How many times as tall the person is in the picture as in the video, in pixels."""
    seconds: float | None = None
    """Expected wall time in seconds, without the start of the program and without cutting the person out of the driving
    video's own background."""
    memory: int | None = None
    """Expected peak of main memory in bytes."""

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return asdict(self)

    def row(self) -> tuple[str, ...]:
        """Verdict, frames, seconds, gigabytes and reasons for a table of several reports; "?" where unknown."""
        numbers = ["?" if self.frames is None else str(self.frames)]
        numbers.append("?" if self.seconds is None else f"{self.seconds:.0f}")
        numbers.append("?" if self.memory is None else f"{self.memory / 1e9:.1f}")
        return self.verdict, *numbers, "; ".join(self.reasons)

    def lines(self) -> list[tuple[str, str]]:
        """The numbers in words, with a title each; only if it is possible."""
        assert self.seconds is not None
        assert self.memory is not None
        shown = "yes" if not self.hidden else f"no {', no '.join(self.hidden)}"
        outline = [] if self.outline is None else [("outline", f"{self.outline:.0%} sure, in the picture")]
        found = [] if self.people is None else [("people", "{} in the picture, {} in the video".format(*self.people))]
        return [
            *found,
            ("person", f"in {self.person_share:.0%} of {self.looks} inspected frames, of {self.frames}"),
            ("whole body", f"in the picture: {shown}; in the video: {self.whole_share:.0%} of the frames"),
            *outline,
            ("scale", f"{self.scale:.2f} times as tall in the picture as in the video"),
            ("time", f"about {_duration(self.seconds)}"),
            ("memory", f"about {self.memory / 1e9:.1f} GB"),
        ]


class InputChecker:
    """Checks many pairs: loads its networks once, and inspects each picture and each video once.

    Args:
        config: the options of the animations; its source and driving are not used.
        thorough: inspect every frame of the videos.

    Raises:
        InputError, BackendUnavailable, WeightsError: the device or the detector can't be used.
    """

    def __init__(self, config: AnimateConfig, progress: Progress = SILENT, *, thorough: bool = False) -> None:
        self.config, self.progress, self.thorough = config, progress, thorough
        device = choose_device(config.device, progress.note)
        precision = choose_precision(config.precision, device)
        self.detector, notes = load_detector(config.keypoints, config.yolo_weights, device, precision)
        note_all(progress, notes)
        self._results: dict[tuple[str, Hashable], Any] = {}

    def check(self, source: Path, driving: Path) -> InputReport:
        """Inspect both, time some frames, judge.

        Raises WeightsError, BackendUnavailable: weights or precision of the animation can't be used.
        """
        try:
            config = replace(self.config, source=source, driving=driving)
            check_background(config)
            check_face(config)
            check_people_options(config)
            check_people(config.people, self.detector)
            check_further_pictures(config, config.weights)
            picture = self._once(inspect_source, source, source, self.detector)
            for further in config.also:
                self._once(inspect_source, further, further, self.detector)
            clip = self._once(self._inspect_driving, driving, driving)
            asked = config.people
            moving = 1 if asked is None else len(choose_pairs(asked, picture.people, clip.people))
            return self._judge(picture, clip, source, driving, moving)
        except InputError as error:
            return InputReport(source, driving, IMPOSSIBLE, (str(error),))

    def _judge(
        self, picture: SourceInspection, clip: DrivingInspection, source: Path, driving: Path, moving: int
    ) -> InputReport:
        sampled = not self.thorough and clip.looks < clip.frames
        if largest_share(clip.person_share, clip.looks if sampled else None) < MIN_FRAME_SHARE:
            raise InputError(
                f"{driving}: a person in only {len(clip.poses)} of the {clip.looks} inspected frames; "
                "cut the clip with --start and --end, or use one that shows a person clearly"
            )
        with error_context(driving):
            scale = _relative_height(picture, clip)
        detection = self._once(time_detection, driving, driving, self.config, self.detector, clip)
        timing = self._once(self._estimate_timing, (source, moving), source, clip)
        memory = estimate_memory(picture.size, clip.size, timing.side)
        doubts, face = self._check_faces(picture, clip, source, driving)
        reasons = (*_doubts(picture, clip, scale, memory, retarget=self.config.retarget), *doubts)
        if timing.certainty is not None and (unsure := describe_certainty(timing.certainty)):
            reasons = (unsure, *reasons)
        return InputReport(
            source,
            driving,
            verdict=DOUBTFUL if reasons else GOOD,
            reasons=reasons,
            frames=clip.frames,
            looks=clip.looks,
            person_share=clip.person_share,
            hidden=picture.hidden,
            whole_share=min(clip.shown.values()),
            people=None if getattr(self.detector, "finds_one_person", False) else (picture.people, clip.people),
            outline=timing.certainty,
            scale=scale,
            seconds=timing.start + clip.frames * (detection + timing.frame + moving * face),
            memory=memory,
        )

    def _check_faces(
        self, picture: SourceInspection, clip: DrivingInspection, source: Path, driving: Path
    ) -> tuple[tuple[str, ...], float]:
        """One line for each face that `--face` can't move, or can't follow; without any, seconds per frame of it."""
        if not self.config.face:
            return (), 0.0
        detector = create_landmark_detector("auto")
        found = self._once(judge_source_face, source, source, picture, detector)
        doubts = found, self._once(judge_driving_face, driving, driving, clip, self.config, detector)
        if any(doubts):
            return tuple(filter(None, doubts)), 0.0
        landmarks = self._once(time_landmarks, driving, driving, clip, self.config, detector)
        return (), landmarks + self._once(time_face, source, source, picture, self.config, detector)

    def _inspect_driving(self, path: Path) -> DrivingInspection:
        return inspect_driving(path, self.config, self.detector, self.progress, every_frame=self.thorough)

    def _estimate_timing(self, source: Path, clip: DrivingInspection) -> TimingEstimate:
        self.progress.stage("timing", None)
        return estimate_timing(replace(self.config, source=source), clip, self.detector.name)

    def _once(self, inspect: Callable[..., Found], about: Hashable, *arguments: Any) -> Found:
        """What `inspect` returns, or raises, about one file, and its people; not inspected again for the next pair."""
        key = (inspect.__name__, about)
        if key not in self._results:
            try:
                self._results[key] = inspect(*arguments)
            except InputError as error:
                self._results[key] = error
        if isinstance(self._results[key], InputError):
            raise self._results[key]
        return self._results[key]


def check_inputs(config: AnimateConfig, progress: Progress = SILENT, *, thorough: bool = False) -> InputReport:
    """Inspect the source picture and the driving video of an animation before it is made.

    Args:
        config: the animation; `InputChecker` checks many pairs with the same options.
        progress: hears of stages, steps and notes.
        thorough: inspect every frame of the video instead of at most 64.

    Raises:
        BackendUnavailable, WeightsError: the detector, the device or the weights can't be used.
    """
    return InputChecker(config, progress, thorough=thorough).check(config.source, config.driving)


def largest_share(share: float, sample: int | None) -> float:
    """The largest share in a whole clip that agrees with the `share` in a `sample` of its frames, to two standard
    deviations; None: all frames are known."""
    return share if sample is None else share + 2 * sqrt(share * (1 - share) / sample)


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _relative_height(picture: SourceInspection, clip: DrivingInspection) -> float:
    """How many times as tall the person of the picture is, by the long bones that both show. Raises InputError."""
    own, theirs = (measure_body(measurable_poses(poses)) for poses in (picture.pose[None], clip.poses))
    return stature_ratio(own, theirs)


def _doubts(
    picture: SourceInspection, clip: DrivingInspection, scale: float, memory: int, *, retarget: str
) -> Iterator[str]:
    """One line for everything that will show in the result.

    MIN_PERSON_SHARE: frames without the person are made up; clips of one person whom nothing hides lose none, a video
    of two men who cross lost 12 %. MIN_VISIBLE_SHARE: that video's least visible part, the feet, shows in 82 %; below
    30 % retargeting stops following a joint. MIN_PERSON_PIXELS: two clips made smaller step by step kept their joints
    to 0.6 % and 1.6 % of the body's height at 64 pixels; at 48 to 2.5 % and more, with people lost. Without
    retargeting the driving body stands in the picture as it is, and may differ as much as human proportions do.
    """
    yield from filter(None, (picture.orientation, clip.followed.track.orientation))
    if clip.person_share < MIN_PERSON_SHARE:
        yield f"the video shows the person in {clip.person_share:.0%} of the frames: the others have to be made up"
    cuts = describe_cut_source(picture.hidden), describe_cut_driving(clip.shown)
    yield from filter(None, cuts)
    for part, share in clip.shown.items():
        if share < MIN_VISIBLE_SHARE and not cuts[1]:
            yield f"the video shows the {part} in {share:.0%} of the frames with the person: they are guessed elsewhere"
    yield from find_troubles(clip.followed, picture.pose, clip.jumps)
    tall = {"picture": body_size(picture.pose), "video": float(np.median([body_size(pose) for pose in clip.poses]))}
    for name, pixels in tall.items():
        if pixels < MIN_PERSON_PIXELS:
            minimum = MIN_PERSON_PIXELS
            yield f"the person in the {name} is {pixels:.0f} pixels tall: below {minimum} poses are unreliable"
    placed = scale / min(np.divide(picture.size, clip.size))
    if retarget == "none" and not MIN_PROPORTION <= placed <= MAX_PROPORTION:
        yield f"the person in the picture is {placed:.1f} times as tall as the one in the video: use --retarget body"
    if memory > (available := _memory_here()):
        yield (
            f"about {memory / 1e9:.1f} GB of memory are needed, this machine has {available / 1e9:.1f}: "
            "use a smaller picture"
        )


def _memory_here() -> int:
    return psutil.virtual_memory().total
