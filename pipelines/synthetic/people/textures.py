"""Texture atlases of people: coordinated outfits, skin and hair, one square texture per slot.

In: a generator. Out: an `Outfit`, which also decides the geometry of clothes, and the atlas that `mesh_shading` looks
colours up in.

Legend: B batch, S slots, n texture size; u [1, 1, 1, n] and v [1, 1, n, 1] are columns and rows in 0..1. Columns go
once around a part's long axis (periodic): 0.5 = front, 0.75 = the person's left. Rows run from the part's start (near
the body, top of the garment) to its end. Colours are [B, 3], painted textures [B, 3, n, n], in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.people.fabrics import (
    BOTTOM_WEIGHTS,
    KINDS,
    TOP_WEIGHTS,
    Fabric,
    paint_fabric,
    sample_fabric,
    sample_kinds,
)
from pipelines.synthetic.people.garments import STYLE_WEIGHTS, STYLES, TOP_EXTENT, paint_top
from pipelines.synthetic.people.head_textures import paint_hair, paint_hats
from pipelines.synthetic.rendering.noise import (
    chance,
    column,
    ellipse,
    over,
    pick,
    pixel_grid,
    soft_step,
    spectral_noise,
    uniform,
)
from pipelines.synthetic.rendering.palettes import (
    cloth_colours,
    denim_colours,
    distinct,
    hair_colours,
    leather_colours,
    skin_tones,
)

SLOTS = (
    "top",
    "sleeve",
    "forearm",
    "bottom",
    "lower_leg",
    "skirt",
    "shoe",
    "skin",
    "hair",
    "belt",
    "hat",
)
# Metres (around, along) of what is made of cloth; "inner" is what an open jacket shows.
EXTENTS = {
    "top": TOP_EXTENT, "sleeve": (0.36, 0.3), "forearm": (0.28, 0.26),
    "bottom": (0.55, 0.44), "lower_leg": (0.4, 0.42), "skirt": (1.3, 0.6),
    "inner": TOP_EXTENT,
}  # fmt: skip
_TOP, _BOTTOM, _INNER = range(3)  # the fabrics of an outfit
_FABRIC_OF_SLOT = (_TOP, _TOP, _TOP, _BOTTOM, _BOTTOM, _BOTTOM, _INNER)  # in the order of `EXTENTS`


@dataclass(frozen=True)
class Outfit:
    """What B people wear, and their colours."""

    skin: Tensor
    """[B, 3] colour."""
    hair: Tensor
    """[B, 3] colour."""
    shoe: Tensor
    """[B, 3] colour, of gloves too."""
    belt: Tensor
    """[B, 3] colour, of watch straps too."""
    trim: Tensor
    """[B, 3] colour of hems, cuffs, collars and buttons."""
    sock: Tensor
    """[B, 3] colour of socks and tights."""
    style: Tensor
    """[B] index into `garments.STYLES`."""
    sleeve: Tensor
    """[B] length of the sleeves: 0 none, 1 to the elbow, 2 to the wrist."""
    leg: Tensor
    """[B] length of the trouser legs: 0 none, 1 to the knee, 2 to the ankle."""
    sock_length: Tensor
    """[B] share of the lower leg that socks cover; 1 means tights."""
    gloves: Tensor
    """[B] bool."""
    curly: Tensor
    """[B] bool, the hair."""
    knitted: Tensor
    """[B] bool, the hat."""
    one_piece: Tensor
    """[B] bool: a dress, top and bottom of the same fabric."""
    fabrics: Fabric
    """3B entries: the fabrics of all tops, of all bottoms, and of what open jackets show."""


def sample_outfit(batch: int, generator: Generator) -> Outfit:
    """Draws coordinated outfits for B people, with the colours that clothes have in photos."""
    style = pick(generator, STYLE_WEIGHTS, batch)
    bare = (style == STYLES.index("straps")) | (style == STYLES.index("dress")) & chance(generator, 0.6, batch)
    long = chance(generator, 0.9, batch) & ((style == STYLES.index("jacket")) | (style == STYLES.index("zip")))
    sleeve = torch.where(chance(generator, 0.5, batch), uniform(generator, batch, low=0.4, high=1.0), 2.0)
    sleeve = torch.where(chance(generator, 0.1, batch), uniform(generator, batch, low=1.2, high=1.7), sleeve)
    sleeve = torch.where(bare, 0.0, torch.where(long, 2.0, sleeve))
    leg = torch.where(chance(generator, 0.3, batch), uniform(generator, batch, low=0.3, high=1.2), 2.0)
    one_piece = style == STYLES.index("dress")
    leg = torch.where(one_piece & chance(generator, 0.85, batch), 0.0, leg)
    tights = chance(generator, 0.3, batch) & (leg < 0.6)
    skin = skin_tones(batch, generator)
    fabrics = _sample_fabrics(batch, skin, one_piece, generator)
    return Outfit(
        skin=skin,
        hair=hair_colours(batch, generator),
        shoe=leather_colours(batch, generator),
        belt=leather_colours(batch, generator),
        trim=distinct(fabrics.colours[:batch, 0], cloth_colours(batch, generator, neutral=0.75)),
        sock=cloth_colours(batch, generator, neutral=0.85),
        style=style,
        sleeve=sleeve,
        leg=leg,
        sock_length=torch.where(tights, 1.0, uniform(generator, batch, low=-0.2, high=0.45).clamp(min=0)),
        gloves=chance(generator, 0.03, batch),
        curly=chance(generator, 0.11, batch),
        knitted=chance(generator, 0.28, batch),
        one_piece=one_piece,
        fabrics=fabrics,
    )


def _sample_fabrics(batch: int, skin: Tensor, one_piece: Tensor, generator: Generator) -> Fabric:
    """Fabrics of the top, the bottom and the inner garment, 3B entries in this order.

    skin: [B, 3], seen through lace; one_piece: [B] bool.
    """
    kinds = [sample_kinds(batch, generator, weights) for weights in (TOP_WEIGHTS, BOTTOM_WEIGHTS, TOP_WEIGHTS)]
    colours = []
    for kind, neutral in zip(kinds, (0.55, 0.8, 0.75), strict=True):
        ground = cloth_colours(batch, generator, neutral=neutral)
        denim = column(kind == KINDS.index("denim"), 2)
        ground = torch.where(denim, denim_colours(batch, generator), ground)
        figure = distinct(ground, cloth_colours(batch, generator, neutral=0.65))
        shaded = torch.stack([kind == KINDS.index(name) for name in ("denim", "knit", "leather")]).any(0)[:, None]
        figure = torch.where(shaded, ground * 0.6 + 0.15, figure)
        figure = torch.where(column(kind == KINDS.index("lace"), 2), skin, figure)
        colours.append(torch.stack([ground, figure, cloth_colours(batch, generator, neutral=0.4)], 1))
    matching = one_piece | chance(generator, 0.1, batch)
    kinds[_BOTTOM] = torch.where(matching, kinds[_TOP], kinds[_BOTTOM])
    colours[_BOTTOM] = torch.where(column(matching, 3), colours[_TOP], colours[_BOTTOM])
    return sample_fabric(torch.cat(colours), torch.cat(kinds), generator)


def sample_atlas(batch: int, generator: Generator, *, size: int, outfit: Outfit) -> Tensor:
    """Paints the atlases of B people in their clothes.

    Returns:
        [B, S, 3, size, size] in [0, 1], in the order of `SLOTS`.
    """
    cloth = _paint_cloth(batch, outfit, size, generator)
    u, v = pixel_grid(size, size, generator.device)
    skin = _paint_skin(outfit.skin, size, generator)
    line = 1 / size
    slots = {"skin": skin}
    slots["top"] = paint_top(cloth["top"], cloth["inner"], outfit.style, outfit.trim, generator)
    cuff = column(chance(generator, 0.4, batch), 4) * 0.7
    for name, start in (("sleeve", 0), ("forearm", 1)):
        end = column(outfit.sleeve - start, 4) - 0.02
        slots[name] = over(cloth[name], soft_step(v - end + 0.12, line) * cuff, outfit.trim)
    slots["forearm"] = _paint_watches(slots["forearm"], outfit, v, generator)
    for name, start in (("bottom", 0), ("lower_leg", 1)):
        end = column(outfit.leg - start, 4)
        leg = over(cloth[name], _seam_mask(u, line), cloth[name] * 0.75)
        shown = over(skin, _tights_mask(outfit), outfit.sock)
        if name == "lower_leg":
            shown = over(shown, soft_step(v - 1 + column(outfit.sock_length, 4), line), outfit.sock)
        slots[name] = over(leg, soft_step(v - end, line) * (end < 0.98), shown)
    slots["skirt"] = over(cloth["skirt"], soft_step(v - 0.95, line) * cuff, outfit.trim)
    slots["shoe"] = _paint_shoes(outfit, u, v, size, generator)
    slots["hair"] = paint_hair(outfit.hair, outfit.curly, size, generator)
    slots["hat"] = paint_hats(outfit.knitted, size, generator)
    buckle = ellipse(u - 0.5, v - 0.5, 0.035, 0.4)
    slots["belt"] = over(
        _vary_brightness(outfit.belt, size, generator, 0.05), buckle, torch.full_like(outfit.belt, 0.75)
    )
    return torch.stack([slots[name] for name in SLOTS], 1).clamp(0, 1)


def _paint_cloth(batch: int, outfit: Outfit, size: int, generator: Generator) -> dict[str, Tensor]:
    """The plain cloth of each slot of `EXTENTS`, [B, 3, n, n] each."""
    people = torch.arange(batch, device=generator.device)
    source = torch.tensor(_FABRIC_OF_SLOT, device=generator.device)
    extent = torch.tensor(tuple(EXTENTS.values()), device=generator.device).repeat_interleave(batch, 0)
    index = (source[:, None] * batch + people).flatten()
    cloth = paint_fabric(outfit.fabrics.take(index), extent, size, generator)
    return dict(zip(EXTENTS, cloth.split(batch), strict=True))


def _vary_brightness(colour: Tensor, size: int, generator: Generator, strength: float) -> Tensor:
    """A colour [B, 3] as a texture [B, 3, n, n] with 1/f brightness variation."""
    noise = spectral_noise(len(colour), 1, size, size, generator, slope=1.2)
    return column(colour, 4) * (1 + strength * noise)


def _paint_skin(skin: Tensor, size: int, generator: Generator) -> Tensor:
    """Skin [B, 3, n, n] of the colours [B, 3] with blotches and a little redness."""
    noise = spectral_noise(len(skin), 2, size, size, generator, slope=1.4)
    redness = torch.tensor([0.35, -0.6, -0.5], device=skin.device).view(1, 3, 1, 1)
    return column(skin, 4) * (1 + 0.035 * noise[:, :1] + 0.025 * redness * noise[:, 1:])


def _paint_watches(forearm: Tensor, outfit: Outfit, v: Tensor, generator: Generator) -> Tensor:
    """Forearms [B, 3, n, n] with bracelets and watch straps near the wrist for some."""
    worn = column(chance(generator, 0.2, len(forearm)), 4)
    return over(forearm, soft_step(0.03 - (v - 0.92).abs(), 0.01) * worn, outfit.belt)


def _tights_mask(outfit: Outfit) -> Tensor:
    """Opacity [B, 1, 1, 1] of tights, 0 for people without them."""
    return column(outfit.sock_length >= 1, 4) * 0.85


def _seam_mask(u: Tensor, line: float) -> Tensor:
    """Opacity [1, 1, 1, n] of the seams of trousers on either side; `line` is the width of a texel."""
    return soft_step(0.008 - ((u - 0.5).abs() - 0.25).abs(), line) * 0.6


def _paint_shoes(outfit: Outfit, u: Tensor, v: Tensor, size: int, generator: Generator) -> Tensor:
    """Shoes [B, 3, n, n] with laces or a strap on top (u = 0.5), and a sole underneath."""
    batch = len(outfit.shoe)
    shoe = _vary_brightness(outfit.shoe, size, generator, 0.06)
    accent = distinct(outfit.shoe, cloth_colours(batch, generator, neutral=0.8))
    laces = soft_step(0.25 - ((v * 9).frac() - 0.5).abs(), 0.1) * soft_step(0.08 - (u - 0.5).abs(), 0.02)
    laces = laces * soft_step(0.22 - (v - 0.45).abs(), 0.02)
    shoe = over(shoe, laces * column(chance(generator, 0.6, batch), 4), accent)
    stripe = soft_step(0.05 - ((u - 0.5).abs() - 0.2 + 0.15 * (v - 0.5)).abs(), 0.02) * soft_step(
        0.25 - (v - 0.5).abs(), 0.02
    )
    shoe = over(shoe, stripe * column(chance(generator, 0.3, batch), 4), accent)
    sandal = column(chance(generator, 0.12, batch), 4) * soft_step(((v * 4).frac() - 0.5).abs() - 0.2, 0.05)
    shoe = over(shoe, sandal * 1.0, outfit.skin)
    white = chance(generator, 0.5, batch)[:, None]
    sole = torch.where(white, 0.88, 0.12).expand(-1, 3)
    return over(shoe, soft_step((u - 0.5).abs() - 0.39, 1 / size), sole)
