"""Rendered people without background."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from pipelines.training.data.cutouts import CutoutConfig, Cutouts, draw_scene, render_cutouts

CONFIG = CutoutConfig(source=64, poses=3, texture_size=32, athletic=1.0, any_heading=1.0)


@pytest.fixture(scope="module")
def cutouts() -> Cutouts:
    generator = Generator().manual_seed(0)
    return render_cutouts(CONFIG, draw_scene(CONFIG, 10, generator), generator)


def test_people_are_premultiplied_layers(cutouts: Cutouts) -> None:
    assert len(cutouts) == 12
    assert cutouts.layers.shape == (12, 4, 64, 64)
    assert cutouts.backgrounds.shape == (12, 3, 64, 64)
    assert (cutouts.colours <= cutouts.coverage.int() + 1).all()
    assert (cutouts.coverage > 0).float().mean() > 0.05


def test_all_of_a_person_is_in_the_picture(cutouts: Cutouts) -> None:
    """In any pose and from any side, so that nobody has a straight edge where the picture ended."""
    assert ((cutouts.joints > 0) & (cutouts.joints < 63)).all()
    sides = torch.stack([cutouts.coverage[..., edge, :] for edge in (0, -1)])
    assert (sides > 0).float().mean() < 0.01
    assert (cutouts.coverage[..., (0, -1)] > 0).float().mean() < 0.01


def test_visible_joints_are_on_the_person(cutouts: Cutouts) -> None:
    x, y = cutouts.joints.round().long().unbind(-1)
    covered = cutouts.coverage[torch.arange(len(cutouts))[:, None], 0, y, x] > 0
    assert covered[cutouts.seen].float().mean() > 0.95


def test_people_turn_their_backs() -> None:
    """As they move they mostly face the camera; turned by any angle, half of them don't."""
    backs = []
    for share in (0.0, 1.0):
        config = replace(CONFIG, poses=8, source=32, athletic=0.0, any_heading=share)
        generator = Generator().manual_seed(1)
        joints = render_cutouts(config, draw_scene(config, 48, generator), generator).joints
        backs.append((joints[:, 5, 0] < joints[:, 6, 0]).float().mean())
    assert backs[0] < 0.3
    assert 0.35 < backs[1] < 0.65
