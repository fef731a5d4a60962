"""Training data of the view-synthesis generator."""

from typing import Any

import pytest
import torch

from models.errors import InputError
from models.ops.sampling import warp
from models.turning import Camera, rigid_flow
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.view_synthesis.data import UNKNOWN, Recipe, draw_pairs


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("category", ["car", "chair"])
def test_the_true_flow_copies_the_target_from_the_source_and_from_its_mirror_image(category: str) -> None:
    sample = draw_pairs(Recipe(category=category, size=96, views=2, soft=0, unknown=0, compressed=0), 12, seeded(4))
    inputs, truth = sample.inputs, sample.truth
    for image, flow, visible in (
        (inputs.image, truth.flow, truth.visible),
        (inputs.image.flip(-1), truth.flow_mirrored, truth.visible_mirrored),
    ):
        error = (warp(image, flow) - truth.image).abs().mean(1, keepdim=True) * visible
        beside = (truth.image - image).abs().mean(1, keepdim=True) * visible
        assert visible.mean() > 0.01
        assert (visible > (truth.mask > 0)).float().mean() < 0.01  # small pictures end a little beside what they show
        assert error.sum() < 0.5 * beside.sum()


@pytest.mark.parametrize("nearness", [(0.9, 0.9), (0.0, 0.0), (0.76, 0.0), (0.3, 0.6)])
def test_the_rigid_flow_of_the_true_depth_is_the_true_flow(nearness: tuple[float, float]) -> None:
    """Of perspective and orthographic cameras, and from one to the other."""
    objects = sample_objects(category="all", batch=4, generator=seeded(2))
    values = torch.tensor([[20.0, 75.0], [-10, 35], nearness, [0.7, 0.8]])
    camera = Camera(*values[:, None].expand(-1, 4, -1))
    views = render(objects, camera, size=96)
    source, target = (camera[:, view] for view in range(2))
    for other, mirrored in ((source, False), (source.mirror(), True)):
        flow, _, on_object = views.flow(1, 0, mirrored=mirrored)
        found = rigid_flow(views.depth(1), target, other)
        assert on_object.sum() > 1000
        assert ((found - flow).abs() * on_object).max() < 0.05


def test_cameras_are_given_with_an_error_and_some_samples_are_soft() -> None:
    exact: dict[str, Any] = {"azimuth_noise": 0, "elevation_noise": 0, "nearness_noise": 0, "scale_noise": 0}
    sharp = draw_pairs(Recipe(size=64, views=2, soft=0, **exact), 8, seeded())
    other = draw_pairs(Recipe(size=64, views=2, soft=1), 8, seeded())
    cameras = [[Camera.unstack(given) for given in (each.inputs.source, each.inputs.target)] for each in (sharp, other)]
    assert torch.equal(cameras[0][1].azimuth, cameras[1][1].azimuth)
    for name, largest in (("azimuth", 12), ("elevation", 8), ("nearness", 0.3), ("scale", 0.2)):
        source, target = (getattr(cameras[1][view], name) - getattr(cameras[0][view], name) for view in range(2))
        assert 0 < source.abs().max() < largest
        if name in ("azimuth", "elevation"):
            assert torch.allclose(target, source if name == "elevation" else torch.zeros_like(target), atol=1e-5)
    changes = [(each.truth.image[..., 1:] - each.truth.image[..., :-1]).abs().mean() for each in (sharp, other)]
    assert changes[1] < 0.9 * changes[0]
    assert [len(part.inputs.image) for part in sharp.chunks(3)] == [3, 3, 2]


def test_azimuths_of_unknown_kinds_count_from_the_source() -> None:
    exact: dict[str, Any] = {"azimuth_noise": 0, "soft": 0, "category": "all"}
    known, unknown = (draw_pairs(Recipe(size=64, views=2, unknown=share, **exact), 8, seeded()) for share in (0, 1))
    assert (known.inputs.kind != UNKNOWN).all()
    assert (unknown.inputs.kind == UNKNOWN).all()
    turns = [each.inputs.target[:, 0] - each.inputs.source[:, 0] for each in (known, unknown)]
    torch.testing.assert_close(turns[1], turns[0], atol=1e-4, rtol=0)
    assert not unknown.inputs.source[:, 0].any()
    assert known.truth.visible_mirrored.any()
    assert not unknown.truth.visible_mirrored.any()
    assert torch.equal(unknown.truth.visible, known.truth.visible)


def test_coloured_backgrounds_show_beside_the_object_only() -> None:
    truth = draw_pairs(Recipe(size=64, views=2, soft=0, coloured=1.0), 4, seeded(3)).truth
    on_background = truth.on_background()
    assert (truth.background != 1).any()
    beside, inside = (truth.mask == 0).expand_as(truth.image), (truth.mask == 1).expand_as(truth.image)
    assert torch.equal(on_background[beside], truth.background.expand_as(truth.image)[beside])
    assert torch.equal(on_background[inside], truth.image[inside])


def test_a_batch_of_incomplete_objects_is_refused() -> None:
    with pytest.raises(InputError, match="multiple of the 6 pairs"):
        draw_pairs(Recipe(size=64, views=3), 4, seeded())


def test_sources_are_compressed_but_not_their_targets() -> None:
    plain, worn = (draw_pairs(Recipe(size=64, views=2, compressed=share), 6, seeded()) for share in (0, 1))
    assert torch.equal(plain.truth.image, worn.truth.image)
    changed = (plain.inputs.image - worn.inputs.image).abs().amax((1, 2, 3))
    assert (changed > 0.01).sum() >= 3
    assert changed.max() < 1.5
    assert worn.inputs.image.abs().max() <= 1
