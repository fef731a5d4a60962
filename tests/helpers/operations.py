"""What a function computes, for code that becomes a CUDA graph."""

from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

COPIES = {"aten.index", "aten.lift_fresh"}
"""What lists of indices and of values do: on a GPU they are copied from the CPU, which a graph can't capture."""


class Operations(TorchDispatchMode):
    """Remembers the names of all operations."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See TorchDispatchMode."""
        self.names.add(str(func.overloadpacket))
        return func(*args, **(kwargs or {}))
