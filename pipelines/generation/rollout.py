"""Frames one after the other: poses of processors through a generator, each frame conditioned on the one before.

n sources side by side in a batch, C channels, S structure channels, h, w size of the network's canvas.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import numpy as np
import torch

from models.batches import map_tensors, select_items
from models.generators.animation import AnimationGenerator
from models.generators.picture import Picture, PictureGenerator
from models.generators.recurrent import RecurrentGenerator, Reference, State, Step
from models.generators.targets import Target
from pipelines.generation.processors import FrameProcessor, NetworkInputs
from pipelines.generation.step_graphs import graph_steps
from pipelines.keypoints.device_structure_maps import draw_on_device
from pipelines.keypoints.structure_poses import StructurePose
from pipelines.runtime.device_copies import send
from pipelines.runtime.stopwatch import Stopwatch
from pipelines.runtime.workers import read_ahead


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
        precision: the context in which the network runs, see `pipelines.runtime.devices.autocast`; as it remembers what
            was before it, other threads enter copies.
        stopwatch: gets the stages "generate", "poses" and "wait", for the poses.
        starts: where each source begins; None for the first frame, also in place of the sequence.
        ahead: whether other threads may work beside the steps on a CPU with several cores: on poses, at most two frames
            ahead, and on the encoding of the previous image.
    """

    def __init__(
        self,
        processors: Sequence[FrameProcessor],
        generator: RecurrentGenerator,
        precision: AbstractContextManager,
        stopwatch: Stopwatch,
        starts: Sequence[Start | None] | None = None,
        *,
        ahead: bool = True,
    ) -> None:
        self.ahead = ahead
        self.starts = starts or [None] * len(processors)
        self.processors, self.generator, self.precision, self.stopwatch = processors, generator, precision, stopwatch
        self.device = next(generator.parameters()).device
        self.keeps_sizes = self.device.type == "cuda"
        self.stopped: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        people = [processor.people for processor in self.processors]
        active = [number for number, each in enumerate(people) for _ in each]
        with _inference(self.stopwatch, self.precision):
            reference = self._encode_references([person for each in people for person in each])
            initial = State.initial(reference)  # the source picture stands in for the previous frame
            shadows = self._fit_shadows(reference, initial)
            state = self._restore(initial)
        with self._share_cores() as thread, ExitStack() as open_frames:
            first = _Poses(active, reference, (state.structure, state.joints))
            encoded = self._begin_encoding(state, thread)
            frames = read_ahead(self._encode_poses(first), thread) if thread else self._draw_poses(first)
            open_frames.enter_context(closing(frames))
            while poses := self._wait_for(frames):
                live = poses.live - self.stopped
                if not live:
                    return
                poses = self._drop_others(poses, live)
                with _inference(self.stopwatch, self.precision):
                    if poses.active != active:
                        kept = [place for place, number in enumerate(active) if number in poses.active]
                        items = torch.tensor(kept, device=self.device)
                        state, active = select_items(state, items), poses.active
                        encoded = self._begin_encoding(state, thread)
                    step = self._make_step(poses, state, encoded)
                    state = step.state
                encoded = self._begin_encoding(state, thread)  # before the thread gets the next pose
                place = 0
                for number in dict.fromkeys(active):  # each number once
                    items = slice(place, place := place + len(people[number]))
                    if number not in live:
                        continue
                    own = select_items(step, items) if len(people[number]) < len(active) else step
                    yield number, own if own.shadow is None else replace(own, shadow=own.shadow * shadows[number])

    @contextmanager
    def _share_cores(self) -> Iterator[ThreadPoolExecutor | None]:
        """A thread that computes beside the steps, with half of the cores; None where there is but one, or a GPU."""
        threads = torch.get_num_threads()
        if not self.ahead or self.device.type != "cpu" or threads == 1:
            yield None
            return
        torch.set_num_threads(threads // 2)  # here and in threads that begin now
        try:
            with ThreadPoolExecutor(1) as thread:
                yield thread
        finally:
            torch.set_num_threads(threads)

    def _wait_for(self, frames: Iterator["_Poses"]) -> "_Poses | None":
        with self.stopwatch("wait"):
            return next(frames, None)

    def _draw_poses(self, poses: "_Poses") -> Generator["_Poses"]:
        begins = [start.frame if start else 0 for start in self.starts]
        latest: dict[int, list[NetworkInputs]] = {}  # of the people of each source
        for made in count():
            frames = [begin + made for begin in begins]
            live = frozenset(filter(partial(self._has_frame, frames), poses.active))
            if not live:
                return
            poses = self._drop_others(poses, live) if made else poses.keep(live.__contains__)
            with _inference(self.stopwatch, copy(self.precision), stage="poses"):
                for number in live:
                    people = self.processors[number].people
                    latest[number] = [person.frame_inputs(frames[number]) for person in people]
                shown = dict.fromkeys(poses.active)  # each number once
                inputs = _stack([each for number in shown for each in latest[number]], self.device)
            poses = replace(poses, inputs=inputs, live=live)
            yield poses

    def _drop_others(self, poses: "_Poses", live: frozenset[int]) -> "_Poses":
        """The batch without the sources that are over.

        On a GPU they stay until they are half of it: for every size of a batch graphs are captured, which takes as long
        as dozens of steps.
        """
        left = sum(number in live for number in poses.active)
        return poses if self.keeps_sizes and 2 * left > len(poses.active) else poses.keep(live.__contains__)

    def _encode_poses(self, first: "_Poses") -> Generator["_Poses"]:
        """The drawn poses with what the generator computes of them before the steps."""
        before = first
        for poses in self._draw_poses(first):
            before = before.keep(poses.active.__contains__)
            with _inference(self.stopwatch, copy(self.precision), stage="poses"):
                target = self.generator.encode_target(poses.reference, before.inputs[0], *poses.inputs)
            before = poses
            yield replace(poses, target=target)

    def _begin_encoding(self, state: State, thread: ThreadPoolExecutor | None) -> "Future[list[torch.Tensor]] | None":
        """`_encode` beside the steps."""
        return thread and thread.submit(self._encode, state)

    def _encode(self, state: State) -> list[torch.Tensor]:
        with torch.inference_mode(), copy(self.precision):
            return self.generator.encode_previous(state)

    def _make_step(self, poses: "_Poses", state: State, encoded: "Future[list[torch.Tensor]] | None") -> Step:
        generator, reference, target = self.generator, poses.reference, poses.target
        if target is None or encoded is None:
            return graph_steps(generator)(reference, state, *poses.inputs)
        flows = generator.estimate(reference, state, target)
        # The thread may still be busy with poses.
        features = self._encode(state) if encoded.cancel() else encoded.result()
        return generator.complete(reference, state, target, flows, features)

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

    def _fit_shadows(self, reference: Reference, initial: State) -> list[torch.Tensor]:
        """How much of the shadows suits the source pictures: of each source [people, 1, 1, 1]; empty if the network
        makes no shadows."""
        if not (isinstance(self.generator, AnimationGenerator) and self.generator.config.shadow):
            return []
        made = graph_steps(self.generator)(reference, initial, reference.structure, reference.joints).shadow
        assert made is not None
        shadows = iter(made[:, 0].float().cpu().numpy())
        shares = [[person.fit_shadow(next(shadows)) for person in each.people] for each in self.processors]
        return [made.new_tensor(each)[:, None, None, None] for each in shares]

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

    def _has_frame(self, frames: Sequence[int], number: int) -> bool:
        """Whether a source has its one of the `frames`, and was not stopped."""
        return frames[number] < len(self.processors[number].poses) and number not in self.stopped


@dataclass(frozen=True)
class _Poses:
    """The poses of one frame."""

    active: list[int]
    """The number of the source of each item of the batch."""
    reference: Reference
    """Of the same batch."""
    inputs: tuple[torch.Tensor, torch.Tensor | None]
    """Structures and joints, see `_stack`."""
    target: Target | None = None
    """The same as the generator encodes it, where that is done beside the steps."""
    live: frozenset[int] = frozenset()
    """The sources whose frame it is; others have ended."""

    def keep(self, is_kept: Callable[[int], bool]) -> "_Poses":
        """Those of the sources with certain numbers."""
        kept = [place for place, number in enumerate(self.active) if is_kept(number)]
        if len(kept) == len(self.active):
            return self
        items = torch.tensor(kept, dtype=torch.long, device=self.reference.image.device)
        chosen = {name: select_items(getattr(self, name), items) for name in ("reference", "inputs", "target")}
        return replace(self, active=[self.active[place] for place in kept], **chosen)


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
def _inference(stopwatch: Stopwatch, precision: AbstractContextManager, *, stage: str = "generate") -> Iterator[None]:
    with stopwatch(stage), torch.inference_mode(), precision:
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
    stacked = arrays[0][None] if len(arrays) == 1 else np.stack(arrays)
    return send(torch.from_numpy(stacked).float(), device).contiguous(memory_format=torch.channels_last)
