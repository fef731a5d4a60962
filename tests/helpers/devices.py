"""Devices for tests: a GPU where there is one, and stand-ins for those that test machines lack."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, needs_cuda])]
"""Values of a parameter: the CPU, and a GPU in tests that are run with `-m gpu`."""


class WithoutFloat64(TorchFunctionMode):
    """Inside the block every tensor counts as one on an Apple GPU, which has no float64, until `cpu()` moves it."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See TorchFunctionMode."""
        result = func(*args, **(kwargs or {}))
        if func is Tensor.cpu:
            self.moved.append(result.clone())
            return self.moved[-1]
        is_float64 = func is Tensor.double or (
            func is Tensor.to and torch.float64 in (*args[1:], *(kwargs or {}).values())
        )
        if is_float64 and not any(args[0] is tensor for tensor in self.moved):
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        return result
