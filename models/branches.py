"""Parts of a network beside each other: at small batches one part alone leaves most of a GPU idle.

In: parts that don't need each other's results. Used by the recurrent generators for steps that become CUDA graphs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Branches:
    """Streams beside the current one while a CUDA graph is captured; elsewhere everything runs in order.

    A branch may use tensors that were there before, and other parts of the network its results after `join`.
    """

    def __init__(self) -> None:
        self._streams: list[torch.cuda.Stream] = []

    @contextmanager
    def branch(self) -> Iterator[None]:
        """What runs inside starts now and ends before what comes after `join`."""
        capturing = torch.cuda.is_available() and torch.cuda.is_current_stream_capturing()
        if torch.is_grad_enabled() or not capturing:  # gradients would need the same order backwards
            yield
            return
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        self._streams.append(stream)
        with torch.cuda.stream(stream):
            yield

    def join(self) -> None:
        """Wait for all branches."""
        for stream in self._streams:
            torch.cuda.current_stream().wait_stream(stream)
        self._streams.clear()
