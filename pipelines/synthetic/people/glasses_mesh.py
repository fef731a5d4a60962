"""Glasses.

In: rest bodies and a `Wardrobe`. Out: vertices at rest, which move with the head.

Legend: B people, K rings, C columns.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import EYES
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.layers import directions, make_grid
from pipelines.synthetic.people.wardrobe import GLASSES, Wardrobe

_RIM, _LENS, _TEMPLE = (17, 4), (3, 16), (2, 2)
_WIRE = 0.0014  # m, radius of the rims


class Glasses:
    """Tables of glasses."""

    def __init__(self) -> None:
        bones = {"head": 1.0}
        parts = ("rim", _RIM, True), ("lens", _LENS, True), ("temple", _TEMPLE, False)
        sizes = {f"{side}_{name}": (size, closed) for side in ("r", "l") for name, size, closed in parts}
        sizes["bridge"] = _TEMPLE, False
        self.layers = {
            name: make_grid("glasses", size, slot="belt", part="head", closed=closed, bones=bones)
            for name, (size, closed) in sizes.items()
        }

    def fit(
        self, model: BodyModel, rest: RestBody, wardrobe: Wardrobe, scale: Tensor
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of each layer, and which people have it [B] bool."""
        worn = wardrobe.glasses != GLASSES.index("none")
        dark = wardrobe.glasses == GLASSES.index("sun")
        fitted = self._fit_glasses(model, rest, wardrobe, scale)
        return {name: (vertices, dark if name.endswith("lens") else worn) for name, vertices in fitted.items()}

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
