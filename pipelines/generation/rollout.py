"""Frames one after the other: poses of processors through a generator, each frame conditioned on the one before.

n sources side by side in a batch, C channels, S structure channels, h, w size of the network's canvas.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count

import numpy as np
import torch

from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import RecurrentGenerator, State, Step, select_items
from pipelines.generation.processors import FrameProcessor, NetworkInputs
from pipelines.generation.step_graphs import graph_steps
from pipelines.keypoints.device_structure_maps import draw_on_device
from pipelines.keypoints.structure_poses import StructurePose
from pipelines.runtime.device_copies import send
from pipelines.runtime.stopwatch import Stopwatch


class FrameGenerator:
    """Generates the poses of several sources side by side in a batch; all canvases have the same size.

    Iterating yields, frame after frame, the number of a source and the generator's step for it (a batch of 1).
    A source drops out when its poses are over or its number is added to `stopped`; the others continue.

    Args:
        processors: one per source.
        precision: the context in which the network runs, see `pipelines.runtime.devices.autocast`.
        stopwatch: gets the stage "generate".
    """

    def __init__(
        self,
        processors: Sequence[FrameProcessor],
        generator: RecurrentGenerator,
        precision: AbstractContextManager,
        stopwatch: Stopwatch,
    ) -> None:
        self.processors, self.generator, self.precision, self.stopwatch = processors, generator, precision, stopwatch
        self.device = next(generator.parameters()).device
        self.stopped: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        generator, active = self.generator, list(range(len(self.processors)))
        steps = graph_steps(generator)
        with _inference(self.stopwatch, self.precision):
            own = _stack([processor.source_inputs() for processor in self.processors], self.device)
            reference = generator.encode_reference(_stack_canvases(self.processors, self.device), *own)
        state = State.initial(reference)  # the source picture stands in for the frame before the first
        for frame in count():
            remaining = [number for number in active if self._has_frame(number, frame)]
            if not remaining:
                return
            with _inference(self.stopwatch, self.precision):
                if remaining != active:
                    kept = torch.tensor([active.index(number) for number in remaining], device=self.device)
                    reference, state, active = select_items(reference, kept), select_items(state, kept), remaining
                poses = _stack([self.processors[number].frame_inputs(frame) for number in active], self.device)
                step = steps(reference, state, *poses)
                state = step.state
            for place, number in enumerate(active):
                yield number, select_items(step, slice(place, place + 1))

    def _has_frame(self, number: int, frame: int) -> bool:
        return frame < len(self.processors[number].poses) and number not in self.stopped


def generate_picture(
    processor: FrameProcessor, generator: PictureGenerator, precision: AbstractContextManager, stopwatch: Stopwatch
) -> Picture:
    """The first pose of a processor through a generator of single pictures; a batch of 1."""
    device = next(generator.parameters()).device
    image = _stack_canvases([processor], device)
    own, _ = _stack([processor.source_inputs()], device)
    with _inference(stopwatch, precision):
        target, _ = _stack([processor.frame_inputs(0)], device)
        return generator(image, own, target)


@contextmanager
def _inference(stopwatch: Stopwatch, precision: AbstractContextManager) -> Iterator[None]:
    with stopwatch("generate"), torch.inference_mode(), precision:
        yield


def _stack_canvases(processors: Sequence[FrameProcessor], device: torch.device) -> torch.Tensor:
    """The canvases of the sources as [n, C, h, w]."""
    return _to_device([processor.canvas for processor in processors], device)


def _stack(inputs: list[NetworkInputs], device: torch.device) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Structures [n, S, h, w] and, where the network asks for them, joints [n, J, 2]."""
    joints = [each.joints for each in inputs if each.joints is not None]
    placed = send(torch.from_numpy(np.stack(joints)).float(), device) if joints else None
    poses = [each.drawing for each in inputs if isinstance(each.drawing, StructurePose) and each.drawing.is_inside]
    if device.type == "cuda" and len(poses) == len(inputs):
        return draw_on_device(poses, device), placed
    return _to_device([each.structure for each in inputs], device), placed


def _to_device(arrays: list[np.ndarray], device: torch.device) -> torch.Tensor:
    """n x [C, h, w] -> float32 [n, C, h, w], channels last."""
    return send(torch.from_numpy(np.stack(arrays)).float(), device).contiguous(memory_format=torch.channels_last)
