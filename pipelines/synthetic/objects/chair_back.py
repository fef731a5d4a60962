"""Backs of chairs: panels, slats, ladders, lattices, spindles, hoops, frames.

`chairs.add_chairs` calls `add_back`. x forward, y left, z up, metres.

Legend: B objects; tensors without a shape are [B].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import BACK, FRAME, METAL, Chair
from pipelines.synthetic.objects.chair_padding import add_padding
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.paths import make_path
from pipelines.synthetic.rendering.noise import pick
from pipelines.synthetic.rotations import rotation_about

_MOST_SLATS, _MOST_RUNGS, _MOST_SPINDLES = 7, 5, 9


@dataclass
class _Back:
    """Measures of the backs of B chairs."""

    present: Tensor
    """Bool."""
    thick: Tensor
    """Of the panel, m."""
    gap: Tensor
    """Between seat and panel, m."""
    curve: Tensor
    """How far the middle is behind the sides, m, at most 0."""
    turn: Tensor
    """[B, 3, 3] from lying flat to leaning back."""
    radius: Tensor
    """Of the posts, m."""
    side: Tensor
    """Distance of the posts from the middle, m."""
    rail: Tensor
    """Half the height of the rail between their tops, m."""


def add_back(kit: Kit, chair: Chair) -> None:
    """Draws and adds the backs of the chairs that have a separate one."""
    one_piece = chair.has("seat", "shell", "bucket", "sling", "bag", "wires")
    present = ~one_piece & ~chair.has("backrest", "none")
    soft = chair.soft
    thick = torch.where(soft, chair.between(0.035, 0.1), chair.between(0.012, 0.03))
    stem = chair.has("backrest", "stem")
    gap = chair.between(0.0, 0.16) * (chair.back > 0.3) * (stem | chair.has("backrest", "panel") & chair.chance(0.4))
    curve = chair.between(-0.1, 0.0) * chair.chance(0.7)
    turn = rotation_about(1, -torch.pi / 2 - chair.tilt)
    radius = chair.between(0.009, 0.02)
    back = _Back(present, thick, gap, curve, turn, radius, chair.width / 2 - radius, chair.between(0.02, 0.06))
    _add_panel(kit, chair, back)
    _add_posts(kit, chair, back)
    _add_slats(kit, chair, back)
    _add_rungs(kit, chair, back)
    _add_splat(kit, chair, back)
    _add_lattice(kit, chair, back)
    _add_spindles(kit, chair, back)
    _add_hoop(kit, chair, back)
    _add_frame(kit, chair, back)
    _add_stem(kit, chair, back)
    add_padding(kit, chair, turn, present)


def _add_panel(kit: Kit, chair: Chair, back: _Back) -> None:
    """A panel from the gap above the seat to the top, flat or shaped, and a headrest above some."""
    broad = chair.between(0.85, 1.05)
    present = back.present & chair.has("backrest", "panel", "stem")
    bottom = torch.where(
        chair.soft & ~chair.has("backrest", "stem"), torch.minimum(back.gap, -chair.thick * 0.5), back.gap
    )
    kit.add_box(
        BACK,
        chair.place_on_back((chair.back + bottom) / 2),
        ((chair.back - bottom) / 2, chair.width / 2 * broad, back.thick / 2),
        radius=back.thick * chair.between(0.2, 0.5),
        taper=0.0,
        turn=back.turn,
        bend=chair.between(-0.03, 0.06),
        sag=-back.curve,
        puff=back.thick * 0.2 * chair.soft,
        present=present,
    )
    head = present & chair.has("support", "star") & chair.chance(0.25)
    size = (0.07, chair.width * 0.3, back.thick / 2 + 0.01)
    kit.add_box(
        BACK,
        chair.place_on_back(chair.back + 0.09),
        size,
        radius=0.03,
        turn=back.turn,
        sag=0.02,
        puff=0.01,
        present=head,
    )


def _add_posts(kit: Kit, chair: Chair, back: _Back) -> None:
    """Two posts, and the rail between their tops."""
    framed = chair.has("backrest", "slats", "ladder", "lattice", "split") | chair.has("backrest", "panel") & ~chair.soft
    present = back.present & framed
    tall = chair.back * chair.between(1.0, 1.1)
    low, high = chair.place_on_back(-0.03), chair.place_on_back(tall)
    square = chair.chance(0.5)
    ends = (low[0], back.side, low[2]), (high[0], back.side, high[2])
    kit.add_rod(FRAME, *ends, back.radius, present=present & ~square, mirror=True)
    kit.add_tube(FRAME, make_path(ends, chair.batch), back.radius * 1.2, sides=4, present=present & square, mirror=True)
    place, size = chair.place_on_back(chair.back - back.rail), (back.rail, back.side, back.radius * 0.7)
    rail = present & ~chair.has("backrest", "panel")
    kit.add_box(FRAME, place, size, radius=0.008, turn=back.turn, sag=-back.curve, present=rail)


def _add_slats(kit: Kit, chair: Chair, back: _Back) -> None:
    """Vertical slats between the posts, below the rail, some on a lower rail."""
    present = back.present & chair.has("backrest", "slats")
    if not present.any():
        return
    count = pick(chair.generator, (1, 1, 1, 1, 1), chair.batch) + 3
    low = chair.back * chair.between(0.0, 0.3) * chair.chance(0.5)
    high = chair.back - 2 * back.rail
    x, _, z = chair.place_on_back((high + low) / 2)
    size = ((high - low) / 2, back.side / count * chair.between(0.3, 0.6), back.radius * 0.5)
    for number in range(_MOST_SLATS):
        y = (2 * (number + 0.5) / count - 1) * back.side * 0.95
        kit.add_box(FRAME, (x, y, z), size, radius=0.004, turn=back.turn, present=present & (number < count))
    size = (back.radius, back.side, back.radius * 0.6)
    kit.add_box(FRAME, chair.place_on_back(low), size, radius=0.006, turn=back.turn, present=present & (low > 0.02))


def _add_rungs(kit: Kit, chair: Chair, back: _Back) -> None:
    """Horizontal rungs between the posts; the rail is the last of them."""
    present = back.present & chair.has("backrest", "ladder")
    if not present.any():
        return
    count = pick(chair.generator, (1, 1, 1, 1), chair.batch) + 2
    size = (chair.back / count * chair.between(0.15, 0.4), back.side, back.radius * 0.6)
    for number in range(_MOST_RUNGS):
        up = chair.back * (number + 0.7) / count
        shown = present & (number + 1 < count)
        kit.add_box(FRAME, chair.place_on_back(up), size, radius=0.006, turn=back.turn, sag=-back.curve, present=shown)


def _add_splat(kit: Kit, chair: Chair, back: _Back) -> None:
    """A back in two parts: a shaped board between rail and seat, or two cushions with a gap between them."""
    present = back.present & chair.has("backrest", "split")
    if not present.any():
        return
    upright = chair.chance(0.5)
    half = chair.back / 2 - back.rail
    size = (half, chair.width * chair.between(0.08, 0.18), back.radius * 0.5)
    kit.add_box(
        FRAME, chair.place_on_back(half), size, radius=0.004, turn=back.turn, bend=0.02, present=present & upright
    )
    low, thick = chair.back * chair.between(0.3, 0.42), torch.clamp(back.thick, min=0.02)
    for up, high in ((low, 0.11), (chair.back * 0.84, 0.2)):
        size = (chair.back * high, back.side, thick / 2)
        kit.add_box(
            BACK,
            chair.place_on_back(up, 0.01),
            size,
            radius=thick * 0.4,
            turn=back.turn,
            sag=-back.curve,
            present=present & ~upright,
        )


def _add_lattice(kit: Kit, chair: Chair, back: _Back) -> None:
    """Bars that cross between the posts: one cross or two, and a lower rail."""
    present = back.present & chair.has("backrest", "lattice")
    if not present.any():
        return
    low, high = chair.back * chair.between(0.1, 0.3), chair.back - 2 * back.rail
    two = chair.chance(0.4)
    thick = back.radius * 0.6
    lower, upper = chair.place_on_back(low), chair.place_on_back(high)
    for shown, left, right in (
        (~two, -back.side, back.side),
        (two, back.side * 0.0, back.side),
        (two, -back.side, back.side * 0.0),
    ):
        for first, second in ((left, right), (right, left)):
            ends = (lower[0], first, lower[2]), (upper[0], second, upper[2])
            kit.add_rod(FRAME, *ends, thick, present=present & shown)
    size = (back.rail * 0.5, back.side, back.radius * 0.6)
    kit.add_box(FRAME, lower, size, radius=0.005, turn=back.turn, present=present)


def _add_spindles(kit: Kit, chair: Chair, back: _Back) -> None:
    """Thin rods that fan out, up to a comb or a bow."""
    present = back.present & chair.has("backrest", "spindles")
    if not present.any():
        return
    count = pick(chair.generator, (1, 1, 1, 1), chair.batch) + 6
    bow = chair.chance(0.6)
    spread = chair.between(0.95, 1.2)
    low = chair.place_on_back(-0.01, 0.02)
    top = chair.back - back.rail
    for number in range(_MOST_SPINDLES):
        share = 2 * (number + 0.5) / count - 1
        up = torch.where(bow, top * (1 - share.abs().clamp(max=1).pow(2.5)).clamp(min=0.02).sqrt(), top)
        high = chair.place_on_back(up)
        ends = (low[0], share * back.side * 0.9, low[2]), (high[0], share * back.side * spread * 0.97, high[2])
        kit.add_rod(FRAME, *ends, 0.007, end_radius=0.005, present=present & (number < count))
    size = (back.rail, back.side * spread, back.radius * 0.6)
    kit.add_box(
        FRAME,
        chair.place_on_back(chair.back - back.rail / 2),
        size,
        radius=0.008,
        turn=back.turn,
        sag=0.03,
        present=present & ~bow,
    )
    _add_bow(kit, chair, back.side * spread, chair.back, torch.full_like(back.side, 0.011), present & bow)


def _add_bow(kit: Kit, chair: Chair, side: Tensor, tall: Tensor, radius: Tensor, present: Tensor) -> None:
    """A bent rod from one side of the seat over the top of the back to the other."""
    points = []
    inside = 0.12 * chair.depth * chair.has("seat", "disc")  # where a round seat is as wide as the bow
    for y, share in (
        (-0.9, -0.1),
        (-1.0, 0.45),
        (-0.95, 0.85),
        (-0.5, 1.04),
        (0.5, 1.04),
        (0.95, 0.85),
        (1.0, 0.45),
        (0.9, -0.1),
    ):
        x, _, z = chair.place_on_back(tall * share, inside * (share < 0.2))
        points.append((x, side * y, z))
    kit.add_tube(
        FRAME, make_path(points, chair.batch, rounds=2), radius, normal=(1.0, 0.0, 0.1), sides=7, present=present
    )


def _add_hoop(kit: Kit, chair: Chair, back: _Back) -> None:
    """A bent rod with a smaller one, slats or a pad in it."""
    present = back.present & chair.has("backrest", "hoop")
    if not present.any():
        return
    side = chair.width * chair.between(0.4, 0.48)
    _add_bow(kit, chair, side, chair.back, torch.clamp(back.radius, max=0.014), present)
    inner = chair.chance(0.6)
    _add_bow(kit, chair, side * 0.62, chair.back * 0.78, torch.clamp(back.radius, max=0.01), present & inner)
    size = (chair.back * 0.25, side * 0.9, 0.012)
    kit.add_box(
        BACK, chair.place_on_back(chair.back * 0.68), size, radius=0.01, turn=back.turn, present=present & ~inner
    )


def _add_frame(kit: Kit, chair: Chair, back: _Back) -> None:
    """A thin panel in a frame of four bars."""
    present = back.present & chair.has("backrest", "frame")
    if not present.any():
        return
    wide = chair.between(0.014, 0.03)
    low, high = torch.clamp(back.gap, min=0.02), chair.back
    middle, half = chair.place_on_back((low + high) / 2), (high - low) / 2
    kit.add_box(BACK, middle, (half - wide, back.side - wide, 0.006), radius=0.002, turn=back.turn, present=present)
    for up in (low + wide, high - wide):
        kit.add_box(
            FRAME, chair.place_on_back(up), (wide, back.side, 0.012), radius=0.006, turn=back.turn, present=present
        )
    start, end = chair.place_on_back(-0.03), chair.place_on_back(high)
    path = make_path([(start[0], back.side, start[2]), (end[0], back.side, end[2])], chair.batch)
    kit.add_tube(FRAME, path, wide * 0.8, sides=6, present=present, mirror=True)


def _add_stem(kit: Kit, chair: Chair, back: _Back) -> None:
    """A bar under the seat that bends up behind it and holds the back."""
    present = back.present & (
        chair.has("backrest", "stem") | chair.has("backrest", "panel") & chair.has("support", "star")
    )
    under = (-chair.depth * 0.2, 0.0, chair.height - chair.thick - 0.015)
    bend = (chair.place_on_back(0.0)[0] - 0.03, 0.0, under[2])
    kit.add_rod(METAL, under, bend, 0.018, present=present)
    kit.add_rod(METAL, bend, chair.place_on_back(back.gap + 0.12, -0.02 - back.thick / 2), 0.018, present=present)
