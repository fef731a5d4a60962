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
from pipelines.synthetic.people.layers import Layer, directions, make_grid
from pipelines.synthetic.people.wardrobe import BAGS, Wardrobe
from pipelines.synthetic.tensors import constant

_STRAP, _BOX = (28, 2), (9, 16)
_STRAPS = {"r_strap": (-0.1, 0.0), "l_strap": (0.1, 0.0), "long_strap": (-0.1, 0.5)}  # m to the left, slope
_ENDS = {"r_strap": (-1.4, 1.85), "l_strap": (-1.4, 1.85), "long_strap": (-2.75, 2.65)}  # radians from straight up
_CENTRE = 0.12  # m from the top of the chest down to the point around which straps run
_SQUEEZE = 0.5  # factor of heights against depths, which makes a trunk about as deep as high
_HALF_STRAP, _SLICE = 0.018, 0.024  # m, half widths of straps, and of what of the surface is under an edge
_NEAR, _FAR = 0.2, 0.008  # radians beside a direction within which the surface counts, and m by which it counts more
_LIFT = 0.007  # m between cloth and straps
_PACK, _POUCH = (0.14, 0.21, 0.07), (0.04, 0.09, 0.13)  # m, half sizes
_PACK_ABOVE, _POUCH_BELOW = 0.02, 0.02  # m from the middle of the chest, and of the hip, to the middle of the bag
_PRESS = 0.01  # m by which bags press what they lie on
_BEND = 0.5  # how much of the curve of a back its backpack takes on
_COAT = 0.025  # m from the hips to coats, which hang over them
_ANCHORS, _BACK = 8, 40  # vertices of the body with which those of straps, and rings of backpacks, move


class Bags:
    """Tables of bags and their straps."""

    def __init__(self, model: BodyModel, charts: BodyCharts) -> None:
        """model: on the CPU."""
        vertices, x = charts.vertices, charts.vertices[:, 0]
        torso = parts_mask(charts.part, "torso", "upper_arm") & (charts.arm < 0.1) & (charts.down > -0.02)
        self._slices = {
            name: [
                (torso & ((x - edge - start - slope * (charts.down - 0.03)).abs() < _SLICE)).nonzero()[:, 0]
                for edge in (-_HALF_STRAP, _HALF_STRAP)
            ]
            for name, (start, slope) in _STRAPS.items()
        }
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
        near = torso.nonzero()[:, 0]
        for name in _STRAPS:
            strap = self._fit_strap(name, charts.rest, charts.rest.vertices, x.new_ones(1))[0]
            anchors = torch.cdist(strap, vertices[near]).topk(_ANCHORS, largest=False).indices
            weights[name] = model.skin_weights[near[anchors]].mean(1)
        self.layers: dict[str, Layer] = {}
        """By the names of their parts."""
        for name, moved in weights.items():
            size = _STRAP if name in _STRAPS else _BOX
            layer = make_grid("bag", size, slot="belt", part="torso", closed=name not in _STRAPS)
            layer.weights = moved
            self.layers[name] = layer

    def to(self, device: torch.device | str) -> "Bags":
        """These tables on `device`; changes them in place."""
        self._slices = {name: [edge.to(device) for edge in edges] for name, edges in self._slices.items()}
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
        fitted = {name: self._fit_strap(name, rest, surface, scale) for name in _STRAPS}
        fitted["pack"] = self._fit_pack(rest, surface, scale)
        fitted["pouch"] = self._fit_pouch(rest, surface, wardrobe, scale)
        return {name: (fitted[name], worn[name]) for name in self.layers}

    def _fit_strap(self, name: str, rest: RestBody, surface: Tensor, scale: Tensor) -> Tensor:
        """A strap around the trunk, from the back over the shoulder to the front: both edges lie on what is worn."""
        chest = rest.bones[:, BONE["spine_5"]]
        squeeze = constant((_SQUEEZE, 1.0), scale.device)
        centre = torch.stack([chest[:, 1] - _CENTRE * scale, chest[:, 2]], -1)  # y, z
        angle = torch.linspace(*_ENDS[name], _STRAP[0], device=scale.device)  # 0 up, positive to the front
        ways = torch.stack([torch.cos(angle), torch.sin(angle)], -1)
        slope = _STRAPS[name][1]
        edges = []
        for part in self._slices[name]:
            points = surface[:, part]  # [B, n, 3]
            plane = (points[..., 1:] - centre[:, None]) * squeeze
            far, turn = plane.norm(dim=-1), torch.atan2(plane[..., 1], plane[..., 0])
            apart = (turn[..., None] - angle + math.pi).remainder(2 * math.pi) - math.pi  # [B, n, K]
            share = torch.softmax((far / (_FAR * scale[:, None]))[..., None] - (apart / _NEAR).square(), 1)
            reach = _smooth((share * far[..., None]).sum(1)) + _LIFT * scale[:, None]
            y, z = (centre[:, None] + reach[..., None] * ways / squeeze).unbind(-1)
            across = (points[..., 0] + slope * points[..., 1]).mean(1, keepdim=True)
            edges.append(torch.stack([across - slope * y, y, z], -1))
        return torch.stack(edges, 2).flatten(1, 2)

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


def _smooth(values: Tensor) -> Tensor:
    """Values [B, K] of a strap, which is stiff."""
    ends = torch.cat([values[:, :1], values, values[:, -1:]], 1)
    return (ends[:, :-2] + 2 * ends[:, 1:-1] + ends[:, 2:]) / 4
