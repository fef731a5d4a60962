"""`gfla face`: one picture of a face and one talking video in, one video out.

Reader -> landmarks -> structures -> generator, frame after frame -> paste-back -> writer with sound. Frames are
streamed twice, for the landmarks and for the structures, which hold the edges of the driving picture.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import InputError
from models.generators.recurrent import Step
from pipelines.configs import FaceConfig
from pipelines.faces.framing import MODES, frame_faces
from pipelines.faces.landmarks import LAYOUT, DlibLandmarks, load_landmarks, read_landmarks
from pipelines.generation import visualization as views
from pipelines.generation.face_processor import FaceCrop, FaceFilm, FaceProcessor
from pipelines.generation.networks import fingerprint, load_face_generator, named, plain_options
from pipelines.generation.rollout import FrameGenerator, Stopwatch
from pipelines.keypoints.detection import DrivingMotion, Sighting, align_track, detect_video
from pipelines.keypoints.tracking import fill_gaps, select_person
from pipelines.media.audio import plan_audio
from pipelines.media.pictures import load_picture
from pipelines.media.sources import FrameSource, open_driving
from pipelines.media.writer import check_target
from pipelines.runtime.devices import autocast, choose_device
from pipelines.runtime.progress import Progress, SilentProgress
from pipelines.runtime.versions import versions
from pipelines.runtime.workers import background_worker


@dataclass
class FaceResult:
    """What a run made and what it took; `canvas` is the box of the picture that was drawn anew, `seconds` by stage."""

    config: FaceConfig
    output: Path
    debug_output: Path | None
    frames: int
    rate: float
    size: tuple[int, int]
    canvas: tuple[int, int, int, int]
    missing_frames: int
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
            "landmarks": "files" if config.landmarks else DlibLandmarks.name,
            "frames": self.frames,
            "fps": round(self.rate, 4),
            "size": list(self.size),
            "canvas": list(self.canvas),
            "frames_without_face": self.missing_frames,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def animate_face(config: FaceConfig, progress: Progress | None = None) -> FaceResult:
    """Make the face of `config.source` talk like the one in `config.driving` and write the video.

    Raises:
        InputError: unreadable input, no face in the picture or the video, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights, device or landmark finder can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    progress, clock = progress or SilentProgress(), Stopwatch()
    _check(config)
    device = choose_device(config.device)
    with ExitStack() as stack:
        with clock("load"):
            picture = load_picture(config.source)
            source = stack.enter_context(_open(config))
            audio, notes = plan_audio(config.audio, source, config.target)
            generator = load_face_generator(config.weights, device)
            finder = None if config.landmarks and config.source_landmarks else DlibLandmarks()
        for message in notes:
            progress.note(message)
        with clock("source landmarks"):
            own = _source_landmarks(config, picture, finder)
        with clock("driving landmarks"):
            sighting = _sight(config, source, finder, progress)
            driver = named(config.landmarks or config.driving, lambda: _follow(sighting, config))
        if driver.gaps.missing_frames:
            progress.note(
                f"{driver.gaps.missing_frames} of {driver.gaps.frames} frames show no face: {config.on_missing}"
            )
        height, width = picture.shape[:2]
        box, driving_box = frame_faces(own, (width, height), driver.poses[0], driver.size, config.retarget)
        stage = FaceProcessor(FaceCrop(picture, own, box), _driving_faces(source, driver, driving_box), driver.poses)
        performance = FrameGenerator([stage], generator, autocast(config.precision, device), clock)
        progress.stage("face", len(driver.pts))
        with FaceFilm(config, stage, driver, None, audio, clock) as film, background_worker(film.add) as hand_over:
            for _, step in performance:
                assert isinstance(step, Step)  # other generators are refused where weights are loaded
                hand_over(step)
                progress.advance()
    return FaceResult(
        config,
        config.target,
        views.debug_path(config.target) if config.debug else None,
        frames=len(driver.pts),
        rate=driver.rate,
        size=stage.size(config.frame),
        canvas=box,
        missing_frames=driver.gaps.missing_frames,
        device=str(device),
        seconds=dict(clock.seconds),
    )


def _check(config: FaceConfig) -> None:
    """Everything about the options and outputs that can be refused before any work."""
    if config.retarget not in MODES:
        raise InputError(f"retarget {config.retarget!r} must be one of {', '.join(MODES)}")
    views.check(config.debug)
    for path in (config.target, *([views.debug_path(config.target)] if config.debug else [])):
        check_target(
            path,
            codec=config.codec,
            crf=config.crf,
            overwrite=config.overwrite,
            inputs=(config.source, config.driving),
        )


def _open(config: FaceConfig) -> FrameSource:
    return open_driving(
        config.driving, start=config.start, end=config.end, max_frames=config.max_frames, fps=config.fps
    )


def _source_landmarks(config: FaceConfig, picture: np.ndarray, finder: DlibLandmarks | None) -> np.ndarray:
    if config.source_landmarks is not None:
        landmarks = read_landmarks(config.source_landmarks)
        if landmarks is None:
            raise InputError(f"{config.source_landmarks} is empty: the picture's face needs its landmarks")
        return landmarks
    assert finder is not None
    return named(config.source, lambda: select_person([finder.detect(picture)], what="face")[0])


def _sight(config: FaceConfig, source: FrameSource, finder: DlibLandmarks | None, progress: Progress) -> Sighting:
    if config.landmarks is None:
        assert finder is not None
        return detect_video(source, finder, progress, whole=True, layout=LAYOUT)
    size = source.info.width, source.info.height
    return align_track(load_landmarks(config.landmarks, size=size), source, str(config.landmarks))


def _follow(sighting: Sighting, config: FaceConfig) -> DrivingMotion:
    """The landmarks of one face, as they are but for the gaps."""
    track = sighting.track
    chosen = select_person([frame.people for frame in track.frames], config.person, what="face")
    filled, gaps = fill_gaps(chosen, config.on_missing, what="face")
    pts = [frame.pts for frame in track.frames]
    return DrivingMotion(filled, filled, pts, sighting.durations, track.time_base, (track.width, track.height), gaps)


def _driving_faces(source: FrameSource, driver: DrivingMotion, box: tuple[int, int, int, int]) -> Iterator[FaceCrop]:
    for frame, landmarks in zip(source, driver.poses, strict=True):
        yield FaceCrop(frame.image, landmarks, box)
