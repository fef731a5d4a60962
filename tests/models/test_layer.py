"""People without background over any."""

import torch

from models.layer import compose, premultiply


def test_a_person_covers_the_background_which_their_shadow_darkens() -> None:
    white, colour = torch.ones(1, 3, 1, 4), torch.tensor([0.5, -0.5, 0.0]).view(1, 3, 1, 1).expand(1, 3, 1, 4)
    coverage, shadow = torch.tensor([1.0, 0.5, 0.0, 0.0]).view(1, 1, 1, 4), torch.tensor([0.0, 0.0, 0.25, 1.0])
    made = compose(premultiply(colour, coverage), white, shadow.view(1, 1, 1, 4))
    torch.testing.assert_close(made[0, 0, 0], torch.tensor([0.5, 0.75, 0.5, -1.0]))
    torch.testing.assert_close(made[0, 1, 0], torch.tensor([-0.5, 0.25, 0.5, -1.0]))


def test_coverage_out_of_range_counts_as_all_or_nothing() -> None:
    rgba = premultiply(torch.zeros(1, 3, 1, 2), torch.tensor([1.2, -0.2]).view(1, 1, 1, 2))
    made = compose(rgba, torch.ones(1, 3, 1, 2))
    assert made[0, 0, 0].tolist() == [0.0, 1.0]
