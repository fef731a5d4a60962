"""What jobs share: networks, pictures and poses, each loaded or found once by a process that does many."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

import cv2
import torch

from pipelines.generation.networks import load_detector
from pipelines.keypoints.detection import Sighting
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track_cache import cached_track
from pipelines.runtime.fingerprints import file_identity, json_digest
from pipelines.runtime.progress import NotesProgress, Progress

KEPT = 8  # networks and pictures in memory
Made = TypeVar("Made")
Arguments = ParamSpec("Arguments")


class Seeing(Protocol):
    """The options of a job that decide what is seen in its inputs."""

    @property
    def keypoints(self) -> str: ...
    @property
    def yolo_weights(self) -> Path | None: ...
    @property
    def device(self) -> str: ...


class Resources:
    """Loads networks and pictures once and keeps the last few.

    Args:
        folder: where sightings are kept, also for other processes; None keeps none.
        threads: of torch, OpenCV and the video encoder, so that the results are the same bytes on every machine of one
            kind; None lets each take what it likes.
    """

    def __init__(self, folder: Path | None = None, threads: int | None = None) -> None:
        self.folder, self.threads = folder, threads
        self._kept = lru_cache(KEPT)(_call)
        if threads is not None:
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)

    def once(self, load: Callable[Arguments, Made], *given: Arguments.args, **named: Arguments.kwargs) -> Made:
        """What `load` makes of these arguments, which must be hashable; the last few results are kept."""
        return self._kept(load, *given, **named)

    def extractor(
        self, keypoints: str, yolo_weights: Path | None, device: torch.device, progress: Progress
    ) -> KeypointDetector:
        """See `parts.load_detector`."""
        extractor, notes = self.once(_load_extractor, keypoints, yolo_weights, device)
        for message in notes:
            progress.note(message)
        return extractor

    def sighting(
        self,
        path: Path,
        config: Seeing,
        extractor: KeypointDetector,
        look: Callable[[], Sighting],
        progress: Progress,
        *,
        part: tuple[object, ...] = (),
    ) -> Sighting:
        """What `look` sees in a file; with a folder once for all jobs that look at the same `part` of it."""
        if self.folder is None:
            return look()
        seen_by = [extractor.name, config.yolo_weights, config.device, self.threads, *part]
        key = json_digest([file_identity(path), [str(item) for item in seen_by]])
        sighting, known = cached_track(self.folder, key, look)
        for message in sighting.warnings if known else ():
            progress.note(message)
        return sighting


def _load_extractor(
    keypoints: str, yolo_weights: Path | None, device: torch.device
) -> tuple[KeypointDetector, list[str]]:
    heard = NotesProgress()
    return load_detector(keypoints, yolo_weights, device, heard), heard.notes


def _call(load: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return load(*given, **named)
