"""From the steps of a performance to the finished outputs: composed, pasted back, compared, encoded."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.generators.animation import Step
from pipelines.generation import visualization as views
from pipelines.generation.processors import FrameProcessor
from pipelines.generation.rollout import Stopwatch
from pipelines.keypoints.detection import DrivingMotion
from pipelines.media.audio import AudioPlan
from pipelines.media.sources import FrameSource
from pipelines.media.writer import Writer, open_output

if TYPE_CHECKING:
    from pipelines.configs import AnimateConfig, FaceConfig


class VideoOutput:
    """A context manager that takes every step once; the outputs appear when it ends without an exception.

    Args:
        source: the driving video, shown by `--compare`; None for a pose track.
        audio: the sound of the main output.
        threads: of the encoder; None lets it choose.
    """

    def __init__(
        self,
        config: AnimateConfig | FaceConfig,
        stage: FrameProcessor,
        driver: DrivingMotion,
        source: FrameSource | None,
        audio: AudioPlan | None,
        clock: Stopwatch,
        threads: int | None = None,
    ) -> None:
        self.config, self.stage, self.driver, self.audio = config, stage, driver, audio
        self.clock, self.threads = clock, threads
        self.watched = iter(source) if config.compare and source else None
        self.count = 0
        self.outputs: dict[Path, Writer] = {}
        self._open = ExitStack()

    def __enter__(self) -> VideoOutput:
        return self

    def __exit__(self, *error) -> None:
        with self.clock("encode"):
            self._open.__exit__(*error)

    def add(self, step: Step) -> None:
        """Finish the next frame and write it, and what `--debug` shows of it."""
        with self.clock("compose"):
            result = self.stage.finish(step, self.config.frame)
            if self.config.compare:
                result = self._comparison(result)
        with self.clock("encode"):
            self._write(self.config.target, result, self.audio)
            if self.config.debug:
                shown = views.debug_frame(self.config.debug, step)
                self._write(views.debug_path(self.config.target), shown, None)
        self.count += 1

    def _write(self, path: Path, image: np.ndarray, audio: AudioPlan | None) -> None:
        config, driver = self.config, self.driver
        if path not in self.outputs:
            opened = open_output(
                path,
                width=image.shape[1],
                height=image.shape[0],
                time_base=driver.time_base,
                rate=Fraction(driver.rate).limit_denominator(1001),
                codec=config.codec,
                crf=config.crf,
                audio=audio,
                threads=self.threads,
                overwrite=config.overwrite,
                inputs=(config.source, config.driving),
            )
            self.outputs[path] = self._open.enter_context(opened)
        self.outputs[path].write(image, driver.pts[self.count], driver.durations[self.count])

    def _comparison(self, result: np.ndarray) -> np.ndarray:
        """source | driving | skeleton | result."""
        stage, driver = self.stage, self.driver
        pose, driving_pose = stage.poses[self.count], driver.poses[self.count]
        driving = next(self.watched).image if self.watched else None
        return views.comparison(stage.picture, pose, driving, driving_pose, driver.size, result)
