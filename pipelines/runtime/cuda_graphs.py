"""CUDA graphs: the kernels of a function are captured once and replayed, so that the GPU never waits for Python."""

import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from weakref import ref

import torch
from torch import Tensor

WARM_UP_CALLS = 3

# One thread at a time captures or warms up: streams come from a small pool, so that the side stream of one could be the
# stream that another one captures.
_on_side_stream = RLock()

TensorFunction = Callable[..., tuple[Tensor, ...]]


class GraphedFunction:
    """A function of tensors that is replayed as one CUDA graph after `WARM_UP_CALLS` ordinary calls.

    The function must do the same work on tensors of the same shapes at every call, without reading values on the CPU.
    The next call overwrites what it returned. Gradients that it creates belong to the graph: a replay sets them and
    does not add to them.

    Args:
        function: takes and returns tensors.
        enabled: False: every call is an ordinary one.
        constant: number of the first inputs that nobody writes to, which are copied into the graph's memory only if
            they are other tensors than at the call before.
        reset: called before every ordinary call and before the capture, to drop tensors that the capture has to create
            itself, such as gradients.
    """

    def __init__(
        self, function: TensorFunction, *, enabled: bool, constant: int = 0, reset: Callable[[], None] | None = None
    ) -> None:
        self.function, self.enabled, self.constant, self.reset = function, enabled, constant, reset
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: tuple[Tensor, ...] = ()
        self.copied: list[ref[Tensor]] = []  # the constant inputs that are in the graph's memory
        self.outputs: tuple[Tensor, ...] = ()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if not self.enabled:
            return self._call_ordinarily(inputs)
        if self.calls < WARM_UP_CALLS:
            return self._warm_up(inputs)
        if self.graph is None and not self._capture(inputs):
            return self._call_ordinarily(inputs)
        assert self.graph is not None
        known = [copied() for copied in self.copied] + [None] * (len(inputs) - len(self.copied))
        for captured, given, same in zip(self.inputs, inputs, known, strict=True):
            if given is not same:
                captured.copy_(given)
        self.copied = [ref(given) for given in inputs[: self.constant]]
        self.graph.replay()
        return self.outputs

    def _call_ordinarily(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        self._reset()
        return self.function(*inputs)

    def _reset(self) -> None:
        if self.reset:
            self.reset()

    def _warm_up(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """An ordinary call on a stream of its own, as PyTorch asks for before a capture."""
        self.calls += 1
        self._reset()
        with _on_side_stream:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                outputs = self.function(*inputs)
            torch.cuda.current_stream().wait_stream(side)
        return outputs

    def _capture(self, inputs: tuple[Tensor, ...]) -> bool:
        """Whether the graph could be captured; if not, all further calls are ordinary ones."""
        self.inputs = tuple(tensor.clone() for tensor in inputs)
        self._reset()
        graph = torch.cuda.CUDAGraph()
        try:
            with _on_side_stream, torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self.outputs = self.function(*self.inputs)
        except RuntimeError as error:
            warnings.warn(f"no CUDA graph, so this is slower: {str(error).splitlines()[0]}", stacklevel=3)
            self.enabled = False
            return False
        self.graph = graph
        return True


class GraphedFunctions:
    """A function of tensors, replayed as one CUDA graph for each combination of shapes and types (`GraphedFunction`).

    Args:
        function: takes and returns tensors.
        enabled: False: every call is an ordinary one.
        most: graphs that stay in the GPU's memory, those that were used last.
    """

    def __init__(self, function: TensorFunction, *, enabled: bool, most: int = 8) -> None:
        self.function, self.enabled, self.most = function, enabled, most
        self._graphs: OrderedDict[Hashable, GraphedFunction] = OrderedDict()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if not self.enabled:
            return self.function(*inputs)
        kind = tuple((tensor.shape, tensor.dtype) for tensor in inputs)
        if kind not in self._graphs:
            self._graphs[kind] = GraphedFunction(self.function, enabled=True)
        self._graphs.move_to_end(kind)
        if len(self._graphs) > self.most:
            self._graphs.popitem(last=False)
        return self._graphs[kind](*inputs)
