"""The form of heads, necks and backs that hair and hats lie on: how far they reach at a height in a direction.

Legend: B people, K rings, C columns. `level` is a height on the head: 0 at the eyes, 1 at the crown, negative below.
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE, EYES, SURFACES
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.layers import extend_to, interpolation_weights

_LEVELS = (-0.7, -0.45, -0.2, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
_DOWN = (-0.06, -0.02, 0.02, 0.06, 0.12, 0.18, 0.26, 0.34, 0.42)  # m below the neck, where back and chest are measured


class HeadOutline:
    """Tables for measuring heads."""

    def __init__(self, model: BodyModel, charts: BodyCharts) -> None:
        vertices = charts.vertices
        crown = model.skin_points(vertices)["crown"][1]
        eyes = model.face_points(vertices)[EYES["r"]].mean(0)[1]
        level = (vertices[:, 1] - eyes) / (crown - eyes)
        ear = model.surface == SURFACES.index("ear")
        head = parts_mask(model.part, "head", "neck") & ~ear
        self._bands = [(head & ((level - place).abs() < 0.1)).nonzero()[:, 0] for place in _LEVELS]
        trunk = parts_mask(model.part, "torso", "neck", "upper_arm") & (vertices[:, 0].abs() < 0.12)
        near = [trunk & ((charts.down - place).abs() < 0.04) for place in _DOWN]
        self._backs = [(band & (vertices[:, 0].abs() < 0.1)).nonzero()[:, 0] for band in near]

    def to(self, device: torch.device | str) -> "HeadOutline":
        """This outline with its tables on `device`; changes it in place."""
        self._bands = [band.to(device) for band in self._bands]
        self._backs = [band.to(device) for band in self._backs]
        return self

    def measure(self, model: BodyModel, rest: RestBody) -> "Head":
        """Heads of B people."""
        face, skin = model.face_points(rest.vertices), model.skin_points(rest.vertices)
        eyes = (face[:, EYES["r"]].mean(1) + face[:, EYES["l"]].mean(1)) / 2
        ears = (skin["r_ear"] + skin["l_ear"]) / 2
        axis = torch.stack([eyes[:, 0], eyes[:, 1], 0.7 * ears[:, 2] + 0.3 * eyes[:, 2]], -1)
        height = skin["crown"][:, 1] - eyes[:, 1]
        plane = [rest.vertices[:, band][..., [0, 2]] - axis[:, None, [0, 2]] for band in self._bands]
        back = torch.stack([rest.vertices[:, band, 2].amin(1) for band in self._backs], 1)
        chest = torch.stack([rest.vertices[:, band, 2].amax(1) for band in self._backs], 1)
        return Head(axis, height, plane, back, chest, rest.bones[:, BONE["neck_1"], 1])


class Head:
    """Heads of B people at rest."""

    def __init__(
        self, eyes: Tensor, height: Tensor, plane: list[Tensor], back: Tensor, chest: Tensor, neck: Tensor
    ) -> None:
        """eyes: [B, 3] on the axis of the head; height: [B]; plane: points (x, z) [B, n, 2] at each of `_LEVELS`;
        back, chest: [B, n] z at `_DOWN`; neck: [B] y of its base."""
        self.eyes, self.height, self._plane = eyes, height, plane
        self._trunk, self._neck = torch.stack([back, chest], -1), neck

    def y(self, level: Tensor) -> Tensor:
        """World heights [B, ...] of levels [B, ...]."""
        shape = (-1, *[1] * (level.dim() - 1))
        return self.eyes[:, 1].view(shape) + level * self.height.view(shape)

    def level(self, y: Tensor) -> Tensor:
        """Levels [B, K] of world heights [B, K]."""
        return (y - self.eyes[:, 1:2]) / self.height[:, None]

    def reach(self, level: Tensor, ways: Tensor) -> Tensor:
        """Metres [B, K, C] from the axis to the skin at levels [B, K] or [B, K, C] in the directions [C, 2] (x, z)."""
        known = torch.stack([extend_to(points, ways) for points in self._plane], 1)  # [B, levels, C]
        level = level[..., None] if level.dim() == 2 else level
        top = (1 - ((level - _LEVELS[-1]) / (1 - _LEVELS[-1])).clamp(0, 1).square()).sqrt()
        return (interpolation_weights(level, _LEVELS) * known.mT[:, None]).sum(-1) * top

    def place(self, radius: Tensor, y: Tensor, ways: Tensor) -> Tensor:
        """Points [B, K, C, 3] at a radius [B, K, C] from the axis at heights y [B, K] or [B, K, C] in the directions
        [C, 2]."""
        plane = radius[..., None] * ways
        x, z = self.eyes[:, None, None, 0] + plane[..., 0], self.eyes[:, None, None, 2] + plane[..., 1]
        return torch.stack([x, (y[..., None] if y.dim() == 2 else y).expand_as(x), z], -1)

    def trunk(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """z of the back and of the chest [B, K] at heights y [B, K]."""
        back, chest = (interpolation_weights(self._neck[:, None] - y, _DOWN) @ self._trunk).unbind(-1)
        return back, chest
