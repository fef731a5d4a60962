"""Layers of a dressed person: meshes whose vertices move but whose triangles are everybody's.

`Layer` holds what all people share; `make_grid` makes the layer of a sheet or tube of rings and columns. The modules of
garments, hair and accessories build layers, `dressed` puts them together.

Texture coordinates are those of `textures`: u once around a part's long axis (0.5 front, 0.75 the person's left), v
along it. Corners of triangles have their own, so that u can go on beyond 1 where a part closes: textures repeat.

Legend: B people, V vertices and F triangles of a layer, K rings, C columns, N directions.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE, PARTS
from pipelines.synthetic.people.textures import SLOTS
from pipelines.synthetic.tensors import constant

LAYERS = (
    "skin", "inner", "bottom", "top", "skirt", "coat", "collar", "shoe", "hair", "hanging_hair", "hat", "glasses",
    "bag",
)  # fmt: skip


@dataclass
class Layer:
    """Tables of one layer."""

    name: str
    """One of `LAYERS`."""
    triangles: Tensor
    """[F, 3] int64, counter-clockwise seen from outside."""
    uv: Tensor
    """[F, 3, 2] texture coordinates of the corners."""
    slot: Tensor
    """[F] int64 index into `textures.SLOTS`."""
    part: Tensor
    """[F] int64 index into `body_bones.PARTS`."""
    weights: Tensor
    """[V, J] how much each bone moves a vertex; zero where vertices are posed in another way."""


def make_grid(
    name: str,
    size: tuple[int, int],
    *,
    slot: str,
    part: str,
    closed: bool,
    bones: Mapping[str, float] | Tensor | None = None,
    u: tuple[float, float] = (0.0, 1.0),
    v: tuple[float, float] = (0.0, 1.0),
    inward: bool = False,
) -> Layer:
    """A layer of K rings of C columns; vertex k * C + c.

    Rings run along v, columns along u; seen from outside, with the rings going down, columns go to the right.

    Args:
        size: (K, C).
        closed: the last column meets the first.
        bones: weights of the bones that all vertices follow, or [K, J] for each ring.
        u, v: texture coordinates at the first column or ring and at the end of the last.
        inward: turn the front of the triangles round.
    """
    rings, columns = size
    spans = columns if closed else columns - 1
    ring, column = torch.meshgrid(torch.arange(rings - 1), torch.arange(spans), indexing="ij")
    ring, column = ring.flatten(), column.flatten()
    corners = torch.stack([ring, ring + 1, ring + 1, ring]), torch.stack([column, column, column + 1, column + 1])
    index = corners[0] * columns + corners[1] % columns  # [4, quads]
    at = torch.stack(
        [u[0] + (u[1] - u[0]) * corners[1] / spans, v[0] + (v[1] - v[0]) * corners[0] / (rings - 1)], -1
    )  # [4, quads, 2]
    order = [[0, 2, 1], [0, 3, 2]] if inward else [[0, 1, 2], [0, 2, 3]]
    triangles = torch.cat([index[way].T for way in order])
    uv = torch.cat([at[way].transpose(0, 1) for way in order])
    count = len(triangles)
    if not isinstance(bones, Tensor):
        bones = bone_weights(bones or {}).expand(rings, -1)
    return Layer(
        name,
        triangles,
        uv,
        torch.full((count,), SLOTS.index(slot)),
        torch.full((count,), PARTS.index(part)),
        bones.repeat_interleave(columns, 0),
    )


def bone_weights(bones: Mapping[str, float]) -> Tensor:
    """Weights [J] from those of named bones."""
    weights = torch.zeros(len(BONE))
    for name, weight in bones.items():
        weights[BONE[name]] = weight
    return weights


def ring_weights(rings: int, *stops: tuple[float, Mapping[str, float]]) -> Tensor:
    """Weights [K, J] that change evenly between stops: (place from 0, the first ring, to 1; weights of bones)."""
    place = torch.linspace(0, 1, rings)[:, None]
    result = bone_weights(stops[0][1]).expand(rings, -1)
    for (start, _), (end, bones) in pairwise(stops):
        result = torch.lerp(
            result, bone_weights(bones).expand_as(result), ((place - start) / (end - start)).clamp(0, 1)
        )
    return result


def directions(count: int, low: float = 0.0, high: float = 1.0, *, closed: bool = True) -> Tensor:
    """Unit vectors [C, 2] (x, z) of columns from u = low to high, on the last column or, if closed, one short of it."""
    step = (high - low) / (count if closed else count - 1)
    angle = 2 * math.pi * (low + step * torch.arange(count) - 0.5)
    return torch.stack([torch.sin(angle), torch.cos(angle)], -1)


def extend_to(points: Tensor, ways: Tensor) -> Tensor:
    """How far point sets [B, n, 2] reach in the directions `ways` [N, 2]: [B, N]. A sheet wound tightly around them is
    that far out."""
    return (points @ ways.T).amax(1)


def interpolation_weights(values: Tensor, stops: tuple[float, ...]) -> Tensor:
    """Weights [..., n] of linear interpolation at `values` [...] between rising stops, constant outside of them."""
    known = constant(stops, values.device)
    values = values.clamp(stops[0], stops[-1])
    index = torch.searchsorted(known, values.contiguous()).clamp(1, len(stops) - 1)
    share = (values - known[index - 1]) / (known[index] - known[index - 1])
    weights = values.new_zeros(*values.shape, len(stops))
    weights.scatter_(-1, index[..., None], share[..., None])
    return weights.scatter_(-1, (index - 1)[..., None], (1 - share)[..., None])


def vertex_normals(vertices: Tensor, triangles: Tensor, incident: Tensor) -> Tensor:
    """Unit normals [B, V, 3] of meshes; incident: [V, n] triangles at a vertex, padded with F.

    Gathers instead of adding up, so that the same bits come out on a GPU.
    """
    first, second, third = vertices[:, triangles].unbind(2)
    cross = torch.linalg.cross(second - first, third - first)
    cross = torch.cat([cross, torch.zeros_like(cross[:, :1])], 1)
    return torch.nn.functional.normalize(cross[:, incident].sum(2), dim=-1)


def incident_triangles(triangles: Tensor, vertices: int) -> Tensor:
    """The triangles at each vertex [V, n], padded with F."""
    count = len(triangles)
    vertex, order = triangles.flatten().sort(stable=True)
    return _ragged(vertex, order // 3, vertices, count)


def neighbours(triangles: Tensor, vertices: int, *, keep_rim: bool) -> Tensor:
    """The vertices that share an edge with each vertex [V, n], padded with the vertex itself.

    keep_rim: vertices on an open edge have none, so that smoothing leaves them where they are.
    """
    ends = torch.cat([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    key = ends.amin(1) * vertices + ends.amax(1)
    key, count = key.unique(return_counts=True)
    pairs = torch.stack([key // vertices, key % vertices], 1)
    both = torch.cat([pairs, pairs.flip(1)])
    if keep_rim:
        rim = torch.zeros(vertices, dtype=torch.bool)
        rim[pairs[count == 1].flatten()] = True
        both = both[~rim[both[:, 0]]]
    vertex, order = both[:, 0].sort(stable=True)
    table = _ragged(vertex, both[order, 1], vertices, -1)
    return torch.where(table < 0, torch.arange(vertices)[:, None], table)


def _ragged(row: Tensor, value: Tensor, rows: int, padding: int) -> Tensor:
    """A table [rows, n] of the values, which are sorted by row, padded at the end."""
    count = torch.bincount(row, minlength=rows)
    place = torch.arange(len(row)) - (count.cumsum(0) - count)[row]
    table = torch.full((rows, int(count.max())), padding, dtype=torch.int64)
    table[row, place] = value
    return table
