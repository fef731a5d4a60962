import functools

import pytest
import torch
from torch.nn.functional import grid_sample

from pipelines.synthetic.clips import Clip, ClipConfig, sample_clip, sample_scene
from pipelines.synthetic.people.primitives import PARTS

SIZE = 128
TIMES = torch.tensor([[0, 4, 12]] * 3)


@functools.cache
def clip() -> Clip:
    config = ClipConfig(height=SIZE, width=SIZE, length=20, shadow=0.0, texture_size=64)
    return sample_clip(config, batch=3, times=TIMES, generator=torch.Generator().manual_seed(7))


def warped(image: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([(x + flow[:, 0]) * 2 / (width - 1) - 1, (y + flow[:, 1]) * 2 / (height - 1) - 1], -1)
    return grid_sample(image, grid, align_corners=True, padding_mode="border")


def test_shapes_and_ranges():
    c = clip()
    assert c.images.shape == (3, 3, 3, SIZE, SIZE)
    assert c.mask.shape == (3, 3, 1, SIZE, SIZE)
    assert c.images.abs().max() <= 1
    assert c.mask.min() >= 0
    assert c.mask.max() <= 1
    assert c.coco.shape == c.h36m.shape == (3, 3, 17, 2)
    assert c.coco_visible.dtype == torch.bool
    assert c.parts.dtype == torch.uint8
    assert c.parts.max() < len(PARTS)
    share = c.mask.mean((1, 2, 3, 4))
    assert ((share > 0.01) & (share < 0.5)).all()


def test_mask_is_antialiased_and_agrees_with_parts():
    c = clip()
    inside = c.parts > 0
    assert (c.mask[:, :, 0][inside] >= 0.25).float().mean() > 0.99
    edge = (c.mask > 0) & (c.mask < 1)
    assert 0.002 < edge.float().mean() < 0.2


def test_joints_lie_on_the_person():
    c = clip()
    pixel = c.coco.round().long().clamp(0, SIZE - 1)
    batch, step = torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij")
    on_person = c.mask[batch[..., None], step[..., None], 0, pixel[..., 1], pixel[..., 0]] > 0
    assert on_person[c.coco_visible].float().mean() > 0.97
    assert 0.3 < c.coco_visible.float().mean() < 1


def test_flow_to_itself_is_zero():
    flow, visible, person = clip().flow(1, 1)
    assert flow.abs().max() < 1e-3
    assert visible[person > 0].mean() > 0.999
    assert visible[person == 0].mean() == 1


@pytest.mark.parametrize(("target", "source"), [(1, 0), (0, 2)])
def test_flow_reproduces_the_target(target, source):
    c = clip()
    flow, visible, person = c.flow(target, source)
    error = (warped(c.images[:, source], flow) - c.images[:, target]).abs().mean(1, keepdim=True)
    copied = (c.images[:, source] - c.images[:, target]).abs().mean(1, keepdim=True)
    on_person, behind = (visible * person) > 0, (visible * (1 - person)) > 0
    assert on_person.sum() > 0.5 * person.sum()
    assert error[on_person].median() < 0.07
    assert error[on_person].mean() < 0.6 * copied[on_person].mean()
    assert error[behind].mean() < 0.01
    hidden = (1 - visible) * person > 0
    assert error[hidden].mean() > 1.5 * error[on_person].mean()


def test_flow_follows_the_joints():
    """A visible elbow's neighbourhood moves with the elbow, to a few pixels."""
    c = clip()
    flow, visible, person = c.flow(2, 0)
    pixel = c.coco[:, 2].round().long()
    seen = c.coco_visible[:, 2] & c.coco_visible[:, 0]
    errors = []
    for b in range(3):
        for joint in (0, 1, 2, 5, 6, 7, 8, 13, 14):
            x, y = pixel[b, joint].clamp(0, SIZE - 1)
            if seen[b, joint] and visible[b, 0, y, x] * person[b, 0, y, x]:
                moved = c.coco[b, 2, joint] + flow[b, :, y, x]
                errors.append((moved - c.coco[b, 0, joint]).norm())
    assert len(errors) > 5
    assert torch.stack(errors).median() < 4


def test_same_seed_same_clip_and_chunks_agree():
    config = ClipConfig(height=48, width=64, length=6, texture_size=32)
    scene, again = (sample_scene(config, batch=2, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    whole = scene.render(torch.arange(4)[None].repeat(2, 1))
    part = again.render(torch.tensor([[2, 3]] * 2))
    assert whole.images.shape == (2, 4, 3, 48, 64)
    torch.testing.assert_close(whole.images[:, 2:], part.images, atol=1e-5, rtol=0)


def test_zoom_truncates():
    config = ClipConfig(height=64, width=64, length=4, zoom=(3.0, 3.0), shift=0.3, texture_size=32)
    times = torch.zeros(4, 1, dtype=torch.long)
    c = sample_clip(config, batch=4, times=times, generator=torch.Generator().manual_seed(0))
    outside = ((c.coco < 0) | (c.coco > 63)).any(-1)
    assert outside.any()
    assert not c.coco_visible[outside].any()
