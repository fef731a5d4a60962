"""The body of rendered people: a mesh with skin weights, fingers and a face, in any shape and pose.

In: a `Shape` of `body_shapes`, then a `BodyPose`. Out: vertices of the rest body and of the posed one. Whoever dresses
or draws people calls it. The data are MakeHuman's (CC0); `bake` makes the file, body.LICENSE.md says whose it is.

World: metres, y up, +z towards the camera, the person's own right side at -x, as in `skeleton`. The rest body stands
with arms and legs apart, not as the rig does at its rest; `body_pose` knows how to turn it.

Legend: B people, T frames, V vertices, F triangles, U texture coordinates, J bones, A facial actions, K coefficients.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.body_bones import BONE, BONES, EYES, NOSE, PARTS, SKIN_POINTS, SURFACES, part_of_bone
from pipelines.synthetic.people.body_pose import BodyPose, bone_matrices, rig_offsets
from pipelines.synthetic.people.body_shapes import Shape, weigh_targets
from pipelines.synthetic.people.skeleton import CROWN, INDEX, Proportions

FILE = Path(__file__).with_name("body.safetensors")
_ADULT_HEAD = 0.222  # m from chin to crown of the head that the facial actions were made for

_ARM = [INDEX["l_elbow"], INDEX["l_wrist"]]
_ARM_RADIUS = 0.08  # of wrist and hand, in lengths of the arm
_AROUND_IRIS = 8  # vertices of an eyeball that are nearest to the middle of its iris
_LID_ANGLE = 0.4  # radians of gaze at which lids have followed all the way


@dataclass
class RestBody:
    """Bodies of B people at rest, arms and legs apart."""

    vertices: Tensor
    """[B, V, 3] in metres; the origin is in the pelvis."""
    bones: Tensor
    """[B, J, 3] origins of the bones."""
    proportions: Proportions
    """Sizes of the rig whose joints are the body's."""


class BodyModel:
    """Tables of the body on one device; all people share them."""

    actions: tuple[str, ...]
    """Names of the facial actions, ARKit's."""
    local_axes: tuple[str, ...]
    """Names of the local changes of a `Shape`, of their positive end."""
    triangles: Tensor
    """[F, 3] int64 vertices, counter-clockwise seen from outside."""
    uv: Tensor
    """[U, 2] texture coordinates, 0..1, v upwards."""
    uv_triangles: Tensor
    """[F, 3] int64 rows of `uv` for the corners of `triangles`: seams give a vertex several."""
    surface: Tensor
    """[V] int64 index into `body_bones.SURFACES`: what a vertex is covered with."""
    part: Tensor
    """[V] int64 index into `body_bones.PARTS`."""
    skin_weights: Tensor
    """[V, J] how much each bone moves a vertex; rows add up to 1."""
    template: Tensor
    """[V, 3] the average body at rest, metres."""
    template_bones: Tensor
    """[J, 3] origins of its bones."""

    def __init__(self, tensors: dict[str, Tensor], names: dict[str, list[str]]) -> None:
        """From the tensors and names of the baked file, see `bake`."""
        self.actions, self.local_axes = tuple(names["actions"]), tuple(names["local_axes"])
        self.triangles, self.uv_triangles = tensors["triangles"].long(), tensors["uv_triangles"].long()
        self.uv = tensors["uv"]
        weights = tensors["skin_weights"].float()
        dense = weights.new_zeros(len(weights), len(BONE))
        dense.scatter_add_(1, tensors["skin_bones"].long(), weights)
        self.skin_weights = dense / dense.sum(1, keepdim=True)
        self.surface = tensors["surface"].long()
        parts = [PARTS.index(part_of_bone(bone)) for bone in BONES]
        self.part = torch.tensor(parts, device=dense.device)[dense.argmax(1)]
        self._half = tensors["half"].long()
        self._mirror = 1 - 2 * tensors["mirrored"].float()[:, None] * dense.new_tensor([1.0, 0.0, 0.0])
        self._template, self._basis = tensors["template"], tensors["basis"].float()
        self.template = self._template[self._half] * self._mirror
        self.template_bones, self._bone_basis = tensors["template_bones"], tensors["bone_basis"]
        self._factors, self._mean = tensors["factors"].long(), tensors["mean_weights"]
        self._projection = tensors["projection"]
        self._face_points, self._skin_points = tensors["face_points"].long(), tensors["skin_points"].long()
        self._irises = _weigh_irises(self)
        self._moved, self._displacements = tensors["action_vertices"].long(), tensors["actions"].float()

    @staticmethod
    @cache
    def load(device: torch.device | str = "cpu") -> "BodyModel":
        """The baked body on `device`; read once for each device."""
        return BodyModel.read(FILE, device)

    @staticmethod
    def read(path: Path, device: torch.device | str = "cpu") -> "BodyModel":
        """The body in the file `path`, see `bake`."""
        with safe_open(path, "pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return BodyModel(tensors, json.loads(file.metadata()["names"]))

    def coefficients(self, shape: Shape) -> Tensor:
        """Coefficients [B, K] of the basis for B people."""
        return (weigh_targets(shape, self._factors) - self._mean) @ self._projection

    def right_half(self, coefficients: Tensor) -> Tensor:
        """Rest vertices [B, H, 3] of the right half and the middle, from `coefficients` [B, K]."""
        return self._template + (coefficients @ self._basis.flatten(1)).unflatten(1, self._template.shape)

    def rest(self, shape: Shape) -> RestBody:
        """The rest bodies of B people."""
        coefficients = self.coefficients(shape)
        vertices = self.right_half(coefficients)[:, self._half] * self._mirror  # [B, V, 3]
        bones = self.template_bones + torch.einsum("bk,kjc->bjc", coefficients, self._bone_basis)
        return RestBody(vertices, bones, self._measure(vertices, bones))

    def skin(self, rest: RestBody, pose: BodyPose) -> Tensor:
        """World positions [B, T, V, 3] of the vertices of rest bodies in a pose."""
        return skin_vertices(self._act(rest, pose), self.skin_weights, bone_matrices(rest.bones, pose))

    def find_arm_angle(self, rest: RestBody) -> Tensor:
        """Angle [B] in radians from straight down at which hanging arms clear waist and hips, for `spread_arms`."""
        shoulder, hip = rest.bones[:, BONE["l_upper_arm_1"], None], rest.bones[:, BONE["l_thigh_1"], None]
        arm = rest.proportions.offsets[:, _ARM, 1].sum(1).abs()[:, None]
        trunk = rest.vertices[:, (self.part == PARTS.index("torso")) | (self.part == PARTS.index("l_thigh"))]
        below = shoulder[..., 1] - trunk[..., 1]
        angle = torch.atan2(trunk[..., 0] + _ARM_RADIUS * arm - shoulder[..., 0], below)
        beside = (below > 0.5 * arm) & (trunk[..., 1] > hip[..., 1] - _ARM_RADIUS * arm)
        return torch.where(beside, angle, 0.0).amax(1)

    def face_points(self, vertices: Tensor) -> Tensor:
        """The 68 points of the face [..., 68, 3] in iBUG's order, of vertices [..., V, 3]."""
        return vertices[..., self._face_points, :].mean(-2)

    def irises(self, vertices: Tensor) -> Tensor:
        """The middles of the right and the left iris [..., 2, 3], of vertices [..., V, 3]."""
        chosen, weights = self._irises
        return (vertices[..., chosen, :] * weights[..., None]).sum(-2)

    def skin_points(self, vertices: Tensor) -> dict[str, Tensor]:
        """Crown, chin, ears, heels and big toes [..., 3] by their names in `SKIN_POINTS`, of vertices [..., V, 3]."""
        points = vertices[..., self._skin_points, :].mean(-2)
        return dict(zip(SKIN_POINTS, points.unbind(-2), strict=True))

    def _measure(self, vertices: Tensor, bones: Tensor) -> Proportions:
        """The rig of rest bodies with `vertices` [B, V, 3] and `bones` [B, J, 3]."""
        face, skin = self.face_points(vertices), self.skin_points(vertices)
        eyes = {side: face[:, points].mean(1) for side, points in EYES.items()}
        points = torch.stack([face[:, NOSE], eyes["l"], eyes["r"], skin["l_ear"], skin["r_ear"]], 1)
        head = bones[:, BONE["head"]]
        return Proportions(
            offsets=rig_offsets(bones),
            head=(skin["crown"] - head)[:, 1] / CROWN,
            face=points - head[:, None],
            foot=(skin["r_toe"] - skin["r_heel"])[:, 2],
            hand=(bones[:, BONE["r_middle_4"]] - bones[:, BONE["r_hand"]]).norm(dim=-1),
        )

    def _act(self, rest: RestBody, pose: BodyPose) -> Tensor:
        """Vertices [B, T, V, 3] of the rest bodies with facial actions, and lids that follow the gaze."""
        size = rest.proportions.head / _ADULT_HEAD
        weights = pose.actions.clamp(0, 1) + self._follow_gaze(pose.gaze)
        moved = (weights @ self._displacements.flatten(1)).unflatten(-1, (-1, 3)) * size[:, None, None, None]
        return rest.vertices[:, None].expand(-1, moved.shape[1], -1, -1).index_add(2, self._moved, moved)

    def _follow_gaze(self, gaze: Tensor) -> Tensor:
        """Weights [B, T, A] of the actions that let lids follow the gaze [B, T, 2]."""
        weights = gaze.new_zeros(*gaze.shape[:2], len(self.actions))
        left, up = gaze.unbind(-1)
        ways = {"OutLeft": left, "InRight": left, "InLeft": -left, "OutRight": -left}
        ways |= {f"{way}{side}": angle for way, angle in (("Up", up), ("Down", -up)) for side in ("Left", "Right")}
        for way, angle in ways.items():
            weights[..., self.actions.index(f"eyeLook{way}")] = (angle / _LID_ANGLE).clamp(0, 1)
        return weights


def _weigh_irises(model: BodyModel) -> tuple[Tensor, Tensor]:
    """Vertices [2, 8] around the middle of the right and of the left iris, and weights [2, 8] of which it is the mean:
    the smallest ones with which it is straight before the middle of the eyeball, where it is painted."""
    found = []
    for side in ("r", "l"):
        offset = model.template - model.template_bones[BONE[f"{side}_eye"]]
        front = (model.surface == SURFACES.index("eye")) & (offset[:, 2] > 0)
        chosen = offset[:, :2].norm(dim=1).masked_fill(~front, torch.inf).argsort()[:_AROUND_IRIS]
        sums = torch.cat([offset[chosen, :2].T, torch.ones_like(chosen[None], dtype=offset.dtype)])  # [3, 8]
        found.append((chosen, torch.linalg.pinv(sums)[:, 2]))  # whose sums are 0, 0 and 1
    chosen, weights = zip(*found, strict=True)
    return torch.stack(chosen), torch.stack(weights)


def skin_vertices(vertices: Tensor, weights: Tensor, matrices: Tensor) -> Tensor:
    """World positions [B, T, V, 3] of rest vertices [B, T or 1, V, 3] that bones move by `weights` [V, J].

    matrices: [B, T, J, 3, 4] of `bone_matrices`. It serves the body and whatever is worn over it.
    """
    blended = (weights @ matrices.flatten(-2)).unflatten(-1, (3, 4))  # [B, T, V, 3, 4]
    return (blended[..., :3] * vertices[..., None, :]).sum(-1) + blended[..., 3]


def vertex_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals [..., V, 3] of vertices [..., V, 3]: of the triangles [F, 3] around them, weighted by area."""
    first, second, third = (vertices[..., triangles[:, corner], :] for corner in range(3))
    normal = torch.linalg.cross(second - first, third - first)
    total = torch.zeros_like(vertices)
    for corner in range(3):
        total = total.index_add(-2, triangles[:, corner], normal)
    return normalize(total, dim=-1)
