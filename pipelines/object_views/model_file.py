"""A coloured mesh as a file: glTF 2.0 in one binary, .glb.

A mesh goes in, a file comes out that viewers, Blender and game engines open. Called by `pipelines.view_synthesis`. The
colours are those of the views, light and all, so viewers that know unlit materials add no light.

V vertices, T triangles. glTF has y up, z forward and x to the object's left.
"""

import json
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from models.errors import InputError
from pipelines.media.files import atomic_output, check_output, report_write_errors
from pipelines.media.tags import Tags
from pipelines.object_views.shape import ColouredMesh

MAGIC, VERSION, CHUNKS = b"glTF", 2, (b"JSON", b"BIN\0")
FLOAT, INTEGER = 5126, 5125  # component types: float32, uint32
VERTICES, INDICES = 34962, 34963  # targets of buffer views
UNLIT = "KHR_materials_unlit"
AXES = (1, 2, 0)  # ours that are x, y, z of glTF


def check_model(path: Path, *, transparent: bool, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Raises InputError if `write_model` would refuse the output."""
    if transparent:
        raise InputError(f"{path} has no background: omit --background transparent")
    check_output(path, overwrite=overwrite, inputs=inputs)


def write_model(path: Path, mesh: ColouredMesh, *, overwrite: bool, tags: Tags) -> None:
    """Write the mesh; the file appears when it is complete.

    Raises:
        InputError: see `check_model`.
        ProcessingError: the disk is full.
    """
    data = encode_model(mesh, tags)
    with atomic_output(path, overwrite=overwrite) as temporary, report_write_errors(path):
        temporary.write_bytes(data)


def encode_model(mesh: ColouredMesh, tags: Tags) -> bytes:
    """The file's contents."""
    place, normal, colour = (part.cpu().numpy().astype("<f4") for part in (mesh.vertices, mesh.normals, mesh.colours))
    arrays = {
        "POSITION": np.ascontiguousarray(place[:, AXES]),
        "NORMAL": np.ascontiguousarray(normal[:, AXES]),
        "COLOR_0": _to_linear(colour).astype("<f4"),
        "indices": mesh.triangles.cpu().numpy().astype("<u4").reshape(-1, 1),
    }
    binary = b"".join(array.tobytes() for array in arrays.values())  # all have items of four bytes
    text = json.dumps(_describe(arrays, len(binary), tags), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    parts = zip(CHUNKS, (text, binary), strict=True)
    chunks = b"".join(struct.pack("<I4s", len(data), kind) + data for kind, data in parts)
    return struct.pack("<4sII", MAGIC, VERSION, 12 + len(chunks)) + chunks


def _describe(arrays: dict[str, np.ndarray], size: int, tags: Tags) -> dict:
    """What the file says of its arrays [N,C], which follow each other in its binary part."""
    starts = np.cumsum([0, *(array.nbytes for array in arrays.values())]).tolist()
    views, accessors = [], []
    for number, (name, array) in enumerate(arrays.items()):
        kind, target = ("SCALAR", INDICES) if name == "indices" else ("VEC3", VERTICES)
        views.append({"buffer": 0, "byteOffset": starts[number], "byteLength": array.nbytes, "target": target})
        component = INTEGER if name == "indices" else FLOAT
        accessors.append({"bufferView": number, "componentType": component, "count": len(array), "type": kind})
    accessors[0] |= {name: getattr(arrays["POSITION"], name)(0).tolist() for name in ("min", "max")}
    *attributes, _ = arrays
    primitive = {"attributes": {name: number for number, name in enumerate(attributes)}, "indices": 3, "material": 0}
    rough = {"baseColorFactor": [1.0, 1.0, 1.0, 1.0], "metallicFactor": 0.0, "roughnessFactor": 1.0}
    return {
        "asset": {"version": "2.0", "generator": "gfla", "extras": {"comment": tags.comment, "record": tags.record}},
        "extensionsUsed": [UNLIT],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"pbrMetallicRoughness": rough, "extensions": {UNLIT: {}}}],
        "buffers": [{"byteLength": size}],
        "bufferViews": views,
        "accessors": accessors,
    }


def _to_linear(colour: np.ndarray) -> np.ndarray:
    """sRGB, 0 to 1 -> linear light, as glTF wants it."""
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
