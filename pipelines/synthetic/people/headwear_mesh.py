"""Caps, beanies, brimmed hats and glasses.

In: heads of rest bodies and a `Wardrobe`. Out: vertices at rest, which move with the head.

Legend: B people, K rings, C columns.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import EYES
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.head_outline import Head
from pipelines.synthetic.people.layers import directions, make_grid
from pipelines.synthetic.people.wardrobe import GLASSES, HATS, Wardrobe

_CROWN, _VISOR, _BRIM = (9, 24), (4, 11), (4, 24)
_VISOR_ENDS = (0.36, 0.64)  # u
_RIM, _LENS, _TEMPLE = (17, 4), (3, 16), (2, 2)
_WIRE = 0.0014  # m, radius of the rims


class Headwear:
    """Tables of hats and glasses."""

    def __init__(self) -> None:
        bones = {"head": 1.0}
        self.layers = {
            "crown": make_grid(
                "hat", _CROWN, slot="belt", part="head", closed=True, bones=bones, v=(1.0, 0.0), inward=True
            ),
            "visor": make_grid("hat", _VISOR, slot="belt", part="head", closed=False, bones=bones, u=_VISOR_ENDS),
            "brim": make_grid("hat", _BRIM, slot="belt", part="head", closed=True, bones=bones),
        }
        for side in ("r", "l"):
            for name, size, closed in (("rim", _RIM, True), ("lens", _LENS, True), ("temple", _TEMPLE, False)):
                self.layers[f"{side}_{name}"] = make_grid(
                    "glasses", size, slot="belt", part="head", closed=closed, bones=bones
                )
        self.layers["bridge"] = make_grid("glasses", _TEMPLE, slot="belt", part="head", closed=False, bones=bones)

    def fit(
        self, model: BodyModel, rest: RestBody, head: Head, wardrobe: Wardrobe, scale: Tensor
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of each layer, and which people have it [B] bool."""
        hat = {name: wardrobe.hat == HATS.index(name) for name in HATS}
        fitted = {
            "crown": (self._fit_crown(head, wardrobe, scale), ~hat["none"]),
            "visor": (self._fit_visor(head, scale), hat["cap"]),
            "brim": (self._fit_brim(head, wardrobe, scale), hat["brim"]),
        }
        worn = wardrobe.glasses != GLASSES.index("none")
        dark = wardrobe.glasses == GLASSES.index("sun")
        for name, vertices in self._fit_glasses(model, rest, wardrobe, scale).items():
            fitted[name] = vertices, dark if name.endswith("lens") else worn
        return fitted

    def _fit_crown(self, head: Head, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """The part over the skull, from its lower edge up; beanies sit lower and have room on top."""
        ways = directions(_CROWN[1]).to(scale.device)
        beanie, brim = (wardrobe.wears("hat", HATS, name)[:, None] for name in ("beanie", "brim"))
        edge = _edge(ways, beanie)[:, None]  # [B, 1, C]
        share = torch.linspace(0, 1, _CROWN[0], device=scale.device)[:, None]
        level = edge + (1 - edge) * torch.sin(share * math.pi / 2)
        reach = head.reach(level, ways) + (0.014 * scale)[:, None, None]
        reach = reach * (share < 1)
        room = torch.where(beanie | brim, 0.025, 0.01)[..., None] * scale[:, None, None] * share
        return head.place(reach, head.y(level) + room, ways).flatten(1, 2)

    def _fit_visor(self, head: Head, scale: Tensor) -> Tensor:
        """The peak of a cap, from the crown forwards, its sides bent down."""
        ways = directions(_VISOR[1], *_VISOR_ENDS, closed=False).to(scale.device)
        share = torch.linspace(0, 1, _VISOR[0], device=scale.device)[:, None]
        level = _edge(ways, torch.zeros_like(scale, dtype=torch.bool)[:, None])[:, None].expand(-1, _VISOR[0], -1)
        out = share * ((ways[:, 1] - 0.64).clamp(min=0) / 0.36).sqrt()
        reach = head.reach(level, ways) + (0.014 + 0.075 * out) * scale[:, None, None]
        drop = out * (0.014 + 0.06 * ways[:, 0].square()) * scale[:, None, None]
        return head.place(reach, head.y(level) - drop, ways).flatten(1, 2)

    def _fit_brim(self, head: Head, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """The brim of a hat, all around."""
        ways = directions(_BRIM[1]).to(scale.device)
        share = torch.linspace(0, 1, _BRIM[0], device=scale.device)[:, None]
        level = _edge(ways, torch.zeros_like(scale, dtype=torch.bool)[:, None])[:, None].expand(-1, _BRIM[0], -1)
        width = (0.05 + 0.05 * wardrobe.phase[:, :1] / 6.283)[..., None]
        reach = head.reach(level, ways) + (0.012 + width * share) * scale[:, None, None]
        rise = 0.008 * (share.square() - share * ways[:, 1].clamp(min=0)) * scale[:, None, None]
        return head.place(reach, head.y(level) + rise, ways).flatten(1, 2)

    def _fit_glasses(self, model: BodyModel, rest: RestBody, wardrobe: Wardrobe, scale: Tensor) -> dict[str, Tensor]:
        face, skin = model.face_points(rest.vertices), model.skin_points(rest.vertices)
        each = scale[:, None]
        result: dict[str, Tensor] = {}
        half = (0.021 + 0.004 * wardrobe.phase[:, 2:] / 6.283) * each  # of a lens
        inner: list[Tensor] = []
        for side, sign in (("r", -1.0), ("l", 1.0)):
            eye = face[:, EYES[side]].mean(1)
            ahead = torch.stack([0.004 * sign * scale, -0.003 * scale, 0.02 * scale], -1)
            centre = eye + ahead
            result[f"{side}_rim"] = _ring(centre, half, scale).flatten(1, 2)
            result[f"{side}_lens"] = _disc(centre, half).flatten(1, 2)
            outer = centre + torch.cat([sign * half, 0.3 * half, torch.zeros_like(half)], 1)
            inner.append(centre + torch.cat([-sign * half, 0.3 * half, torch.zeros_like(half)], 1))
            ear = skin[f"{side}_ear"] * 1.0
            ear = torch.stack([torch.where(outer[:, 0] * sign > ear[:, 0] * sign, outer[:, 0], ear[:, 0]),
                               outer[:, 1], ear[:, 2] - 0.01 * scale], -1)  # fmt: skip
            result[f"{side}_temple"] = _strip(outer, ear, scale)
        result["bridge"] = _strip(inner[0], inner[1], scale)
        return result


def _edge(ways: Tensor, beanie: Tensor) -> Tensor:
    """Levels [B, C] on the head of the lower edge of hats, which sit lower at the back; beanie: [B, 1] bool."""
    return torch.where(beanie, 0.17 + 0.1 * ways[:, 1], 0.22 + 0.18 * ways[:, 1])


def _ring(centre: Tensor, half: Tensor, scale: Tensor) -> Tensor:
    """Rims [B, K, C, 3]: a wire around lenses of the half width `half` [B, 1]."""
    around = torch.linspace(0, 2 * math.pi, _RIM[0], device=scale.device)[:, None]
    across = torch.linspace(0, 2 * math.pi, _RIM[1] + 1, device=scale.device)[:-1]
    wire = _WIRE * scale[:, None, None]
    radius = (half[..., None] + wire * torch.cos(across)).expand(-1, _RIM[0], -1)
    offset = torch.stack(
        [radius * torch.sin(around), 0.82 * radius * torch.cos(around), (wire * torch.sin(across)).expand_as(radius)],
        -1,
    )
    return centre[:, None, None] + offset


def _disc(centre: Tensor, half: Tensor) -> Tensor:
    """Lenses [B, K, C, 3] with a slight bulge."""
    share = torch.linspace(0, 1, _LENS[0], device=half.device)[:, None]
    ways = directions(_LENS[1]).to(half.device)
    radius = half[..., None] * share
    bulge = (0.08 * half[..., None] * (1 - share.square())).expand(-1, -1, len(ways))
    offset = torch.stack([radius * ways[:, 0], 0.82 * radius * ways[:, 1], bulge], -1)
    return centre[:, None, None] + offset


def _strip(start: Tensor, end: Tensor, scale: Tensor) -> Tensor:
    """An upright strip [B, 4, 3] between two points [B, 3]."""
    up = torch.stack([torch.zeros_like(scale), 0.0022 * scale, torch.zeros_like(scale)], -1)
    return torch.stack([start + up, end + up, start - up, end - up], 1)
