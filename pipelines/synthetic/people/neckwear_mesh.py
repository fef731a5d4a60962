"""Collars, and hoods that hang down the back.

In: rest bodies and a `Wardrobe`. Out: vertices at rest.

Legend: B people, K rings, C columns.
"""

import math

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import RestBody
from pipelines.synthetic.people.layers import make_grid, ring_weights
from pipelines.synthetic.people.wardrobe import COLLARS, Wardrobe
from pipelines.synthetic.tensors import constant

_COLLAR = (6, 25)
_NECK_HEIGHT = 0.045  # m over the base of the neck, where it is narrow
_LEAF = (0.0, 0.0, 0.0, 0.0, 0.5, 1.0)  # how much the rings of a shirt's collar belong to the edge of its leaves
_SPREAD, _UNBUTTONED = 0.3, 0.5  # half angles between the points of a closed collar, and of an open collar
_POINT = 0.022  # m by which the points hang down
# Profiles of collars from the inside to the outer edge: metres away from the neck and up from its base, in front and
# at the back.
_PROFILES = {
    "none": ((0.0,) * 6, (0.0,) * 6, (0.0,) * 6, (0.0,) * 6),
    "stand": ((0.02, 0.014, 0.011, 0.01, 0.01, 0.009), (-0.03, -0.01, 0.005, 0.02, 0.03, 0.04),
              (0.012, 0.01, 0.009, 0.008, 0.008, 0.007), (-0.01, 0.01, 0.025, 0.035, 0.045, 0.055)),
    "turned": ((0.007, 0.007, 0.008, 0.012, 0.024, 0.034), (-0.034, -0.008, 0.012, 0.016, -0.004, -0.026),
               (0.007, 0.006, 0.007, 0.011, 0.016, 0.022), (-0.012, 0.018, 0.04, 0.045, 0.028, 0.004)),
    "hood": ((0.01, 0.012, 0.016, 0.026, 0.038, 0.045), (-0.04, -0.015, 0.005, 0.008, -0.01, -0.04),
             (0.012, 0.016, 0.045, 0.085, 0.1, 0.07), (0.0, 0.03, 0.05, 0.03, -0.05, -0.13)),
    "turtle": ((0.012, 0.007, 0.006, 0.009, 0.012, 0.012), (-0.036, 0.0, 0.03, 0.046, 0.04, 0.016),
               (0.01, 0.007, 0.006, 0.009, 0.012, 0.012), (-0.01, 0.02, 0.045, 0.062, 0.056, 0.03)),
}  # fmt: skip


class Neckwear:
    """Tables of collars."""

    def __init__(self, charts: BodyCharts) -> None:
        neck = ring_weights(_COLLAR[0], (0, {"spine_5": 1.0}), (1, {"spine_5": 0.6, "neck_1": 0.4}))
        self.layers = {
            "collar": make_grid(
                "collar", _COLLAR, slot="top", part="neck", closed=False, bones=neck, u=(0.5, 1.5), v=(0.06, 0.0)
            )
        }
        vertices = charts.vertices
        neck = parts_mask(charts.part, "neck", "torso", "head") & (vertices[:, 0].abs() < 0.062)
        self._necks = [
            (neck & ((charts.down + height).abs() < 0.018) & (charts.depth < limit)).nonzero()[:, 0]
            for height, limit in ((0.0, 0.2), (_NECK_HEIGHT, 0.06))
        ]

    def to(self, device: torch.device | str) -> "Neckwear":
        """These tables on `device`; changes them in place."""
        self._necks = [band.to(device) for band in self._necks]
        return self

    def fit(self, rest: RestBody, wardrobe: Wardrobe, scale: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of each layer, and which people have it [B] bool."""
        collar = (wardrobe.collar > 0) & ~wardrobe.straps
        return {"collar": (self._fit_collar(rest, wardrobe, scale), collar)}

    def _fit_collar(self, rest: RestBody, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """Around the neck from the left edge of its opening in front to the right one."""
        base = rest.bones[:, BONE["neck_1"]]
        points, upper = (rest.vertices[:, band] for band in self._necks)
        centre = (points.amin(1) + points.amax(1)) / 2
        turn = torch.linspace(0, 1, _COLLAR[1], device=scale.device)
        gap = self._find_gaps(wardrobe)[:, :, None]  # [B, K, 1]
        angle = gap + (2 * math.pi - 2 * gap) * turn  # [B, K, C]
        ways = torch.stack([torch.sin(angle), torch.cos(angle)], -1)
        low, high = (_find_reach((band - centre[:, None])[..., [0, 2]], ways) for band in (points, upper))
        table = constant(tuple(_PROFILES[name] for name in COLLARS), scale.device)[wardrobe.collar]  # [B, 4, K]
        behind = 0.5 - 0.5 * ways[..., 1]  # [B, K, C]
        out = torch.lerp(table[:, 0, :, None], table[:, 2, :, None], behind)
        up = torch.lerp(table[:, 1, :, None], table[:, 3, :, None], behind)
        # The leaves of a shirt's collar end in points in front.
        tip = (
            torch.exp(-((0.5 - (turn - 0.5).abs()) / 0.07).square())
            * wardrobe.wears("collar", COLLARS, "turned")[:, None]
        )
        leaf = constant(_LEAF, scale.device)[:, None] * tip[:, None]
        up, out = up - _POINT * leaf, out + 0.2 * _POINT * leaf
        each = scale[:, None, None]
        reach = torch.lerp(low, high, (up / _NECK_HEIGHT).clamp(0, 1)) + (out + 0.002) * each
        y = base[:, 1, None, None] + up * each
        x = centre[:, 0, None, None] + reach * ways[..., 0]
        z = centre[:, 2, None, None] + reach * ways[..., 1]
        return torch.stack([x, y, z], -1).flatten(1, 2)

    def _find_gaps(self, wardrobe: Wardrobe) -> Tensor:
        """Half angles [B, K] of the opening in front of the rings of collars: more at the edge of the leaves."""
        turned, hood, turtle = (wardrobe.wears("collar", COLLARS, name) for name in ("turned", "hood", "turtle"))
        base = torch.where(turned & wardrobe.unbuttoned & (wardrobe.opening == 0), _UNBUTTONED, 0.0)
        base = torch.where(hood, 0.12, base) + torch.where(turtle, 0.0, wardrobe.opening / 0.08)
        leaf = constant(_LEAF, base.device)
        return base[:, None] + _SPREAD * torch.where(turned, 1.0, 0.0)[:, None] * leaf


def _find_reach(points: Tensor, ways: Tensor) -> Tensor:
    """How far points [B, n, 2] reach in directions [B, K, C, 2]: [B, K, C]."""
    return (points @ ways.flatten(1, 2).mT).amax(1).unflatten(1, ways.shape[1:3])
