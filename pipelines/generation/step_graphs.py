"""The steps of a recurrent generator as CUDA graphs: on a GPU Python takes several times longer than the kernels."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from torch import Tensor

from models.batches import map_tensors
from models.generators.recurrent import RecurrentGenerator, Reference, State, Step
from pipelines.runtime.cuda_graphs import GraphedFunction

Batch = TypeVar("Batch")

GENERATORS = 4  # whose graphs stay in the GPU's memory
GRAPHS = 8  # of one generator, of different batches and canvas sizes that stay in the GPU's memory


@lru_cache(GENERATORS)
def graph_steps(generator: RecurrentGenerator) -> Callable[..., Step]:
    """`generator.step`, on CUDA as graphs; the same for all jobs with this generator.

    The generator and the contexts of its calls (inference mode, autocast) must stay as they are.
    """
    return StepGraphs(generator) if next(generator.parameters()).device.type == "cuda" else generator.step


class StepGraphs:
    """`generator.step`, replayed as one CUDA graph for each batch and canvas size.

    The first steps of a size, and all of them where no graph can be captured, are ordinary calls.
    """

    def __init__(self, generator: RecurrentGenerator) -> None:
        self.generator = generator
        self._graphs: OrderedDict[Hashable, _StepGraph] = OrderedDict()

    def __call__(self, reference: Reference, previous: State, structure: Tensor, joints: Tensor | None = None) -> Step:
        """As `RecurrentGenerator.step`."""
        inputs = _Inputs(reference, previous, structure, joints)
        size = structure.shape, joints is None, len(reference.others)  # all others follow from the generator
        if size not in self._graphs:
            self._graphs[size] = _StepGraph(self.generator, inputs)
        self._graphs.move_to_end(size)
        if len(self._graphs) > GRAPHS:
            self._graphs.popitem(last=False)
        return self._graphs[size](inputs)


@dataclass(frozen=True)
class _Inputs:
    """The arguments of a step."""

    reference: Reference
    previous: State
    structure: Tensor
    joints: Tensor | None


class _StepGraph:
    """The graph for inputs like `example`."""

    def __init__(self, generator: RecurrentGenerator, example: _Inputs) -> None:
        self.generator, self.example = generator, example
        self.made: Step | None = None
        constant = len(_list_tensors(example.reference))  # they come first
        self.function = GraphedFunction(self._compute, enabled=True, constant=constant)

    def __call__(self, inputs: _Inputs) -> Step:
        outputs = self.function(*_list_tensors(inputs))
        assert self.made is not None
        # The next replay overwrites the graph's tensors while another thread may still write this frame to a file.
        made = _replace_tensors(self.made, [tensor.clone() for tensor in outputs])
        return replace(made, structure=inputs.structure, joints=inputs.joints)

    def _compute(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        inputs = _replace_tensors(self.example, list(tensors))
        made = self.generator.step(inputs.reference, inputs.previous, inputs.structure, inputs.joints)
        self.made = replace(made, structure=made.image[:0], joints=None)  # which the caller has
        return tuple(_list_tensors(self.made))


def _list_tensors(batch: object) -> list[Tensor]:
    """All tensors in a nest of lists and dataclasses."""
    found: list[Tensor] = []

    def collect(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    map_tensors(batch, collect)
    return found


def _replace_tensors(batch: Batch, tensors: list[Tensor]) -> Batch:
    """`batch` with these tensors instead of its own, in the order of `_list_tensors`."""
    replacements = iter(tensors)
    return map_tensors(batch, lambda _: next(replacements))
