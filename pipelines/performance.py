"""An actor's poses played through a generator, frame after frame."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch

from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import RecurrentGenerator, State, Step
from pipelines.stages import Pose, Stage

Tensors = tuple[torch.Tensor, torch.Tensor | None]


class Stopwatch:
    """Seconds by stage name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - began


class Performance:
    """Plays the poses of a stage: iterating gives what the generator makes of each, `finish` its frame."""

    def __init__(
        self,
        stage: Stage,
        generator: RecurrentGenerator | PictureGenerator,
        precision: AbstractContextManager,
        clock: Stopwatch,
    ) -> None:
        self.stage, self.generator, self.precision, self.clock = stage, generator, precision, clock
        self.device = next(generator.parameters()).device

    def __iter__(self) -> Iterator[Step | Picture]:
        image = self._tensor(self.stage.canvas.transpose(2, 0, 1)) / 127.5 - 1
        if isinstance(self.generator, PictureGenerator):
            return self._pictures(self.generator, image)
        return self._steps(self.generator, image)

    def _steps(self, generator: RecurrentGenerator, image: torch.Tensor) -> Iterator[Step]:
        """Every frame from the one before; the picture stands in for the first one's."""
        with self._running():
            reference = generator.encode_reference(image, *self._pose(self.stage.own()))
        state = State.initial(reference)
        for frame in range(len(self.stage.poses)):
            with self._running():
                step = generator.step(reference, state, *self._pose(self.stage.staged(frame)))
                state = step.state
            yield step

    def _pictures(self, generator: PictureGenerator, image: torch.Tensor) -> Iterator[Picture]:
        """Every frame for itself."""
        own = self._pose(self.stage.own())[0]
        for frame in range(len(self.stage.poses)):
            with self._running():
                picture = generator(image, own, self._pose(self.stage.staged(frame))[0])
            yield picture

    @contextmanager
    def _running(self) -> Iterator[None]:
        with self.clock("generate"), torch.inference_mode(), self.precision:
            yield

    def _pose(self, pose: Pose) -> Tensors:
        structure, joints = pose
        placed = None if joints is None else torch.from_numpy(joints).float()[None].to(self.device)
        return self._tensor(structure), placed

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array)).float()[None]
        return tensor.to(self.device).contiguous(memory_format=torch.channels_last)
