"""Light of objects."""

import torch

from pipelines.synthetic.objects.light import LAMPS, light_points, sample_light

OBJECTS = 60


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(2)


def test_surfaces_that_face_the_first_lamp_are_brighter():
    light = sample_light(OBJECTS, generator())
    colour, gloss = torch.full((OBJECTS, 3), 0.5), torch.zeros(OBJECTS)
    towards = torch.tensor([0.0, 1.0, 0.0]).expand(OBJECTS, 3)
    bright, dark = (
        light_points(colour, gloss, light, torch.arange(OBJECTS), normal, towards)
        for normal in (light.lamp[:, 0], -light.lamp[:, 0])
    )
    lit = light.strength[:, 0] > 0
    assert 0.5 < lit.float().mean() < 1
    assert (bright >= dark)[lit].all()
    assert (bright > dark + 0.04)[lit].float().mean() > 0.9
    assert bright.max() <= 1
    assert dark.min() >= 0


def test_looks_differ():
    light = sample_light(OBJECTS, generator())
    assert light.lamp.shape == (OBJECTS, LAMPS, 3)
    assert torch.allclose(light.lamp.norm(dim=-1), torch.ones(OBJECTS, LAMPS), atol=1e-5)
    even = (light.lamp[:, 0, 1] == 0).float().mean()
    assert 0.2 < even < 0.7  # both sides alike
    assert light.flat.any()
    assert not light.flat.all()
    assert (light.headlight > 0.3).any()


def test_highlights_follow_the_camera_only_on_glossy_paint():
    light = sample_light(OBJECTS, generator())
    colour = torch.full((OBJECTS, 3), 0.3)
    normal = light.lamp[:, 0]
    towards = normal
    row = torch.arange(OBJECTS)
    matte, glossy = (light_points(colour, torch.full((OBJECTS,), g), light, row, normal, towards) for g in (0.0, 1.0))
    shiny = light.reflection * light.strength[:, 0] > 0.05
    assert shiny.any()
    assert (glossy > matte + 0.03)[shiny].all()
