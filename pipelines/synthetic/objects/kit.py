"""Collects the parts of many objects at once: rounded boxes, rods, tubes, turned parts and lofted hulls.

The modules of the classes add parts; `scene` asks for the `Mesh`.

Object coordinates: x forward, y to the object's left, z up, metres. A length is a number for all objects or a tensor
[B] with one for each; `present` [B] leaves a part out of some objects; `mirror` adds the part's image on the other side
of y = 0.

Legend: B objects, S stations, M points of a ring, N points of a path.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipelines.synthetic.objects.meshes import Mesh, join_meshes, make_boxes, make_hull, make_rods
from pipelines.synthetic.objects.paths import ring_around_path
from pipelines.synthetic.rotations import rotation_about

Length = Tensor | float
_SIDES = {"thin": 5, "rod": 14, "disc": 28, "coarse thin": 4, "coarse rod": 5, "coarse disc": 9}  # of a cylinder
_MIRROR = (1.0, -1.0, 1.0)


class Kit:
    """Collects the parts of `batch` objects; `build_mesh` puts them together. All tensors are on the CPU.

    coarse: [B] bool, the objects that are made of few triangles.
    folds: [B], see `scene.Objects`; 1 unless who adds the parts says otherwise.
    """

    def __init__(self, batch: int, coarse: Tensor | None = None) -> None:
        self.batch = batch
        self.coarse = torch.zeros(batch, dtype=torch.bool) if coarse is None else coarse
        self.folds = torch.ones(batch, dtype=torch.long)
        self._instances: dict[str, list[tuple[Tensor, Tensor, int]]] = {"box": [], "panel": []}
        self._instances |= {kind: [] for kind in _SIDES}
        self._hulls: list[tuple[Tensor, Tensor, Tensor]] = []

    def stack(self, values: Sequence[Length]) -> Tensor:
        """Numbers and tensors [B] as [B, len(values)]."""
        full = [torch.as_tensor(value, dtype=torch.float32) for value in values]
        return torch.stack([value.expand(self.batch) for value in full], -1)

    def add_box(
        self,
        slot: int,
        centre: Sequence[Length],
        half: Sequence[Length],
        *,
        radius: Length = 0.01,
        turn: Tensor | None = None,
        taper: Length = 0.0,
        bend: Length = 0.0,
        sag: Length = 0.0,
        puff: Length = 0.0,
        present: Tensor | None = None,
        mirror: bool = False,
    ) -> None:
        """Adds a rounded box.

        Args:
            centre, half: x, y, z of its centre and half of its sizes.
            radius: of the edges.
            turn: rotation [B, 3, 3] about the centre.
            taper: share by which x and y grow towards +z.
            bend, sag: how much z rises towards the ends of x, of y.
            puff: how far both faces of z bulge.
        """
        if _is_nobody(present):
            return
        turn = torch.eye(3).expand(self.batch, 3, 3) if turn is None else turn
        shape = self.stack([*half, radius, taper, bend, sag, puff])
        kind = "box" if all(isinstance(value, float) and not value for value in (bend, sag, puff)) else "panel"
        place = self.stack(centre)
        self._add(kind, torch.cat([place, shape, turn.flatten(1)], -1), slot, present)
        if mirror:
            flip = torch.tensor(_MIRROR)
            turn = turn * flip * flip[:, None]
            self._add(kind, torch.cat([place * flip, shape, turn.flatten(1)], -1), slot, present)

    def add_rod(
        self,
        slot: int,
        start: Sequence[Length],
        end: Sequence[Length],
        radius: Length,
        *,
        end_radius: Length | None = None,
        present: Tensor | None = None,
        mirror: bool = False,
        round: bool = False,
        thin: bool = False,
    ) -> None:
        """Adds a cylinder or a cone with flat ends; `round` gives it more sides, for ends that are seen, `thin` few."""
        if _is_nobody(present):
            return
        kind = "disc" if round else "thin" if thin else "rod"
        ends = self.stack([*start, *end])
        radii = self.stack([radius, radius if end_radius is None else end_radius])
        for each in [ends, ends * torch.tensor(_MIRROR * 2)] if mirror else [ends]:
            row = torch.cat([each, radii], -1)
            for name, chosen in self._kinds_of_rods(kind):
                self._add(name, row, slot, chosen if present is None else chosen & present)

    def add_tube(
        self,
        slot: int,
        path: Tensor,
        radius: Tensor | float,
        *,
        normal: tuple[float, float, float] = (0.0, 1.0, 0.0),
        flat: float = 1.0,
        sides: int = 8,
        present: Tensor | None = None,
        mirror: bool = False,
    ) -> None:
        """Adds a bent tube along a path [B, N, 3].

        Args:
            radius: a number, [B] or [B, N].
            normal: about perpendicular to the path everywhere: that of its plane, if it has one.
            flat: radius across `normal` in radii.
        """
        if _is_nobody(present):
            return
        ring = ring_around_path(path, radius, normal=normal, flat=flat, sides=sides)
        self.add_hull(torch.tensor(slot), ring, present=present)
        if mirror:
            self.add_hull(torch.tensor(slot), ring * torch.tensor(_MIRROR), present=present)

    def add_lathe(
        self,
        slot: int,
        centre: Sequence[Length],
        profile: Sequence[tuple[Length, Length]],
        *,
        sides: int = 20,
        present: Tensor | None = None,
        mirror: bool = False,
    ) -> None:
        """Adds a turned part with an upright axis: `profile` are its radii and heights above `centre` from one end."""
        if _is_nobody(present):
            return
        radius, height = (self.stack(column)[..., None] for column in zip(*profile, strict=True))  # [B, S, 1]
        angle = torch.arange(sides) * (2 * torch.pi / sides)
        grid = torch.stack([radius * angle.cos(), radius * angle.sin(), height.expand(-1, -1, sides)], -1)
        place = self.stack(centre)[:, None, None]
        self.add_hull(torch.tensor(slot), grid + place, present=present)
        if mirror:
            self.add_hull(torch.tensor(slot), grid + place * torch.tensor(_MIRROR), present=present)

    def add_hull(self, slots: Tensor, grid: Tensor, *, present: Tensor | None = None) -> None:
        """Adds a surface through closed rings, [B, S, M, 3].

        Its flat ends are strips between the points m and M - 1 - m, so rings may be hollowed.

        Args:
            slots: paints of its cells, broadcast to [B, S - 1, M]: between stations s, s + 1 and ring points m, m + 1.
                The ends are painted like the cells M / 4 beside them.
        """
        cells = slots.expand(self.batch, grid.shape[1] - 1, grid.shape[2])
        wanted = torch.ones_like(self.coarse) if present is None else present
        for owner, step in ((wanted & ~self.coarse, 1), (wanted & self.coarse, 2)):
            owner = owner.nonzero()[:, 0]
            if len(owner):
                station = torch.arange(0, grid.shape[1] - 1, step)
                half = torch.arange(0, grid.shape[2] // 2, step if grid.shape[2] > 6 else 1)
                point = torch.cat([half, grid.shape[2] - 1 - half.flip(0)])  # the ends are strips between the halves
                ends = torch.cat([station, torch.tensor([grid.shape[1] - 1])])
                self._hulls.append((grid[owner][:, ends][:, :, point], owner, cells[owner][:, station][:, :, point]))

    def lean(self, angle: Tensor, pivot: Sequence[Length]) -> None:
        """Turns all parts that there are so far backwards about the axis to the left through a point (x, y, z).

        angle: [B] radians.
        """
        turn = rotation_about(1, -angle)  # [B, 3, 3]
        centre = self.stack(pivot)[:, None]  # [B, 1, 3]

        def move(points: Tensor, owner: Tensor) -> Tensor:
            """Points [N, K, 3] of the objects `owner` [N]."""
            return (points - centre[owner]) @ turn[owner].mT + centre[owner]

        self._hulls = [
            (move(grid.flatten(1, 2), owner).view_as(grid), owner, cells) for grid, owner, cells in self._hulls
        ]
        everyone = torch.arange(self.batch)
        for kind, items in self._instances.items():
            for number, (row, wanted, slot) in enumerate(items):
                if kind in _SIDES:  # both ends, then radii
                    ends = move(row[:, :6].unflatten(1, (2, 3)), everyone)
                    moved = torch.cat([ends.flatten(1), row[:, 6:]], 1)
                else:  # centre, shape, rotation
                    own = turn @ row[:, -9:].unflatten(1, (3, 3))
                    moved = torch.cat([move(row[:, None, :3], everyone)[:, 0], row[:, 3:-9], own.flatten(1)], 1)
                items[number] = moved, wanted, slot

    def build_mesh(self, device: torch.device) -> Mesh:
        """All parts together, on the device."""
        pieces = [make_hull(*(value.to(device) for value in hull)) for hull in self._hulls]
        for kind, items in self._instances.items():
            if items:
                rows = torch.stack([item[0] for item in items], 1)  # [B, parts, numbers]
                owner, part = torch.stack([item[1] for item in items], 1).nonzero(as_tuple=True)
                slots = torch.tensor([item[2] for item in items])[part]
                if len(owner):
                    given = [value.to(device) for value in (rows[owner, part], owner, slots)]
                    if kind in _SIDES:
                        pieces.append(make_rods(*given, sides=_SIDES[kind]))
                    else:
                        pieces.append(make_boxes(*given, fine=kind == "panel"))
        return join_meshes(pieces)

    def _kinds_of_rods(self, kind: str) -> list[tuple[str, Tensor]]:
        """Which objects get a rod of this kind, and which a coarse one."""
        every = [(kind, ~self.coarse), (f"coarse {kind}", self.coarse)]
        return [(name, chosen) for name, chosen in every if chosen.any()]

    def _add(self, kind: str, row: Tensor, slot: int, present: Tensor | None) -> None:
        """Notes a part: row [B, numbers] as its maker in `meshes` takes it."""
        wanted = torch.ones_like(self.coarse) if present is None else present
        if wanted.any():
            self._instances[kind].append((row, wanted, slot))


def _is_nobody(present: Tensor | None) -> bool:
    """Whether no object has a part, so that it need not be made."""
    return present is not None and not present.any()
