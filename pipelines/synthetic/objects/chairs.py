"""Chairs: four-legged, swivel, armchair, stool, lounge and office, all from the same kit with different measures.

`scene.sample_objects` calls `add_chairs` and `sample_chair_paint`. x forward, y left, z up, floor at z = 0, in metres
before the object is scaled.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_back import add_back
from pipelines.synthetic.objects.chair_measures import BACK, FRAME, METAL, SEAT, SLOTS, Chair
from pipelines.synthetic.objects.chair_shell import add_shell
from pipelines.synthetic.objects.chair_support import add_arms, add_support
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import KINDS, Paint, metal_colours, wood_colours
from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.rendering.palettes import cloth_colours, distinct, leather_colours, saturated


def add_chairs(kit: Kit, generator: Generator) -> Tensor:
    """Draws a chair for each of the kit's objects, adds its parts and returns the kinds [B], indices into `CHAIRS`."""
    chair = Chair(kit.batch, generator)
    add_shell(kit, chair)
    _add_seat(kit, chair)
    add_back(kit, chair)
    add_support(kit, chair)
    add_arms(kit, chair)
    return chair.kind


def sample_chair_paint(batch: int, generator: Generator) -> Paint:
    """Draws paints [B, 5] of wood, metal, fabric and leather for the slots of `chair_measures`."""
    wooden = chance(generator, 0.55, batch, 1)
    frame = torch.where(wooden, wood_colours(batch, generator), metal_colours(batch, generator))
    frame = torch.where(chance(generator, 0.2, batch, 1), saturated(batch, generator), frame)
    cloth = cloth_colours(batch, generator, neutral=0.45)
    cloth = torch.where(chance(generator, 0.25, batch, 1), leather_colours(batch, generator), cloth)
    plain_wood = chance(generator, 0.3, batch, 1)
    seat = torch.where(plain_wood, frame, cloth)
    back = torch.where(chance(generator, 0.8, batch, 1), seat, cloth_colours(batch, generator, neutral=0.5))
    metal = metal_colours(batch, generator)
    dark = torch.full_like(metal, 0.07)
    colour = torch.stack([frame, seat, back, metal, dark], 1)
    second = torch.where(colour.mean(-1, keepdim=True) > 0.2, colour * 0.6, colour * 1.6 + 0.04)
    figured = distinct(cloth, cloth_colours(batch, generator, neutral=0.6))[:, None].expand(-1, 2, -1)
    second[:, SEAT : BACK + 1] = torch.where(chance(generator, 0.5, batch, 1, 1), figured, second[:, SEAT : BACK + 1])
    kind = pick(generator, (4, 0, 1.2, 0.5, 2.5, 1.5), batch, 1).expand(-1, len(SLOTS)).clone()
    kind[:, METAL:] = 0
    kind[:, FRAME] = torch.where(wooden[:, 0], KINDS.index("wood"), 0)
    kind[:, SEAT : BACK + 1] = torch.where(plain_wood, kind[:, FRAME : FRAME + 1], kind[:, SEAT : BACK + 1])
    axis = pick(generator, (1, 1, 2), batch)
    direction = torch.eye(3, device=generator.device)[axis][:, None].expand(-1, len(SLOTS), -1)
    gloss = uniform(generator, batch, len(SLOTS), low=0.0, high=0.4)
    gloss[:, METAL] += 0.5
    scale = uniform(generator, batch, 1, low=5.0, high=22.0).expand(-1, len(SLOTS))
    phase = uniform(generator, batch, high=20.0)
    return Paint(
        colour=colour,
        second=second.clamp(0, 1),
        kind=kind,
        scale=scale,
        gloss=gloss,
        direction=direction,
        phase=phase,
    )


def _add_seat(kit: Kit, chair: Chair) -> None:
    """The seat as a box or, on most stools, a disc; a cushion on some; rails under some four-legged chairs.

    (__cushion__)
    [___seat____]
     |_|rails|_|
    """
    height, width, depth, thick = chair.height, chair.width, chair.depth, chair.thick
    disc = chair.is_kind["stool"] & chair.chance(0.7)
    flat = ~disc & ~chair.one_piece
    puff = (thick * chair.between(0.0, 0.25)).clamp(max=0.03)
    kit.add_box(
        SEAT,
        (0.0, 0.0, height - thick / 2),
        (depth / 2, width / 2, thick / 2),
        radius=thick * chair.between(0.15, 0.5),
        taper=chair.between(-0.04, 0.06),
        bend=chair.between(-0.03, 0.015),
        sag=chair.between(-0.005, 0.02),
        puff=puff,
        present=flat,
    )
    kit.add_rod(SEAT, (0.0, 0.0, height - thick), (0.0, 0.0, height), width / 2, present=disc)
    cushion = chair.chance(0.2) & flat | chair.is_kind["armchair"]
    pad = chair.between(0.03, 0.07)
    size = (depth / 2 * 0.95, width / 2 * 0.95, pad / 2)
    kit.add_box(BACK, (0.01, 0.0, height + pad / 2), size, radius=pad / 2, puff=pad / 4, present=cushion)
    rails = chair.chance(0.5) & chair.is_kind["four-legged"]
    for x in (-1, 1):
        place = (x * (depth / 2 - 0.03), 0.0, height - thick - 0.03)
        kit.add_box(FRAME, place, (0.01, width / 2 - 0.03, 0.03), radius=0.004, present=rails)
    place = (0.0, width / 2 - 0.03, height - thick - 0.03)
    kit.add_box(FRAME, place, (depth / 2 - 0.03, 0.01, 0.03), radius=0.004, present=rails, mirror=True)
