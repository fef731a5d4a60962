"""`gfla preview`: a sheet with a few frames of an animation, in seconds.

The chain is that of `gfla animate` with fewer frames: those between the frames of the sheet are neither read, nor are
people detected in them. So each pose is cleaned as a still, missing ones are filled in between frames that are far
apart, the body's path is fitted to the picture by what the sheet shows of it, and each frame is generated from the one
before it on the sheet. Poses from a file are all known, and treated like those of `gfla animate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from pipelines.animation import (
    ARCHITECTURES,
    find_motions,
    generate_frames,
    make_animation_record,
    open_driving,
    prepare_frames,
)
from pipelines.compositing.paste import contact_sheet
from pipelines.compositing.transparency import show_transparency
from pipelines.configs import AnimateConfig, PreviewConfig
from pipelines.generation.background import check_background
from pipelines.generation.further_pictures import check_further_pictures
from pipelines.generation.moving_people import follow
from pipelines.generation.networks import PersonNetworks
from pipelines.generation.panels import title_panels
from pipelines.generation.people_processor import check_people_options
from pipelines.generation.provenance import make_tags
from pipelines.generation.resources import Resources
from pipelines.generation.video_output import check_face
from pipelines.keypoints.detectors.registry import DETECTORS, check_person
from pipelines.keypoints.drawing import draw_pose, draw_skeleton
from pipelines.keypoints.loading import is_track
from pipelines.keypoints.motion import DrivingMotion, SourcePerson
from pipelines.keypoints.people import MovingPair
from pipelines.keypoints.quarter_turns import detect_upright_video
from pipelines.media.frames import NOMINAL_RATE
from pipelines.media.sources import FrameSource
from pipelines.media.spread_frames import open_spread
from pipelines.media.stills import check_stills, is_still, write_stills
from pipelines.media.turning import turn_picture
from pipelines.runtime.errors import error_context
from pipelines.runtime.input_files import list_input_files
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.summaries import describe_input, summarize_run

CELL_HEIGHT = 320  # pixels of the pictures
SHEET_ASPECT = 1.6  # width by height that the sheet comes close to
BLANK = 24


@dataclass(frozen=True, kw_only=True)
class PreviewResult:
    """What a preview shows and how long it took."""

    config: PreviewConfig
    """The options."""
    times: tuple[float, ...]
    """When the frames are shown, in seconds of the driving video."""
    device: str
    """The device that the generator ran on."""
    precision: str
    """The precision it ran in: fp32, bf16 or fp16."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time in seconds by stage."""

    @property
    def output(self) -> Path:
        """Where the sheet is."""
        return self.config.target

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        config = self.config
        times = {"seconds": self.seconds, "overlapping": {}}
        return summarize_run(config, weights=config.weights, device=self.device, precision=self.precision, **times) | {
            "output": str(self.output),
            "inputs": {"source": describe_input(config.source), "driving": describe_input(config.driving)},
            "times": [round(time, 3) for time in self.times],
        }


def preview_animation(
    config: PreviewConfig, progress: Progress = SILENT, resources: Resources | None = None
) -> PreviewResult:
    """Write a sheet with frames of the driving video, with the skeleton over them, beside those of the animation.

    Args:
        progress: hears of stages, steps and notes.
        resources: what several jobs of one process share.

    Raises what `animate` raises.
    """
    check_preview(config)
    stopwatch, resources = Stopwatch(), resources or Resources()
    with stopwatch("load"):
        video = _open_frames(config)
        networks = resources.person_networks(config, ARCHITECTURES, progress)
    frames = prepare_frames(config, video, networks, _find_motions, stopwatch, progress, resources)
    progress.stage("preview", len(frames.motion.pts))
    motion, processor, cells = frames.motion, frames.processor, []
    times = _times(motion, video)
    driving = [frame.image for frame in video] if video else [None] * len(times)
    for number, (_, step) in enumerate(generate_frames([frames])):
        with stopwatch("compose"):
            result = processor.postprocess(step, config.frame)
            cells.append(
                _draw_cell([each.driving for each in frames.people], number, times[number], result, driving[number])
            )
        progress.advance()
    with stopwatch("encode"):
        sheet = contact_sheet(cells, choose_columns(len(cells), cells[0].shape), blank=BLANK)
        tags = replace(make_tags(make_animation_record(config, networks), config), record=None)
        write_stills(config.target, [sheet], overwrite=config.overwrite, tags=tags)
    ran = {"device": str(frames.networks.device), "precision": frames.networks.precision}
    return PreviewResult(config=config, times=tuple(times), **ran, seconds=dict(stopwatch.seconds))


def check_preview(config: PreviewConfig) -> None:
    """Refuse whatever can be refused before any work.

    Raises:
        InputError: existing or unwritable output, or one that is no picture; no frames; unsuitable background or face.
        WeightsError: no such weights.
    """
    if config.count < 1:
        raise InputError(f"count {config.count} is too small: use 1 or more")
    if not is_still(config.target):
        raise InputError(f"a preview is one picture, which {config.target} can't be: use .png, .jpg or .webp")
    check_background(config)
    check_face(config)
    check_people_options(config)
    check_further_pictures(config, config.weights)
    check_stills(config.target, count=1, overwrite=config.overwrite, inputs=list_input_files(config))


def choose_columns(count: int, shape: Sequence[int]) -> int:
    """In how many columns so many pictures of one shape [H, W, ...] come close to SHEET_ASPECT, with few blanks."""

    def cost(columns: int) -> float:
        rows = ceil(count / columns)
        aspect = columns * shape[1] / (rows * shape[0])
        return abs(np.log(aspect / SHEET_ASPECT)) + (rows * columns - count) / (2 * count)

    return min(range(1, count + 1), key=cost)


def _open_frames(config: PreviewConfig) -> FrameSource | None:
    """The frames of the sheet; None for a pose track."""
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    return None if is_track(config.driving) else open_spread(config.driving, config.count, **selection)


def _find_motions(
    config: AnimateConfig,
    video: FrameSource | None,
    sources: list[SourcePerson],
    networks: PersonNetworks,
    stopwatch: Stopwatch,
    progress: Progress,
) -> list[MovingPair]:
    """The motions in the frames of the sheet: detected in them, or chosen from those of a pose file."""
    assert isinstance(config, PreviewConfig)
    if video is None or config.keypoints not in DETECTORS:
        with open_driving(config) as whole:
            pairs = find_motions(config, whole, sources, networks, stopwatch, progress)
        frames = _choose_frames(_times(pairs[0][1], whole), config.count, video)
        return [(source, motion.choose(frames)) for source, motion in pairs]
    check_person(config.person, networks.detector)
    with stopwatch("driving keypoints"):
        track = detect_upright_video(video, networks.detector, progress)
        note_all(progress, track.warnings)
    times = [float(video.time_of(frame.pts)) for frame in track.frames]
    interval = round((times[-1] - times[0]) * float(video.info.rate or NOMINAL_RATE) / max(len(times) - 1, 1)) or 1
    if interval > 1:  # frames that are far apart differ like those at a cut
        track = replace(track, frames=[replace(frame, thumbnail=None) for frame in track.frames])
    with stopwatch("motion"), error_context(config.driving):
        return follow(config, track, sources, networks, start=times[0], interval=interval)


def _choose_frames(times: Sequence[float], count: int, video: FrameSource | None) -> list[int]:
    """Numbers of the frames of a clip, shown at these times, that are those of `video`; without one, evenly chosen."""
    if video is None:
        return sorted({int((part + 0.5) * len(times) / count) for part in range(count)})
    return [int(np.abs(np.array(times) - float(video.time_of(frame.pts))).argmin()) for frame in video]


def _times(motion: DrivingMotion, video: FrameSource | None) -> list[float]:
    """When the frames of a motion are shown, in seconds from the beginning of the file."""
    return [float(video.time_of(pts) if video else pts * motion.time_base) for pts in motion.pts]


def _draw_cell(
    motions: Sequence[DrivingMotion], number: int, time: float, result: np.ndarray, driving: np.ndarray | None
) -> np.ndarray:
    """A driving frame with the skeletons of those who are followed, and the result, under their titles."""
    width, height = motions[0].size
    if driving is None:
        drawn = draw_skeleton(motions[0].poses[number], height, width, layout="h36m17")
    else:
        drawn = turn_picture(driving, motions[0].quarter_turns)
    for motion in motions if driving is not None else motions[1:]:
        drawn = draw_pose(drawn, motion.poses[number], layout="h36m17")
    shown = show_transparency(result) if result.shape[2] == 4 else result
    return title_panels({f"{time:.1f} s": drawn, "result": shown}, height=CELL_HEIGHT)
