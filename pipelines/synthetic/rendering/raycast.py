"""Analytic orthographic ray casting of round cones, batched.

In: `Primitives` fixed to moving frames, which `place` puts into the world, and rays along -z. Out: depth and primitive
of the nearest hit.

Every primitive is a round cone in its own canonical space (axis y, radius r1 at y = 0 and r2 at y = L) under an affine
map, so elliptic cross-sections, ellipsoids and flattened shapes are all the same primitive. An end is closed by its
sphere or left open; a plane may cut a part away. The nearest hit is a pointwise function of pixel and primitive
followed by one maximum over the primitives, which compiles to a single kernel. Pictures are cast in small tiles, each
against the few primitives near it.

Legend: B batch, T frames of the clip, N = B * T pictures, M rays, P primitives, K tiles, F frames of the rig, H height,
W width.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

MISS = -1.0e6  # depth where a ray hits nothing
_EPSILON = 1e-9  # of a quadratic coefficient, below which a ray runs along the cone's side
_TILE = 8  # side in pixels
_CHUNK = 1 << 17  # ray-primitive pairs evaluated at once without compilation
_COMPILE_FROM = 1 << 22  # ray-primitive pairs from which compilation pays on CUDA


@dataclass
class Primitives:
    """Round cones fixed to frames. All tensors share the order of the primitives."""

    frame: Tensor
    """[P] index of the frame that carries the primitive."""
    linear: Tensor
    """[B, P, 3, 3] linear part of the map from canonical to frame coordinates (m)."""
    offset: Tensor
    """[B, P, 3] translation of that map (m)."""
    shape: Tensor
    """[B, P, 7], see `round_cone_shape`."""
    clip: Tensor
    """[B, P, 4] canonical plane (n, h): points q with n.q + h < 0 are cut away."""


@dataclass
class Placed:
    """Primitives in the world."""

    parameters: Tensor
    """[23, N, P] parameters of the ray equations: inverse linear map (9), centre (3), shape (7), clipping plane (4)."""
    bounds: Tensor
    """[N, P, 4] x0, y0, x1, y1 of the silhouettes, metres."""

    def __getitem__(self, pictures: slice | Tensor) -> "Placed":
        return Placed(self.parameters[:, pictures], self.bounds[pictures])


def round_cone_shape(start: Tensor, end: Tensor, length: Tensor, open_start: Tensor, open_end: Tensor) -> Tensor:
    """Shape parameters [..., 7]: length, slope and radius of the lateral cone, its range along y (2), and the squared
    radii of the end spheres (2), -1 for an open end.

    start, end: [...] radii in metres; length: [...] metres, positive; open_start, open_end: [...] bool.
    """
    sine = ((start - end) / length).clamp(-0.995, 0.995)
    cosine = torch.sqrt(1 - sine * sine)
    low = torch.where(open_start, torch.zeros_like(length), start * sine)
    high = torch.where(open_end, length, length + end * sine)
    first = torch.where(open_start, -torch.ones_like(start), start * start)
    second = torch.where(open_end, -torch.ones_like(end), end * end)
    return torch.stack([length, sine / cosine, start / cosine, low, high, first, second], -1)


def place(primitives: Primitives, rotation: Tensor, origin: Tensor) -> Placed:
    """Moves the primitives with their frames: rotation [B, T, F, 3, 3], origin [B, T, F, 3], N = B * T pictures."""
    frame = primitives.frame
    turn, move = rotation[:, :, frame], origin[:, :, frame]  # [B, T, P, 3, 3]
    linear = turn @ primitives.linear[:, None]
    inverse = torch.linalg.inv(primitives.linear)[:, None] @ turn.mT
    centre = (turn @ primitives.offset[:, None, :, :, None])[..., 0] + move
    steps = rotation.shape[1]
    constant = torch.cat([primitives.shape, primitives.clip], -1)[:, None].expand(-1, steps, -1, -1)
    parameters = torch.cat([inverse.flatten(-2), centre, constant], -1)  # [B, T, P, 23]
    bounds = _bounds(linear, centre, primitives.shape[:, None])
    return Placed(parameters.flatten(0, 1).permute(2, 0, 1).contiguous(), bounds.flatten(0, 1))


def _bounds(linear: Tensor, centre: Tensor, shape: Tensor) -> Tensor:
    """Boxes [B, T, P, 4] that hold the silhouettes; linear [B, T, P, 3, 3], centre [B, T, P, 3], shape [B, 1, P, 7]."""
    length, slope, radius = shape[..., 0], shape[..., 1], shape[..., 2]
    spread = linear[..., :2, :].norm(dim=-1)  # [B, T, P, 2]
    far = centre[..., :2] + linear[..., :2, 1] * length[..., None]
    first = spread * radius.clamp(min=0)[..., None]
    second = spread * (radius - slope * length).clamp(min=0)[..., None]
    low = torch.minimum(centre[..., :2] - first, far - second)
    high = torch.maximum(centre[..., :2] + first, far + second)
    return torch.cat([low, high], -1)


def hit_depth(parameters: Sequence[Tensor], x: Tensor, y: Tensor) -> Tensor:
    """World z of the nearest hit of the rays (x, y) with primitives, `MISS` without one.

    parameters: the 23 rows of `Placed.parameters`. All tensors broadcast with each other.
    """
    a00, a01, a02, a10, a11, a12, a20, a21, a22, bx, by, bz, *rest = parameters
    length, slope, radius, low, high, first, second, cx, cy, cz, ch = rest
    u, v = x - bx, y - by
    px, py, pz = a00 * u + a01 * v, a10 * u + a11 * v, a20 * u + a21 * v
    cut, cut_step = cx * px + cy * py + cz * pz + ch, cx * a02 + cy * a12 + cz * a22

    def nearer_to_camera(
        best: Tensor, a: Tensor, b: Tensor, c: Tensor, bottom: Tensor | float, top: Tensor | float
    ) -> Tensor:
        """`best` or the largest valid root z of a z^2 + 2 b z + c = 0 with its hit between `bottom` and `top`,
        whichever is nearer to the camera."""
        discriminant = b * b - a * c
        root, inverse = torch.sqrt(discriminant.clamp(min=0)), 1 / a
        for signed in (root, -root):
            z = (signed - b) * inverse
            along = py + z * a12
            valid = (cut + z * cut_step >= 0) & (discriminant > 0) & (along >= bottom) & (along <= top)
            best = torch.where(valid & (z > best), z, best)
        return best

    lateral, cross, flat = a02 * a02 + a22 * a22, px * a02 + pz * a22, px * px + pz * pz
    width = radius - slope * py
    a = lateral - slope * slope * a12 * a12
    a = torch.where(a.abs() < _EPSILON, _EPSILON, a)
    depth = nearer_to_camera(
        torch.full_like(flat, MISS), a, cross + slope * a12 * width, flat - width * width, low, high
    )
    square = lateral + a12 * a12
    depth = nearer_to_camera(depth, square, cross + py * a12, flat + py * py - first, -1e6, low)
    q = py - length
    depth = nearer_to_camera(depth, square, cross + q * a12, flat + q * q - second, high, 1e6)
    return torch.where(depth > MISS / 2, depth + bz, MISS)


def find_nearest(parameters: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Depth [N, M] and primitive [N, M] (int16, -1 for a miss) of the rays x, y [N, M]; parameters [23, N, P]."""
    depth = hit_depth(parameters[:, :, None].unbind(0), x[..., None], y[..., None])  # [N, M, P]
    best, index = depth.max(-1)
    return best, torch.where(best > MISS / 2, index, -1).to(torch.int16)


@functools.cache
def _compile_nearest() -> Callable[..., tuple[Tensor, Tensor]]:
    return torch.compile(find_nearest, dynamic=True)


def cast(placed: Placed, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Depth (world z, `MISS` without a hit) and primitive (-1 without) [N, M] of the rays at the world positions x, y
    [N, M] in metres; compiled for large jobs on CUDA."""
    parameters = placed.parameters
    if x.is_cuda and x.numel() * parameters.shape[2] >= _COMPILE_FROM:
        return _compile_nearest()(parameters.contiguous(), x.contiguous(), y.contiguous())
    rays = max(1, _CHUNK // parameters.shape[2])
    depth, index = torch.empty_like(x), torch.empty(x.shape, dtype=torch.int16, device=x.device)
    step = max(1, rays // max(1, x.shape[1]))
    for i in range(0, x.shape[0], step):
        for j in range(0, x.shape[1], rays):
            part = slice(i, i + step), slice(j, j + rays)
            depth[part], index[part] = find_nearest(parameters[:, part[0]], x[part], y[part])
    return depth, index


def cast_grid(placed: Placed, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Depth and primitive [N, H, W] on a grid with rising columns x [N, W] and falling rows y [N, H], in world metres.

    The grid is cut into tiles; each tile is cast against the primitives whose boxes touch it.
    """
    height, width = y.shape[1], x.shape[1]
    columns, rows = _split_tiles(x), _split_tiles(y)  # [N, W / tile, tile]
    x0, y0, x1, y1 = placed.bounds[:, None].unbind(-1)  # [N, 1, P]
    across = (x0 <= columns[..., -1:]) & (x1 >= columns[..., :1])
    down = (y0 <= rows[..., :1]) & (y1 >= rows[..., -1:])
    touched = down[:, :, None] & across[:, None]  # [N, H / tile, W / tile, P]
    where = touched.any(-1).nonzero(as_tuple=True)
    depth = x.new_full((*touched.shape[:3], _TILE, _TILE), MISS)
    index = torch.full(depth.shape, -1, dtype=torch.int16, device=x.device)
    if len(where[0]):
        depth[where], index[where] = _cast_tiles(placed, touched[where], where, columns, rows)
    return _join_tiles(depth)[:, :height, :width], _join_tiles(index)[:, :height, :width]


def _cast_tiles(placed: Placed, touched: Tensor, where: tuple, columns: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Depth and primitive [K, tile, tile] of the K tiles `where` = (picture, row, column), each [K].

    touched: [K, P] bool; columns: [N, W / tile, tile], rows: [N, H / tile, tile] world metres.
    """
    picture, row, column = where
    most = int(touched.sum(1).max())
    chosen = touched.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]
    parameters = placed.parameters[:, picture[:, None], chosen]  # [23, K, most]
    x = columns[picture, column][:, None].expand(-1, _TILE, -1).flatten(1)
    y = rows[picture, row][:, :, None].expand(-1, -1, _TILE).flatten(1)
    depth, index = cast(Placed(parameters, placed.bounds), x, y)
    index = torch.where(index >= 0, chosen.gather(1, index.clamp(min=0).long()), -1).to(torch.int16)
    return depth.unflatten(1, (_TILE, _TILE)), index.unflatten(1, (_TILE, _TILE))


def _split_tiles(values: Tensor) -> Tensor:
    """[N, W] as [N, W / tile, tile], the last value repeated to fill the last tile."""
    return pad(values[:, None], (0, -values.shape[1] % _TILE), mode="replicate")[:, 0].unflatten(1, (-1, _TILE))


def _join_tiles(tiles: Tensor) -> Tensor:
    """[N, H / tile, W / tile, tile, tile] as [N, H, W]."""
    return tiles.transpose(2, 3).flatten(3).flatten(1, 2)
