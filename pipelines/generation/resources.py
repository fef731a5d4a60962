"""What the jobs of one process share: networks and pictures, each loaded once, and cached pose tracks."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any, ParamSpec, TypeVar

import cv2
import torch

from pipelines.compositing.pymatting_functions import load_matting
from pipelines.configs import AnimateConfig, PoseConfig
from pipelines.generation.networks import (
    PersonNetworks,
    generates_layers,
    load_detector,
    load_generator,
    load_pose_cleaner,
    sees_details,
)
from pipelines.keypoints.details import DetailedDetector, DetailName
from pipelines.keypoints.detectors.registry import KeypointDetector
from pipelines.keypoints.track_cache import TrackCache
from pipelines.option_groups import DetectionOptions
from pipelines.runtime.devices import choose_device, choose_precision, limit_threads
from pipelines.runtime.progress import Progress, note_all

HANDS: frozenset[DetailName] = frozenset(["hands"])
CACHE_SIZE = 16  # networks and pictures in memory, also of jobs that are prepared side by side
Loaded = TypeVar("Loaded")
Arguments = ParamSpec("Arguments")


class Resources:
    """Loads networks and pictures once and keeps the latest few in memory; any number of threads may use it.

    Args:
        track_folder: where detected pose tracks are cached, also for other processes; None caches none.
        threads: of torch, OpenCV and the video encoder, so that results are the same bytes on every machine of one
            kind; None lets each choose.
    """

    def __init__(self, track_folder: Path | None = None, threads: int | None = None) -> None:
        self.track_folder, self.threads = track_folder, threads
        self._load, self._loading = lru_cache(CACHE_SIZE)(_call), RLock()
        if threads is not None:
            torch.set_num_threads(threads)
            cv2.setNumThreads(threads)

    def load(self, function: Callable[Arguments, Loaded], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Loaded:
        """What `function` returns for these arguments, which must be hashable; the latest results are reused."""
        with self._loading:  # so that threads that ask for the same at once get the same
            return self._load(function, *args, **kwargs)

    def person_networks(
        self, config: AnimateConfig | PoseConfig, architectures: tuple[str, ...], progress: Progress
    ) -> PersonNetworks:
        """The detector, the pose cleaner and the generator, which must be of one of the `architectures`.

        The detector looks for hands, if it can, where the generator sees details of people.

        Raises:
            InputError, WeightsError, BackendUnavailable: detector, weights or device can't be used.
        """
        device = choose_device(config.device, progress.note)
        limit_threads(device)
        precision = choose_precision(config.precision, device)
        generator, make_processor = self.load(load_generator, config.weights, device, precision, architectures)
        if generates_layers(generator):
            load_matting(progress)
        cleaner = self.load(load_pose_cleaner, config.motion, device)
        detector, notes = self.load(load_detector, config.keypoints, config.yolo_weights, device, precision)
        note_all(progress, notes)
        if isinstance(detector, DetailedDetector):
            detector.wanted = HANDS & detector.findable if sees_details(generator) else frozenset()
        cache = self.track_cache(detector, config, config.device, precision)
        return PersonNetworks(detector, cleaner, cache, generator, make_processor, device, precision)

    def track_cache(
        self, detector: KeypointDetector, options: DetectionOptions, device: str, precision: str
    ) -> TrackCache:
        """Tracks of this detector, with what it looks for, with these options, on this device, as the user named it, in
        this precision."""
        wanted = sorted(detector.wanted) if isinstance(detector, DetailedDetector) else []
        key = (detector.name, options.yolo_weights, device, precision, self.threads, *wanted)
        return TrackCache(self.track_folder, key)


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)
