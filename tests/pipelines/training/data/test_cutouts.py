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


def test_people_turn_about_the_vertical() -> None:
    """Seen from another side, the same people have their joints at the same heights and in other columns."""
    heights, columns = [], []
    for share in (0.0, 1.0):
        generator = Generator().manual_seed(1)
        config = replace(CONFIG, any_heading=share)
        joints = render_cutouts(config, draw_scene(config, 12, generator), generator).joints
        below = joints - joints[:, :1]  # from the nose
        heights.append(below[..., 1] / joints[..., 1].std(1, keepdim=True))
        columns.append(below[..., 0] / joints[..., 1].std(1, keepdim=True))
    torch.testing.assert_close(*heights, atol=1e-3, rtol=1e-3)
    assert (columns[0] - columns[1]).abs().mean() > 0.2
