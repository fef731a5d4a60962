"""Triangle meshes of many objects at once: rounded boxes, rods and lofted hulls as templates that are bent into shape.

In: rows of numbers that `kit.Kit` collects. Out: a `Mesh` that `raster` draws.

Legend: B objects, R instances of a template, V vertices of a template, F triangles of it, N vertices and T triangles in
all, S stations, M points of a ring.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import normalize

BOX_SIZES = (3, 3, 1, 1, 1, 1, 1, 9)  # centre, half sizes, radius of the edges, taper, bend, sag, puff, rotation
_FLAT = 0.7  # share of the template of a rounded box that stays flat
_COARSE = (-1.0, -_FLAT, _FLAT, 1.0)  # vertices along an edge of a box
_FINE = (-1.0, -_FLAT, -0.35, 0.0, 0.35, _FLAT, 1.0)  # of a box that is bent


@dataclass
class Mesh:
    """Triangles of B objects in one list."""

    position: Tensor
    """[N, 3] of the vertices."""
    normal: Tensor
    """[N, 3] unit vectors."""
    owner: Tensor
    """[N] object of a vertex."""
    triangles: Tensor
    """[T, 3] vertices, counter-clockwise from outside."""
    slot: Tensor
    """[T] which of the object's paints."""
    object: Tensor
    """[T] object of a triangle."""


def join_meshes(pieces: list[Mesh]) -> Mesh:
    """All pieces as one mesh, every triangle turned so that it faces the way its normals do."""
    counts = [0, *torch.tensor([len(piece.position) for piece in pieces]).cumsum(0).tolist()]
    position, normal, owner = (
        torch.cat([getattr(piece, name) for piece in pieces]) for name in ("position", "normal", "owner")
    )
    triangles = torch.cat([piece.triangles + start for piece, start in zip(pieces, counts, strict=False)])
    slot = torch.cat([piece.slot for piece in pieces])
    corner = position[triangles]  # [T, 3, 3]
    face = torch.linalg.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    inward = (face * normal[triangles].sum(1)).sum(-1) < 0
    triangles = torch.where(inward[:, None], triangles.flip(-1), triangles)
    return Mesh(position, normal, owner, triangles, slot, owner[triangles[:, 0]])


def merge_meshes(parts: Sequence[tuple[Tensor, Mesh]], absent: Tensor) -> Mesh:
    """One mesh of all objects from those of groups, each with the numbers [b] of its objects.

    absent: [B, K] bool, paints whose triangles are left out.
    """
    start, merged = 0, []
    for rows, mesh in parts:
        rows = rows.to(mesh.owner.device)
        owner, object_ = rows[mesh.owner], rows[mesh.object]
        merged.append(Mesh(mesh.position, mesh.normal, owner, mesh.triangles + start, mesh.slot, object_))
        start += len(mesh.position)
    whole = Mesh(*(torch.cat([getattr(part, name) for part in merged]) for name in Mesh.__dataclass_fields__))
    kept = ~absent[whole.object, whole.slot]
    return replace(whole, triangles=whole.triangles[kept], slot=whole.slot[kept], object=whole.object[kept])


def make_boxes(rows: Tensor, owner: Tensor, slot: Tensor, *, fine: bool) -> Mesh:
    """Rounded boxes: rows [R, 20] of `BOX_SIZES`, their objects and paints [R]; `fine` for those that are bent."""
    cube, faces = _make_cube(_FINE if fine else _COARSE, rows.device)
    centre, half, radius, taper, bend, sag, puff, turn = rows.split(list(BOX_SIZES), -1)
    radius = torch.minimum(radius, half.amin(-1, keepdim=True)) * 0.999
    core = (cube / _FLAT).clamp(-1, 1)
    normal = normalize(cube - cube.clamp(-_FLAT, _FLAT), dim=-1).expand(len(rows), -1, -1)  # [R, V, 3]
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
    turn = turn.unflatten(-1, (3, 3)).mT  # [R, 3, 3]; rows are multiplied from the left
    return _repeat_template((point @ turn + centre[:, None], normal @ turn), owner, faces, slot[:, None])


def _make_cube(lines: Sequence[float], device: torch.device) -> tuple[Tensor, Tensor]:
    """The six faces of a cube as grids of n x n vertices on `lines` [6 n n, 3], and their triangles [F, 3]."""
    line = torch.tensor(lines, device=device)
    u, v = (side.flatten() for side in torch.meshgrid(line, line, indexing="ij"))
    sides = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            face = [u, v]
            face.insert(axis, torch.full_like(u, sign))
            sides.append(torch.stack(face, -1))
    faces = _grid_triangles(len(lines), len(lines), device)
    return torch.cat(sides), torch.cat([faces + number * len(u) for number in range(6)])


def make_rods(rows: Tensor, owner: Tensor, slot: Tensor, *, sides: int) -> Mesh:
    """Cylinders and cones with flat ends and `sides` sides.

    rows: [R, 8] start, end and both radii; owner, slot: [R] their objects and paints.
    """
    device = rows.device
    angle = torch.arange(sides, device=device) * (2 * torch.pi / sides)
    ring = torch.stack([angle.cos(), angle.sin()], -1)
    zero, two = torch.zeros(1, 2, device=device), torch.cat([ring, ring])
    around = torch.cat([two, two, zero, zero])  # [V, 2]: sides, ends, centres of the ends
    level = torch.tensor([0.0, 1.0], device=device)
    along = torch.cat([level.repeat_interleave(sides), level.repeat_interleave(sides), level])  # [V]
    start, end, first, second = rows.split([3, 3, 1, 1], -1)
    axis = normalize(end - start, dim=-1)
    up = torch.tensor([0.0, 0.0, 1.0], device=device)
    helper = torch.where((axis[:, 2:].abs() > 0.9), up.roll(1), up)
    across = normalize(torch.linalg.cross(axis, helper), dim=-1)
    other = torch.linalg.cross(axis, across)
    radial = around[:, :1] * across[:, None] + around[:, 1:] * other[:, None]  # [R, V, 3]
    radius = first + (second - first) * along
    point = start[:, None] + (end - start)[:, None] * along[:, None] + radial * radius[..., None]
    is_end = torch.arange(len(along), device=device) >= 2 * sides
    normal = torch.where(is_end[:, None], axis[:, None] * (2 * along[:, None] - 1), radial)
    number = torch.arange(sides, device=device)
    following = (number + 1) % sides
    caps = [
        torch.stack([number + (2 + k) * sides, following + (2 + k) * sides, torch.full_like(number, 4 * sides + k)])
        for k in range(2)
    ]
    faces = torch.cat([_grid_triangles(2, sides, device, closed=True), *(cap.T for cap in caps)])
    return _repeat_template((point, normal), owner, faces, slot[:, None])


def make_hull(grid: Tensor, owner: Tensor, cells: Tensor) -> Mesh:
    """Surfaces through closed rings [R, S, M, 3] with flat ends.

    owner: [R] their objects; cells: [R, S - 1, M] paints of the cells between stations s, s + 1 and points m, m + 1.
    """
    stations, ring = grid.shape[1:3]
    along = torch.cat([grid[:, 1:2] - grid[:, :1], grid[:, 2:] - grid[:, :-2], grid[:, -1:] - grid[:, -2:-1]], 1)
    around = grid.roll(-1, 2) - grid.roll(1, 2)
    normal = torch.linalg.cross(around, along)
    middle = grid.mean(2, keepdim=True)
    outward = _sign(((grid - middle) * normal).sum((1, 2, 3)))  # of the volume
    lost = normal.square().sum(-1, keepdim=True) < 1e-16  # where stations or points of a ring coincide
    normal = normalize(torch.where(lost, grid - middle, normal * outward[:, None, None, None]), dim=-1)
    points, normals = [grid.flatten(1, 2)], [normal.flatten(1, 2)]
    faces = [_grid_triangles(stations, ring, grid.device, closed=True)]
    slots = [cells.flatten(1).repeat_interleave(2, 1)]
    first = torch.arange(ring // 2 - 1, device=grid.device)
    last = ring - 1 - first
    strip = torch.stack([torch.stack([first, first + 1, last - 1], -1), torch.stack([first, last - 1, last], -1)], 1)
    for station in (0, -1):
        start = sum(part.shape[1] for part in points)
        points.append(grid[:, station])
        normals.append(_end_normal(grid, middle, station).expand(-1, ring, -1))
        faces.append(strip.flatten(0, 1) + start)
        slots.append(cells[:, station, ring // 4, None].expand(-1, ring - 2))
    vertices = torch.cat(points, 1), torch.cat(normals, 1)
    return _repeat_template(vertices, owner, torch.cat(faces), torch.cat(slots, 1))


def _end_normal(grid: Tensor, middle: Tensor, station: int) -> Tensor:
    """Unit normal [R, 1, 3] of the flat end at a station (0 or -1), away from the hull.

    grid: [R, S, M, 3]; middle: [R, S, 1, 3] mean of each ring.
    """
    spoke = grid[:, station] - middle[:, station]
    facing = normalize(torch.linalg.cross(spoke, spoke.roll(-1, 1)).sum(1, keepdim=True), dim=-1)
    inside = middle[:, grid.shape[1] // 2]
    return facing * _sign((facing * (middle[:, station] - inside)).sum(-1, keepdim=True))


def _sign(value: Tensor) -> Tensor:
    """-1 or 1."""
    return torch.where(value < 0, -1.0, 1.0)


def _repeat_template(vertices: tuple[Tensor, Tensor], owner: Tensor, faces: Tensor, slot: Tensor) -> Mesh:
    """Instances that share the triangles [F, 3] of their template.

    vertices: position and normal [R, V, 3]; owner: [R]; slot: [R, F or 1].
    """
    count, each = vertices[0].shape[:2]
    offset = each * torch.arange(count, device=owner.device)[:, None, None]
    triangles = (faces + offset).flatten(0, 1)  # [R * F, 3]
    position, normal = (values.flatten(0, 1) for values in vertices)  # [R * V, 3]
    slot = slot.expand(-1, len(faces)).flatten()
    return Mesh(position, normal, owner.repeat_interleave(each), triangles, slot, slot)


def _grid_triangles(rows: int, columns: int, device: torch.device, *, closed: bool = False) -> Tensor:
    """Two triangles [F, 3] for each cell of a grid of vertices; `closed` joins the last column with the first."""
    row = torch.arange(rows - 1, device=device)[:, None]
    column = torch.arange(columns if closed else columns - 1, device=device)[None]
    following = (column + 1) % columns
    a, b = row * columns + column, row * columns + following
    c, d = a + columns, b + columns
    return torch.stack([torch.stack([a, b, d], -1), torch.stack([a, d, c], -1)], 2).view(-1, 3)
