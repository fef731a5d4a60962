"""Garments that follow the body: some of its triangles, moved outwards, smoothed and cut along straight edges.

In: a rest body with its normals, and how far out, how smooth and how long the garment is. Out: its vertices and which
of its triangles there are. Tops, trousers, what open jackets show, and hair on the skull are such shells.

Legend: B people, V vertices of the body, v vertices and f triangles of the shell.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.body_bones import BONE, PARTS
from pipelines.synthetic.people.body_charts import BodyCharts
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.layers import Layer, neighbours

_ROUNDS = 20  # of smoothing: cloth bridges hollows of about a hand's width
_EDGE = 0.03  # m beyond the edges up to which what is worn over a garment makes room for it
_SLACK_FROM = 0.06  # m from the edges
_GIVE = 0.0015  # m by which the last smoothing may bring a garment closer
_LINES = {"upper_arm": ("upper_arm_1", "forearm_1"), "forearm": ("forearm_1", "hand"), "hand": ("forearm_1", "hand"),
          "thigh": ("thigh_1", "shin_1"), "shin": ("shin_1", "foot"), "foot": ("shin_1", "foot")}  # fmt: skip


@dataclass
class Fitted:
    """A shell on B people."""

    vertices: Tensor
    """[B, v, 3] at rest, in metres."""
    present: Tensor
    """[B, f] bool."""
    thickness: Tensor
    """[B, V] metres from the body to the garment, 0 where it isn't."""


class Shell:
    """Tables of a garment that follows the body."""

    def __init__(
        self, model: BodyModel, charts: BodyCharts, name: str, chosen: Tensor, slots: dict[str, str], slot: str
    ) -> None:
        """On the body's triangles all of whose vertices are `chosen` [V] bool.

        slots: texture slots of parts of the body, sides left out; `slot` is that of all others.
        """
        triangles = model.triangles[chosen[model.triangles].all(1)]
        self.vertex = triangles.unique()
        """[v] vertices of the body."""
        local = torch.searchsorted(self.vertex, triangles)
        uv, slot_index = charts.corners(triangles, [slots.get(part, slots.get(part[2:], slot)) for part in PARTS])
        part = model.part[triangles].mode(1).values
        self.layer = Layer(name, local, uv, slot_index, part, model.skin_weights[self.vertex])
        self.triangles = local
        """[f, 3] vertices of the shell."""
        self._smoothing = neighbours(local, len(self.vertex), keep_rim=True)
        self._adjacent = neighbours(local, len(self.vertex), keep_rim=False)
        self._part = model.part[self.vertex]

    def to(self, device: torch.device | str) -> "Shell":
        """This shell with its tables on `device`; changes it in place."""
        for name in ("vertex", "triangles", "_smoothing", "_adjacent", "_part"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def fit(
        self,
        rest: RestBody,
        normals: Tensor,
        *,
        gap: Tensor,
        smooth: Tensor,
        widen: Tensor,
        level: Tensor,
        slack: float = 0.0,
    ) -> Fitted:
        """The shell on rest bodies.

        Args:
            normals: [B, V, 3] of the body.
            gap: [B, v] least distance from the body along its normals, in metres.
            smooth: [B] or [B, v] 0 follows the body .. 1 bridges its hollows.
            widen: [B, v] metres that the shell is moved away from the axis of its limb or trunk.
            level: [B, v] negative inside of the garment, in about metres from its edges.
            slack: metres by which the garment may cut off what sticks out of the body, well inside of its edges, where
                the body is left out.
        """
        body, normal = rest.vertices[:, self.vertex], normals[:, self.vertex]
        close = body + normal * gap[..., None]
        smoothed = self.smoothed(close, _ROUNDS)
        share = smooth[:, None, None] if smooth.dim() == 1 else smooth[..., None]
        shell = torch.lerp(close, smoothed, share) + widen[..., None] * self._outward(rest)
        distance = gap
        lenient = slack * ((-level - _SLACK_FROM) / _SLACK_FROM).clamp(0, 1)
        # Once more after a little smoothing of what has been pushed out.
        for least, rounds in ((gap - lenient, 0), (gap - lenient - _GIVE, 3)):
            shell = torch.lerp(shell, self.smoothed(shell, rounds), share)
            distance = ((shell - body) * normal).sum(-1)
            shell = shell + normal * (least - distance).clamp(min=0)[..., None]
        thickness = body.new_zeros(rest.vertices.shape[:2])
        thickness[:, self.vertex] = torch.where(level < _EDGE, distance.clamp(min=0), 0.0)
        shell = self._cut(shell, level)
        present = (level < 0)[:, self.triangles].any(2)
        return Fitted(shell, present, thickness)

    def smoothed(self, values: Tensor, rounds: int) -> Tensor:
        """Values [B, v, C] after rounds of averaging with the neighbours; those on open edges stay."""
        for _ in range(rounds):
            values = 0.5 * values + 0.5 * values[:, self._smoothing].mean(2)
        return values

    def _cut(self, shell: Tensor, level: Tensor) -> Tensor:
        """Vertices [B, v, 3] of which those just outside have moved to where the edge crosses the mesh."""
        near, height = shell[:, self._adjacent], level[:, self._adjacent]  # [B, v, n, 3], [B, v, n]
        inside = (height < 0) & (level >= 0)[..., None]
        share = height / (height - level[..., None]).clamp(max=-1e-6)
        crossing = torch.lerp(near, shell[:, :, None].expand_as(near), share.clamp(0, 1)[..., None])
        count = inside.sum(2)
        mean = (crossing * inside[..., None]).sum(2) / count.clamp(min=1)[..., None]
        return torch.where((count > 0)[..., None], mean, shell)

    def _outward(self, rest: RestBody) -> Tensor:
        """Unit vectors [B, v, 3] away from the axes of limbs, and of the trunk."""
        body = rest.vertices[:, self.vertex]
        trunk = rest.bones[:, BONE["spine_4"], None] - body
        outward = -trunk * body.new_tensor([1.0, 0.0, 1.0])
        for index, part in enumerate(PARTS):
            if part[2:] not in _LINES:
                continue
            start, end = (rest.bones[:, BONE[f"{part[:2]}{bone}"], None] for bone in _LINES[part[2:]])
            along = normalize(end - start, dim=-1)
            offset = body - start
            offset = offset - (offset * along).sum(-1, keepdim=True) * along
            outward = torch.where((self._part == index)[:, None], offset, outward)
        return normalize(outward, dim=-1)
