"""Paints of furniture: wood, metal, cloth, leather, plastic, in plain colours or with figures.

Chairs, sofas and tables take their paints from here.

Legend: B objects, K = 6 slots as in `chair_measures`.
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_measures import BACK, DARK, FRAME, METAL, PLINTH, SEAT
from pipelines.synthetic.objects.paint import KINDS, Paint, make_paint, metal_colours, strong_colours, wood_colours
from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.rendering.palettes import cloth_colours, distinct, leather_colours

# how often upholstery has each of `paint.KINDS`, and frames
_CLOTH = {"plain": 6, "stripes": 1, "checks": 0.5, "mottled": 2, "grooves": 1, "quilted": 1, "woven": 1, "streaks": 0.8,
          "spots": 0.8, "panels": 0.3, "fade": 0.8, "caned": 0.2}  # fmt: skip
_WOODS = {"wood": 4, "plain": 2, "streaks": 1.5, "fade": 0.5}


def draw_kinds(weights: dict[str, float], generator: Generator, *shape: int) -> Tensor:
    """Indices into `KINDS` of patterns drawn with the given weights."""
    return pick(generator, [float(weights.get(name, 0)) for name in KINDS], *shape)


def sample_furniture_paint(upholstered: Tensor, generator: Generator) -> Paint:
    """Draws paints for frames, seats, backs, metal parts, dark parts and plinths.

    upholstered: [B] bool, the objects whose seats are not of wood.
    """
    batch = len(upholstered)
    wooden = chance(generator, 0.5, batch, 1)
    frame = torch.where(wooden, wood_colours(batch, generator), metal_colours(batch, generator))
    frame = torch.where(chance(generator, 0.15, batch, 1), strong_colours(batch, generator), frame)
    frame = torch.where(chance(generator, 0.08, batch, 1), torch.tensor([0.93, 0.93, 0.92]), frame)
    cloth = cloth_colours(batch, generator, neutral=0.45)
    cloth = torch.where(chance(generator, 0.25, batch, 1), leather_colours(batch, generator), cloth)
    cloth = torch.where(chance(generator, 0.2, batch, 1), strong_colours(batch, generator), cloth)
    cloth = cloth ** uniform(generator, batch, 1, low=0.5, high=1.0)  # brighter than clothes
    plain_wood = chance(generator, 0.45, batch, 1) & ~upholstered[:, None]
    seat = torch.where(plain_wood, frame, cloth)
    back = torch.where(chance(generator, 0.8, batch, 1), seat, cloth_colours(batch, generator, neutral=0.5))
    metal = torch.where(chance(generator, 0.25, batch, 1), frame, metal_colours(batch, generator))
    dark = torch.where(chance(generator, 0.8, batch, 1), 0.07, frame)
    plinth = torch.where(chance(generator, 0.5, batch, 1), seat, frame)
    colour = torch.stack([frame, seat, back, metal, dark, plinth], 1)
    return make_paint(colour, generator, **_sample_figures(colour, wooden[:, 0], plain_wood, generator))


def _sample_figures(colour: Tensor, wooden: Tensor, plain_wood: Tensor, generator: Generator) -> dict[str, Tensor]:
    """Patterns, their second colours, scales and directions, and gloss; plain_wood: [B, 1], wooden: [B]."""
    batch, count = colour.shape[:2]
    second = torch.where(colour.mean(-1, keepdim=True) > 0.2, colour * 0.6, colour * 1.6 + 0.04)
    cloth = slice(SEAT, BACK + 1)
    other = cloth_colours(batch, generator, neutral=0.6)[:, None].expand(-1, 2, -1)
    figured = chance(generator, 0.4, batch, 1, 1) & ~plain_wood[..., None]
    second[:, cloth] = torch.where(figured, distinct(colour[:, cloth], other), second[:, cloth])
    kind = draw_kinds(_CLOTH, generator, batch, 1).expand(-1, count).clone()
    kind[:, METAL] = 0
    kind[:, DARK] = 0
    kind[:, FRAME] = torch.where(wooden, draw_kinds(_WOODS, generator, batch), 0)
    kind[:, cloth] = torch.where(plain_wood, kind[:, FRAME : FRAME + 1], kind[:, cloth])
    kind[:, BACK] = torch.where(chance(generator, 0.85, batch), kind[:, BACK], 0)
    kind[:, PLINTH] = torch.where(chance(generator, 0.5, batch), kind[:, SEAT], kind[:, FRAME])
    axis = pick(generator, (1, 2, 2), batch)
    direction = torch.eye(3)[axis][:, None].expand(-1, count, -1)
    gloss = uniform(generator, batch, count, low=0.0, high=0.4)
    gloss = gloss + 0.6 * chance(generator, 0.15, batch, 1)
    gloss[:, METAL] += 0.5
    coarse = uniform(generator, batch, 1, low=4.0, high=22.0)
    return {
        "second": second.clamp(0, 1),
        "kind": kind,
        "scale": coarse.expand(-1, count),
        "direction": direction,
        "gloss": gloss,
        "offset": uniform(generator, batch, 1, low=-0.15, high=0.15).expand(-1, count),
    }
