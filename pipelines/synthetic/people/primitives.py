"""Collects the primitives of people in rest coordinates and fixes them to the rig's frames.

Rest coordinates are metres with the pelvis at the origin. All frames are the identity there, so the pieces of one body
part can be written down in one place, whatever frame carries them. `body`, `hair` and `clothes` add pieces to a
`PeopleBuilder`; `camera`, `shading` and the scenes read the `People` that it builds.

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

_SHORTEST = 1e-3  # axis of a cone or an ellipsoid, m
_ABSENT_RADIUS = 1e-4  # of a primitive that a person does not have, m
_KEEP_ALL, _CUT_ALL = 1.0, -1.0  # heights of clipping planes without a normal

Number = float | Tensor  # one number for all people, or [B]
Point = Tensor  # rest coordinates [B, 3] in metres


@dataclass
class People:
    """B dressed people as round cones."""

    primitives: Primitives
    part: Tensor
    """[P] index into `PARTS`."""
    slot: Tensor
    """[P] index into `textures.SLOTS`."""
    chart: Tensor
    """[B, P, 3, 4] affine maps from frame coordinates to (across, v, forward): v is the row of the texture, its column
    is 0.5 + atan2(across, forward) / 2 pi."""


@dataclass(frozen=True)
class Cone:
    """A round cone: the hull of a sphere around `start` and a sphere around `end`, stretched across its axis.

    front          .-----------------.
      ^           ( start ------- end )      a rounded end has its own radius, an open end lacks its sphere
      |            '-----------------'
    """

    start: Point
    end: Point
    radii: tuple[Number, Number]
    """At start and end, m."""
    wide: Number = 1.0
    """Factor of the radii to both sides."""
    deep: Number = 1.0
    """Factor of the radii towards `front` and back."""
    front: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """Direction in which `deep` counts, made perpendicular to the axis."""
    opened: tuple[Number, Number] = (False, False)
    """Whether the spheres at start and end are left out, as at the end of a sleeve."""
    clip: tuple[tuple[float, float, float], Point] | None = None
    """Normal and a point of a plane; only the side that the normal points to is kept."""


@dataclass(frozen=True)
class Surface:
    """What a primitive belongs to and how it is textured."""

    part: str
    """A name of `PARTS`."""
    slot: str
    """A name of `textures.SLOTS`."""
    chart: tuple[Point, Point] | None = None
    """Line along which the texture runs from its first to its last row; without one, the cone's own axis."""


def make_ellipsoid(
    centre: Point,
    halves: tuple[Number, Number, Number],
    *,
    clip: tuple[tuple[float, float, float], Point] | None = None,
) -> Cone:
    """A very short cone with the half axes `halves` = (across, up, deep) in metres about `centre` [B, 3]."""
    across, up, deep = halves
    end = centre + centre.new_tensor([0.0, _SHORTEST, 0.0])
    return Cone(centre, end, (up, up), wide=across / up, deep=deep / up, clip=clip)


def rest_origins(proportions: Proportions) -> Tensor:
    """Origins [B, F, 3] of all frames at rest, the pelvis at zero."""
    origins: list[Tensor] = []
    for joint, parent in enumerate(RIG_PARENT):
        offset = proportions.offsets[:, joint]
        origins.append(offset * 0 if parent < 0 else origins[parent] + offset)
    carriers = (INDEX["head"], INDEX["pelvis"], INDEX["r_elbow"], INDEX["l_elbow"])  # of hair, skirt, sleeves
    return torch.stack(origins + [origins[carrier] for carrier in carriers], 1)


@dataclass
class PeopleBuilder:
    """Collects cones one by one; `build` turns them into tensors all at once.

    origins: [B, F, 3] rest origins of the frames.
    """

    origins: Tensor
    _rows: list[dict[str, Tensor]] = field(default_factory=list)
    _frames: list[int] = field(default_factory=list)
    _parts: list[int] = field(default_factory=list)
    _slots: list[int] = field(default_factory=list)

    @property
    def batch(self) -> int:
        """B."""
        return len(self.origins)

    def expand(self, value: Number) -> Tensor:
        """A plain or per-person number as [B]."""
        return value if isinstance(value, Tensor) else self.origins.new_tensor(float(value)).expand(self.batch)

    def point(self, frame: str, x: Number = 0.0, y: Number = 0.0, z: Number = 0.0, *, unit: Number = 1.0) -> Point:
        """Rest position [B, 3] of the point (x, y, z) of `frame`, given in multiples of `unit` metres."""
        return self.origins[:, INDEX[frame]] + self._vector(x * unit, y * unit, z * unit)

    def add(self, frame: str, cone: Cone, surface: Surface, *, present: Number = True) -> None:
        """Adds a cone that moves with `frame`, to the people for whom `present` is true."""
        sizes = (*cone.radii, cone.wide, cone.deep, *cone.opened, present)
        normal, point = cone.clip or ((0.0, 0.0, 0.0), cone.start)
        head, tail = surface.chart or (cone.start, cone.end)
        self._rows.append(
            {
                "start": cone.start, "end": cone.end, "front": self._vector(*cone.front),
                "sizes": torch.stack([self.expand(size).float() for size in sizes], -1),
                "normal": self._vector(*normal), "point": point,
                "head": head, "tail": tail, "own": self.expand(surface.chart is None).bool(),
            }
        )  # fmt: skip
        self._frames.append(INDEX[frame])
        self._parts.append(PARTS.index(surface.part))
        self._slots.append(SLOTS.index(surface.slot))

    def build(self) -> People:
        """All cones added so far as people."""
        given = {name: torch.stack([row[name] for row in self._rows], 1) for name in self._rows[0]}  # [B, P, ...]
        frame = torch.tensor(self._frames, device=self.origins.device)
        carrier = self.origins[:, frame]  # [B, P, 3]
        r1, r2, wide, deep, *switches = given["sizes"].unbind(-1)
        open1, open2, present = (switch > 0.5 for switch in switches)
        start, end = (torch.where(present[..., None], given[name], carrier) for name in ("start", "end"))
        r1, r2 = (torch.where(present, radius, _ABSENT_RADIUS) for radius in (r1, r2))
        axes = _axes(start, end, given["front"])
        linear = axes * torch.stack([wide, torch.ones_like(wide), deep], -1)[..., None, :]
        length = (end - start).norm(dim=-1).clamp(min=_SHORTEST)
        clip = _clip_planes(given["normal"], given["point"], linear, start, present)
        ends = [axes[..., 1] * torch.where(side, 0.0, r)[..., None] for side, r in ((open1, r1), (open2, r2))]
        own = given["own"][..., None]
        line = torch.where(own, start - ends[0], given["head"]), torch.where(own, end + ends[1], given["tail"])
        shape = round_cone_shape(r1, r2, length, open1, open2)
        return People(
            Primitives(frame, linear, start - carrier, shape, clip),
            frame.new_tensor(self._parts),
            frame.new_tensor(self._slots),
            _charts(*line, carrier, given["front"]),
        )

    def _vector(self, x: Number, y: Number, z: Number) -> Tensor:
        """Plain or per-person numbers as [B, 3]."""
        return torch.stack([self.expand(value) for value in (x, y, z)], -1)


def _clip_planes(normal: Tensor, point: Tensor, linear: Tensor, start: Tensor, present: Tensor) -> Tensor:
    """Planes [B, P, 4] in the cones' own space.

    normal, point, start: [B, P, 3] rest coordinates; linear: [B, P, 3, 3]; present: [B, P] bool. Without a normal
    nothing is cut; a cone that is not present is cut away completely.
    """
    plain = (normal == 0).all(-1)
    height = torch.where(plain, _KEEP_ALL, ((start - point) * normal).sum(-1))
    plane = torch.cat([(linear.mT @ normal[..., None])[..., 0], height[..., None]], -1)
    return torch.where(present[..., None], plane, plane.new_tensor([0.0, 0.0, 0.0, _CUT_ALL]))


def _axes(start: Tensor, end: Tensor, front: Tensor) -> Tensor:
    """Axes [B, P, 3, 3], as columns, of cones from `start` to `end` with the given `front`, all [B, P, 3].

    y runs along the cone, z towards `front` and x to the person's left whatever the direction of y. The axes may be a
    reflection: textures then keep their sides.
    """
    along = normalize(end - start + start.new_tensor([0.0, 1e-7, 0.0]), dim=-1)
    z = normalize(front - (front * along).sum(-1, keepdim=True) * along, dim=-1)
    x = torch.linalg.cross(along, z)
    sign = torch.where(x[..., :1].abs() > 1e-3, x[..., :1].sign(), torch.ones_like(x[..., :1]))
    return torch.stack([x * sign, along, z], -1)


def _charts(start: Tensor, end: Tensor, origin: Tensor, front: Tensor) -> Tensor:
    """Affine maps [B, P, 3, 4] from frame coordinates to (across, v, forward), for textures that run from `start` to
    `end`; all arguments are rest coordinates or directions [B, P, 3]."""
    rows = _axes(start, end, front).mT
    length = (end - start).norm(dim=-1).clamp(min=_SHORTEST)
    rows = rows / torch.stack([torch.ones_like(length), length, torch.ones_like(length)], -1)[..., None]
    return torch.cat([rows, rows @ (origin - start)[..., None]], -1)
