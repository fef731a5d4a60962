"""Chairs of thirty styles from one kit of parts, and their paints.

`classes` lists `add_chairs`. x forward, y left, z up, floor at z = 0, in metres before the
object is scaled.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_arms import add_arms
from pipelines.synthetic.objects.chair_back import add_back
from pipelines.synthetic.objects.chair_measures import BACK, FRAME, SEAT, Chair
from pipelines.synthetic.objects.chair_shell import add_bag, add_shell
from pipelines.synthetic.objects.chair_styles import CHAIR_STYLES
from pipelines.synthetic.objects.chair_support import add_support
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import KINDS, Paint
from pipelines.synthetic.objects.upholstery import sample_furniture_paint
from pipelines.synthetic.rendering.noise import uniform


def add_chairs(kit: Kit, kind: Tensor, generator: Generator) -> tuple[Paint, Tensor]:
    """Adds a chair of each `kind`, an index into `CHAIR_STYLES`; returns the paints and whose sides are alike."""
    chair = Chair(kind, generator)
    add_shell(kit, chair)
    add_bag(kit, chair)
    _add_seat(kit, chair)
    add_back(kit, chair)
    add_arms(kit, chair)
    on_star = chair.has("support", "star") & chair.chance(0.6)
    kit.lean(chair.between(0.0, 0.22) * on_star, (0.0, 0.0, chair.height - chair.thick))
    add_support(kit, chair)
    return _sample_paint(chair), torch.ones_like(kit.coarse)


def _sample_paint(chair: Chair) -> Paint:
    """Paints of furniture; seats and backs of caned chairs are caned."""
    upholstered = chair.soft | chair.has("seat", "block", "bag", "sling")
    paint = sample_furniture_paint(upholstered, chair.generator)
    names = list(CHAIR_STYLES)
    share = torch.tensor([{"caned": 0.8, "ladder-back": 0.4, "bistro": 0.4}.get(name, 0.0) for name in names])
    caned = uniform(chair.generator, chair.batch) < share[chair.kind]
    pale = paint.colour[:, FRAME] * 0.5 + torch.tensor([0.4, 0.32, 0.2])
    for slot in (SEAT, BACK):
        paint.kind[:, slot] = torch.where(caned, KINDS.index("caned"), paint.kind[:, slot])
        paint.colour[:, slot] = torch.where(caned[:, None], pale, paint.colour[:, slot])
        paint.second[:, slot] = torch.where(caned[:, None], pale * 0.35, paint.second[:, slot])
        paint.scale[:, slot] = torch.where(caned, 16.0, paint.scale[:, slot])
        paint.direction[:, slot] = torch.where(caned[:, None], torch.tensor([0.0, 1.0, 0.0]), paint.direction[:, slot])
    return paint


def _add_seat(kit: Kit, chair: Chair) -> None:
    """A board, cushion, disc, caned frame, slats, or an upholstered block with a cushion.

    (__cushion__)
    [___seat____]
    """
    height, width, depth = chair.height, chair.width, chair.depth
    disc, block, caned, slats = (chair.has("seat", name) for name in ("disc", "block", "caned", "slats"))
    soft = chair.has("seat", "cushion")
    thick = torch.where(soft, chair.thick.clamp(min=0.035), chair.thick)
    puff = (thick * chair.between(0.0, 0.3)).clamp(max=0.03) * (soft | block)
    kit.add_box(
        SEAT,
        (0.0, 0.0, height - thick / 2),
        (depth / 2, width / 2, thick / 2),
        radius=thick * chair.between(0.15, 0.5),
        taper=chair.between(-0.04, 0.06),
        bend=chair.between(-0.03, 0.015) * ~block,
        sag=chair.between(-0.005, 0.02) * ~block,
        puff=puff,
        present=soft | block | chair.has("seat", "board"),
    )
    kit.add_box(
        FRAME,
        (0.0, 0.0, height - thick - 0.008),
        (depth * 0.47, width * 0.47, 0.012),
        radius=0.004,
        present=soft & ~chair.has("support", "star") & chair.chance(0.6),
    )
    ends = (0.0, 0.0, height - thick), (0.0, 0.0, height)
    kit.add_rod(SEAT, *ends, width / 2 * 0.97, end_radius=width / 2, present=disc, round=True)
    pad = chair.between(0.02, 0.06)
    profile = [
        (width * share, pad * up) for share, up in ((0.47, 0.0), (0.5, 0.3), (0.48, 0.7), (0.4, 0.95), (0.1, 1.0))
    ]
    kit.add_lathe(BACK, (0.0, 0.0, height), profile, present=disc & chair.soft)
    _add_open_seat(kit, chair, caned, slats)
    cushion = block | chair.has("seat", "board") & chair.soft & chair.chance(0.5)
    pad = torch.where(block, chair.between(0.06, 0.14), chair.between(0.025, 0.05))
    size = (depth / 2 * 0.97, width / 2 * 0.97, pad / 2)
    kit.add_box(BACK, (0.01, 0.0, height + pad / 2 - 0.004), size, radius=pad * 0.4, puff=pad / 4, present=cushion)


def _add_open_seat(kit: Kit, chair: Chair, caned: Tensor, slats: Tensor) -> None:
    """A thin sheet in a frame of four bars, or slats across."""
    height, width, depth = chair.height, chair.width, chair.depth
    wide, level = chair.between(0.015, 0.028), height - 0.015
    kit.add_box(
        SEAT, (0.0, 0.0, height - 0.008), (depth / 2 - wide, width / 2 - wide, 0.004), radius=0.001, present=caned
    )
    framed = caned | slats & chair.chance(0.6)
    for sign in (-1, 1):
        kit.add_box(
            FRAME, (sign * (depth / 2 - wide), 0.0, level), (wide, width / 2, 0.014), radius=0.006, present=framed
        )
    kit.add_box(
        FRAME,
        (0.0, width / 2 - wide, level),
        (depth / 2, wide, 0.014),
        radius=0.006,
        present=framed | slats,
        mirror=True,
    )
    count = 5
    for number in range(count):
        x = depth * ((number + 0.5) / count - 0.5)
        size = (depth / count * 0.38, width / 2, 0.009)
        kit.add_box(FRAME, (x, 0.0, height + 0.004), size, radius=0.004, present=slats)
