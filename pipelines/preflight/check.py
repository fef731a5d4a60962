"""`gfla check`: are a picture and a driving video fit for each other, and what will the animation take?

Verdicts: "impossible", `gfla animate` would refuse; "doubtful", it works, but something in the inputs will show in the
result; "good".
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from models.errors import InputError
from pipelines.configs import AnimateConfig
from pipelines.generation.networks import load_detector, named
from pipelines.keypoints.body import LONGEST_RATIO, SHORTEST_RATIO, measure, stature_ratio
from pipelines.keypoints.tracking import MIN_SHARE, body_size
from pipelines.preflight.inspection import (
    DrivingInspection,
    SourceInspection,
    inspect_driving,
    inspect_source,
    measurable,
)
from pipelines.preflight.timing import TimingEstimate, estimate_timing, expected_memory, time_detection
from pipelines.runtime.devices import choose_device
from pipelines.runtime.progress import Progress, SilentProgress

GOOD, DOUBTFUL, IMPOSSIBLE = "good", "doubtful", "impossible"
MIN_PERSON_SHARE = 0.9
MIN_VISIBLE_SHARE = 0.8
MIN_PERSON_PIXELS = 64
Found = TypeVar("Found")


@dataclass(frozen=True)
class InputReport:
    """What is to be expected of one animation; numbers are None where it is impossible.

    reasons: one line each, why it is not good; frames: that would be animated, `looks` of them were looked at;
    person_share: of those that show the person; hidden: parts of the body that the picture does not show; whole_share:
    share of the frames with the person that show the part which is shown least; scale: how many times as tall the
    person is in the picture as in the video, in pixels; seconds: expected, after the start of the program; memory:
    expected bytes at the peak.
    """

    source: Path
    driving: Path
    verdict: str
    reasons: tuple[str, ...] = ()
    frames: int | None = None
    looks: int | None = None
    person_share: float | None = None
    hidden: tuple[str, ...] | None = None
    whole_share: float | None = None
    scale: float | None = None
    seconds: float | None = None
    memory: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return asdict(self)

    def row(self) -> tuple[str, ...]:
        """Verdict, frames, seconds, gigabytes and reasons, as a table of several shows them; "?" where not known."""
        numbers = ["?" if self.frames is None else str(self.frames)]
        numbers.append("?" if self.seconds is None else f"{self.seconds:.0f}")
        numbers.append("?" if self.memory is None else f"{self.memory / 1e9:.1f}")
        return self.verdict, *numbers, "; ".join(self.reasons)

    def lines(self) -> list[tuple[str, str]]:
        """The numbers in words, with a title each; not for what is impossible."""
        assert self.seconds is not None
        assert self.memory is not None
        shown = "yes" if not self.hidden else f"no {', no '.join(self.hidden)}"
        return [
            ("person", f"in {self.person_share:.0%} of {self.looks} frames looked at, of {self.frames}"),
            ("whole body", f"in the picture: {shown}; in the video: {self.whole_share:.0%} of the frames"),
            ("scale", f"{self.scale:.2f} times as tall in the picture as in the video"),
            ("time", f"about {_duration(self.seconds)}"),
            ("memory", f"about {self.memory / 1e9:.1f} GB"),
        ]


class InputChecker:
    """Checks many pairs: loads its networks once, and looks once at each picture and each video.

    Args:
        config: the options of the animations; its source and driving are not used.
        thorough: look at every frame of the videos.

    Raises:
        InputError, BackendUnavailable, WeightsError: the device or the extractor can't be had.
    """

    def __init__(self, config: AnimateConfig, progress: Progress | None = None, *, thorough: bool = False) -> None:
        self.config, self.progress, self.thorough = config, progress or SilentProgress(), thorough
        device = choose_device(config.device)
        self.extractor = load_detector(config.keypoints, config.yolo_weights, device, self.progress)
        self._found: dict[tuple[str, Path], Any] = {}

    def check(self, source: Path, driving: Path) -> InputReport:
        """Look at both, rehearse, judge. Raises WeightsError, BackendUnavailable: weights or precision are no use."""
        try:
            portrait = self._once(inspect_source, source, source, self.extractor)
            clip = self._once(self._look_at_clip, driving, driving)
            return self._expected(portrait, clip, source, driving)
        except InputError as error:
            return InputReport(source, driving, IMPOSSIBLE, (str(error),))

    def _expected(
        self, portrait: SourceInspection, clip: DrivingInspection, source: Path, driving: Path
    ) -> InputReport:
        sure = self.thorough or clip.looks == clip.frames
        if _most(clip.person_share, clip.looks, sure=sure) < MIN_SHARE:
            raise InputError(
                f"{driving}: a person in only {len(clip.poses)} of the {clip.looks} frames looked at; "
                "cut the clip with --start and --end, or use one that shows a person clearly"
            )
        scale = named(driving, lambda: _scale(portrait, clip))
        watching = self._once(time_detection, driving, driving, self.config, self.extractor, clip)
        rehearsal = self._once(self._rehearse, source, source, clip)
        memory = expected_memory(portrait.size, clip.size, rehearsal.side)
        reasons = tuple(_doubts(portrait, clip, scale, memory, retarget=self.config.retarget))
        return InputReport(
            source,
            driving,
            verdict=DOUBTFUL if reasons else GOOD,
            reasons=reasons,
            frames=clip.frames,
            looks=clip.looks,
            person_share=clip.person_share,
            hidden=portrait.hidden,
            whole_share=min(clip.shown.values()),
            scale=scale,
            seconds=rehearsal.start + clip.frames * (watching + rehearsal.frame),
            memory=memory,
        )

    def _look_at_clip(self, path: Path) -> DrivingInspection:
        return inspect_driving(path, self.config, self.extractor, self.progress, whole=self.thorough)

    def _rehearse(self, source: Path, clip: DrivingInspection) -> TimingEstimate:
        self.progress.stage("rehearsal", None)
        return estimate_timing(replace(self.config, source=source), clip, self.extractor.name)

    def _once(self, look: Callable[..., Found], path: Path, *arguments: Any) -> Found:
        """What `look` finds, or raises, for one file."""
        key = (look.__name__, path)
        if key not in self._found:
            try:
                self._found[key] = look(*arguments)
            except InputError as error:
                self._found[key] = error
        if isinstance(self._found[key], InputError):
            raise self._found[key]
        return self._found[key]


def check_inputs(
    source: Path, driving: Path, *, thorough: bool = False, progress: Progress | None = None
) -> InputReport:
    """One pair with the default options; `InputChecker` is for many pairs, or other options.

    Raises BackendUnavailable, WeightsError: the extractor or the animation's weights can't be had.
    """
    return InputChecker(AnimateConfig(source, driving), progress, thorough=thorough).check(source, driving)


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _most(share: float, looks: int, *, sure: bool) -> float:
    """The largest share in the whole clip that goes with the one in some of its frames (two standard deviations)."""
    return share if sure else share + 2 * sqrt(share * (1 - share) / looks)


def _scale(portrait: SourceInspection, clip: DrivingInspection) -> float:
    """How many times as tall the person of the picture is, by the long bones that both show. Raises InputError."""
    own, theirs = (measure(measurable(poses)) for poses in (portrait.pose[None], clip.poses))
    return stature_ratio(own, theirs)


def _doubts(
    portrait: SourceInspection, clip: DrivingInspection, scale: float, memory: int, *, retarget: str
) -> Iterator[str]:
    """One line for everything that will show in the result.

    ENOUGH_FRAMES: frames without the person are made up; clips of one person that nothing hides lose none, a film of
    two men who cross lost 12 %. ENOUGH_OF_PART: that film's worst part, the feet, shows in 82 %; below 30 %
    retargeting stops following a joint. SMALL: two clips made smaller step by step kept their joints to 0.6 % and
    1.6 % of the body's height at 64 pixels; at 48 to 2.5 % and more, with people lost. Without retargeting the driving
    body stands in the picture as it is, and may differ as much as human proportions do.
    """
    if clip.person_share < MIN_PERSON_SHARE:
        yield f"the video shows the person in {clip.person_share:.0%} of the frames: the others have to be made up"
    if portrait.hidden:
        yield f"the picture does not show the {' and '.join(portrait.hidden)}: what it hides has to be made up"
    for part, share in clip.shown.items():
        if share < MIN_VISIBLE_SHARE:
            yield f"the video shows the {part} in {share:.0%} of the frames with the person: there they are guessed"
    tall = {"picture": body_size(portrait.pose), "video": float(np.median([body_size(pose) for pose in clip.poses]))}
    for name, pixels in tall.items():
        if pixels < MIN_PERSON_PIXELS:
            yield f"the person in the {name} is {pixels:.0f} pixels tall: below {MIN_PERSON_PIXELS} poses are unsure"
    placed = scale / min(np.divide(portrait.size, clip.size))
    if retarget == "none" and not SHORTEST_RATIO <= placed <= LONGEST_RATIO:
        yield f"the person in the picture is {placed:.1f} times as tall as the one in the video: use --retarget body"
    if memory > (there := _memory_here()):
        yield f"about {memory / 1e9:.1f} GB of memory are needed, here are {there / 1e9:.1f}: make the picture smaller"


def _memory_here() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
