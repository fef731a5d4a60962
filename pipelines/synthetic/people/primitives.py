"""Collects the primitives of people in rest coordinates and fixes them to the rig's frames.

Rest coordinates are metres with the pelvis at the origin; all frames are the identity there, so what belongs to one
body part can be written down in one place, whatever frame carries it.

Legend: B batch, P primitives, F = 21 frames.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.skeleton import INDEX, RIG_PARENT, Proportions
from pipelines.synthetic.people.textures import SLOTS
from pipelines.synthetic.rendering.raycast import Primitives, round_cone_shape

PARTS = (
    "background", "torso", "r_upper_arm", "r_forearm", "r_hand", "l_upper_arm", "l_forearm", "l_hand",
    "r_thigh", "r_shin", "r_foot", "l_thigh", "l_shin", "l_foot", "neck", "head", "hair", "skirt",
)  # fmt: skip

_SHORT = 1e-3  # axis of an ellipsoid, m

Number = float | Tensor
Point = Tensor


@dataclass
class People:
    """B dressed people.

    primitives: the round cones. part: [P] index into `PARTS`. slot: [P] index into `textures.SLOTS`.
    chart: [B, P, 3, 4] affine maps from frame coordinates to (across, v, forward): the texture's row is v, its column
    0.5 + atan2(across, forward) / 2 pi.
    """

    primitives: Primitives
    part: Tensor
    slot: Tensor
    chart: Tensor


def rest_origins(proportions: Proportions) -> Tensor:
    """Origins [B, F, 3] of all frames at rest, the pelvis at zero."""
    origins: list[Tensor] = []
    for joint, parent in enumerate(RIG_PARENT):
        offset = proportions.offsets[:, joint]
        origins.append(offset * 0 if parent < 0 else origins[parent] + offset)
    carriers = (INDEX["head"], INDEX["pelvis"], INDEX["r_elbow"], INDEX["l_elbow"])  # of hair, skirt, sleeves
    return torch.stack(origins + [origins[carrier] for carrier in carriers], 1)


@dataclass
class Sculptor:
    """Adds round cones one by one; `people()` computes all at once. origins: [B, F, 3] rest origins of the frames."""

    origins: Tensor
    _rows: list[dict[str, Tensor]] = field(default_factory=list)
    _frames: list[int] = field(default_factory=list)
    _parts: list[int] = field(default_factory=list)
    _slots: list[int] = field(default_factory=list)

    @property
    def batch(self) -> int:
        return len(self.origins)

    def number(self, value: Number) -> Tensor:
        """A plain or per-person number as [B]."""
        return value if isinstance(value, Tensor) else self.origins.new_tensor(float(value)).expand(self.batch)

    def vector(self, x: Number, y: Number, z: Number) -> Tensor:
        """Plain or per-person numbers as [B, 3]."""
        return torch.stack([self.number(value) for value in (x, y, z)], -1)

    def at(self, frame: str, x: Number = 0.0, y: Number = 0.0, z: Number = 0.0) -> Point:
        """Rest position [B, 3] of a point given relative to the origin of `frame`."""
        return self.origins[:, INDEX[frame]] + self.vector(x, y, z)

    def cone(
        self,
        frame: str,
        start: Point,
        end: Point,
        radii: tuple[Number, Number],
        *,
        part: str,
        slot: str,
        wide: Number = 1.0,
        deep: Number = 1.0,
        chart: tuple[Point, Point] | None = None,
        opened: tuple[Number, Number] = (False, False),
        clip: tuple[tuple[float, float, float], Point] | None = None,
        present: Number = True,
        front: tuple[float, float, float] = (0.0, 0.0, 1.0),
    ) -> None:
        """Adds a round cone from `start` to `end` ([B, 3], rest) carried by `frame`.

        radii at both ends along the axis; `wide` and `deep` multiply them across and towards `front`; `chart` is the
        line along which the texture runs (default: the cone's own axis); `clip` = (normal, point) keeps the side the
        normal points to; where `present` is false the person doesn't have it.
        """
        sizes = (*radii, wide, deep, *opened, present)
        normal, point = clip or ((0.0, 0.0, 0.0), start)
        head, tail = chart or (start, end)
        self._rows.append(
            {
                "start": start, "end": end, "sizes": torch.stack([self.number(size).float() for size in sizes], -1),
                "normal": self.vector(*normal), "point": point, "front": self.vector(*front),
                "head": head, "tail": tail, "own": self.number(chart is None).bool(),
            }
        )  # fmt: skip
        self._frames.append(INDEX[frame])
        self._parts.append(PARTS.index(part))
        self._slots.append(SLOTS.index(slot))

    def ellipsoid(self, frame: str, centre: Point, halves: tuple[Number, Number, Number], **options) -> None:
        """Adds an ellipsoid with half axes (across, up, deep) in metres; options as for `cone`."""
        across, up, deep = halves
        end = centre + centre.new_tensor([0.0, _SHORT, 0.0])
        self.cone(frame, centre, end, (up, up), wide=across / up, deep=deep / up, **options)

    def people(self) -> People:
        """All primitives added so far as people."""
        given = {name: torch.stack([row[name] for row in self._rows], 1) for name in self._rows[0]}  # [B, P, ...]
        frame = torch.tensor(self._frames, device=self.origins.device)
        carrier = self.origins[:, frame]
        r1, r2, wide, deep, *switches = given["sizes"].unbind(-1)
        open1, open2, present = (switch > 0.5 for switch in switches)
        start, end = (torch.where(present[..., None], given[name], carrier) for name in ("start", "end"))
        r1, r2 = (torch.where(present, radius, 1e-4) for radius in (r1, r2))
        axes = _axes(start, end, given["front"])
        linear = axes * torch.stack([wide, torch.ones_like(wide), deep], -1)[..., None, :]
        length = (end - start).norm(dim=-1).clamp(min=_SHORT)
        clip = _clip(given["normal"], given["point"], linear, start, present)
        ends = [axes[..., 1] * torch.where(side, 0.0, r)[..., None] for side, r in ((open1, r1), (open2, r2))]
        own = given["own"][..., None]
        line = torch.where(own, start - ends[0], given["head"]), torch.where(own, end + ends[1], given["tail"])
        shape = round_cone_shape(r1, r2, length, open1, open2)
        return People(
            Primitives(frame, linear, start - carrier, shape, clip),
            frame.new_tensor(self._parts),
            frame.new_tensor(self._slots),
            _chart(*line, carrier, given["front"]),
        )


def _clip(normal: Tensor, point: Tensor, linear: Tensor, start: Tensor, present: Tensor) -> Tensor:
    """Canonical planes [B, P, 4]; without a normal nothing is cut, an absent primitive is cut away whole."""
    plain = (normal == 0).all(-1)
    height = torch.where(plain, 1.0, ((start - point) * normal).sum(-1))
    plane = torch.cat([(linear.mT @ normal[..., None])[..., 0], height[..., None]], -1)
    return torch.where(present[..., None], plane, plane.new_tensor([0.0, 0.0, 0.0, -1.0]))


def _axes(start: Tensor, end: Tensor, front: Tensor) -> Tensor:
    """Axes [B, P, 3, 3] as columns: y along the cone, z towards `front`, x to the person's left whatever the direction
    of y (so it may be a reflection: textures then keep their sides)."""
    along = normalize(end - start + start.new_tensor([0.0, 1e-7, 0.0]), dim=-1)
    z = normalize(front - (front * along).sum(-1, keepdim=True) * along, dim=-1)
    x = torch.linalg.cross(along, z)
    sign = torch.where(x[..., :1].abs() > 1e-3, x[..., :1].sign(), torch.ones_like(x[..., :1]))
    return torch.stack([x * sign, along, z], -1)


def _chart(start: Tensor, end: Tensor, origin: Tensor, front: Tensor) -> Tensor:
    """Affine maps [B, P, 3, 4] from frame coordinates to (across, v, forward); rest positions [B, P, 3]."""
    rows = _axes(start, end, front).mT
    length = (end - start).norm(dim=-1).clamp(min=_SHORT)
    rows = rows / torch.stack([torch.ones_like(length), length, torch.ones_like(length)], -1)[..., None]
    return torch.cat([rows, rows @ (origin - start)[..., None]], -1)
