"""Rotation matrices."""

import pytest
import torch

from pipelines.synthetic.rotations import frame_from_axes, mix_rotations, rotate, rotation_about


@pytest.mark.parametrize(("axis", "start", "end"), [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_quarter_turn_takes_one_axis_to_the_next(axis: int, start: int, end: int):
    unit = torch.eye(3)
    turned = rotate(rotation_about(axis, torch.tensor(torch.pi / 2)), unit[start])
    assert torch.allclose(turned, unit[end], atol=1e-6)


def test_mixed_rotations():
    first, second = torch.eye(3), rotation_about(1, torch.tensor(1.0))
    assert torch.allclose(mix_rotations(first, second, 0.5), rotation_about(1, torch.tensor(0.5)), atol=1e-6)
    assert torch.allclose(mix_rotations(first, second, 1.0), second, atol=1e-6)


def test_frames_follow_the_axes_given():
    frame = frame_from_axes(torch.tensor([0.0, 2.0, 0.0]), torch.tensor([0.0, 1.0, 3.0]))
    assert torch.allclose(frame, torch.eye(3), atol=1e-6)
    y, z = torch.randn(2, 10, 3, generator=torch.Generator().manual_seed(0))
    frames = frame_from_axes(y, z)
    assert torch.allclose(frames @ frames.mT, torch.eye(3).expand(10, 3, 3), atol=1e-5)
    assert ((frames[..., 2] * z).sum(-1) > 0).all()
