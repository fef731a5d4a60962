"""Frames one after the other: poses of processors through a generator, each frame conditioned on the one before.

n sources side by side in a batch, C channels, S structure channels, h, w size of the network's canvas.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch

from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import RecurrentGenerator, Reference, State, Step, map_tensors, select_items
from pipelines.generation.processors import FrameProcessor, NetworkInputs
from pipelines.generation.step_graphs import graph_steps
from pipelines.keypoints.device_structure_maps import draw_on_device
from pipelines.keypoints.structure_poses import StructurePose
from pipelines.runtime.device_copies import send
from pipelines.runtime.stopwatch import Stopwatch


@dataclass(frozen=True)
class Start:
    """Where a source begins that an earlier run has generated a part of."""

    frame: int
    """The first frame to generate, from 0."""
    state: State
    """Of the frame before (a batch of the source's people), on any device."""


class FrameGenerator:
    """Generates the poses of several sources side by side in a batch; all canvases have the same size, and all sources
    as many further pictures.

    Iterating yields, frame after frame, the number of a source and the generator's step for it: a batch of its people,
    mostly of 1.
    A source drops out when its poses are over or its number is added to `stopped`; the others continue.

    Args:
        processors: one per source.
        precision: the context in which the network runs, see `pipelines.runtime.devices.autocast`.
        stopwatch: gets the stage "generate".
        starts: where each source begins; None for the first frame, also in place of the sequence.
    """

    def __init__(
        self,
        processors: Sequence[FrameProcessor],
        generator: RecurrentGenerator,
        precision: AbstractContextManager,
        stopwatch: Stopwatch,
        starts: Sequence[Start | None] | None = None,
    ) -> None:
        self.starts = starts or [None] * len(processors)
        self.processors, self.generator, self.precision, self.stopwatch = processors, generator, precision, stopwatch
        self.device = next(generator.parameters()).device
        self.stopped: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        generator, numbers = self.generator, range(len(self.processors))
        people = {number: self.processors[number].people for number in numbers}
        steps, active = graph_steps(generator), [number for number in numbers for _ in people[number]]
        with _inference(self.stopwatch, self.precision):
            reference = self._encode_references([person for each in people.values() for person in each])
        state = self._restore(State.initial(reference))  # the source picture stands in for the frame before the first
        begins = [start.frame if start else 0 for start in self.starts]
        for made in count():
            remaining = [number for number in active if self._has_frame(number, begins[number] + made)]
            if not remaining:
                return
            with _inference(self.stopwatch, self.precision):
                if remaining != active:
                    kept = [place for place, number in enumerate(active) if number in remaining]
                    items = torch.tensor(kept, device=self.device)
                    reference, state, active = select_items(reference, items), select_items(state, items), remaining
                shown = dict.fromkeys(active)  # each number once
                moving = [(number, person) for number in shown for person in people[number]]
                inputs = [person.frame_inputs(begins[number] + made) for number, person in moving]
                poses = _stack(inputs, self.device)
                step = steps(reference, state, *poses)
                state = step.state
            place = 0
            for number in shown:
                yield number, select_items(step, slice(place, place := place + len(people[number])))

    def _encode_references(self, processors: Sequence[FrameProcessor]) -> Reference:
        """The source pictures, and their further ones."""

        def encode(canvases: list[np.ndarray], inputs: list[NetworkInputs]) -> Reference:
            return self.generator.encode_reference(_to_device(canvases, self.device), *_stack(inputs, self.device))

        own = encode([each.canvas for each in processors], [each.source_inputs() for each in processors])
        further = [
            encode([each.canvas for each in others], [each.inputs for each in others])
            for others in zip(*(each.others for each in processors), strict=True)
        ]
        return replace(own, others=tuple(further))

    def _restore(self, initial: State) -> State:
        """The initial state, those of `starts` in their places."""
        if not any(self.starts):
            return initial
        ends = np.cumsum([len(processor.people) for processor in self.processors]).tolist()
        parts = [slice(end - len(each.people), end) for end, each in zip(ends, self.processors, strict=True)]
        given = [start.state if start else initial[part] for start, part in zip(self.starts, parts, strict=True)]
        states = [map_tensors(state, lambda tensor: tensor.to(self.device)) for state in given]
        if len(states) == 1:
            return states[0]  # in its own memory layout, on which the last bits of results depend
        joints = [state.joints for state in states if state.joints is not None]
        images, structures = (torch.cat([getattr(each, name) for each in states]) for name in ("image", "structure"))
        return State(images, structures, torch.cat(joints) if joints else None)

    def _has_frame(self, number: int, frame: int) -> bool:
        return frame < len(self.processors[number].poses) and number not in self.stopped


def state_tensors(state: State) -> dict[str, torch.Tensor]:
    """The tensors of a state by name, for files."""
    return {name: tensor for name, tensor in vars(state).items() if tensor is not None}


def state_of(tensors: Mapping[str, torch.Tensor]) -> State:
    """The state that `state_tensors` took apart; other tensors are left out."""
    return State(tensors["image"], tensors["structure"], tensors.get("joints"))


def generate_picture(
    processor: FrameProcessor, generator: PictureGenerator, precision: AbstractContextManager, stopwatch: Stopwatch
) -> Picture:
    """The first pose of a processor through a generator of single pictures; a batch of 1."""
    device = next(generator.parameters()).device
    image = _to_device([processor.canvas], device)
    own, _ = _stack([processor.source_inputs()], device)
    with _inference(stopwatch, precision):
        target, _ = _stack([processor.frame_inputs(0)], device)
        return generator(image, own, target)


@contextmanager
def _inference(stopwatch: Stopwatch, precision: AbstractContextManager) -> Iterator[None]:
    with stopwatch("generate"), torch.inference_mode(), precision:
        yield


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
