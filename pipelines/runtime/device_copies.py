"""Copies between the CPU and a GPU that nothing waits for.

They go through pinned memory, which PyTorch keeps and uses again: there are as many buffers as copies under way.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

PendingArrays = Callable[[], list[np.ndarray]]
"""Waits for arrays."""


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the CPU on the device; on a GPU it arrives later, before whatever is queued after it."""
    if device.type != "cuda":
        return tensor.to(device)
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    pinned.numpy()[...] = tensor.numpy()  # PyTorch would copy with all threads, which wait for each other
    return pinned.to(device, non_blocking=True)


def fetch(*tensors: Tensor) -> PendingArrays:
    """Begin to copy tensors to the CPU; the returned function waits for these copies alone, in any thread."""
    if tensors[0].device.type != "cuda":
        return lambda: [tensor.cpu().numpy() for tensor in tensors]
    copies = [torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True) for tensor in tensors]
    for copy, tensor in zip(copies, tensors, strict=True):
        copy.copy_(tensor, non_blocking=True)
    arrived = torch.cuda.Event(blocking=True)  # a thread that waits leaves its core to others
    arrived.record()

    def wait() -> list[np.ndarray]:
        arrived.synchronize()
        return [copy.numpy() for copy in copies]

    return wait
