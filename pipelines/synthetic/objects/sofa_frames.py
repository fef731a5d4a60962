"""What sofas stand on, and sofas that are walls or frames: feet, plinths, sleds; curved sofas; wooden settees.

`sofas.add_sofas` calls the functions. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects; tensors without a shape are [B].
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_measures import BACK, FRAME, METAL, PLINTH, SEAT
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_path
from pipelines.synthetic.objects.walls import add_wall, line_around
from pipelines.synthetic.rendering.noise import chance, pick, uniform
from pipelines.synthetic.rotations import rotation_about

Measures = tuple[Tensor, Tensor, Tensor, Tensor]
"""Depth, width and height of the seat, height of the back above it."""


def add_base(kit: Kit, size: tuple[Tensor, Tensor], top: Tensor, generator: Generator, *, present: Tensor) -> None:
    """Feet, a plinth or sleds below a seat of `size` (depth, width) up to `top`."""
    style = pick(generator, (3.0, 2.0, 0.8), kit.batch)
    x, y = size[0] / 2 - 0.06, size[1] / 2 - 0.08
    top = top.clamp(min=0.03)
    radius = uniform(generator, kit.batch, low=0.015, high=0.035)
    splay = uniform(generator, kit.batch, low=0.0, high=0.05) * chance(generator, 0.4, kit.batch)
    square = chance(generator, 0.4, kit.batch)
    for sign in (-1, 1):
        feet = present & (style == 0)
        ends = (sign * (x + splay), y + splay, 0.0), (sign * x, y, top + 0.01)
        kit.add_rod(FRAME, *ends, radius * 0.7, end_radius=radius, present=feet & ~square, mirror=True)
        half = (radius, radius, top / 2)
        kit.add_box(FRAME, (sign * x, y, top / 2), half, radius=0.004, present=feet & square, mirror=True)
    kit.add_box(
        PLINTH, (0.0, 0.0, top / 2), (x, y + 0.04, top / 2 + 0.005), radius=0.01, present=present & (style == 1)
    )
    points = [(x, y, top + 0.01), (x, y, 0.01), (-x, y, 0.01), (-x, y, top + 0.01)]
    path = make_path(points, kit.batch)
    kit.add_tube(METAL, path, 0.014, sides=4, present=present & (style == 2), mirror=True)


def add_curved(kit: Kit, size: Measures, generator: Generator, *, present: Tensor) -> None:
    """A seat that is round at the back, with a wall around it."""
    if not present.any():
        return
    depth, width, height, back = size
    round_ = uniform(generator, kit.batch, low=2.0, high=3.5)
    line = line_around(depth * 0.6, width / 2, roundness=round_)
    low = (height * uniform(generator, kit.batch, low=0.2, high=0.5))[:, None].expand(-1, line.shape[1])
    fade = uniform(generator, kit.batch, low=0.0, high=0.5)[:, None]
    along = ((depth[:, None] * 0.6 - line[..., 0]) / (1.2 * depth[:, None])).clamp(0, 1)
    top = height[:, None] + back[:, None] * (1 - fade * (1 - along))
    thick = uniform(generator, kit.batch, low=0.1, high=0.2)
    add_wall(kit, SEAT, line, thick, low, top, lean=0.1, present=present)
    inner = line_around(depth * 0.58, width / 2 - thick * 0.3, roundness=round_, points=16)
    rings = []
    for share, level in ((1.0, 0.0), (1.0, 0.85), (0.985, 0.95), (0.94, 1.0)):
        z = low[:, 0] + level * (height - low[:, 0])
        rings.append(torch.cat([inner * share, z[:, None, None].expand(-1, inner.shape[1], 1)], -1))
    kit.add_hull(torch.tensor(BACK), torch.stack(rings, 1), present=present)
    add_base(kit, (depth * 0.8, width * 0.7), low[:, 0], generator, present=present)


def add_settee(kit: Kit, size: Measures, generator: Generator, *, present: Tensor) -> None:
    """A frame of wood or tubes with slats or a panel as its back, arms, and a flat cushion."""
    if not present.any():
        return
    depth, width, height, back = size
    thick = uniform(generator, kit.batch, low=0.015, high=0.03)
    x, y = depth / 2 - thick, width / 2 - thick
    tilt = uniform(generator, kit.batch, low=0.05, high=0.3)
    top, lean = height + back * tilt.cos(), back * tilt.sin()
    arm = height + uniform(generator, kit.batch, low=0.18, high=0.26)
    kit.add_box(FRAME, (x, y, arm / 2), (thick, thick, arm / 2), radius=0.005, present=present, mirror=True)
    kit.add_box(FRAME, (-x, y, height / 2), (thick, thick, height / 2), radius=0.005, present=present, mirror=True)
    path = make_path([(-x, y, height - 0.03), (-x - lean, y, top)], kit.batch)
    kit.add_tube(FRAME, path, thick * 1.3, sides=4, present=present, mirror=True)
    kit.add_box(
        FRAME,
        (-lean * 0.3, y, arm),
        (x + lean * 0.3 + 0.03, thick * 1.5, 0.012),
        radius=0.008,
        present=present,
        mirror=True,
    )
    kit.add_box(FRAME, (0.0, 0.0, height - 0.03), (x, y, 0.03), radius=0.01, present=present)
    turn = rotation_about(1, -torch.pi / 2 - tilt)
    kit.add_box(
        FRAME,
        (-x - lean * 0.95, 0.0, height + (top - height) * 0.95),
        (0.035, y, 0.014),
        radius=0.006,
        turn=turn,
        present=present,
    )
    slats, panel = chance(generator, 0.6, kit.batch), chance(generator, 0.4, kit.batch)
    count = (width / uniform(generator, kit.batch, low=0.09, high=0.2)).round().clamp(3, 14)
    for number in range(14):
        place = ((number + 0.5) / count - 0.5) * 2 * y
        ends = (-x, place, height), (-x - lean * 0.95, place, height + (top - height) * 0.95)
        kit.add_rod(FRAME, *ends, thick * 0.5, present=present & slats & (number < count), thin=True)
    size_ = (back * 0.42, y, 0.025)
    kit.add_box(
        BACK,
        (-x - lean * 0.5 + 0.03, 0.0, height + (top - height) * 0.5),
        size_,
        radius=0.02,
        turn=turn,
        present=present & (panel | ~slats),
    )
    pad = uniform(generator, kit.batch, low=0.02, high=0.06)
    kit.add_box(
        SEAT,
        (0.0, 0.0, height + pad),
        (x, y * 0.97, pad),
        radius=pad * 0.7,
        puff=pad * 0.2,
        present=present & chance(generator, 0.8, kit.batch),
    )
