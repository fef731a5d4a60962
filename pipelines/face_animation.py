"""`gfla face`: one picture of a face and one talking video in, one video out.

The driving frames are streamed twice: for their landmarks, and for the structure maps, which hold edges of the driving
pictures. T frames; landmarks are [K, 2 or 3] x, y in pixels, K = 68, or 70 with irises.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import InputError
from models.generators.animation import AnimationGenerator
from models.generators.face import FaceGenerator
from pipelines.compositing.pymatting_functions import load_matting
from pipelines.configs import FaceConfig
from pipelines.faces.face_maps import LANDMARKS
from pipelines.faces.framing import check_retarget, frame_faces
from pipelines.faces.landmark_detectors import DETECTORS, LandmarkDetector, check_face, create_landmark_detector
from pipelines.faces.landmarks import LAYOUT, load_landmarks, read_landmarks
from pipelines.faces.retargeting import retarget_face
from pipelines.generation.face_layers import FaceLayerProcessor, cut_out_face
from pipelines.generation.face_processor import FaceCrop, FaceProcessor
from pipelines.generation.networks import load_detector, load_face_generator, load_fill
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.provenance import make_record, make_tags
from pipelines.generation.rollout import FrameGenerator
from pipelines.generation.video_output import VideoOutput, VideoResult, check_outputs
from pipelines.keypoints.alignment import align_track
from pipelines.keypoints.detection import detect_video
from pipelines.keypoints.motion import DrivingMotion
from pipelines.keypoints.track import PoseTrack
from pipelines.keypoints.tracking import fill_gaps, select_person
from pipelines.media.audio import plan_audio
from pipelines.media.pictures import describe_changes, load_picture
from pipelines.media.sources import FrameSource, open_video
from pipelines.runtime.devices import autocast, choose_device, choose_precision, limit_threads
from pipelines.runtime.errors import error_context
from pipelines.runtime.progress import SILENT, Progress, note_all
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.workers import background_worker


@dataclass(frozen=True, kw_only=True)
class FaceResult(VideoResult):
    """What a run of `animate_face` wrote and how long it took."""

    landmarks: str
    """Where the driving landmarks came from: "files" or the name of the detector."""

    def summary(self) -> dict[str, Any]:
        """One JSON-ready object: inputs with SHA-256, options, versions, timings, output."""
        return super().summary() | {"landmarks": self.landmarks, "frames_without_face": self.missing_frames}


def animate_face(config: FaceConfig, progress: Progress = SILENT) -> FaceResult:
    """Make the face of `config.source` talk like the one in `config.driving` and write the video.

    Raises:
        InputError: unreadable input, no face in the picture or the video, existing or unwritable output, wrong option.
        WeightsError, BackendUnavailable: weights, device or landmark detector can't be used.
        ProcessingError: the work started and could not be finished (full disk).
    """
    # 1. Refuse whatever can be refused before any work
    check_retarget(config.retarget)
    check_outputs(config)
    device, stopwatch = choose_device(config.device, progress.note), Stopwatch()
    limit_threads(device)
    precision = choose_precision(config.precision, device)
    selection = {"start": config.start, "end": config.end, "max_frames": config.max_frames, "fps": config.fps}
    with open_video(config.driving, **selection) as video:
        with stopwatch("load"):
            # 2. Inputs, the generator, and the landmark detector where it is needed
            picture = load_picture(config.source)  # uint8 [H, W, 3]
            note_all(progress, describe_changes(config.source))
            audio, notes = plan_audio(config.audio, video, config.target)
            note_all(progress, notes)
            generator = load_face_generator(config.weights, device, precision)
            if isinstance(generator, AnimationGenerator):
                load_matting(progress)
            folder = _landmarks_folder(config)
            detector = None if folder and config.source_landmarks else _create_detector(config, progress)
        used = {"precision": precision} | ({"landmarks": detector.name} if detector else {})
        record = make_record("face", config, weights=(config.weights,), device=str(device), **used)
        with stopwatch("source landmarks"):
            # 3. The source face: landmarks [K, 2 or 3]
            landmarks = _find_source_landmarks(config.source, config.source_landmarks, picture, detector)
        with stopwatch("driving landmarks"):
            # 4. The driving face: detect, follow one face, fill gaps -> [T, K, 3]
            track = _find_driving_landmarks(folder, video, detector, progress)
            with error_context(folder or config.driving):
                motion = _follow_face(track, config)
            note_all(progress, motion.gaps.notes("face", config.on_missing))
        with stopwatch("prepare"):
            # 5. The squares of both pictures that the network sees
            processor = _make_processor(config, picture, landmarks, motion, video, generator, device)
        note_all(progress, processor.notes)
        # 6. Generate; a second thread, at most two frames behind, encodes, and composes what the device does not
        frames = FrameGenerator([processor], generator, autocast(precision, device), stopwatch)
        progress.stage("face", len(motion.pts))
        shown = video if isinstance(processor, FaceLayerProcessor) else None  # the other one reads it by itself
        tags = make_tags(record, config)
        with (
            VideoOutput(config, processor, motion, shown, audio, stopwatch, progress, tags=tags) as output,
            background_worker(output.write, stopwatch) as write,
        ):
            for _, step in frames:
                write(output.begin(step))
                progress.advance()
    return FaceResult(
        config=config,
        frames=len(motion.pts),
        rate=motion.rate,
        size=output.size,
        canvas=processor.box,
        missing_frames=motion.gaps.missing_frames,
        landmarks="files" if folder or detector is None else detector.name,
        device=str(device),
        precision=precision,
        record=record,
        certainty=processor.certainty,
        seconds=dict(stopwatch.seconds),
        overlapping=dict(stopwatch.overlapping),
    )


def _make_processor(
    config: FaceConfig,
    picture: np.ndarray,
    landmarks: np.ndarray,
    motion: DrivingMotion,
    video: FrameSource,
    generator: FaceGenerator | AnimationGenerator,
    device: torch.device,
) -> FrameProcessor:
    """What puts the source face, with its landmarks [K, 2 or 3], in front of this generator."""
    size = picture.shape[1], picture.shape[0]
    if isinstance(generator, FaceGenerator):
        faces = landmarks[:LANDMARKS], motion.poses[0, :LANDMARKS]
        box, driving_box = frame_faces(faces[0], size, faces[1], motion.size, config.retarget)
        driving_faces = _read_driving_faces(video, motion, driving_box)
        return FaceProcessor(FaceCrop(picture, landmarks, box), driving_faces, motion.poses)
    known = min(len(landmarks), motion.poses.shape[1])  # irises only if those of both are known
    own, driving = landmarks[:known, :2].astype(np.float64), motion.poses[:, :known, :2].astype(np.float64)
    scaled = driving * (np.array(size) / motion.size)
    poses = retarget_face(own, driving) if config.retarget == "fit" else scaled
    own = own[: poses.shape[1]]
    detector, _ = load_detector("auto", None, device, "fp32")
    faces = own[:LANDMARKS], poses[:, :LANDMARKS]
    cutout = cut_out_face(picture, *faces, detector, load_fill(device), str(device))
    return FaceLayerProcessor(cutout, own, poses, motion.poses, channels=generator.config.structure_channels)


def _landmarks_folder(config: FaceConfig) -> Path | None:
    """The folder with the driving landmarks; None if they are detected."""
    return None if config.landmarks in (None, "auto", *DETECTORS) else Path(str(config.landmarks))


def _create_detector(config: FaceConfig, progress: Progress) -> LandmarkDetector:
    name = str(config.landmarks) if config.landmarks in DETECTORS else "auto"
    detector = create_landmark_detector(name, progress.note)
    check_face("largest" if _landmarks_folder(config) else config.person, detector)
    return detector


def _find_source_landmarks(
    path: Path, landmarks_file: Path | None, picture: np.ndarray, detector: LandmarkDetector | None
) -> np.ndarray:
    """Landmarks [K, 2 or 3] of the picture uint8 [H, W, 3], from their file or detected."""
    if landmarks_file is not None:
        landmarks = read_landmarks(landmarks_file)
        if landmarks is None:
            raise InputError(f"{landmarks_file} is empty: it must hold the 68 landmarks of the source face")
        return landmarks
    assert detector is not None
    with error_context(path):
        return select_person([detector.detect(picture)], what="face")[0]


def _find_driving_landmarks(
    folder: Path | None, video: FrameSource, detector: LandmarkDetector | None, progress: Progress
) -> PoseTrack:
    """Every face in every driving frame, from files or detected."""
    if folder is not None:
        size = video.info.width, video.info.height
        landmarks = load_landmarks(folder, size=size)
        track = align_track(landmarks, video, str(folder), require_all=True)
        note_all(progress, track.warnings)
        return track
    assert detector is not None
    track = detect_video(video, detector, progress, layout=LAYOUT, require_all=True)
    note_all(progress, track.warnings)
    return track


def _follow_face(track: PoseTrack, config: FaceConfig) -> DrivingMotion:
    """The landmarks of one face, unchanged except that gaps are filled."""
    selected = select_person(track.people, config.person, what="face")  # [T, K, 3]
    filled, gaps = fill_gaps(selected, config.on_missing, what="face")
    return DrivingMotion.of_track(track, filled, filled, gaps)


def _read_driving_faces(
    video: FrameSource, motion: DrivingMotion, box: tuple[int, int, int, int]
) -> Iterator[FaceCrop]:
    for frame, landmarks in zip(video, motion.poses, strict=True):
        yield FaceCrop(frame.image, landmarks, box)
