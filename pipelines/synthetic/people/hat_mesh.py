"""Caps, beanies and brimmed hats: a crown over the skull, and what sticks out from its rim.

In: a `SkullGrid` with the skulls of rest bodies, and a `Wardrobe`. Out: vertices at rest, which move with the head.

Legend: B people, R and D rows and columns of skulls, K rings, C columns.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.hairline import EARS_Z
from pipelines.synthetic.people.layers import directions, make_grid
from pipelines.synthetic.people.skull_grid import SkullGrid, turn_directions
from pipelines.synthetic.people.wardrobe import HATS, Wardrobe
from pipelines.synthetic.tensors import constant

_CROWN, _VISOR, _BRIM = (14, 40), (5, 15), (4, 40)
_VISOR_ENDS = (0.335, 0.665)  # u
# Heights of the rim on the average head in front, at the ears and behind, m above the pupils.
_RIMS = {"none": (0.0, 0.0, 0.0), "cap": (0.054, 0.038, 0.012), "backward": (0.062, 0.036, 0.016),
         "beanie": (0.052, 0.014, -0.022), "brim": (0.05, 0.036, 0.014)}  # fmt: skip
_GAP = 0.0075  # m from the skin to the rim
_FOLD = 0.72  # share of a beanie from its top to its rim where the fold begins
# Profile of a brimmed hat from the middle of its top to the rim: share of the rim's width, share of its height.
_PROFILE = ((0.0, 0.9), (0.3, 0.92), (0.55, 0.97), (0.72, 1.0), (0.8, 0.97), (0.84, 0.9), (1.0, 0.0))


class Hats:
    """Tables of hats."""

    def __init__(self, skull: SkullGrid) -> None:
        """skull: on the device of the people."""
        self._skull = skull
        bones = {"head": 1.0}
        self.layers = {
            "crown": make_grid("hat", _CROWN, slot="hat", part="head", closed=True, bones=bones),
            "visor": make_grid("hat", _VISOR, slot="hat", part="head", closed=False, bones=bones, u=_VISOR_ENDS),
            "brim": make_grid("hat", _BRIM, slot="hat", part="head", closed=True, bones=bones),
        }

    def fit(self, heads: Tensor, wardrobe: Wardrobe, scale: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of each layer, and which people have it [B] bool; heads: [B, R, D, 3]."""
        around = directions(_CROWN[1]).to(scale.device)
        crown = self._fit_crown(heads, around, wardrobe, scale)
        peaked, brimmed = (wardrobe.wears("hat", HATS, *names) for names in (("cap", "backward"), ("brim",)))
        return {
            "crown": (crown.flatten(1, 2), wardrobe.hat > 0),
            "visor": (self._fit_visor(heads, wardrobe, scale), peaked),
            "brim": (_fit_brim(crown[:, -1], around, wardrobe, scale), brimmed),
        }

    def _lay(self, heads: Tensor, wardrobe: Wardrobe, share: Tensor, around: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Points of the skin [B, K, C, 3] at shares [K] of the way from the top to the rim in directions [C, 2] or
        [B, 1, C, 2], the directions to them, and their places on the average head."""
        pole = normalize(constant((0.0, 1.0, -0.12), share.device).expand(len(heads), -1), dim=-1)
        front, side, back = constant(tuple(_RIMS[name] for name in HATS), share.device)[wardrobe.hat].unbind(1)

        def measure(place: Tensor) -> Tensor:
            ahead = normalize(place[..., [0, 2]] - place.new_tensor([0.0, EARS_Z]), dim=-1)[..., 1]
            end = torch.where(ahead > 0, _each(front), _each(back))
            return torch.lerp(_each(side).expand_as(ahead), end, ahead.abs()) - place[..., 1]

        ends = self._skull.find_ends(pole, around, measure)
        ways = turn_directions(pole, share[:, None] * ends[:, None], around)
        return self._skull.look_up(heads, ways), ways, self._skull.look_up(None, ways)

    def _fit_crown(self, heads: Tensor, around: Tensor, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """The part over the skull [B, K, C, 3], from its top to the rim."""
        share = torch.linspace(0, 1, _CROWN[0], device=scale.device)
        skin, ways, place = self._lay(heads, wardrobe, share, around)
        beanie, brim = (_each(wardrobe.wears("hat", HATS, name)) for name in ("beanie", "brim"))
        turned = torch.where(_each(wardrobe.wears("hat", HATS, "backward")), -1.0, 1.0)
        phase = wardrobe.phase[:, :, None, None]
        roomy = phase[:, 1] / 6.283
        down = share[:, None]
        ahead = (turned * ways[..., 2]).clamp(min=0)
        # The front of caps stands up; beanies are folded at the rim and hang over behind.
        cap = 0.004 + (0.006 + 0.014 * roomy) * ahead.sqrt() * torch.sin(math.pi * down.pow(1.6)) + 0.005 * (1 - down)
        folded = (down > _FOLD) & (torch.sin(phase[:, 0]) > -0.6)
        knit = torch.where(folded, 0.009, 0.0) + 0.028 * roomy * (1 - down.square()).square() * (1 - 0.8 * ways[..., 2])
        knit = knit + 0.0015 * torch.sin(90 * place[..., 0] + phase[:, 2]) * torch.sin(60 * place[..., 1])
        thick = (_GAP + torch.where(beanie, knit, cap)) * _each(scale)
        near = skin + thick[..., None] * ways
        return torch.where(brim[..., None], _raise(near, skin, roomy, scale), near)

    def _fit_visor(self, heads: Tensor, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """The peak of a cap, from the rim forwards or backwards, its sides bent down."""
        turned = torch.where(wardrobe.wears("hat", HATS, "backward"), -1.0, 1.0)[:, None, None]
        ways = directions(_VISOR[1], *_VISOR_ENDS, closed=False).to(scale.device)
        skin, outward, _ = self._lay(heads, wardrobe, scale.new_ones(1), turned[..., None] * ways)
        rim = skin + ((_GAP - 0.001) * scale)[:, None, None, None] * outward  # [B, 1, C, 3]
        side = ways[:, 0] / ways[0, 0].abs()
        share = torch.linspace(0, 1, _VISOR[0], device=scale.device)[:, None]
        out = share * (1 - side.square()).clamp(min=0).sqrt() * _each(0.078 * scale)
        bent = 0.3 + 0.5 * wardrobe.phase[:, 2, None, None] / 6.283
        drop = out * (0.2 + bent * side.square()) + 0.012 * _each(scale) * share * (1 - side.square())
        moved = torch.stack([0.25 * out * turned * ways[:, 0], 0.003 * _each(scale) - drop, turned * out], -1)
        return (rim + moved).flatten(1, 2)


def _raise(near: Tensor, skin: Tensor, roomy: Tensor, scale: Tensor) -> Tensor:
    """The crown [B, K, C, 3] of a brimmed hat over the rim of one that lies on the skull."""
    rim = near[:, -1:]
    middle = rim.mean(2, keepdim=True)
    height = (skin[..., 1].amax((1, 2), keepdim=True) - middle[..., 1]) + (0.012 + 0.02 * roomy) * _each(scale)
    profile = constant(_PROFILE, near.device)
    place = torch.linspace(0, len(_PROFILE) - 1, near.shape[1], device=near.device)
    low = place.long().clamp(max=len(_PROFILE) - 2)
    wide, high = torch.lerp(profile[low], profile[low + 1], (place - low)[:, None]).unbind(1)
    points = torch.lerp(middle, rim, wide[:, None, None])  # [B, K, C, 3]
    lift = torch.stack([torch.zeros_like(high), high, torch.zeros_like(high)], -1)
    return points + lift[:, None] * height[..., None]


def _fit_brim(rim: Tensor, around: Tensor, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
    """The brim of a hat [B, K * C, 3] around its rim [B, C, 3], bent up at the sides and down in front."""
    share = torch.linspace(0, 1, _BRIM[0], device=scale.device)[:, None]
    width = _each((0.04 + 0.04 * wardrobe.phase[:, 0] / 6.283) * scale) * share  # [B, K, 1]
    bend = 0.35 * torch.sin(wardrobe.phase[:, 1])[:, None, None]
    rise = width * share * (bend + 0.45 * around[:, 0].square() - 0.3 * around[:, 1].clamp(min=0))
    flat = width.expand(-1, -1, len(around))
    return (rim[:, None] + torch.stack([flat * around[:, 0], rise, flat * around[:, 1]], -1)).flatten(1, 2)


def _each(values: Tensor) -> Tensor:
    """[B] as [B, 1, 1]."""
    return values[:, None, None]
