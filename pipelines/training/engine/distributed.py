"""This training process among those that torchrun started; a lone process is the first of one.

Every method that communicates must be called by all processes, in the same order.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

Result = TypeVar("Result")


class Processes:
    """All processes of a run, as seen from this one, and this one's device.

    rank: number of this process, from 0; count: number of processes; device: "auto", "cuda" (torchrun gives each
    process a GPU of its own) or any name that torch knows.
    """

    def __init__(self, device: str = "auto") -> None:
        self.rank = int(os.environ.get("RANK", 0))
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        local = int(os.environ.get("LOCAL_RANK", 0))
        name = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        self.device = torch.device(f"cuda:{local}" if name == "cuda" else name)
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
            torch.backends.cuda.matmul.allow_tf32 = True
            torch.backends.cudnn.allow_tf32 = True
            torch.backends.cudnn.benchmark = True
        if self.count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def is_main(self) -> bool:
        """Whether this is the process that reports, validates and saves."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """`module` with its gradients averaged over the processes during backward; itself if there is one process."""
        if self.count == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=devices, broadcast_buffers=False)

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes, in place."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        parts = flat.split([gradient.numel() for gradient in gradients])
        torch._foreach_copy_(gradients, [part.view_as(g) for part, g in zip(parts, gradients, strict=True)])  # pyright: ignore[reportPrivateImportUsage]

    def average_numbers(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """Means over the processes of scalar tensors."""
        numbers = torch.stack([value.detach().double() for value in values.values()])
        if self.count > 1:
            dist.all_reduce(numbers)
        return dict(zip(values, (numbers / self.count).tolist(), strict=True))

    def broadcast(self, value: float) -> float:
        """The main process's `value`, in every process."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], device=self.device, dtype=torch.float64)
        dist.broadcast(shared, 0)
        return float(shared.item())

    def run_main_first(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, which the other processes start when the main process has finished it."""
        if self.count > 1 and not self.is_main:
            dist.barrier()
        result = work()
        if self.count > 1 and self.is_main:
            dist.barrier()
        return result

    def close(self) -> None:
        """Wait for all processes and disconnect."""
        if self.count > 1:
            dist.barrier()
            dist.destroy_process_group()
