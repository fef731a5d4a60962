"""Bodies of rendered people: sizes, sides and parts."""

import torch

from pipelines.synthetic.people.body import sample_people
from pipelines.synthetic.people.primitives import PARTS, rest_origins
from pipelines.synthetic.people.skeleton import FRAMES, INDEX, sample_proportions
from pipelines.synthetic.people.textures import SLOTS
from pipelines.synthetic.rendering.raycast import place


def at_rest(batch: int = 16):
    generator = torch.Generator().manual_seed(1)
    proportions = sample_proportions(batch, generator)
    people = sample_people(batch, generator, proportions)
    origin = rest_origins(proportions)[:, None]
    rotation = torch.eye(3).expand(batch, 1, len(FRAMES), 3, 3)
    return proportions, people, place(people.primitives, rotation, origin), origin[:, 0]


def test_people_fit_their_skeleton():
    proportions, _, placed, origin = at_rest()
    low, high = placed.bounds[..., :2].amin(1), placed.bounds[..., 2:].amax(1)
    tall = (high - low)[:, 1] / proportions.height
    assert ((tall > 0.95) & (tall < 1.15)).all()
    wide = (high - low)[:, 0] / proportions.height
    assert ((wide > 0.22) & (wide < 0.5)).all()
    ground = origin[:, INDEX["r_ankle"], 1] - proportions.foot / 4
    assert ((low[:, 1] - ground).abs() < 0.04).all()


def test_tables_are_complete_and_varied():
    _, people, placed, _ = at_rest()
    count = len(people.part)
    assert 50 <= count <= 100
    assert people.slot.shape == (count,)
    assert people.chart.shape == (16, count, 3, 4)
    assert set(people.part.tolist()) == set(range(1, len(PARTS)))
    assert people.slot.max() < len(SLOTS)
    present = people.primitives.clip[..., 3] > -0.99
    assert present.all(0).sum() > 30
    assert (~present).any(0).sum() > 10
    assert torch.isfinite(placed.parameters).all()


def test_left_and_right_mirror():
    _, people, placed, _ = at_rest(2)
    bounds = placed.bounds.view(2, -1, 4)
    for name in ("thigh", "forearm", "foot"):
        right, left = (bounds[:, people.part == PARTS.index(f"{side}_{name}")] for side in "rl")
        torch.testing.assert_close(right[..., 0], -left[..., 2], atol=1e-4, rtol=0)


def test_same_seed_same_people():
    first, second = at_rest(3)[1], at_rest(3)[1]
    assert torch.equal(first.primitives.linear, second.primitives.linear)
    assert torch.equal(first.chart, second.chart)
