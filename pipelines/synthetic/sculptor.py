"""Collects the primitives of people in rest coordinates and fixes them to the rig's frames.

Rest coordinates are metres with the pelvis at the origin; all frames are the identity there, so what belongs to one body
part can be written down in one place, whatever frame carries it.

Legend: B batch, P primitives, F = 21 frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.raycast import Primitives, round_cone_shape
from pipelines.synthetic.skeleton import INDEX, RIG_PARENT, Proportions
from pipelines.synthetic.textures import SLOTS

PARTS = (
    "background", "torso", "r_upper_arm", "r_forearm", "r_hand", "l_upper_arm", "l_forearm", "l_hand",
    "r_thigh", "r_shin", "r_foot", "l_thigh", "l_shin", "l_foot", "neck", "head", "hair", "skirt",
)  # fmt: skip

Number = float | Tensor
Point = Tensor


@dataclass
class People:
    """B dressed people.

    primitives: the round cones. part: [P] index into `PARTS`. slot: [B, P] index into `textures.SLOTS`.
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
    """Adds round cones one by one; `people()` stacks them. origins: [B, F, 3] rest origins of the frames."""

    origins: Tensor
    _rows: list[dict[str, Tensor]] = field(default_factory=list)
    _frames: list[int] = field(default_factory=list)
    _parts: list[int] = field(default_factory=list)

    @property
    def batch(self) -> int:
        return len(self.origins)

    def number(self, value: Number | bool) -> Tensor:
        """A plain or per-person number as [B]."""
        return torch.as_tensor(value, device=self.origins.device).expand(self.batch)

    def at(self, frame: str, x: Number = 0.0, y: Number = 0.0, z: Number = 0.0) -> Point:
        """Rest position [B, 3] of a point given relative to the origin of `frame`."""
        return self.origins[:, INDEX[frame]] + torch.stack([self.number(v).float() for v in (x, y, z)], -1)

    def cone(
        self,
        frame: str,
        start: Point,
        end: Point,
        radii: tuple[Number, Number],
        *,
        part: str,
        slot: str | Tensor,
        wide: Number = 1.0,
        deep: Number = 1.0,
        chart: tuple[Point, Point] | None = None,
        opened: tuple[Number, Number] = (False, False),
        clip: tuple[Sequence[Number], Point] | None = None,
        present: Number = True,
        front: Sequence[float] = (0.0, 0.0, 1.0),
    ) -> None:
        """Adds a round cone from `start` to `end` ([B, 3], rest) carried by `frame`.

        radii at both ends along the axis; `wide` and `deep` multiply them across and towards `front`; `chart` is the line
        along which the texture runs (default: the cone's own axis); `clip` = (normal, point) keeps the side the normal
        points to; where `present` is false the person doesn't have it.
        """
        present = self.number(present).bool()
        gone = self.origins[:, INDEX[frame]]
        start, end = (torch.where(present[:, None], point, gone) for point in (start, end))
        r1, r2 = (torch.where(present, self.number(r).float(), 1e-4) for r in radii)
        length = (end - start).norm(dim=-1).clamp(min=1e-3)
        axes = _axes(start, end, front)
        scale = torch.stack([self.number(wide), torch.ones_like(length), self.number(deep)], -1)
        linear = axes * scale[:, None]  # columns scaled
        opening = [self.number(side).bool() for side in opened]
        reach = [torch.where(side, 0.0, r) for side, r in zip(opening, (r1, r2), strict=True)]
        axis = axes[..., 1]
        line = chart or (start - axis * reach[0][:, None], end + axis * reach[1][:, None])
        self._rows.append(
            {
                "linear": linear,
                "offset": start - gone,
                "shape": round_cone_shape(r1, r2, length, *opening),
                "clip": self._clip(clip, linear, start, present),
                "slot": slot if isinstance(slot, Tensor) else self.number(SLOTS.index(slot)),
                "chart": _chart(*line, gone, front),
            }
        )
        self._frames.append(INDEX[frame])
        self._parts.append(PARTS.index(part))

    def ellipsoid(self, frame: str, centre: Point, halves: tuple[Number, Number, Number], **options) -> None:
        """Adds an ellipsoid with half axes (across, up, deep) in metres; options as for `cone`."""
        across, up, deep = halves
        end = centre + centre.new_tensor([0.0, 1e-3, 0.0])
        self.cone(frame, centre, end, (up, up), wide=across / up, deep=deep / up, **options)

    def _clip(self, clip: tuple | None, linear: Tensor, start: Tensor, present: Tensor) -> Tensor:
        """Canonical plane [B, 4]; an absent primitive is cut away whole."""
        normal, height = torch.zeros_like(start), torch.ones_like(start[:, 0])
        if clip is not None:
            world = torch.stack([self.number(v).float() for v in clip[0]], -1)
            normal = (linear.mT @ world[..., None])[..., 0]
            height = ((start - clip[1]) * world).sum(-1)
        whole = torch.cat([normal, height[:, None]], -1)
        nothing = whole.new_tensor([0.0, 0.0, 0.0, -1.0])
        return torch.where(present[:, None], whole, nothing)

    def people(self) -> People:
        """All primitives added so far as people."""
        stacked = {name: torch.stack([row[name] for row in self._rows], 1) for name in self._rows[0]}
        device = self.origins.device
        return People(
            Primitives(
                torch.tensor(self._frames, device=device),
                stacked["linear"], stacked["offset"], stacked["shape"], stacked["clip"],
            ),
            torch.tensor(self._parts, device=device),
            stacked["slot"],
            stacked["chart"],
        )  # fmt: skip


def _axes(start: Tensor, end: Tensor, front: Sequence[float]) -> Tensor:
    """Axes [B, 3, 3] as columns: y along the cone, z towards `front`, x to the person's left whatever the direction of y
    (so it may be a reflection: textures then keep their sides)."""
    upwards = normalize(end - start + start.new_tensor([0.0, 1e-7, 0.0]), dim=-1)
    hint = start.new_tensor(front).expand_as(upwards)
    z = normalize(hint - (hint * upwards).sum(-1, keepdim=True) * upwards, dim=-1)
    x = torch.linalg.cross(upwards, z)
    sign = torch.where(x[:, :1].abs() > 1e-3, x[:, :1].sign(), torch.ones_like(x[:, :1]))
    return torch.stack([x * sign, upwards, z], -1)


def _chart(start: Tensor, end: Tensor, origin: Tensor, front: Sequence[float]) -> Tensor:
    """Affine maps [B, 3, 4] from frame coordinates to (across, v, forward); rest positions [B, 3]."""
    axes = _axes(start, end, front)
    rows = axes.mT.clone()  # [B, 3 axes, 3]
    rows[:, 1] /= (end - start).norm(dim=-1).clamp(min=1e-3)[:, None]
    shift = (rows @ (origin - start)[..., None]).squeeze(-1)
    return torch.cat([rows, shift[..., None]], -1)
