"""Hands, feet and depths in training: errors, and what is not known."""

import functools
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.joints import DETAILED_CHANNELS
from pipelines.keypoints.layouts import DETAIL_JOINTS
from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip
from pipelines.training.animation.data import Clips, Recipe, draw_clips
from pipelines.training.animation.details import observe_details

FRAMES = 3
RECIPE = Recipe(size=64, clip_length=24, rollout=1, returns=0, truncated=0.0, furniture=0.0)
PLANES = slice(30, 33)


@functools.cache
def many_clips() -> Clip:
    """Four clips in which a hand and a foot are seen, 100 times each."""
    config = ClipConfig(height=64, width=64, length=20, texture_size=32)
    times = torch.arange(FRAMES).expand(12, -1)
    clip = sample_clip(config, batch=12, times=times, generator=torch.Generator().manual_seed(3))
    visible = clip.details_visible.any(1)  # [12,10]
    hands, feet = visible[:, :6].unflatten(1, (2, 3)).all(2).any(1), visible[:, 6:].any(1)
    seen = (hands & feet).nonzero().flatten()[:4]
    assert len(seen) == 4
    names = ("coco", "h36m", "details", "details_visible", "coco_depth", "h36m_depth")
    return replace(
        clip, **{name: getattr(clip, name)[seen].repeat(100, *[1] * (getattr(clip, name).dim() - 1)) for name in names}
    )


def observe(unknown: float, *, layout: str = "h36m17", retargeted: bool = True) -> tuple[Tensor, Tensor]:
    clip = many_clips()
    joints = clip.coco if layout == "coco17" else clip.h36m
    generator = torch.Generator().manual_seed(1)
    options = {"layout": layout, "unknown": unknown, "retargeted": retargeted}
    return observe_details(clip, slice(None), joints, **options, generator=generator)


@pytest.mark.parametrize("unknown", [0.0, 0.5, 1.0])
def test_each_group_is_not_known_in_its_share_of_the_clips(unknown: float) -> None:
    points, depth = observe(unknown)
    known = [points[:, :, part].isfinite().flatten(1).any(1) for part in (slice(0, 6), slice(6, 10))]
    known.append(depth.isfinite().flatten(1).any(1))
    for group in known:
        assert group.float().mean() == pytest.approx(1 - unknown, abs=0.08)
    if unknown == 0.5:
        both = (known[0] & known[1]).float().mean()
        assert both == pytest.approx(0.25, abs=0.07), "each for itself"


def test_what_can_be_seen_is_rarely_missing_and_what_is_hidden_often_is() -> None:
    points, _ = observe(0.0)
    visible, known = many_clips().details_visible, points.isfinite().all(-1)
    feet = slice(6, 10)
    assert known[..., feet][visible[..., feet]].float().mean() > 0.9
    assert known[..., feet][~visible[..., feet]].float().mean() == pytest.approx(0.3, abs=0.1)
    hands = known[..., :6].unflatten(-1, (2, 3))
    assert (hands.all(-1) == hands.any(-1)).all(), "a hand is found as a whole"


@pytest.mark.parametrize("layout", ["coco17", "h36m17"])
def test_errors_are_small_and_go_with_the_joints(layout: str) -> None:
    clip = many_clips()
    points, _ = observe(0.0, layout=layout, retargeted=False)
    error = (points - clip.details)[points.isfinite()]
    assert 0.1 < error.std() < 1.0
    joints = (clip.coco if layout == "coco17" else clip.h36m) + 9
    options = {"layout": layout, "unknown": 0.0, "retargeted": False}
    moved, _ = observe_details(clip, slice(None), joints, **options, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(moved, points + 9, equal_nan=True, atol=1e-3, rtol=0)


def test_retargeted_hands_have_another_size_all_along_a_clip() -> None:
    clip = many_clips()
    joints = clip.h36m[:, :, list(DETAIL_JOINTS["h36m17"])]
    sizes = [(observe(0.0, retargeted=on)[0] - joints).norm(dim=-1).nanmean((1, 2)) for on in (False, True)]
    assert sizes[1][::4].std() > 1.5 * sizes[0][::4].std()


def test_depths_keep_the_order_of_limbs_far_apart() -> None:
    _, depth = observe(0.0)
    upper = slice(8, 17)  # legs look farther away than they are, as MediaPipe sees them
    found, true = (each[..., upper, None] - each[..., None, upper] for each in (depth, many_clips().h36m_depth))
    apart = true.abs() > 5
    assert 0.8 < (found[apart].sign() == true[apart].sign()).float().mean() < 0.99
    assert depth.isfinite().all()


def draw(recipe: Recipe) -> Clips:
    return draw_clips(recipe, 2, torch.Generator().manual_seed(5))


def test_structure_maps_have_details_behind_the_joints() -> None:
    clips = draw(replace(RECIPE, unknown_details=0.0))
    for structure in (clips.reference.structure, clips.previous.structure, clips.targets[0].structure):
        assert structure.shape == (2, DETAILED_CHANNELS, 64, 64)
        assert structure.isfinite().all()
        assert (structure[:, PLANES] == 1).all()
        assert structure[:, -1].abs().amax((1, 2)).min() > 0.05


def test_without_any_details_they_are_empty() -> None:
    clips = draw(replace(RECIPE, unknown_details=1.0))
    assert not clips.targets[0].structure[:, 20:].any()


def test_a_recipe_without_details_draws_what_it_drew() -> None:
    clips = draw(replace(RECIPE, structure_details=False))
    assert clips.targets[0].structure.shape[1] == 20
    assert torch.equal(clips.targets[0].flow_pictures, draw(RECIPE).targets[0].flow_pictures)
