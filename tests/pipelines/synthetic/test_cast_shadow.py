"""Shadows along the floor begin at the feet and go to the side that the light doesn't come from."""

import torch
from torch.nn.functional import normalize

from pipelines.synthetic.cast_shadow import cast_shadow

SIZE, GROUND = 64, 50


def cast_pole(way: tuple[float, float, float], *, strength: float = 0.5, tilt: float = 0.3) -> torch.Tensor:
    """The shadow [H, W] of a pole in the middle of the picture, 40 pixels high."""
    mask = torch.zeros(1, 1, SIZE, SIZE)
    mask[:, :, GROUND - 40 : GROUND, 30:34] = 1
    toward = normalize(torch.tensor([way]), dim=1)
    return cast_shadow(mask, torch.tensor([float(GROUND)]), toward, torch.tensor([tilt]), torch.tensor([strength]))[
        0, 0
    ]


def test_it_falls_away_from_the_light():
    dark = cast_pole((1.0, 1.0, 1.0))
    columns = dark.sum(0)
    assert columns[:30].sum() > 5 * columns[34:].sum() > 0
    assert torch.allclose(cast_pole((-1.0, 1.0, 1.0)).flip(1), dark, atol=1e-5)


def test_it_begins_at_the_feet_and_lies_behind_them():
    dark = cast_pole((0.5, 1.0, 1.0))
    assert dark[GROUND + 1 :].max() == 0
    assert dark[GROUND - 2, 28:36].max() > 0.2
    rows = dark.amax(1).nonzero()
    assert GROUND - rows.min() < 0.3 * 40 + 6, "a metre of floor takes less of the picture than a metre upwards"


def test_its_strength_is_in_range():
    assert cast_pole((0.4, 0.5, 1.0), strength=0.0).max() == 0
    dark = cast_pole((0.4, 0.02, 1.0), strength=0.6)
    assert dark.min() >= 0
    assert dark.max() <= 0.6
