"""The source person on stage: the poses it takes, and the generator that plays them frame after frame.

T frames, S side of the square the person moves in, in picture pixels.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch

from models.generators.animation import AnimationGenerator, State, Step
from pipelines.canvas import Canvas
from pipelines.driver import Driver
from pipelines.keypoints.clean import lift
from pipelines.keypoints.people import CONFIDENT
from pipelines.keypoints.retarget import retarget
from pipelines.keypoints.structure import structure_map
from pipelines.media.compose import box_mask, paste
from pipelines.sharp import SharpComposer

CANVAS = 256
FEATHER = 0.04
SOURCE_REPEATS = 24


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


class Actor:
    """The source person: picture, pose, the square it moves in, and the poses it shall take.

    Args:
        picture: uint8 RGB [H, W, 3].
        pose: COCO-17 [17, 3] in picture pixels.
        motion: the motion network, to see the source pose as Human3.6M-17 too.
    """

    def __init__(
        self, picture: np.ndarray, pose: np.ndarray, motion: torch.nn.Module, driver: Driver, mode: str
    ) -> None:
        self.picture = picture
        still = np.repeat(np.where(pose[:, 2:] >= CONFIDENT, pose, 0)[None], SOURCE_REPEATS, 0)
        own = lift(still, motion)[SOURCE_REPEATS // 2]
        height, width = picture.shape[:2]
        self.poses = retarget(driver.poses, own, mode, driver_size=driver.size, source_size=(width, height))
        seen = pose[pose[:, 2] >= CONFIDENT, :2]
        self.canvas = Canvas.around(np.concatenate([self.poses.reshape(-1, 2), own[:, :2], seen]), size=CANVAS)
        self.square = self.canvas.cut(picture)
        known = np.where(pose[:, 2:] >= CONFIDENT, self.canvas.to_canvas(pose), 0)
        self.structure = structure_map(known, layout="coco17")
        self.joints = self.canvas.to_canvas(own)[:, :2]

    def staged(self, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The structure map [20, 256, 256] and the joints [17, 2] of one of the poses on the canvas."""
        joints = self.canvas.to_canvas(pose)
        return structure_map(joints, layout="h36m17"), joints[:, :2]


class Performance:
    """Plays an actor's poses through the generator: iterating gives each step, `finish` makes its frame."""

    def __init__(
        self, actor: Actor, generator: AnimationGenerator, precision: AbstractContextManager, clock: Stopwatch
    ) -> None:
        self.actor, self.generator, self.precision, self.clock = actor, generator, precision, clock
        self.device = next(generator.parameters()).device
        self.mask = box_mask(actor.picture, actor.canvas.box, FEATHER * actor.canvas.side)
        self.composer = SharpComposer(actor.square)

    def size(self, frame: str) -> tuple[int, int]:
        """Width and height of the result for `--frame full|crop`."""
        height, width = self.actor.picture.shape[:2]
        return (width, height) if frame == "full" else (self.actor.canvas.side, self.actor.canvas.side)

    def __iter__(self) -> Iterator[Step]:
        actor = self.actor
        image = self._tensor(actor.canvas.shrink(actor.square).transpose(2, 0, 1)) / 127.5 - 1
        with self.clock("generate"), torch.inference_mode(), self.precision:
            reference = self.generator.encode_reference(image, *self._pose(actor.structure, actor.joints))
        state = State.initial(reference)
        for pose in actor.poses:
            with self.clock("generate"), torch.inference_mode(), self.precision:
                step = self.generator.step(reference, state, *self._pose(*actor.staged(pose)))
                state = step.state
            yield step

    def finish(self, step: Step, frame: str) -> np.ndarray:
        """The full-resolution square of the next step, pasted back into the picture ("full") or alone ("crop")."""
        square = self.composer.compose(step)
        if frame == "crop":
            return square
        return paste(self.actor.picture, square, self.actor.canvas.box, self.mask)

    def _pose(self, structure: np.ndarray, joints: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        return self._tensor(structure), torch.from_numpy(joints).float()[None].to(self.device)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array)).float()[None]
        return tensor.to(self.device).contiguous(memory_format=torch.channels_last)
