"""Clips of people with real bodies: points, masks, parts and flow agree with the pixels."""

import functools

import pytest
import torch
from torch.nn.functional import grid_sample, max_pool2d

from models.joints import DETAIL_NAMES, DETAIL_POINTS
from models.layer import compose
from pipelines.synthetic import clips
from pipelines.synthetic.clips import PARTS, Clip, ClipConfig, render_clip, sample_clip
from pipelines.synthetic.people.skeleton import INDEX
from pipelines.synthetic.scene import sample_scene

SIZE = 128
PEOPLE = 4
TIMES = torch.tensor([[0, 4, 12]] * PEOPLE)


@functools.cache
def moving_people() -> Clip:
    config = ClipConfig(height=SIZE, width=SIZE, length=20, shadow=0.0, texture_size=64)
    return sample_clip(config, batch=PEOPLE, times=TIMES, generator=torch.Generator().manual_seed(7))


def warp(image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """The image [B, 3, H, W] read at p + flow [B, 2, H, W] for every pixel p."""
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([(x + flow[:, 0]) * 2 / (width - 1) - 1, (y + flow[:, 1]) * 2 / (height - 1) - 1], -1)
    return grid_sample(image, grid, align_corners=True, padding_mode="border")


def covers(clip: Clip, points: torch.Tensor, reach: int = 0, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Whether the person, or a mask [B, T, 1, H, W] in its place, is within `reach` pixels of points [B, T, K, 2]:
    [B, T, K] bool."""
    mask = clip.mask if mask is None else mask.float()
    grown = max_pool2d(mask.flatten(0, 1), 2 * reach + 1, 1, reach).view_as(mask)
    pixel = points.round().long().clamp(0, SIZE - 1)
    batch, step = torch.meshgrid(torch.arange(PEOPLE), torch.arange(3), indexing="ij")
    return grown[batch[..., None], step[..., None], 0, pixel[..., 1], pixel[..., 0]] > 0


def test_shapes_and_ranges():
    clip = moving_people()
    assert clip.images.shape == (PEOPLE, 3, 3, SIZE, SIZE)
    assert clip.mask.shape == clip.shadow.shape == (PEOPLE, 3, 1, SIZE, SIZE)
    assert clip.images.abs().max() <= 1
    assert clip.mask.min() >= 0
    assert clip.mask.max() <= 1
    assert clip.coco.shape == clip.h36m.shape == (PEOPLE, 3, 17, 2)
    assert clip.coco_depth.shape == clip.h36m_depth.shape == clip.coco_visible.shape == (PEOPLE, 3, 17)
    assert clip.hands.shape == (PEOPLE, 3, 2, 21, 2)
    assert clip.feet.shape == (PEOPLE, 3, 4, 2)
    assert clip.face.shape == (PEOPLE, 3, 68, 2)
    for visible in (clip.coco_visible, clip.hands_visible, clip.feet_visible, clip.face_visible):
        assert visible.dtype == torch.bool
        assert 0.1 < visible.float().mean() < 1
    assert clip.parts.dtype == torch.uint8
    assert len(clip.parts.unique()) > 10
    assert ((clip.mask.mean((1, 2, 3, 4)) > 0.01) & (clip.mask.mean((1, 2, 3, 4)) < 0.5)).all()


def test_mask_is_antialiased_and_agrees_with_parts():
    clip = moving_people()
    assert (clip.mask[:, :, 0][clip.parts > 0] >= 0.25).float().mean() > 0.99
    edge = (clip.mask > 0) & (clip.mask < 1)
    assert 0.002 < edge.float().mean() < 0.2
    assert torch.equal(clip.parts > 0, clip.index >= 0)
    assert torch.equal(clip.depth > -torch.inf, clip.index >= 0)


def test_the_picture_is_the_person_over_the_plate_with_a_shadow():
    config = ClipConfig(height=64, width=64, length=8, shadow=1.0, texture_size=32)
    clip = sample_clip(config, batch=4, times=torch.tensor([[0, 7]] * 4), generator=torch.Generator().manual_seed(5))
    plate = clip.plate[:, None].expand_as(clip.images)
    assert torch.equal(compose(clip.rgba, plate, clip.shadow), clip.images)
    torch.testing.assert_close(clip.rgba[:, :, 3:], clip.mask)
    assert (clip.rgba[:, :, :3].abs() <= clip.mask + 1e-6).all()
    assert (clip.shadow.amax((2, 3, 4)) > 0.05).all()
    untouched = (clip.mask == 0) & (clip.shadow < 1e-4)
    assert (clip.images - plate).abs().amax(2, keepdim=True)[untouched].max() < 1e-3


def test_points_are_on_the_person():
    clip = moving_people()
    assert covers(clip, clip.coco)[clip.coco_visible].float().mean() > 0.98
    assert covers(clip, clip.feet.flatten(3))[clip.feet_visible].float().mean() > 0.9
    hands = clip.hands.flatten(2, 3)
    assert covers(clip, hands, 1)[clip.hands_visible.flatten(2)].float().mean() > 0.98
    assert covers(clip, clip.face, 1)[clip.face_visible].float().mean() > 0.98


def test_points_of_the_face_are_on_the_head():
    clip = moving_people()
    head = (clip.parts == PARTS.index("head")) | (clip.parts == PARTS.index("hair"))
    assert covers(clip, clip.face, 1, head[:, :, None])[clip.face_visible].float().mean() > 0.95


def test_details_are_the_points_of_hands_and_feet():
    clip = moving_people()
    assert clip.details.shape[2] == DETAIL_POINTS
    named = dict(zip(DETAIL_NAMES, clip.details.unbind(2)[: len(DETAIL_NAMES)], strict=True))
    right, left = clip.hands.unbind(2)
    assert torch.equal(clip.details[:, :, len(DETAIL_NAMES) :], torch.cat([left, right], 2))
    assert torch.equal(named["left_middle_tip"], clip.hands[:, :, 1, 12])
    assert torch.equal(named["right_index_base"], clip.hands[:, :, 0, 5])
    assert torch.equal(named["right_big_toe"], clip.feet[:, :, 1])
    wrist = clip.coco[:, :, 9]
    assert ((named["left_middle_tip"] - wrist).norm(dim=-1) < 0.25 * SIZE).all()
    assert clip.details_visible.shape == clip.details.shape[:3]


def test_nearer_joints_have_less_depth():
    clip = moving_people()
    hips = (clip.coco_depth[..., 11] + clip.coco_depth[..., 12]) / 2
    assert hips.abs().max() < 0.02 * SIZE
    gap = clip.coco_depth[..., 9] - clip.coco_depth[..., 10]  # left wrist behind the right one
    seen = clip.coco_visible[..., 9] & clip.coco_visible[..., 10]
    pixel = clip.coco[..., 9:11, :].round().long().clamp(0, SIZE - 1)
    batch, step = torch.meshgrid(torch.arange(PEOPLE), torch.arange(3), indexing="ij")
    z = clip.depth[batch[..., None], step[..., None], pixel[..., 1], pixel[..., 0]]
    measured = (z[..., 1] - z[..., 0]) * clip.scene.camera.scale[:, None]
    known = seen & measured.isfinite()
    assert known.any()
    assert (gap - measured)[known].abs().median() < 0.05 * SIZE


def test_flow_to_itself_is_zero():
    flow, visible, person = moving_people().flow(1, 1)
    assert flow.abs().max() < 1e-3
    assert visible[person > 0].mean() > 0.998
    assert visible[person == 0].mean() > 0.97


@pytest.mark.parametrize(("target", "source"), [(1, 0), (0, 2)])
def test_flow_reproduces_the_target(target, source):
    clip = moving_people()
    flow, visible, person = clip.flow(target, source)
    error = (warp(clip.images[:, source], flow) - clip.images[:, target]).abs().mean(1, keepdim=True)
    copied = (clip.images[:, source] - clip.images[:, target]).abs().mean(1, keepdim=True)
    on_person, behind = (visible * person) > 0, (visible * (1 - person)) > 0
    assert on_person.sum() > 0.5 * person.sum()
    assert error[on_person].median() < 0.5 * copied[on_person].median()
    assert error[on_person].mean() < 0.6 * copied[on_person].mean()
    assert error[behind].mean() < 0.02
    hidden = (1 - visible) * person > 0
    assert error[hidden].mean() > 1.5 * error[on_person].mean()


def test_flow_follows_the_joints():
    """What is drawn at a visible joint moves with it, to a few pixels."""
    clip = moving_people()
    flow, visible, person = clip.flow(2, 0)
    pixel = clip.coco[:, 2].round().long()
    seen = clip.coco_visible[:, 2] & clip.coco_visible[:, 0]
    errors = []
    for b in range(PEOPLE):
        for joint in (0, 1, 2, 5, 6, 7, 8, 13, 14):
            x, y = pixel[b, joint].clamp(0, SIZE - 1)
            if seen[b, joint] and visible[b, 0, y, x] * person[b, 0, y, x]:
                moved = clip.coco[b, 2, joint] + flow[b, :, y, x]
                errors.append((moved - clip.coco[b, 0, joint]).norm())
    assert len(errors) > 5
    assert torch.stack(errors).median() < 4


def test_same_seed_same_clip_and_parts_of_it_agree():
    config = ClipConfig(height=48, width=64, length=6, texture_size=32)
    scene, again = (sample_scene(config, batch=2, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    complete = render_clip(scene, torch.arange(4)[None].repeat(2, 1))
    part = render_clip(again, torch.tensor([[2, 3]] * 2))
    assert complete.images.shape == (2, 4, 3, 48, 64)
    torch.testing.assert_close(complete.images[:, 2:], part.images, atol=1e-4, rtol=0)


def test_chunks_change_nothing(monkeypatch):
    config = ClipConfig(height=48, width=48, length=6, texture_size=32)
    scene = sample_scene(config, batch=2, generator=torch.Generator().manual_seed(4))
    times = torch.tensor([[0, 3, 5]] * 2)
    complete = render_clip(scene, times)
    monkeypatch.setitem(clips._SAMPLES_AT_ONCE, "cpu", 2 * (48 * 2) ** 2)
    torch.testing.assert_close(render_clip(scene, times).images, complete.images, atol=1e-5, rtol=0)


def test_truncated_people_reach_the_lower_edge_and_keep_their_heads():
    config = ClipConfig(height=64, width=64, length=4, truncated=1.0, texture_size=32)
    times = torch.zeros(8, 1, dtype=torch.long)
    clip = sample_clip(config, batch=8, times=times, generator=torch.Generator().manual_seed(0))
    assert (clip.mask[:, 0, 0, -1].amax(-1) > 0.9).all()
    nose = clip.coco[:, 0, 0]
    assert ((nose >= 0) & (nose < 63)).all()
    outside = ((clip.feet < 0) | (clip.feet > 63)).any(-1)
    assert outside.all()
    assert not clip.feet_visible[outside].any()


def test_zoom_crops_people():
    config = ClipConfig(height=64, width=64, length=4, zoom=(3.0, 3.0), shift=0.3, texture_size=32)
    times = torch.zeros(4, 1, dtype=torch.long)
    clip = sample_clip(config, batch=4, times=times, generator=torch.Generator().manual_seed(0))
    outside = ((clip.coco < -0.5) | (clip.coco > 63.5)).any(-1)
    assert outside.any()
    assert not clip.coco_visible[outside].any()


def test_furniture_hides_people_and_stays_where_it_is():
    config = ClipConfig(height=SIZE, width=SIZE, length=12, furniture=1.0, texture_size=32)
    clip = sample_clip(
        config, batch=PEOPLE, times=TIMES - (TIMES > 11).long(), generator=torch.Generator().manual_seed(5)
    )
    foreground = clip.scene.foreground
    assert foreground is not None
    assert (foreground[:, 3:] > 0.5).flatten(1).any(1).all()
    covered = foreground[:, 3:] > 0.999
    assert covered.float().mean() > 0.03
    stays = covered[:, None].expand(-1, 3, -1, -1, -1)
    assert clip.mask[stays].max() < 1e-3
    assert not clip.parts[stays[:, :, 0]].any()
    assert (clip.images - clip.plate[:, None]).abs()[stays.expand_as(clip.images)].max() < 5e-3
    behind = covers(clip, clip.coco, mask=stays)
    inside = ((clip.coco >= 0) & (clip.coco <= SIZE - 1)).all(-1)
    assert (behind & inside).any()
    assert not clip.coco_visible[behind & inside].any()
    flow, visible, person = clip.flow(1, 0)
    assert not person[covered].any()
    assert not flow[covered.expand(-1, 2, -1, -1)].any()
    assert visible[covered].all()
    composed = compose(clip.rgba, clip.plate[:, None].expand_as(clip.images), clip.shadow)
    opaque = ((foreground[:, 3:] < 0.01) | covered)[:, None].expand_as(clip.images)
    assert (composed - clip.images).abs()[opaque].max() < 0.03


def test_people_cut_by_the_picture_stay_in_it_wherever_they_go():
    config = ClipConfig(height=48, width=48, length=40, truncated=1.0, athletic=1.0, texture_size=32)
    scene = sample_scene(config, batch=12, generator=torch.Generator().manual_seed(6))
    head = scene.camera.project(scene.frames.origin[:, :, INDEX["head"]])  # [B, L, 2]
    assert (head > 0).all()
    assert (head[..., 0] < 47).all()
