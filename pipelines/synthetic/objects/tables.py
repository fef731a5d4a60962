"""Tables of sixteen styles: their measures, tops and paints.

`classes` lists `add_tables`. x forward, y left, z up, floor at z = 0, metres. The longer side is along y.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_measures import DARK, FRAME, METAL, PLINTH, SEAT
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paint import KINDS, Paint, wood_colours
from pipelines.synthetic.objects.table_measures import TABLE_STYLES, TOPS, Table
from pipelines.synthetic.objects.table_supports import add_drawers, add_supports
from pipelines.synthetic.objects.upholstery import sample_furniture_paint
from pipelines.synthetic.rendering.noise import chance, uniform


def add_tables(kit: Kit, kind: Tensor, generator: Generator) -> tuple[Paint, Tensor]:
    """Adds a table of each `kind`, an index into `TABLE_STYLES`; returns paints and which are alike on both sides."""
    table = Table(kind, generator)
    _add_top(kit, table)
    add_supports(kit, table)
    lopsided = add_drawers(kit, table)
    kit.folds = table.folds
    return _sample_paint(kind, generator), ~lopsided


def _add_top(kit: Kit, table: Table) -> None:
    """A board, disc, oval or planks, with a rim on some."""
    height, thick = table.height, table.thick
    low = height - thick
    board, round_, oval, framed, planks, rounded = (table.has_top(name) for name in TOPS)
    place, half = (0.0, 0.0, height - thick / 2), (table.depth / 2, table.width / 2, thick / 2)
    kit.add_box(
        SEAT, place, half, radius=thick * table.between(0.05, 0.45), taper=table.between(-0.03, 0.02), present=board
    )
    kit.add_rod(SEAT, (0.0, 0.0, low), (0.0, 0.0, height), table.width / 2, present=round_, round=True)
    angle = torch.arange(36) * (2 * torch.pi / 36)
    power = torch.where(rounded, 0.35, 1.0)[:, None]
    along, across = (
        value.sign() * value.abs().clamp(min=1e-6) ** power for value in (angle.cos()[None], angle.sin()[None])
    )
    rings = []
    for share, level in ((0.99, low), (1.0, low + 0.2 * thick), (1.0, height - 0.2 * thick), (0.99, height)):
        x, y = table.depth[:, None] / 2 * along * share, table.width[:, None] / 2 * across * share
        rings.append(torch.stack([x, y, level[:, None].expand_as(x)], -1))
    kit.add_hull(torch.tensor(SEAT), torch.stack(rings, 1), present=oval | rounded)
    wide = table.between(0.03, 0.07)
    kit.add_box(SEAT, place, (table.depth / 2 - wide, table.width / 2 - wide, 0.006), radius=0.002, present=framed)
    for sign in (-1, 1):
        edge = (sign * (table.depth / 2 - wide / 2), 0.0, place[2])
        kit.add_box(FRAME, edge, (wide / 2, table.width / 2, thick / 2 + 0.004), radius=0.006, present=framed)
    edge = (0.0, table.width / 2 - wide / 2, place[2])
    kit.add_box(FRAME, edge, (table.depth / 2, wide / 2, thick / 2 + 0.004), radius=0.006, present=framed, mirror=True)
    for number in range(5):
        x = table.depth * ((number + 0.5) / 5 - 0.5)
        kit.add_box(
            SEAT, (x, 0.0, place[2]), (table.depth * 0.094, table.width / 2, thick / 2), radius=0.005, present=planks
        )
    rim = board & table.chance(0.15)
    kit.add_box(
        FRAME,
        (0.0, 0.0, low - 0.004),
        (table.depth / 2 - 0.015, table.width / 2 - 0.015, 0.012),
        radius=0.004,
        present=rim,
    )


def _sample_paint(kind: Tensor, generator: Generator) -> Paint:
    """Paints of furniture, mostly wood from top to floor; glass tops are pale."""
    batch = len(kind)
    paint = sample_furniture_paint(torch.zeros(batch, dtype=torch.bool), generator)
    wooden = chance(generator, 0.5, batch)
    wood = wood_colours(batch, generator)
    grain = torch.tensor([KINDS.index("wood"), KINDS.index("streaks")])[torch.randint(2, (batch,), generator=generator)]
    matching = chance(generator, 0.65, batch)
    for slot, who in ((SEAT, wooden), (FRAME, wooden & matching), (PLINTH, wooden & matching)):
        paint.colour[:, slot] = torch.where(who[:, None], wood, paint.colour[:, slot])
        paint.second[:, slot] = torch.where(who[:, None], wood * 0.65, paint.second[:, slot])
        paint.kind[:, slot] = torch.where(who, grain, paint.kind[:, slot])
        paint.direction[:, slot] = torch.where(who[:, None], torch.tensor([1.0, 0.0, 0.0]), paint.direction[:, slot])
    styles = list(TABLE_STYLES)
    glass = kind == styles.index("glass")
    pane = torch.tensor([0.72, 0.84, 0.82]) * uniform(generator, batch, 1, low=0.6, high=1.15)
    paint.colour[:, SEAT] = torch.where(glass[:, None], pane.clamp(max=1), paint.colour[:, SEAT])
    paint.kind[:, SEAT] = torch.where(glass, 0, paint.kind[:, SEAT])
    paint.gloss[:, SEAT] += 0.6 * glass
    paint.colour[:, METAL] = torch.where(matching[:, None], paint.colour[:, FRAME], paint.colour[:, METAL])
    paint.colour[:, DARK] = torch.where(
        chance(generator, 0.5, batch)[:, None], paint.colour[:, METAL], paint.colour[:, DARK]
    )
    return paint
