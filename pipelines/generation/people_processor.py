"""Several people of one picture: each is a layer of its own, and all are laid over one background, whoever is in front.

In: the people, each with the poses to take. Out: the processor of the picture, whose frames the network makes as one
batch of people. Called by `pipelines.animation`. T frames, N people.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from torch import Tensor

from models.batches import select_items
from models.errors import InputError
from models.generators.animation import Step
from models.generators.picture import Picture
from pipelines.compositing.backgrounds import Background
from pipelines.compositing.device_compositor import lay_people_over
from pipelines.compositing.layers import lay_over, merge_layers, to_rgba
from pipelines.configs import AnimateConfig
from pipelines.generation.background import makes_layers
from pipelines.generation.layer_processor import LayerProcessor
from pipelines.generation.networks import PersonNetworks
from pipelines.generation.processors import FrameProcessor, NetworkInputs, PendingFrame, PendingMemory
from pipelines.generation.turned_processor import TurnedProcessor
from pipelines.generation.visualization import compare_people
from pipelines.keypoints.depth_order import order_by_depth
from pipelines.keypoints.motion import MovingPerson
from pipelines.keypoints.pairs import parse_pairs
from pipelines.option_groups import Framing


def check_people_options(config: AnimateConfig) -> None:
    """Refuse several people where they can't be.

    Raises:
        InputError: pairs that are none, other options that are about one person, or weights that paint the background.
        WeightsError: no such weights, or damaged ones.
    """
    if config.people is None:
        return
    parse_pairs(config.people)
    if config.person != "largest":
        raise InputError("--person chooses whom one person follows, --people whom each follows: leave one of them out")
    if config.also:
        raise InputError("--also names further pictures of one person: omit it with --people")
    if config.frame == "crop":
        raise InputError("--frame crop shows what is generated of one person: omit it with --people")
    if not makes_layers(config.weights):
        raise InputError(f"--people: {config.weights} weights don't make people alone; use --weights person")


def make_people_processor(
    people: Sequence[MovingPerson], networks: PersonNetworks, config: AnimateConfig
) -> FrameProcessor:
    """The processor of several people. Raises BackendUnavailable: mattes can't be made here."""
    cutouts = networks.cut_out([each.source for each in people])
    channels, retarget, quality = networks.generator.config.structure_channels, config.retarget, config.quality
    together = PeopleProcessor(
        [
            LayerProcessor(each.source, each.driving, each.poses, retarget, quality, cutout=cutout, channels=channels)
            for each, cutout in zip(people, cutouts, strict=True)
        ]
    )
    turns = people[0].source.quarter_turns
    return TurnedProcessor(together, turns) if turns else together


class PeopleProcessor(FrameProcessor):
    """Several people of a picture, composed at its resolution.

    Args:
        people: one processor for each.
    """

    background: Background

    def __init__(self, people: Sequence[LayerProcessor]) -> None:
        self._people = list(people)
        rows, columns = (max(size) for size in zip(*(each.canvas.shape[1:] for each in people), strict=True))
        for each in people:
            each.use_area(each.area.extend(columns, rows))
        first = people[0]
        self.picture, self.poses, self.canvas, self.plate = first.picture, first.poses, first.canvas, first.plate
        self.background = first.background  # the picture's without all of them
        boxes = [each.box for each in people]
        left, top, right, bottom = zip(*boxes, strict=True)
        self.box = min(left), min(top), max(right), max(bottom)
        self.certainty = min(each.certainty for each in people if each.certainty is not None)
        self.notes = tuple(dict.fromkeys(note for each in people for note in each.notes))
        self.count = 0  # frames that were begun

    @property
    def people(self) -> Sequence[LayerProcessor]:
        return self._people

    def put_on(self, background: Background) -> None:
        super().put_on(background)
        for each in self._people:
            each.put_on(background)

    @cached_property
    def order(self) -> np.ndarray:
        """Numbers of the people in each frame from the farthest to the nearest, [T, N]."""
        placed = [self.background.place_poses(each.poses, person) for person, each in enumerate(self._people)]
        return order_by_depth(placed, [each.source.pose for each in self._people], rate=self._people[0].driving.rate)

    def source_inputs(self) -> NetworkInputs:
        raise TypeError("several people have inputs of their own each")

    def frame_inputs(self, frame: int) -> NetworkInputs:
        raise TypeError("several people have inputs of their own each")

    def output_size(self, framing: Framing) -> tuple[int, int]:
        return self._people[0].output_size(framing)

    def begin_frame(self, output: Step | Picture, framing: Framing) -> PendingFrame:
        assert isinstance(output, Step)
        number, self.count = self.count, self.count + 1
        steps = [select_items(output, slice(item, item + 1)) for item in range(len(self._people))]
        pairs = list(zip(self._people, steps, strict=True))
        compositors = [each.find_device_compositor(step) for each, step in pairs]
        if all(compositors):
            made = [
                (each.make(step), person.box) for each, (person, step) in zip(compositors, pairs, strict=True) if each
            ]
            behind, _ = self._people[0].place_on_device(framing, output.image.device)
            picture = lay_people_over(behind, [made[person] for person in self.order[number]])
            return lambda: picture()[0]
        layers = [each.begin_layer(step) for each, step in pairs]

        def finish() -> np.ndarray:
            placed = [self.background.place(layer(), number, person) for person, layer in enumerate(layers)]
            merged = merge_layers([placed[person] for person in self.order[number]])
            behind = self.background.frame(number)
            width, height = self.output_size(framing)
            return to_rgba(merged, height, width) if behind is None else lay_over(behind, merged)

        return finish

    def postprocess(self, output: Step | Picture, framing: Framing) -> np.ndarray:
        return self.begin_frame(output, framing)()

    def memory(self) -> PendingMemory:
        pending = [each.memory() for each in self._people]
        return lambda: {
            f"{person}.{name}": tensor for person, wait in enumerate(pending) for name, tensor in wait().items()
        }

    def recall(self, memory: dict[str, Tensor], frames: int) -> None:
        self.count = frames
        for person, each in enumerate(self._people):
            start = f"{person}."
            own = {name.removeprefix(start): tensor for name, tensor in memory.items() if name.startswith(start)}
            each.recall(own, frames)

    def comparison(self, frame: int, driving: np.ndarray | None, result: np.ndarray) -> np.ndarray:
        motions = [each.driving for each in self._people]
        poses = np.stack([each.poses[frame] for each in self._people])
        own = np.stack([motion.poses[frame] for motion in motions])
        return compare_people(self.picture, poses, driving, own, motions[0].size, result)
