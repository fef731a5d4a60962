"""One training process, or one of several that torchrun started."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Processes:
    """One process, or one of several started by torchrun; picks this process's device."""

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
    def main(self) -> bool:
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """`module` with gradients averaged over the processes; itself when there is only one."""
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

    def average(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """Means of single numbers over the processes; every process must ask."""
        numbers = torch.stack([value.detach().double() for value in values.values()])
        if self.count > 1:
            dist.all_reduce(numbers)
        return dict(zip(values, (numbers / self.count).tolist(), strict=True))

    def main_first(self, work: Callable[[], Any]) -> Any:
        """The result of `work`, which the other processes begin when the main one is done."""
        if self.count > 1 and not self.main:
            dist.barrier()
        result = work()
        if self.count > 1 and self.main:
            dist.barrier()
        return result

    def agree(self, value: float) -> float:
        """The main process's `value`, in every process."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], device=self.device, dtype=torch.float64)
        dist.broadcast(shared, 0)
        return float(shared.item())

    def close(self) -> None:
        if self.count > 1:
            dist.barrier()
            dist.destroy_process_group()
