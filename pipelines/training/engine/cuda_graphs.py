"""CUDA graphs for training: the kernels of a step are recorded once and replayed, so the GPU never waits for Python."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3

Function = Callable[..., tuple[Tensor, ...]]


class Graphed:
    """A function of tensors, replayed as one CUDA graph after `WARM_UP` ordinary calls.

    The function must do the same work on tensors of the same shapes every time, without looking at values on the CPU.
    What it returns is overwritten by the next call. Gradients it creates live in the graph: they are set, not added to.

    Args:
        function: takes and returns tensors.
        enabled: otherwise every call is an ordinary one.
        reset: called before recording, to drop tensors that the recording has to create itself (gradients).
    """

    def __init__(self, function: Function, *, enabled: bool, reset: Callable[[], None] = lambda: None) -> None:
        self.function, self.enabled, self.reset = function, enabled, reset
        self.calls = 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: tuple[Tensor, ...] = ()
        self.outputs: tuple[Tensor, ...] = ()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        if not self.enabled:
            self.reset()
            return self.function(*inputs)
        if self.calls < WARM_UP:
            return self._warm_up(inputs)
        if self.graph is None and not self._record(inputs):
            return self(*inputs)
        assert self.graph is not None
        for mine, given in zip(self.inputs, inputs, strict=True):
            mine.copy_(given)
        self.graph.replay()
        return self.outputs

    def _warm_up(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        self.calls += 1
        self.reset()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            outputs = self.function(*inputs)
        torch.cuda.current_stream().wait_stream(side)
        return outputs

    def _record(self, inputs: tuple[Tensor, ...]) -> bool:
        """Whether it worked; if not, all further calls are ordinary ones."""
        self.inputs = tuple(tensor.clone() for tensor in inputs)
        self.reset()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self.outputs = self.function(*self.inputs)
        except RuntimeError as error:
            warnings.warn(f"slower, without a CUDA graph: {str(error).splitlines()[0]}", stacklevel=2)
            self.enabled = False
            return False
        self.graph = graph
        return True
