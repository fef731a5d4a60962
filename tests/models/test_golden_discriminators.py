"""The authors' discriminators are reproduced: values, gradients and the power iterations of spectral norm."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.losses.adversarial import lsgan_generator
from tests.helpers.golden import FLOAT64_TOLERANCE, assert_close, open_golden
from tests.helpers.golden_networks import (
    DTYPES,
    PLAIN_FLOAT32_TOLERANCE,
    assert_gradients,
    build_network,
    golden_params,
)

FILES = pytest.mark.parametrize(
    "path", golden_params("ResDiscriminator", "PatchDiscriminator", "TemporalDiscriminator")
)


def logits(network: nn.Module, x: Tensor) -> Tensor:
    found = network(x)
    return found[0] if isinstance(found, tuple) else found


@DTYPES
@FILES
def test_discriminator(path: Path, dtype: torch.dtype) -> None:
    golden = open_golden(path)
    tolerance = FLOAT64_TOLERANCE if dtype == torch.float64 else PLAIN_FLOAT32_TOLERANCE
    network, x = build_network(golden, dtype), golden.input("in.x", dtype)
    assert_close("eval", logits(network.eval(), x), golden.tensors["out.eval"], tolerance)
    network.train()
    for name in ("out.train_first", "out.train_second"):
        assert_close(name, logits(network, x), golden.tensors[name], tolerance)
    state, prefix = network.state_dict(), "after_two_train_forwards."
    for key in [key for key in golden.tensors if key.startswith(prefix)]:
        assert_close(key, state[key.removeprefix(prefix)], golden.tensors[key], tolerance)


@FILES
def test_discriminator_gradients(path: Path) -> None:
    golden = open_golden(path)
    network, x = build_network(golden, torch.float64).eval(), golden.input("in.x", torch.float64).requires_grad_()
    loss = lsgan_generator(logits(network, x))
    assert_close("loss", loss[None], golden.tensors["out.eval_lsgan_real"], FLOAT64_TOLERANCE)
    loss.backward()
    assert x.grad is not None
    assert_close("gradient", x.grad, golden.tensors["out.eval_grad_x"], FLOAT64_TOLERANCE)
    assert_gradients(golden, network)
