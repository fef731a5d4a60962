"""Lights: no surface is black or brighter than white, and shadows take light away."""

import torch
from torch.nn.functional import normalize

from pipelines.synthetic.people.lighting import Material, light_points, sample_lighting

COUNT = 500


def make_material(colour: float, gloss: float = 0.0) -> Material:
    return Material(
        torch.full((COUNT, 3), colour), torch.full((COUNT,), gloss), torch.full((COUNT,), 14.0), torch.zeros(COUNT),
        torch.zeros(COUNT, 3),
    )  # fmt: skip


def test_colours_stay_in_range_and_shadows_darken():
    generator = torch.Generator().manual_seed(0)
    lighting = sample_lighting(COUNT, generator)
    normal = normalize(torch.randn(COUNT, 3, generator=generator), dim=1)
    normal[:, 2].abs_()
    person, lit = torch.arange(COUNT), torch.ones(COUNT)
    bright = light_points(lighting, person, normal, make_material(0.5, gloss=0.1), lit)
    dark = light_points(lighting, person, normal, make_material(0.5, gloss=0.1), 0 * lit)
    assert bright.min() > 0.1
    assert bright.max() <= 1
    assert (dark <= bright + 1e-6).all()
    toward = (normal * lighting.key_way).sum(1) > 0.5
    assert (dark < 0.97 * bright)[toward].float().mean() > 0.85


def test_a_grey_surface_towards_the_lamp_keeps_about_its_colour():
    lighting = sample_lighting(COUNT, torch.Generator().manual_seed(1))
    colour = light_points(lighting, torch.arange(COUNT), lighting.key_way, make_material(0.5), torch.ones(COUNT))
    assert 0.45 < colour.mean() < 0.65
    assert colour.std(0).max() < 0.12
