"""Straps that lie on what people wear: those of bags, and those that hold tops.

In: rest bodies, and the surface of what is worn. Out: vertices at rest. A strap runs around the trunk, from the back
over a shoulder to the front, and moves as the skin under it does.

Legend: B people, V vertices of the body, n those under an edge, K rings, C columns.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.layers import Layer, make_grid
from pipelines.synthetic.tensors import constant

_RINGS = 28
_SLICE = 0.024  # m, half width of what of the surface is under an edge
_NEAR, _FAR = 0.14, 0.012  # radians beside a direction within which the surface counts, and m by which it counts more
_CENTRE = 0.12  # m from the top of the chest down to the point around which straps run
_SQUEEZE = 0.5  # factor of heights against depths, which makes a trunk about as deep as high
_ANCHORS = 8  # vertices of the body with which one of a strap moves


@dataclass(frozen=True)
class Course:
    """Where a strap runs, on an average adult."""

    start: float
    """Metres from the middle to the left, where it lies on the shoulder."""
    ends: tuple[float, float]
    """Radians from straight up to both ends, positive in front."""
    half: float
    """Half width in metres."""
    lift: float
    """Metres from the surface."""
    slope: float = 0.0
    """Metres to the left that it runs on each metre down."""


class Ribbon:
    """Tables of one strap."""

    def __init__(
        self, model: BodyModel, charts: BodyCharts, name: str, course: Course, *, slot: str, columns: int = 2,
        u: tuple[float, float] = (0.0, 1.0), v: tuple[float, float] = (0.0, 1.0),
    ) -> None:  # fmt: skip
        """model: on the CPU; name: one of `layers.LAYERS`; u, v: see `layers.make_grid`."""
        self._course = course
        x = charts.vertices[:, 0] - course.start - course.slope * (charts.down - 0.03)
        torso = parts_mask(charts.part, "torso", "upper_arm") & (charts.arm < 0.1) & (charts.down > -0.02)
        places = torch.linspace(-course.half, course.half, columns).tolist()
        self._edges = [(torso & ((x - place).abs() < _SLICE)).nonzero()[:, 0] for place in places]
        near = torso.nonzero()[:, 0]
        average = self.fit(charts.rest, charts.rest.vertices, torch.ones(1))[0]
        anchors = torch.cdist(average, charts.vertices[near]).topk(_ANCHORS, largest=False).indices
        self.layer: Layer = make_grid(name, (_RINGS, columns), slot=slot, part="torso", closed=False, u=u, v=v)
        self.layer.weights = model.skin_weights[near[anchors]].mean(1)

    def to(self, device: torch.device | str) -> "Ribbon":
        """This strap with its tables on `device`; changes it in place."""
        self._edges = [edge.to(device) for edge in self._edges]
        return self

    def fit(self, rest: RestBody, surface: Tensor, scale: Tensor) -> Tensor:
        """Vertices [B, K * C, 3] on rest bodies.

        Args:
            surface: [B, V, 3] vertices of the body, moved out to what is worn.
            scale: [B] height against an average adult.
        """
        course, chest = self._course, rest.bones[:, BONE["spine_5"]]
        squeeze = constant((_SQUEEZE, 1.0), scale.device)
        centre = torch.stack([chest[:, 1] - _CENTRE * scale, chest[:, 2]], -1)  # y, z
        angle = torch.linspace(*course.ends, _RINGS, device=scale.device)
        ways = torch.stack([torch.cos(angle), torch.sin(angle)], -1)
        edges = []
        for part in self._edges:
            points = surface[:, part]  # [B, n, 3]
            plane = (points[..., 1:] - centre[:, None]) * squeeze
            far, turn = plane.norm(dim=-1), torch.atan2(plane[..., 1], plane[..., 0])
            apart = (turn[..., None] - angle + math.pi).remainder(2 * math.pi) - math.pi  # [B, n, K]
            share = torch.softmax((far / (_FAR * scale[:, None]))[..., None] - (apart / _NEAR).square(), 1)
            reach = _smooth((share * far[..., None]).sum(1)) + course.lift * scale[:, None]
            y, z = (centre[:, None] + reach[..., None] * ways / squeeze).unbind(-1)
            across = (points[..., 0] + course.slope * points[..., 1]).mean(1, keepdim=True)
            edges.append(torch.stack([across - course.slope * y, y, z], -1))
        return torch.stack(edges, 2).flatten(1, 2)


def _smooth(values: Tensor) -> Tensor:
    """Values [B, K] of a strap, which is stiff."""
    ends = torch.cat([values[:, :1], values, values[:, -1:]], 1)
    return (ends[:, :-2] + 2 * ends[:, 1:-1] + ends[:, 2:]) / 4
