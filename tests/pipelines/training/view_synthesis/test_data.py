"""Training data of the view-synthesis generator."""

import pytest
import torch

from models.errors import InputError
from models.ops.sampling import warp
from models.turning import Camera, rigid_flow
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.view_synthesis.data import Recipe, draw_pairs


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("category", ["car", "chair"])
def test_the_true_flow_copies_the_target_from_the_source_and_from_its_mirror_image(category: str) -> None:
    sample = draw_pairs(Recipe(category=category, size=96, views=2, soft=0, azimuth_noise=0), 12, seeded(4))
    inputs, truth = sample.inputs, sample.truth
    for image, flow, visible in (
        (inputs.image, truth.flow, truth.visible),
        (inputs.image.flip(-1), truth.flow_mirrored, truth.visible_mirrored),
    ):
        error = (warp(image, flow) - truth.image).abs().mean(1, keepdim=True) * visible
        beside = (truth.image - image).abs().mean(1, keepdim=True) * visible
        assert visible.mean() > 0.01
        assert (visible <= (truth.mask > 0)).all()
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


def test_the_sources_azimuth_has_an_error_and_some_samples_are_soft() -> None:
    sharp = draw_pairs(Recipe(size=64, views=2, soft=0, azimuth_noise=0), 8, seeded())
    other = draw_pairs(Recipe(size=64, views=2, soft=1, azimuth_noise=5), 8, seeded())
    assert torch.equal(sharp.inputs.target_azimuth, other.inputs.target_azimuth)
    assert 0.2 < (sharp.inputs.azimuth - other.inputs.azimuth).abs().max() < 20
    changes = [(each.truth.image[..., 1:] - each.truth.image[..., :-1]).abs().mean() for each in (sharp, other)]
    assert changes[1] < 0.9 * changes[0]
    assert [len(part.inputs.image) for part in sharp.chunks(3)] == [3, 3, 2]


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
