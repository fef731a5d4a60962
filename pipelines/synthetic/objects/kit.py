"""Meshes of many objects at once, put together from rounded boxes, rods and lofted hulls.

Object coordinates: x forward, y to the object's left, z up. A number or a tensor [B] does wherever a length is asked
for; `present` [B] leaves a part out of some objects. `mirror` adds the part's image on the other side of y = 0.

Legend: B objects, R instances, V vertices of a template, N vertices, T triangles, S stations, M points of a ring.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

Length = Tensor | float
_FLAT = 0.7  # share of a rounded box's template that stays flat
_SIDES = {"rod": 14, "disc": 28}


@dataclass
class Mesh:
    """Triangles of B objects in one list.

    position, normal [N, 3]; owner [N] object of a vertex; triangles [T, 3]; slot [T] which of the object's paints;
    object [T].
    """

    position: Tensor
    normal: Tensor
    owner: Tensor
    triangles: Tensor
    slot: Tensor
    object: Tensor


class Kit:
    """Collects the parts of `batch` objects; `mesh` puts them together.

    Parts go to the objects `only` [B], and their slots are counted from `first_slot`. All tensors are on the CPU.
    """

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.only = torch.ones(batch, dtype=torch.bool)
        self.first_slot = 0
        self._instances: dict[str, list[tuple[Tensor, Tensor, int]]] = {"box": [], "panel": [], "rod": [], "disc": []}
        self._hulls: list[tuple[Tensor, Tensor, Tensor]] = []

    def stack(self, values: Sequence[Length]) -> Tensor:
        """Numbers and tensors [B] as [B, len(values)]."""
        full = [torch.as_tensor(value, dtype=torch.float32) for value in values]
        return torch.stack([value.expand(self.batch) for value in full], -1)

    def box(
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
        """A rounded box: half its sizes, radius of the edges, rotation [B, 3, 3].

        taper: x and y grow by this share towards +z. bend, sag: z is raised by this towards the ends of x, of y.
        puff: both faces of z bulge by this.
        """
        turn = torch.eye(3).expand(self.batch, 3, 3) if turn is None else turn
        shape = self.stack([*half, radius, taper, bend, sag, puff])
        kind = "box" if all(isinstance(value, float) and not value for value in (bend, sag, puff)) else "panel"
        place = self.stack(centre)
        self._add(kind, torch.cat([place, shape, turn.flatten(1)], -1), slot, present)
        if mirror:
            flip = torch.tensor([1.0, -1.0, 1.0])
            turn = turn * flip * flip[:, None]
            self._add(kind, torch.cat([place * flip, shape, turn.flatten(1)], -1), slot, present)

    def rod(
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
    ) -> None:
        """A cylinder or cone with flat ends; `round` for those that are seen from their ends."""
        kind = "disc" if round else "rod"
        ends = self.stack([*start, *end])
        radii = self.stack([radius, radius if end_radius is None else end_radius])
        self._add(kind, torch.cat([ends, radii], -1), slot, present)
        if mirror:
            flip = torch.tensor([1.0, -1.0, 1.0] * 2)
            self._add(kind, torch.cat([ends * flip, radii], -1), slot, present)

    def hull(self, slots: Tensor, grid: Tensor, *, present: Tensor | None = None) -> None:
        """A surface through closed rings, [B, S, M, 3]. Its flat ends are strips between the points m and M - 1 - m, so
        rings may be hollowed.

        slots: of its cells [B, S - 1, M], between stations s, s + 1 and ring points m, m + 1; the ends are like the
        cells M / 4 beside them.
        """
        owner = (self.only if present is None else self.only & present).nonzero()[:, 0]
        if len(owner):
            cells = slots.expand(self.batch, grid.shape[1] - 1, grid.shape[2])
            self._hulls.append((grid[owner], owner, cells[owner] + self.first_slot))

    def mesh(self, device: torch.device) -> Mesh:
        """All parts together, on the device."""
        pieces = [_hull(*(value.to(device) for value in hull)) for hull in self._hulls]
        for kind, items in self._instances.items():
            if items:
                rows = torch.stack([item[0] for item in items], 1)  # [B, P, K]
                owner, part = torch.stack([item[1] for item in items], 1).nonzero(as_tuple=True)
                slots = torch.tensor([item[2] for item in items])[part]
                if len(owner):
                    given = [value.to(device) for value in (rows[owner, part], owner, slots)]
                    rods = kind in _SIDES
                    piece = _rods(*given, sides=_SIDES[kind]) if rods else _boxes(*given, fine=kind == "panel")
                    pieces.append(piece)
        return _joined(pieces)

    def _add(self, kind: str, row: Tensor, slot: int, present: Tensor | None) -> None:
        wanted = self.only if present is None else self.only & present
        self._instances[kind].append((row, wanted, self.first_slot + slot))


def _joined(pieces: list[Mesh]) -> Mesh:
    counts = [0, *torch.tensor([len(piece.position) for piece in pieces]).cumsum(0).tolist()]
    position, normal, owner = (
        torch.cat([getattr(piece, name) for piece in pieces]) for name in ("position", "normal", "owner")
    )
    triangles = torch.cat([piece.triangles + start for piece, start in zip(pieces, counts, strict=False)])
    slot = torch.cat([piece.slot for piece in pieces])
    corner = position[triangles]
    face = torch.linalg.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    inward = (face * normal[triangles].sum(1)).sum(-1) < 0
    triangles = torch.where(inward[:, None], triangles.flip(-1), triangles)
    return Mesh(position, normal, owner, triangles, slot, owner[triangles[:, 0]])


def _instanced(vertices: tuple[Tensor, Tensor], owner: Tensor, faces: Tensor, slot: Tensor) -> Mesh:
    """Position and normal [R, V, 3] of instances that share the faces [F, 3] of their template; slot [R, F or 1]."""
    count, each = vertices[0].shape[:2]
    offset = each * torch.arange(count, device=owner.device)[:, None, None]
    triangles = (faces + offset).flatten(0, 1)
    position, normal = (values.flatten(0, 1) for values in vertices)
    slot = slot.expand(-1, len(faces)).flatten()
    return Mesh(position, normal, owner.repeat_interleave(each), triangles, slot, slot)


def _grid_faces(rows: int, columns: int, device: torch.device, *, closed: bool = False) -> Tensor:
    """Two triangles for each cell of a grid of vertices; `closed`: the last column is joined with the first."""
    row = torch.arange(rows - 1, device=device)[:, None]
    column = torch.arange(columns if closed else columns - 1, device=device)[None]
    following = (column + 1) % columns
    a, b = row * columns + column, row * columns + following
    c, d = a + columns, b + columns
    return torch.stack([torch.stack([a, b, d], -1), torch.stack([a, d, c], -1)], 2).view(-1, 3)


def _boxes(rows: Tensor, owner: Tensor, slot: Tensor, *, fine: bool) -> Mesh:
    lines = (-1.0, -_FLAT, -0.35, 0.0, 0.35, _FLAT, 1.0) if fine else (-1.0, -_FLAT, _FLAT, 1.0)
    cube, faces = _cube(lines, rows.device)
    centre, half, radius, taper, bend, sag, puff, turn = rows.split([3, 3, 1, 1, 1, 1, 1, 9], -1)
    radius = torch.minimum(radius, half.amin(-1, keepdim=True)) * 0.999
    core = (cube / _FLAT).clamp(-1, 1)
    normal = normalize(cube - cube.clamp(-_FLAT, _FLAT), dim=-1).expand(len(rows), -1, -1)
    point = core * (half - radius)[:, None] + radius[:, None] * normal
    share = point / half[:, None]
    sx, sy, sz = share.unbind(-1)
    hx, hy, _ = half[:, None].unbind(-1)
    side = sz.sign()
    raised = bend * sx.square() + sag * sy.square() + puff * side * (1 - sx.square()) * (1 - sy.square())
    along_x = 2 * sx / hx * (bend - puff * side * (1 - sy.square()))
    along_y = 2 * sy / hy * (sag - puff * side * (1 - sx.square()))
    wide = 1 + taper * sz
    point = torch.stack([point[..., 0] * wide, point[..., 1] * wide, point[..., 2] + raised], -1)
    nx, ny, nz = normal.unbind(-1)
    normal = normalize(torch.stack([nx - nz * along_x, ny - nz * along_y, nz], -1), dim=-1)
    turn = turn.unflatten(-1, (3, 3)).mT  # rows are multiplied from the left
    return _instanced((point @ turn + centre[:, None], normal @ turn), owner, faces, slot[:, None])


def _cube(lines: Sequence[float], device: torch.device) -> tuple[Tensor, Tensor]:
    """The six faces of a cube as grids [6 n n, 3] with vertices on `lines`, and their triangles."""
    line = torch.tensor(lines, device=device)
    u, v = (side.flatten() for side in torch.meshgrid(line, line, indexing="ij"))
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            face = [u, v]
            face.insert(axis, torch.full_like(u, sign))
            sides.append(torch.stack(face, -1))
    faces = _grid_faces(len(lines), len(lines), device)
    return torch.cat(sides), torch.cat([faces + number * len(u) for number in range(6)])


def _rods(rows: Tensor, owner: Tensor, slot: Tensor, *, sides: int) -> Mesh:
    device = rows.device
    angle = torch.arange(sides, device=device) * (2 * torch.pi / sides)
    ring = torch.stack([angle.cos(), angle.sin()], -1)
    zero, two = torch.zeros(1, 2, device=device), torch.cat([ring, ring])
    around = torch.cat([two, two, zero, zero])  # sides, ends, centres of the ends
    level = torch.tensor([0.0, 1.0], device=device)
    along = torch.cat([level.repeat_interleave(sides), level.repeat_interleave(sides), level])
    start, end, first, second = rows.split([3, 3, 1, 1], -1)
    axis = normalize(end - start, dim=-1)
    up = torch.tensor([0.0, 0.0, 1.0], device=device)
    helper = torch.where((axis[:, 2:].abs() > 0.9), up.roll(1), up)
    across = normalize(torch.linalg.cross(axis, helper), dim=-1)
    other = torch.linalg.cross(axis, across)
    radial = around[:, :1] * across[:, None] + around[:, 1:] * other[:, None]
    radius = first + (second - first) * along
    point = start[:, None] + (end - start)[:, None] * along[:, None] + radial * radius[..., None]
    ends = torch.arange(len(along), device=device) >= 2 * sides
    normal = torch.where(ends[:, None], axis[:, None] * (2 * along[:, None] - 1), radial)
    number = torch.arange(sides, device=device)
    following = (number + 1) % sides
    caps = [
        torch.stack([number + (2 + k) * sides, following + (2 + k) * sides, torch.full_like(number, 4 * sides + k)])
        for k in range(2)
    ]
    faces = torch.cat([_grid_faces(2, sides, device, closed=True), *(cap.T for cap in caps)])
    return _instanced((point, normal), owner, faces, slot[:, None])


def _hull(grid: Tensor, owner: Tensor, cells: Tensor) -> Mesh:
    stations, ring = grid.shape[1:3]
    along = torch.cat([grid[:, 1:2] - grid[:, :1], grid[:, 2:] - grid[:, :-2], grid[:, -1:] - grid[:, -2:-1]], 1)
    around = grid.roll(-1, 2) - grid.roll(1, 2)
    normal = torch.linalg.cross(around, along)
    middle = grid.mean(2, keepdim=True)
    outward = ((grid - middle) * normal).sum((1, 2, 3)).sign()  # of the volume
    normal = normalize(normal, dim=-1) * outward[:, None, None, None]
    points, normals = [grid.flatten(1, 2)], [normal.flatten(1, 2)]
    faces, slots = [_grid_faces(stations, ring, grid.device, closed=True)], [cells.flatten(1).repeat_interleave(2, 1)]
    first = torch.arange(ring // 2 - 1, device=grid.device)
    last = ring - 1 - first
    strip = torch.stack([torch.stack([first, first + 1, last - 1], -1), torch.stack([first, last - 1, last], -1)], 1)
    for station in (0, -1):
        start = sum(part.shape[1] for part in points)
        points.append(grid[:, station])
        spoke = grid[:, station] - middle[:, station]
        facing = normalize(torch.linalg.cross(spoke, spoke.roll(-1, 1)).sum(1, keepdim=True), dim=-1)
        outward = (facing * (middle[:, station] - middle[:, stations // 2])).sum(-1, keepdim=True).sign()
        normals.append((facing * outward).expand(-1, ring, -1))
        faces.append(strip.flatten(0, 1) + start)
        slots.append(cells[:, station, ring // 4, None].expand(-1, ring - 2))
    vertices = torch.cat(points, 1), torch.cat(normals, 1)
    return _instanced(vertices, owner, torch.cat(faces), torch.cat(slots, 1))
