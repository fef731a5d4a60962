"""Clips of rendered people: joints, masks and flow agree with the pixels."""

import functools

import pytest
import torch
from torch.nn.functional import grid_sample

from models.joints import DETAIL_NAMES
from models.layer import compose
from pipelines.synthetic.clips import Clip, ClipConfig, render_clip, sample_clip
from pipelines.synthetic.people.primitives import PARTS
from pipelines.synthetic.people.skeleton import INDEX
from pipelines.synthetic.scene import sample_scene

SIZE = 128
TIMES = torch.tensor([[0, 4, 12]] * 3)


@functools.cache
def moving_people() -> Clip:
    config = ClipConfig(height=SIZE, width=SIZE, length=20, shadow=0.0, texture_size=64)
    return sample_clip(config, batch=3, times=TIMES, generator=torch.Generator().manual_seed(7))


def warp(image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """The image [B, 3, H, W] read at p + flow [B, 2, H, W] for every pixel p."""
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([(x + flow[:, 0]) * 2 / (width - 1) - 1, (y + flow[:, 1]) * 2 / (height - 1) - 1], -1)
    return grid_sample(image, grid, align_corners=True, padding_mode="border")


def test_shapes_and_ranges():
    clip = moving_people()
    assert clip.images.shape == (3, 3, 3, SIZE, SIZE)
    assert clip.mask.shape == (3, 3, 1, SIZE, SIZE)
    assert clip.images.abs().max() <= 1
    assert clip.mask.min() >= 0
    assert clip.mask.max() <= 1
    assert clip.coco.shape == clip.h36m.shape == (3, 3, 17, 2)
    assert clip.coco_visible.dtype == torch.bool
    assert clip.parts.dtype == torch.uint8
    assert clip.parts.max() < len(PARTS)
    share = clip.mask.mean((1, 2, 3, 4))
    assert ((share > 0.01) & (share < 0.5)).all()


def test_points_of_hands_and_feet_are_on_them():
    clip = moving_people()
    assert clip.details.shape == (3, 3, len(DETAIL_NAMES), 2)
    assert clip.details_visible.any((0, 1)).all()
    on_hands = on_feet = seen = 0
    for name, place, visible in zip(DETAIL_NAMES, clip.details.unbind(2), clip.details_visible.unbind(2), strict=True):
        side = name[0]
        part = PARTS.index(f"{side}_foot" if "heel" in name or "toe" in name else f"{side}_hand")
        for picture, parts in zip(place[visible].round().long().tolist(), clip.parts[visible], strict=True):
            x, y = picture
            near = parts[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
            seen += 1
            on_hands += bool((near == part).any()) and "foot" not in PARTS[part]
            on_feet += bool((near == part).any()) and "foot" in PARTS[part]
    assert on_hands > 0
    assert on_feet > 0
    assert on_hands + on_feet > 0.9 * seen


def test_depths_of_joints_agree_with_the_surface():
    clip = moving_people()
    for joints, depths in ((clip.coco, clip.coco_depth), (clip.h36m, clip.h36m_depth)):
        x, y = joints.round().long().clamp(0, SIZE - 1).unbind(-1)
        clips, times = torch.arange(3)[:, None, None], torch.arange(3)[None, :, None]
        person = clip.index[clips, times, y, x] >= 0
        surface = -clip.depth[clips, times, y, x] * clip.scene.camera.scale[:, None, None]
        hips = -clip.origin[:, :, [INDEX["r_hip"], INDEX["l_hip"]], 2].mean(2) * clip.scene.camera.scale[:, None]
        behind = (depths - (surface - hips[..., None]))[person]
        assert (behind > -1.5).float().mean() > 0.97, "no joint is in front of the surface"
        assert behind.median() < 0.12 * clip.scene.camera.scale.mean()
    assert clip.h36m_depth[:, :, 0].abs().max() < 1e-4


def test_mask_is_antialiased_and_agrees_with_parts():
    clip = moving_people()
    inside = clip.parts > 0
    assert (clip.mask[:, :, 0][inside] >= 0.25).float().mean() > 0.99
    edge = (clip.mask > 0) & (clip.mask < 1)
    assert 0.002 < edge.float().mean() < 0.2


def test_the_picture_is_the_person_over_the_plate_with_a_shadow():
    config = ClipConfig(height=64, width=64, length=8, shadow=1.0, texture_size=32)
    clip = sample_clip(config, batch=4, times=torch.tensor([[0, 7]] * 4), generator=torch.Generator().manual_seed(5))
    plate = clip.plate[:, None].expand_as(clip.images)
    assert torch.equal(compose(clip.rgba, plate, clip.shadow), clip.images)
    torch.testing.assert_close(clip.rgba[:, :, 3:], clip.mask)
    assert (clip.rgba[:, :, :3].abs() <= clip.mask + 1e-6).all()
    assert (clip.shadow.amax((2, 3, 4)) > 0.05).all()
    assert clip.shadow.min() >= 0
    untouched = (clip.mask == 0) & (clip.shadow < 1e-4)
    assert untouched.float().mean() > 0.3
    difference = (clip.images - plate).abs().amax(2, keepdim=True)
    assert difference[untouched].max() < 1e-3


def test_truncated_people_reach_the_lower_edge_and_keep_their_heads():
    config = ClipConfig(height=64, width=64, length=4, truncated=1.0, texture_size=32)
    times = torch.zeros(8, 1, dtype=torch.long)
    clip = sample_clip(config, batch=8, times=times, generator=torch.Generator().manual_seed(0))
    assert (clip.mask[:, 0, 0, -1].amax(-1) > 0.9).all()
    ankles, nose = clip.coco[:, 0, 15:, 1], clip.coco[:, 0, 0]
    assert (ankles > 63).all()
    assert ((nose >= 0) & (nose < 63)).all()
    knees = clip.coco[:, 0, 13:15, 1].mean(1)
    assert knees.min() < 90 < knees.max(), "people are cut at different heights"


def test_joints_are_on_the_person():
    clip = moving_people()
    pixel = clip.coco.round().long().clamp(0, SIZE - 1)
    batch, step = torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij")
    on_person = clip.mask[batch[..., None], step[..., None], 0, pixel[..., 1], pixel[..., 0]] > 0
    assert on_person[clip.coco_visible].float().mean() > 0.97
    assert 0.3 < clip.coco_visible.float().mean() < 1


def test_flow_to_itself_is_zero():
    flow, visible, person = moving_people().flow(1, 1)
    assert flow.abs().max() < 1e-3
    assert visible[person > 0].mean() > 0.999
    assert visible[person == 0].mean() == 1


@pytest.mark.parametrize(("target", "source"), [(1, 0), (0, 2)])
def test_flow_reproduces_the_target(target, source):
    clip = moving_people()
    flow, visible, person = clip.flow(target, source)
    error = (warp(clip.images[:, source], flow) - clip.images[:, target]).abs().mean(1, keepdim=True)
    copied = (clip.images[:, source] - clip.images[:, target]).abs().mean(1, keepdim=True)
    on_person, behind = (visible * person) > 0, (visible * (1 - person)) > 0
    assert on_person.sum() > 0.5 * person.sum()
    assert error[on_person].median() < 0.07
    assert error[on_person].mean() < 0.6 * copied[on_person].mean()
    assert error[behind].mean() < 0.01
    hidden = (1 - visible) * person > 0
    assert error[hidden].mean() > 1.5 * error[on_person].mean()


def test_flow_follows_the_joints():
    """A visible elbow's neighbourhood moves with the elbow, to a few pixels."""
    clip = moving_people()
    flow, visible, person = clip.flow(2, 0)
    pixel = clip.coco[:, 2].round().long()
    seen = clip.coco_visible[:, 2] & clip.coco_visible[:, 0]
    errors = []
    for b in range(3):
        for joint in (0, 1, 2, 5, 6, 7, 8, 13, 14):
            x, y = pixel[b, joint].clamp(0, SIZE - 1)
            if seen[b, joint] and visible[b, 0, y, x] * person[b, 0, y, x]:
                moved = clip.coco[b, 2, joint] + flow[b, :, y, x]
                errors.append((moved - clip.coco[b, 0, joint]).norm())
    assert len(errors) > 5
    assert torch.stack(errors).median() < 4


def test_same_seed_same_clip_and_chunks_agree():
    config = ClipConfig(height=48, width=64, length=6, texture_size=32)
    scene, again = (sample_scene(config, batch=2, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    complete = render_clip(scene, torch.arange(4)[None].repeat(2, 1))
    part = render_clip(again, torch.tensor([[2, 3]] * 2))
    assert complete.images.shape == (2, 4, 3, 48, 64)
    torch.testing.assert_close(complete.images[:, 2:], part.images, atol=1e-5, rtol=0)


def test_zoom_crops_people():
    config = ClipConfig(height=64, width=64, length=4, zoom=(3.0, 3.0), shift=0.3, texture_size=32)
    times = torch.zeros(4, 1, dtype=torch.long)
    clip = sample_clip(config, batch=4, times=times, generator=torch.Generator().manual_seed(0))
    outside = ((clip.coco < 0) | (clip.coco > 63)).any(-1)
    assert outside.any()
    assert not clip.coco_visible[outside].any()
