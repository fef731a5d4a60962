"""The part of MakeHuman's base mesh that the body model keeps: its vertices, what covers them, and points on its skin.

In: a `Source`. Out: a `Mesh`, labels and points. `bake` calls these functions.

Legend: V vertices, H vertices of the right half with the middle, F triangles, U texture coordinates.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.synthetic.people.bake_source import Array, Index, Source
from pipelines.synthetic.people.bake_tables import (
    EAR_MOVED,
    EAR_TARGETS,
    FACE_MIDDLE,
    FACE_MIRROR,
    FACE_RIGHT,
    GROUPS,
    HAIRLINE_Y,
    HAIRLINE_Z,
    LIP_CONTOUR,
    LIP_DEPTH,
    SKIN_POINTS,
)
from pipelines.synthetic.people.body_bones import SURFACES


@dataclass
class Mesh:
    """The part of the base mesh that is kept."""

    vertices: Index
    """[V] rows of the base mesh."""
    triangles: Index
    """[F, 3] rows of `vertices`."""
    uv: Array
    """[U, 2] texture coordinates, 0..1, v upwards."""
    uv_triangles: Index
    """[F, 3] rows of `uv`."""
    group: NDArray[np.uint8]
    """[V] index into `GROUPS`."""
    half: Index
    """[V] which of the H vertices of the right half a vertex equals or mirrors."""
    mirrored: NDArray[np.bool_]
    """[V] whether it mirrors it."""

    @property
    def right(self) -> Index:
        """[H] rows of the base mesh of the right half."""
        rows = np.empty(self.half.max() + 1, np.int64)
        rows[self.half[~self.mirrored]] = self.vertices[~self.mirrored]
        return rows


def cut_mesh(source: Source) -> Mesh:
    """Keeps the groups of `GROUPS`, numbers vertices and texture coordinates anew and pairs the halves."""
    quads = np.concatenate([source.quads[name] for name in GROUPS])
    uv_quads = np.concatenate([source.uv_quads[name] for name in GROUPS])
    vertices, corners = np.unique(quads, return_inverse=True)
    uv, uv_corners = np.unique(uv_quads, return_inverse=True)
    split = np.array([[0, 1, 2], [0, 2, 3]])
    group = np.empty(len(source.vertices), np.uint8)
    for index, name in enumerate(GROUPS):
        group[source.quads[name]] = index
    half, mirrored = _pair_halves(source.vertices[vertices])
    return Mesh(
        vertices=vertices,
        triangles=corners.reshape(quads.shape)[:, split].reshape(-1, 3),
        uv=source.uv[uv],
        uv_triangles=uv_corners.reshape(quads.shape)[:, split].reshape(-1, 3),
        group=group[vertices],
        half=half,
        mirrored=mirrored,
    )


def _pair_halves(points: Array) -> tuple[Index, NDArray[np.bool_]]:
    """For each of the points [V, 3]: which one of the right half and the middle it equals or mirrors, and whether it
    mirrors it. The mesh is exactly symmetric."""
    mirrored = points[:, 0] > 1e-6
    right = np.flatnonzero(~mirrored)
    row = {tuple(np.round(points[index], 6) + 0.0): number for number, index in enumerate(right)}
    folded = np.round(np.where(mirrored[:, None], points * (-1, 1, 1), points).astype(np.float32), 6) + 0.0
    return np.array([row[tuple(point)] for point in folded]), mirrored


def label_surfaces(source: Source, mesh: Mesh) -> NDArray[np.uint8]:
    """What each vertex [V] is covered with, as an index into `SURFACES`."""
    x, y, z = source.vertices.T
    label = np.zeros(len(x), np.uint8)
    moved = [np.abs(source.targets[name]).max(1) > EAR_MOVED for name in EAR_TARGETS]
    label[y > np.interp(z, HAIRLINE_Z, HAIRLINE_Y)] = SURFACES.index("scalp")
    label[np.any(moved, 0)] = SURFACES.index("ear")
    label[_find_lips(source)] = SURFACES.index("lips")
    for name, vertices in {"mouth": source.cavities["mouth"], "socket": source.cavities["eyes"]}.items():
        label[vertices] = SURFACES.index(name)
    for group in GROUPS[1:]:
        label[source.quads[group]] = SURFACES.index(group.split("-")[-1])
    return label[mesh.vertices]


def _find_lips(source: Source) -> Index:
    """Vertices of the lips: in front, and inside the outer contour of the mouth as seen from the front."""
    x, y, z = source.vertices.T
    corners = source.vertices[list(LIP_CONTOUR), :2]
    inside = np.zeros(len(x), bool)
    for start, end in zip(corners, np.roll(corners, -1, 0), strict=True):  # even-odd rule with rays along x
        crosses = (start[1] > y) != (end[1] > y)
        rise = np.where(end[1] == start[1], 1, end[1] - start[1])
        inside ^= crosses & (-np.abs(x) < start[0] + (y - start[1]) / rise * (end[0] - start[0]))
    return np.flatnonzero(inside & (z > LIP_DEPTH))


def find_points(source: Source, mesh: Mesh) -> dict[str, Tensor]:
    """Vertices "face_points" [68, 1] (iBUG's order) and "skin_points" [n, 2] (`SKIN_POINTS`, right ones before left
    ones) whose mean is a point of the skin, int16."""
    row = {vertex: index for index, vertex in enumerate(mesh.vertices)}
    left = {mesh.half[index]: index for index in np.flatnonzero(mesh.mirrored)}
    face = {index: row[vertex] for index, vertex in (FACE_MIDDLE | FACE_RIGHT).items()}
    face |= {FACE_MIRROR[index]: left[mesh.half[row[vertex]]] for index, vertex in FACE_RIGHT.items()}
    skin = {}
    for name, vertices in SKIN_POINTS.items():
        skin[name.replace("*", "r")] = [row[vertex] for vertex in vertices]
        if "*" in name:
            skin[name.replace("*", "l")] = [left[mesh.half[row[vertex]]] for vertex in vertices]
    points = {"face_points": [[face[index]] for index in range(68)], "skin_points": list(skin.values())}
    return {name: torch.tensor(rows, dtype=torch.int16) for name, rows in points.items()}
