"""Paints of cars: lacquer with stripes and two tones, dark, light, lacquered or open windows, tyres, chrome, lamps.

`cars.add_cars` calls `sample_car_paint`.

Legend: B objects, n = 10 slots of `car_measures`.
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.car_measures import BODY, GLASS, INTERIOR, SECOND, SLOTS
from pipelines.synthetic.objects.paint import Paint, make_paint, strong_colours
from pipelines.synthetic.objects.upholstery import draw_kinds
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.synthetic.rendering.palettes import distinct, from_table, saturated

COLOURS = ((20, 20, 22), (62, 64, 68), (150, 152, 156), (196, 198, 200), (236, 236, 234), (150, 18, 22), (24, 44, 110))
_PATTERNS = {
    "plain": 10,
    "edge": 1.2,
    "band": 1.0,
    "fade": 0.4,
    "panels": 0.25,
    "spots": 0.2,
    "checks": 0.12,
    "streaks": 0.2,
    "mottled": 0.2,
}
_GLOSS = (0.5, 0.5, 0.1, 0.8, 0.0, 0.6, 0.7, 0.4, 0.0, 0.0)


def sample_car_paint(clear: Tensor, topless: Tensor, generator: Generator) -> Paint:
    """Draws paints; clear, topless: [B] bool, whether one sees through the windows, and whether there is no roof."""
    batch = len(clear)
    usual = from_table(COLOURS, pick(generator, (0.8, 1.2, 2, 3, 3, 3, 2), batch))
    usual = usual * (1 + 0.1 * normal(generator, batch, 1))
    body = torch.where(chance(generator, 0.5, batch, 1), usual, strong_colours(batch, generator))
    second = torch.where(chance(generator, 0.5, batch, 1), saturated(batch, generator), usual.flip(0))
    second = torch.where(chance(generator, 0.4, batch, 1), torch.full_like(body, 0.06), distinct(body, second))
    second = torch.where(chance(generator, 0.2, batch, 1), 0.93, second)
    trim = torch.where(chance(generator, 0.6, batch, 1), 0.07, 0.75 * body)
    dark = uniform(generator, batch, 1, low=0.02, high=0.12).expand(-1, 3)
    metal = uniform(generator, batch, 1, low=0.4, high=0.85).expand(-1, 3)
    metal = torch.where(chance(generator, 0.2, batch, 1), 0.15, metal)
    metal = torch.where(chance(generator, 0.06, batch, 1), body, metal)
    lamp = uniform(generator, batch, 1, low=0.6, high=0.95) * torch.tensor([1.0, 1.0, 0.97])
    lamp = torch.where(chance(generator, 0.15, batch, 1), body * 0.8, lamp)
    red = torch.tensor([0.55, 0.04, 0.05]) * uniform(generator, batch, 1, low=0.7, high=1.5)
    red = red + uniform(generator, batch, 1, high=0.4) * chance(generator, 0.3, batch, 1)
    plate = torch.tensor([0.88, 0.88, 0.84]).expand(batch, 3)
    interior = uniform(generator, batch, 1, low=0.05, high=0.6) * torch.tensor([1.0, 0.96, 0.9])
    interior = torch.where(chance(generator, 0.15, batch, 1), strong_colours(batch, generator), interior)
    colour = torch.stack(
        [body, second, trim, _sample_glass(body, generator), dark, metal, lamp, red, plate, interior], 1
    )
    gloss = torch.tensor(_GLOSS) * uniform(generator, batch, 1, high=1.4)
    shown = torch.zeros(batch, len(SLOTS), dtype=torch.bool)
    absent, two_sided = shown.clone(), shown
    absent[:, GLASS] = clear
    two_sided[:, [BODY, SECOND, INTERIOR]] = (clear | topless)[:, None]
    return make_paint(
        colour, generator, gloss=gloss, absent=absent, two_sided=two_sided, **_sample_figures(colour, generator)
    )


def _sample_glass(body: Tensor, generator: Generator) -> Tensor:
    """Colours [B, 3] of panes: dark, light, bluish or as the body [B, 3]."""
    batch = len(body)
    grey = uniform(generator, batch, 1, low=0.03, high=0.25)
    grey = torch.where(chance(generator, 0.45, batch, 1), uniform(generator, batch, 1, low=0.35, high=0.85), grey)
    tint = uniform(generator, batch, 1, high=0.25) * chance(generator, 0.5, batch, 1)
    glass = grey * (1 + tint * torch.tensor([-1.0, 0.2, 1.0]))
    return torch.where(chance(generator, 0.08, batch, 1), body, glass)


def _sample_figures(colour: Tensor, generator: Generator) -> dict[str, Tensor]:
    """Two tones, stripes along the car or its sides, and rarer figures of the body."""
    batch, count = colour.shape[:2]
    kind = torch.zeros(batch, count, dtype=torch.long)
    kind[:, BODY] = draw_kinds(_PATTERNS, generator, batch)
    other = colour * 0.8
    other[:, BODY] = colour[:, SECOND]
    upright = chance(generator, 0.6, batch)
    axis = torch.where(upright, 2, torch.where(chance(generator, 0.6, batch), 1, 0))
    direction = torch.eye(3)[axis][:, None].expand(-1, count, -1)
    across = uniform(generator, batch, low=0.0, high=0.06) * chance(generator, 0.5, batch)
    offset = torch.where(axis == 1, across, uniform(generator, batch, low=-0.08, high=0.05))
    scale = torch.where(
        axis == 1, uniform(generator, batch, low=15.0, high=40.0), uniform(generator, batch, low=8.0, high=60.0)
    )
    return {
        "kind": kind,
        "second": other,
        "direction": direction,
        "offset": offset[:, None].expand(-1, count),
        "scale": scale[:, None].expand(-1, count),
    }
