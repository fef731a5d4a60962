"""Socks reach as far up as the outfit says, tights cover the legs, gloves the hands."""

import torch

from pipelines.synthetic.people.body_bones import PARTS
from pipelines.synthetic.people.hosiery import Hosiery, cover_skin


def cover(part: str, v: float, *, length: float = 0.0, tights: float = 0.0, gloves: float = 0.0) -> float:
    hosiery = Hosiery(
        torch.ones(1, 3), torch.tensor([length]), torch.tensor([tights]), torch.tensor([gloves]), torch.zeros(1, 3)
    )
    opacity, _ = cover_skin(hosiery, torch.tensor([0]), torch.tensor([PARTS.index(part)]), torch.tensor([v]))
    return float(opacity)


def test_socks_cover_the_foot_and_the_shin_from_below():
    assert cover("r_foot", 1.0, length=0.3) == 1
    assert cover("l_shin", 0.8, length=0.3) == 1
    assert cover("l_shin", 0.6, length=0.3) == 0
    assert cover("l_thigh", 0.9, length=0.3) == 0
    assert cover("r_foot", 1.0) == 0


def test_skin_shines_through_tights():
    for part in ("l_thigh", "r_shin", "l_foot"):
        assert 0.5 < cover(part, 0.5, length=1.0, tights=1.0) < 1
    assert cover("torso", 0.5, length=1.0, tights=1.0) == 0


def test_gloves_cover_hands_alone():
    assert cover("l_hand", 1.0, gloves=1.0) == 1
    assert cover("l_forearm", 1.0, gloves=1.0) == 0
    assert cover("r_hand", 1.0) == 0
