"""Scenes for the segmentation network: objects, their coverage and their shadows."""

from dataclasses import replace

import torch

from models.turning import Camera
from pipelines.synthetic.objects import render, sample_objects
from pipelines.synthetic.objects.film import Film
from pipelines.synthetic.objects.shadows import render_shadow
from pipelines.training.segmentation.data import Recipe, draw_scenes
from pipelines.training.segmentation.losses import coverage_losses
from pipelines.training.segmentation.validation import measure_overlap

RECIPE = Recipe(size=64)


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_scenes_show_objects_of_all_sizes_in_front_of_places() -> None:
    scenes = draw_scenes(RECIPE, 13, generator())
    assert scenes.image.shape == (13, 3, 64, 64)
    assert scenes.coverage.shape == (13, 1, 64, 64)
    assert scenes.image.abs().max() <= 1
    assert ((scenes.coverage >= 0) & (scenes.coverage <= 1)).all()
    share = scenes.coverage.mean((1, 2, 3))
    assert share.min() > 0.002
    assert share.max() > 3 * share.min()
    again, other = draw_scenes(RECIPE, 13, generator()), draw_scenes(RECIPE, 13, generator(2))
    assert torch.equal(again.image, scenes.image)
    assert not torch.equal(other.image, scenes.image)


def test_the_coverage_is_where_the_picture_is_the_object() -> None:
    """Pictures that differ only in their floor differ beside the object alone, and next to it they do."""
    plain = Recipe(size=64, worn=0.0, beside=0.0, ground=0.0)
    with_ground = replace(plain, ground=1.0)
    one, other = (draw_scenes(recipe, 10, generator()) for recipe in (plain, with_ground))
    assert torch.equal(one.coverage, other.coverage)
    changed = (one.image - other.image).abs().amax(1, keepdim=True) > 0.02
    assert changed[one.coverage < 0.5].float().mean() > 0.2
    ratio = one.image.add(1).mean(1, keepdim=True) / other.image.add(1).mean(1, keepdim=True).clamp(min=0.02)
    inside = one.coverage > 0.99
    for number in range(10):  # the light on the object follows the place, but its figure stays
        values = ratio[number][inside[number]]
        assert values.numel() > 10
        assert values.std() < 0.35 * values.mean()


def test_shadows_lie_on_the_ground_on_the_side_away_from_the_lamp() -> None:
    objects = sample_objects(category="chair", batch=6, generator=generator(3), styles=["dining", "office"])
    objects = replace(objects, film=Film.plain(6, torch.device("cpu")))
    camera = Camera.usual(torch.zeros(6), torch.full((6,), 20.0))
    for sign in (1.0, -1.0):  # to the object's left, which is on the right of the picture from the front
        lamp = torch.tensor([0.0, sign, 1.0]).expand(6, 3)
        dark = render_shadow(objects, camera, lamp, size=96)
        column = torch.arange(96.0)
        place = (dark[:, 0].sum(1) * column).sum(1) / dark[:, 0].sum((1, 2))
        assert (sign * (place - 47.5) < -2).all()
    mask = render(objects, camera[:, None], size=96).mask[:, 0]
    below = render_shadow(objects, camera, torch.tensor([0.0, 0.0, 1.0]).expand(6, 3), size=96)
    rows = torch.arange(96.0)[:, None]
    middles = [(each[:, 0] * rows).sum((1, 2)) / each[:, 0].sum((1, 2)) for each in (below, mask)]
    assert (middles[0] > middles[1] + 5).all()


def test_losses_fall_as_masks_get_better_and_count_edges_more() -> None:
    true = torch.zeros(1, 1, 64, 64)
    true[..., 16:48, 16:48] = 1
    good, poor = 8 * (true - 0.5), 2 * (true - 0.5)
    better, worse = (sum(coverage_losses(RECIPE, logits, true).values()) for logits in (good, poor))
    assert better < 0.5 * worse
    edge, middle = good.clone(), good.clone()
    edge[..., 46:48, 16:48] *= -1
    middle[..., 31:33, 16:48] *= -1
    at_edge, inside = (coverage_losses(RECIPE, logits, true)["pixels"] for logits in (edge, middle))
    assert at_edge > 1.3 * inside


def test_overlap() -> None:
    one, other = torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 8, 8)
    one[..., :4], other[..., 2:6] = 1, 1
    other[1] = one[1]
    assert torch.allclose(measure_overlap(one, other), torch.tensor([1 / 3, 1.0]))
