"""Random looks of training images."""

import pytest
import torch
from torch import Generator

from pipelines.training.keypoints.appearance import restyle


def make_images() -> torch.Tensor:
    """[32, 3, 40, 48] of a bright square on a ramp."""
    images = torch.linspace(0.1, 0.5, 48).expand(32, 3, 40, 48).clone()
    images[:, 0, 10:30, 10:30] = 0.9
    return images


def test_no_share_changes_nothing() -> None:
    images = make_images()
    assert torch.equal(restyle(images, 0.0, Generator().manual_seed(0)), images)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_looks_change_and_shape_stays(share: float) -> None:
    images = make_images()
    changed = restyle(images.clone(), share, Generator().manual_seed(1))
    assert changed.isfinite().all()
    assert changed.min() >= 0
    assert changed.max() <= 1
    altered = (changed - images).abs().amax((1, 2, 3)) > 0.02
    assert altered.float().mean() > min(0.95, 2 * share)
    inner, outer = changed[:, :, 15:25, 15:25].mean((2, 3)), changed[:, :, 15:25, 36:46].mean((2, 3))
    assert ((inner - outer).abs().amax(1) > 0.02).float().mean() > 0.8  # the square can still be told from the ramp
