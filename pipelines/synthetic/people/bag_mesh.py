"""Backpacks with two straps, and bags at the hip with one across the chest.

In: rest bodies and what they wear. Out: vertices at rest. Bags lie on the surface of clothes and move as the skin under
them does, so that they stay on people who bow or raise their arms.

Legend: B people, V vertices of the body, J bones, K rings, C columns.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.layers import directions, make_grid
from pipelines.synthetic.people.ribbon_mesh import Course, Ribbon
from pipelines.synthetic.people.wardrobe import BAGS, Wardrobe
from pipelines.synthetic.tensors import constant

_BOX = (9, 16)
_STRAPS = {
    "r_strap": Course(start=-0.1, ends=(-1.4, 1.85), half=0.018, lift=0.007),
    "l_strap": Course(start=0.1, ends=(-1.4, 1.85), half=0.018, lift=0.007),
    "long_strap": Course(start=-0.1, ends=(-2.75, 2.65), half=0.018, lift=0.007, slope=0.5),
}
_PACK, _POUCH = (0.14, 0.21, 0.07), (0.04, 0.09, 0.13)  # m, half sizes
_PACK_ABOVE, _POUCH_BELOW = 0.02, 0.02  # m from the middle of the chest, and of the hip, to the middle of the bag
_PRESS = 0.01  # m by which bags press what they lie on
_BEND = 0.5  # how much of the curve of a back its backpack takes on
_COAT = 0.025  # m from the hips to coats, which hang over them
_BACK = 40  # vertices of the body with which a ring of a backpack moves


class Bags:
    """Tables of bags and their straps."""

    def __init__(self, model: BodyModel, charts: BodyCharts) -> None:
        """model: on the CPU."""
        vertices, x = charts.vertices, charts.vertices[:, 0]
        back = (parts_mask(charts.part, "torso") & (charts.depth < 0) & (x.abs() < _PACK[0])).nonzero()[:, 0]
        middle = charts.rest.bones[0, BONE["spine_4"], 1] + _PACK_ABOVE
        self._box = _unit_box()
        heights = middle + _PACK[1] * self._box[:, 0, 1]
        apart = (vertices[back, 1] - heights[:, None]).abs()
        self._back = back[apart.topk(_BACK, largest=False).indices]  # [K, n]
        below = vertices[:, 1] - (charts.rest.bones[0, BONE["l_thigh_1"], 1] - _POUCH_BELOW)
        hip = parts_mask(charts.part, "torso", "thigh") & (x > 0) & (below.abs() < _POUCH[1])
        self._hip = hip.nonzero()[:, 0]
        weights = {
            "pack": model.skin_weights[self._back].mean(1).repeat_interleave(_BOX[1], 0),
            "pouch": model.skin_weights[self._hip].mean(0).expand(_BOX[0] * _BOX[1], -1),
        }
        boxes = {name: make_grid("bag", _BOX, slot="belt", part="torso", closed=True) for name in weights}
        for name, box in boxes.items():
            box.weights = weights[name]
        self._straps = {name: Ribbon(model, charts, "bag", course, slot="belt") for name, course in _STRAPS.items()}
        self.layers = boxes | {name: strap.layer for name, strap in self._straps.items()}
        """By the names of their parts."""

    def to(self, device: torch.device | str) -> "Bags":
        """These tables on `device`; changes them in place."""
        self._straps = {name: strap.to(device) for name, strap in self._straps.items()}
        self._back, self._hip, self._box = self._back.to(device), self._hip.to(device), self._box.to(device)
        return self

    def fit(
        self, rest: RestBody, surface: Tensor, wardrobe: Wardrobe, scale: Tensor
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of each layer, and which people have it [B] bool.

        Args:
            surface: [B, V, 3] vertices of the body, moved out to what is worn.
            scale: [B] height against an average adult.
        """
        cross, pack = (wardrobe.wears("bag", BAGS, name) for name in ("crossbody", "backpack"))
        worn = {"pack": pack, "pouch": cross, "r_strap": pack, "l_strap": pack, "long_strap": cross}
        fitted = {name: strap.fit(rest, surface, scale) for name, strap in self._straps.items()}
        fitted["pack"] = self._fit_pack(rest, surface, scale)
        fitted["pouch"] = self._fit_pouch(rest, surface, wardrobe, scale)
        return {name: (fitted[name], worn[name]) for name in self.layers}

    def _fit_pack(self, rest: RestBody, surface: Tensor, scale: Tensor) -> Tensor:
        """A backpack."""
        back = surface[:, self._back, 2].amin(2)  # [B, K]
        back = torch.lerp(back.amin(1, keepdim=True), back, _BEND)
        chest = rest.bones[:, BONE["spine_4"]]
        z = back + (_PRESS - _PACK[2]) * scale[:, None]
        x, y = chest[:, 0, None].expand_as(z), (chest[:, 1] + _PACK_ABOVE * scale)[:, None].expand_as(z)
        return self._place_box(torch.stack([x, y, z], -1), _PACK, scale)

    def _fit_pouch(self, rest: RestBody, surface: Tensor, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """A bag at the left hip."""
        hip = rest.bones[:, BONE["l_thigh_1"]]
        side = surface[:, self._hip, 0].amax(1) + (_POUCH[0] - _PRESS + _COAT * (wardrobe.coat > 0)) * scale
        centre = torch.stack([side, hip[:, 1] - _POUCH_BELOW * scale, hip[:, 2]], -1)
        return self._place_box(centre[:, None], _POUCH, scale)

    def _place_box(self, centre: Tensor, half: tuple[float, float, float], scale: Tensor) -> Tensor:
        """Boxes [B, K * C, 3] around the centres [B, K or 1, 3] of their rings, with half widths in metres of an
        average adult."""
        size = self._box * constant(half, scale.device)
        return (centre[:, :, None] + scale[:, None, None, None] * size).flatten(1, 2)


def _unit_box() -> Tensor:
    """A box with round edges and half widths of 1, [K, C, 3]: a superellipsoid whose rings go down."""
    rise = torch.linspace(math.pi / 2, -math.pi / 2, _BOX[0])[:, None]
    ways = directions(_BOX[1])

    def square(value: Tensor) -> Tensor:
        return value.sign() * value.abs().pow(0.45)

    around = square(torch.cos(rise).clamp(min=0))
    sides = around * square(ways[:, 0]), square(torch.sin(rise)).expand(-1, _BOX[1]), around * square(ways[:, 1])
    return torch.stack(sides, -1)
