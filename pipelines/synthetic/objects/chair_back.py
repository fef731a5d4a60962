"""Backs of chairs: a panel, vertical slats, a ladder of rungs, or a panel between two posts.

`chairs.add_chairs` calls `add_back`. x forward, y left, z up, metres.

Legend: B objects; tensors without a shape are [B].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.objects.chair_measures import BACK, FRAME, METAL, Chair
from pipelines.synthetic.objects.kit import Kit, Length
from pipelines.synthetic.rendering.noise import pick
from pipelines.synthetic.rotations import rotation_about

_PANEL, _SLATS, _LADDER, _PANEL_AND_POSTS = range(4)
_STYLE_WEIGHTS = (3, 1.3, 1.3, 1.6)
_MOST_SLATS, _MOST_RUNGS = 6, 4


@dataclass
class _Back:
    """Measures of the backs of B chairs."""

    style: Tensor
    """Index: panel, slats, ladder, panel between posts."""
    present: Tensor
    """Bool."""
    soft: Tensor
    """Bool: upholstered."""
    stem: Tensor
    """Bool: held by a bent bar from under the seat."""
    thick: Tensor
    """Of the panel, m."""
    gap: Tensor
    """Between seat and panel, m."""
    curve: Tensor
    """How far the middle is behind the sides, m, at most 0."""
    turn: Tensor
    """[B, 3, 3] from lying flat to leaning back."""


@dataclass
class _Posts:
    """Two posts and the rail between their tops."""

    radius: Tensor
    """Of a post, m."""
    side: Tensor
    """Distance from the middle, m."""
    rail: Tensor
    """Half the height of the rail, m."""


def add_back(kit: Kit, chair: Chair) -> None:
    """Draws and adds the backs of the chairs that have a separate one. From behind:

     _headrest_
    [  panel   ]     |==rail==|     |==rail==|      posts: | |
    [          ]     | | || | |     |--rung--|
    [__________]     |slats   |     |--rung--|
         stem
    """
    back = _sample_back(chair)
    lean = chair.between(-0.03, 0.06)
    _add_panel(kit, chair, back, lean)
    _add_headrest(kit, chair, back)
    posts = _add_posts(kit, chair, back)
    count = pick(chair.generator, (1, 1, 1, 1), chair.batch) + 3  # of slats, or rungs
    _add_slats(kit, chair, back, posts, count)
    _add_rungs(kit, chair, back, posts, count.clamp(max=_MOST_RUNGS))
    _add_stem(kit, chair, back)


def _sample_back(chair: Chair) -> _Back:
    """Draws style and measures."""
    style = pick(chair.generator, _STYLE_WEIGHTS, chair.batch)
    is_kind = chair.is_kind
    soft = is_kind["armchair"] | is_kind["lounge"] | is_kind["office"] | is_kind["swivel"]
    style = torch.where(soft, _PANEL, style)
    present = (~is_kind["stool"] | chair.chance(0.25)) & ~chair.one_piece
    thick = torch.where(is_kind["armchair"], 0.14, torch.where(soft, 0.06, 0.025))
    thick = thick * chair.between(0.5, 1.3)
    stem = is_kind["office"] | is_kind["swivel"]
    gap = chair.between(0.0, 0.16) * (chair.back > 0.3) * (stem | (style == _PANEL_AND_POSTS))
    curve = chair.between(-0.1, 0.0) * chair.chance(0.7)
    turn = rotation_about(1, torch.pi / 2 * -1 - chair.tilt)
    return _Back(style, present, soft, stem, thick, gap, curve, turn)


def _place(chair: Chair, up: Length, forward: Length = 0.0) -> tuple[Tensor, float, Tensor]:
    """Point in the middle of the leaning back, `up` metres from the seat and `forward` of it."""
    x = forward - chair.depth / 2 + 0.01 - chair.tilt.sin() * up
    return x, 0.0, chair.height + chair.tilt.cos() * up


def _add_panel(kit: Kit, chair: Chair, back: _Back, lean: Tensor) -> None:
    """A panel from the gap above the seat to the top; those of armchairs go down to the bottom of the seat.

    lean: how far its ends are bent forward, m.
    """
    bottom = torch.where(chair.is_kind["armchair"], -chair.thick, back.gap)
    broad = chair.between(0.85, 1.05)
    kit.add_box(
        BACK,
        _place(chair, (chair.back + bottom) / 2),
        ((chair.back - bottom) / 2, chair.width / 2 * broad, back.thick / 2),
        radius=back.thick * chair.between(0.2, 0.5),
        turn=back.turn,
        bend=lean,
        sag=-back.curve,
        puff=back.thick * 0.2 * back.soft,
        present=back.present & ((back.style == _PANEL) | (back.style == _PANEL_AND_POSTS)),
    )


def _add_headrest(kit: Kit, chair: Chair, back: _Back) -> None:
    """A small cushion above some backs of office and lounge chairs."""
    present = back.present & chair.is_kind["office"] & chair.chance(0.4)
    present = present | chair.is_kind["lounge"] & chair.chance(0.4)
    size = (0.07, chair.width * 0.3, back.thick / 2 + 0.01)
    place = _place(chair, chair.back + 0.08)
    kit.add_box(BACK, place, size, radius=0.03, turn=back.turn, sag=0.02, puff=0.01, present=present)


def _add_posts(kit: Kit, chair: Chair, back: _Back) -> _Posts:
    """Two posts and the rail between them, for all styles but the plain panel."""
    radius = chair.between(0.01, 0.02)
    side = chair.width / 2 - radius
    tall = chair.back * chair.between(1.0, 1.12)
    present = back.present & (back.style > _PANEL)
    low, high = _place(chair, -0.03), _place(chair, tall)
    kit.add_rod(FRAME, (low[0], side, low[2]), (high[0], side, high[2]), radius, present=present, mirror=True)
    rail = chair.between(0.02, 0.06)
    place, size = _place(chair, chair.back - rail), (rail, side, radius * 0.7)
    kit.add_box(FRAME, place, size, radius=0.008, turn=back.turn, sag=-back.curve, present=present)
    return _Posts(radius, side, rail)


def _add_slats(kit: Kit, chair: Chair, back: _Back, posts: _Posts, count: Tensor) -> None:
    """`count` vertical slats between the posts, below the rail."""
    x, _, z = _place(chair, (chair.back - 2 * posts.rail) / 2)
    size = (chair.back / 2 - posts.rail, posts.side / count * 0.45, posts.radius * 0.5)
    for number in range(_MOST_SLATS):
        y = (2 * (number + 0.5) / count - 1) * posts.side * 0.9
        present = back.present & (back.style == _SLATS) & (number < count)
        kit.add_box(FRAME, (x, y, z), size, radius=0.004, turn=back.turn, present=present)


def _add_rungs(kit: Kit, chair: Chair, back: _Back, posts: _Posts, count: Tensor) -> None:
    """Horizontal rungs between the posts; the rail is the last of the `count`."""
    size = (posts.rail * 0.6, posts.side, posts.radius * 0.6)
    for number in range(_MOST_RUNGS):
        up = chair.back * (number + 0.7) / count
        present = back.present & (back.style == _LADDER) & (number + 1 < count)
        kit.add_box(FRAME, _place(chair, up), size, radius=0.006, turn=back.turn, sag=-back.curve, present=present)


def _add_stem(kit: Kit, chair: Chair, back: _Back) -> None:
    """A bar under the seat that bends up behind it and holds the back of swivel and office chairs."""
    under = (-chair.depth * 0.2, 0.0, chair.height - chair.thick - 0.015)
    bend = (_place(chair, 0.0)[0] - 0.03, 0.0, under[2])
    kit.add_rod(METAL, under, bend, 0.018, present=back.stem)
    kit.add_rod(METAL, bend, _place(chair, back.gap + 0.1, -0.02), 0.018, present=back.stem)
