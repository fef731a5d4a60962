"""Smooth normals of meshes that many poses share.

In: triangles, then vertices in any poses. Out: unit normals of the vertices. Dressing and shading call it.

Legend: V vertices, F triangles, K largest number of triangles around a vertex; "..." any poses.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize, pad


class VertexNormals:
    """Finds normals by gathering the triangles around every vertex, so that the order of sums is always the same."""

    def __init__(self, triangles: Tensor, vertices: int) -> None:
        """triangles: [F, 3] int64, counter-clockwise seen from outside; vertices: V."""
        self._triangles = triangles
        corner = triangles.flatten()
        vertex, order = corner.sort(stable=True)
        counts = torch.bincount(corner, minlength=vertices)
        rank = torch.arange(len(vertex), device=corner.device) - (counts.cumsum(0) - counts)[vertex]
        self._around = torch.full((int(counts.max()), vertices), len(triangles), device=corner.device)  # [K, V]
        self._around[rank, vertex] = order // 3

    def __call__(self, vertices: Tensor) -> Tensor:
        """Unit normals [..., V, 3] of vertices [..., V, 3], weighted by the triangles' areas."""
        first, second, third = (vertices[..., corner, :] for corner in self._triangles.T)
        faces = pad(torch.linalg.cross(second - first, third - first), (0, 0, 0, 1))  # [..., F + 1, 3], the last is 0
        total = torch.zeros_like(vertices)
        for around in self._around:
            total += faces[..., around, :]
        return normalize(total, dim=-1, eps=1e-20)
