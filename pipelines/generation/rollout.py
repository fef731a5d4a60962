"""Actors' poses played through a generator, frame after frame."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count

import numpy as np
import torch

from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import RecurrentGenerator, State, Step, take
from pipelines.generation.processors import FrameProcessor, Pose
from pipelines.media.tensors import normalise_pixels

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


class FrameGenerator:
    """Plays the poses of stages before one generator, side by side in a batch; all canvases have the same size.

    Iterating gives, frame after frame, each stage's number and what the generator makes of its pose (a batch of 1).
    A stage drops out when its poses are over or its number is in `stopped`; the others go on.
    """

    def __init__(
        self,
        stages: Sequence[FrameProcessor],
        generator: RecurrentGenerator | PictureGenerator,
        precision: AbstractContextManager,
        clock: Stopwatch,
    ) -> None:
        self.stages, self.generator, self.precision, self.clock = stages, generator, precision, clock
        self.device = next(generator.parameters()).device
        self.stopped: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, Step | Picture]]:
        if isinstance(self.generator, PictureGenerator):
            return self._pictures(self.generator)
        return self._steps(self.generator)

    def _steps(self, generator: RecurrentGenerator) -> Iterator[tuple[int, Step]]:
        """Every frame from the one before; the picture stands in for the first one's."""
        playing = list(range(len(self.stages)))
        with self._running():
            own = self._poses([stage.own() for stage in self.stages])
            reference = generator.encode_reference(self._images(playing), *own)
        state = State.initial(reference)
        for frame in count():
            staying = [number for number in playing if self._plays(number, frame)]
            if not staying:
                return
            with self._running():
                if staying != playing:
                    kept = torch.tensor([playing.index(number) for number in staying], device=self.device)
                    reference, state, playing = take(reference, kept), take(state, kept), staying
                poses = self._poses([self.stages[number].staged(frame) for number in playing])
                step = generator.step(reference, state, *poses)
                state = step.state
            for place, number in enumerate(playing):
                yield number, take(step, slice(place, place + 1))

    def _pictures(self, generator: PictureGenerator) -> Iterator[tuple[int, Picture]]:
        """Every frame for itself."""
        for number, stage in enumerate(self.stages):
            image, own = self._images([number]), self._poses([stage.own()])[0]
            for frame in range(len(stage.poses)):
                with self._running():
                    picture = generator(image, own, self._poses([stage.staged(frame)])[0])
                yield number, picture

    def _plays(self, number: int, frame: int) -> bool:
        return frame < len(self.stages[number].poses) and number not in self.stopped

    @contextmanager
    def _running(self) -> Iterator[None]:
        with self.clock("generate"), torch.inference_mode(), self.precision:
            yield

    def _images(self, numbers: list[int]) -> torch.Tensor:
        return normalise_pixels(self._tensor([self.stages[number].canvas.transpose(2, 0, 1) for number in numbers]))

    def _poses(self, poses: list[Pose]) -> Tensors:
        joints = [joint for _, joint in poses if joint is not None]
        placed = torch.from_numpy(np.stack(joints)).float().to(self.device) if joints else None
        return self._tensor([structure for structure, _ in poses]), placed

    def _tensor(self, arrays: list[np.ndarray]) -> torch.Tensor:
        """n x [C, h, w] -> [n, C, h, w]."""
        tensor = torch.from_numpy(np.stack(arrays)).float()
        return tensor.to(self.device).contiguous(memory_format=torch.channels_last)
