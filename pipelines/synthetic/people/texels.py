"""Texels of dressed people: their colours with the folds of the cloth, and how they are looked up.

In: an atlas of `textures` and an outfit. Out: slopes of folds, and colour and slope at any u, v of any texture.
`mesh_shading` calls it.

Legend: B batch, S slots, n texture size, M points.
"""

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.textures import SLOTS, Outfit
from pipelines.synthetic.people.wardrobe import Wardrobe
from pipelines.synthetic.rendering.noise import spectral_noise, uniform
from pipelines.synthetic.tensors import constant

CHANNELS = 5  # of a texel: red, green, blue, slope along u, slope along v
_FOLDS = {"skin": 0.0, "shoe": 0.15, "belt": 0.1, "hair": 1.0, "hat": 0.3}  # depth; 1 is that of cloth
# How far creases are drawn out along a part; below 1 they run across it.
_STRETCH = {
    "sleeve": 0.5, "forearm": 0.5, "lower_leg": 0.5, "bottom": 0.65, "skirt": 5.0, "hair": 10.0,
}  # fmt: skip
_TOPS, _BOTTOMS = ("top", "sleeve", "forearm"), ("bottom", "lower_leg")
_TIGHT = 0.2  # folds of tight clothes against those of wide ones
_WIDE = 1.5  # folds that wide clothes have in any pose, against those of skirts
_RIM = 0.06  # share of a texture's rows at either end where creases fade: the next texture has others


def sample_creases(outfit: Outfit, wardrobe: Wardrobe, size: int, generator: Generator) -> Tensor:
    """Slopes [B, S, 2, n, n] of cloth: thin creases across limbs, most of them at elbows, knees and
    ends, soft folds elsewhere, and a strength for each person; tight tops and trousers have few."""
    batch, slots, device = len(outfit.skin), len(SLOTS), generator.device
    stretch = uniform(generator, batch, slots, low=0.7, high=1.5)
    stretch = stretch * constant(tuple(_STRETCH.get(name, 1.0) for name in SLOTS), device)
    hair = SLOTS.index("hair")
    stretch[:, hair] = torch.where(outfit.curly, 1.0, stretch[:, hair])
    field = spectral_noise(batch * slots, 1, size, size, generator, slope=2.1, stretch=stretch.flatten())
    height = torch.exp(-(field / 0.6).square()) + 0.3 * field
    slope = torch.cat([height - height.roll(1, -1), height - height.roll(1, -2)], 1)
    slope = (slope / slope.std(dim=(1, 2, 3), keepdim=True)).view(batch, slots, 2, size, size)
    v = ((torch.arange(size, device=device) + 0.5) / size)[:, None]
    start, end = (
        constant(tuple(name in names for name in SLOTS), device).view(-1, 1, 1)
        for names in (("forearm", "lower_leg"), ("sleeve", "bottom", "forearm", "lower_leg"))
    )
    place = 0.4 + (0.8 * (1 - v).square() * start + 0.6 * v.pow(3) * end).clamp(max=0.8)  # [S, n, 1]
    place = place * ((0.5 - (v - 0.5).abs()) / _RIM).clamp(0, 1)
    crumpled = 0.08 + 0.42 * uniform(generator, batch, 1)
    strength = crumpled * constant(tuple(_FOLDS.get(name, 1.0) for name in SLOTS), device)
    worn = constant(tuple(name in (*_TOPS, *_BOTTOMS) for name in SLOTS), device)
    strength = strength * torch.where(worn > 0, _WIDE * garment_slots(loosen(wardrobe)), 1.0)
    return slope * strength[..., None, None, None] * place[:, None]


def loosen(wardrobe: Wardrobe) -> Tensor:
    """How freely tops and bottoms [B, 2] fold: little when they are tight, 1 when they are wide."""
    width = torch.stack([wardrobe.loose, wardrobe.wide], 1).clamp(min=1e-6).sqrt()
    return _TIGHT + (1 - _TIGHT) * width


def garment_slots(values: Tensor) -> Tensor:
    """Values [B, S] of slots from those of tops and bottoms [B, 2]; what is neither has those of tops."""
    bottom = constant(tuple(name in _BOTTOMS for name in SLOTS), values.device)
    return torch.lerp(values[:, :1], values[:, 1:], bottom)


def sample_texels(texels: Tensor, slot: Tensor, size: int, u: Tensor, v: Tensor) -> Tensor:
    """The channels [M, 5] of the textures `slot` [M] at u, v [M], interpolated bilinearly.

    Textures are periodic in u and mirrored at the ends of v. texels: as in `MeshAppearance`; size: n.
    """
    mirrored = 1 - (1 - v.abs()).abs()
    column, line = u * size - 0.5, (mirrored * size - 0.5).clamp(0, size - 1.001)
    left, top = column.floor(), line.floor()
    fu, fv = column - left, line - top
    left, top = left.long() % size, top.long()
    right = (left + 1) % size
    start = (slot * size + top) * size
    corners = ((start + left, (1 - fu) * (1 - fv)), (start + right, fu * (1 - fv)),
               (start + size + left, (1 - fu) * fv), (start + size + right, fu * fv))  # fmt: skip
    rows = texels.view(-1, CHANNELS)
    first, second, third, fourth = (rows.index_select(0, index) * weight[:, None] for index, weight in corners)
    return first.add_(second).add_(third).add_(fourth)


def find_tangents(corner: Tensor, uv: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors [M, 3] in which u and v grow, in triangles with corners [M, 3, 3] and texture coordinates
    [M, 3, 2]."""
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    (u1, v1), (u2, v2) = ((uv[:, i] - uv[:, 0]).unbind(1) for i in (1, 2))
    sign = torch.where(u1 * v2 < u2 * v1, -1.0, 1.0)[:, None]
    along_u = sign * (first * v2[:, None] - second * v1[:, None])
    along_v = sign * (second * u1[:, None] - first * u2[:, None])
    return normalize(along_u, dim=-1, eps=1e-12), normalize(along_v, dim=-1, eps=1e-12)
