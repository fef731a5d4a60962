"""Where a vertex of the body is in terms of tailoring: how far down the trunk, along an arm or a leg, and around them.

Measured once on an average body, since the same vertex is the same place on everybody. Garments are cut along these.

Legend: V vertices, F triangles.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.body_bones import BONE, BONES, PARTS
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_shapes import Shape
from pipelines.synthetic.people.layers import neighbours
from pipelines.synthetic.people.textures import SLOTS

_WAIST_OVER_HIP = 0.11  # m
_ARMHOLE_ROUNDS = 6  # of smoothing of where the arms begin
_TOP_LENGTH = 0.6  # m from the neck to where the texture of tops ends
# How far texture coordinates of limbs go on at either end, where textures are mirrored: joints bend between two slots.
_BEYOND, _LIMBS = 0.2, ("sleeve", "forearm", "bottom", "lower_leg")
_ARM = ("upper_arm", "forearm", "hand", "thumb", "index", "middle", "ring", "little")


class BodyCharts:
    """Coordinates of the vertices of the body, on the CPU."""

    def __init__(self, model: BodyModel) -> None:
        """Measures the average body of a model on the CPU."""
        rest = average_body(model)
        self.rest = rest
        vertices, bones = rest.vertices[0], {name: rest.bones[0, index] for name, index in BONE.items()}
        self.vertices = vertices
        """[V, 3] of the average body."""
        self.part = model.part
        self.down = bones["neck_1"][1] - vertices[:, 1]
        """[V] metres below the base of the neck."""
        self.depth = vertices[:, 2] - bones["spine_4"][2]
        """[V] metres in front of the middle of the chest."""
        left = vertices[:, 0] > 0
        self._lines: dict[str, tuple[Tensor, Tensor]] = {}
        for slot, start, end in (
            ("sleeve", "upper_arm_1", "forearm_1"), ("forearm", "forearm_1", "hand"), ("lower_leg", "shin_1", "foot"),
        ):  # fmt: skip
            first, second = (
                torch.where(left[:, None], bones[f"l_{name}"], bones[f"r_{name}"]) for name in (start, end)
            )
            self._lines[slot] = first, second
        up = vertices.new_tensor([0.0, _WAIST_OVER_HIP, 0.0])
        hip = torch.where(left[:, None], bones["l_thigh_1"], bones["r_thigh_1"])
        self._lines["bottom"] = hip + up, self._lines["lower_leg"][0]
        neck = vertices.new_tensor([0.0, float(bones["neck_1"][1]), float(bones["spine_4"][2])]).expand_as(vertices)
        self._lines["top"] = neck, neck - vertices.new_tensor([0.0, _TOP_LENGTH, 0.0])
        head = bones["head"].expand_as(vertices)
        self._lines["hair"] = head + vertices.new_tensor([0.0, 0.16, 0.0]), head - vertices.new_tensor([0.0, 0.1, 0.0])
        along = {slot: self._along(slot) for slot in self._lines}
        arms = [index for index, name in enumerate(BONES) if name[2:].startswith(_ARM)]
        share = model.skin_weights[:, arms].sum(1)
        belongs = ((share - 0.1) / 0.5).clamp(0, 1)
        adjacent = neighbours(model.triangles, len(belongs), keep_rim=False)
        for _ in range(_ARMHOLE_ROUNDS):
            belongs = 0.5 * belongs + 0.5 * belongs[adjacent].mean(1)
        arm = along["sleeve"].clamp(max=1) + along["forearm"].clamp(min=0)
        self.arm = torch.lerp(torch.full_like(arm, -0.3), arm, belongs)
        """[V] along an arm: 0 shoulder, 1 elbow, 2 wrist; negative on the trunk."""
        self.leg = along["bottom"].clamp(max=1) + along["lower_leg"].clamp(min=0)
        """[V] along a leg: 0 waist, 1 knee, 2 ankle."""
        share = _WAIST_OVER_HIP / float((bones["r_shin_1"] - bones["r_thigh_1"]).norm() + _WAIST_OVER_HIP)
        self.hip_to_ankle = torch.where(self.leg < 1, (self.leg - share) / (1 - share), self.leg)
        """[V] along a leg: 0 hip, 1 knee, 2 ankle."""

    @staticmethod
    @cache
    def load() -> "BodyCharts":
        """Charts of the baked body."""
        return BodyCharts(BodyModel.load())

    def corners(self, triangles: Tensor, slots: list[str]) -> tuple[Tensor, Tensor]:
        """Texture coordinates [F, 3, 2] of the corners of body triangles [F, 3], and their slots [F].

        slots: the slot of each part of `PARTS`; the part of most corners decides.
        """
        part = self.part[triangles].mode(1).values
        slot = torch.tensor([SLOTS.index(name) for name in slots])[part]
        uv = torch.zeros(len(triangles), 3, 2)
        for name in set(slots):
            chosen = slot == SLOTS.index(name)
            corner = triangles[chosen]
            beyond = _BEYOND if name in _LIMBS else 0.0
            along = self._along(name)[corner].clamp(-beyond, 1 + beyond)
            uv[chosen] = torch.stack([self._around(name)[corner], along], -1)
        u = uv[..., 0]
        wraps = (u.amax(1) - u.amin(1) > 0.5)[:, None] & (u < 0.5)
        uv[..., 0] = u + wraps
        return uv, slot

    def _along(self, slot: str) -> Tensor:
        """[V] place along the line of a slot, 0 at its start and 1 at its end."""
        start, end = self._lines[slot]
        line = end - start
        return ((self.vertices - start) * line).sum(-1) / line.square().sum(-1)

    def _around(self, slot: str) -> Tensor:
        """[V] place around the line of a slot, 0..1: 0.5 front, 0.75 the person's left."""
        start, end = self._lines[slot]
        along, offset = normalize(end - start, dim=-1), self.vertices - start
        ahead = offset.new_tensor([0.0, 0.0, 1.0])
        front = normalize(ahead - (ahead * along).sum(-1, keepdim=True) * along, dim=-1)
        across = torch.linalg.cross(along, front)
        across = across * across[:, :1].sign()
        return 0.5 + torch.atan2((offset * across).sum(-1), (offset * front).sum(-1)) / (2 * torch.pi)


def average_body(model: BodyModel) -> RestBody:
    """The rest body of one average adult."""
    macro = torch.tensor([[0.5, 0.68, 0.5, 0.5, 0.4, 0.4, 0.5]])
    shape = Shape(
        torch.zeros(1, dtype=torch.bool), torch.full((1,), 25.0), macro, torch.full((1, 3), 1 / 3),
        torch.zeros(1, len(model.local_axes)),
    )  # fmt: skip
    return model.rest(shape)


def parts_mask(part: Tensor, *names: str) -> Tensor:
    """[V] bool, whether a vertex with the part label [V] belongs to one of the named parts, sides left out."""
    chosen = [index for index, name in enumerate(PARTS) if name in names or name[2:] in names]
    return torch.isin(part, torch.tensor(chosen, device=part.device))
