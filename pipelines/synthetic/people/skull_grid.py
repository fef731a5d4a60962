"""The skin of heads as a function of a direction from their middle, on which hair and hats are laid.

In: the body model, then rest bodies. Out: points of the skin in any directions, and where they are on the average head.

Legend: B people, R rows and D columns of the table, V vertices of the body, n of those that the table uses.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, normalize

from pipelines.synthetic.people.body_bones import SURFACES
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.skin_map import COLUMNS, SkinMap

_MIDDLE = (0.0, 0.03, 0.045)  # m on the average body, y from the pupils
_SIZE = (26, 52)
_LOWEST = math.radians(158)  # from the crown
_FURTHEST = math.radians(165)  # from a pole to the end of what lies on the head
_STEPS = 40  # along a line from the pole, where its end is looked for
_ROUNDS = 60  # of filling in what ears leave open


class SkullGrid:
    """A table of directions, polar angle from the crown by angle around, and the skin that they meet."""

    def __init__(self, model: BodyModel, charts: BodyCharts) -> None:
        """On the CPU."""
        ear = model.surface == SURFACES.index("ear")
        shown = (model.surface == SURFACES.index("skin")) | (model.surface == SURFACES.index("scalp"))
        head = parts_mask(charts.part, "head", "neck") & ~ear & shown
        triangles = model.triangles[head[model.triangles].all(1)]
        vertex = triangles.unique()
        place = SkinMap.load().values[vertex][:, COLUMNS["place"]]
        rise = torch.linspace(0, _LOWEST, _SIZE[0])[:, None]
        turn = torch.arange(_SIZE[1]) * (2 * math.pi / _SIZE[1])
        ways = torch.stack(
            [
                torch.sin(rise) * torch.sin(turn),
                torch.cos(rise).expand(-1, _SIZE[1]),
                torch.sin(rise) * torch.cos(turn),
            ],
            -1,
        )
        middle = place.new_tensor(_MIDDLE)
        weights, met = _find_skin(place, torch.searchsorted(vertex, triangles), middle, ways.flatten(0, 1))
        weights = _fill_in(weights, met)
        used = (weights > 0).any(0)
        self._vertex, self._weights = vertex[used], weights[:, used].contiguous()
        self._place = (self._weights @ place[used]).unflatten(0, _SIZE)
        self._middle = middle

    def to(self, device: torch.device | str) -> "SkullGrid":
        """This table on `device`; changes it in place."""
        for name in ("_vertex", "_weights", "_place", "_middle"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def measure(self, rest: RestBody) -> Tensor:
        """Points of the skin of B heads, [B, R, D, 3]."""
        return (self._weights @ rest.vertices[:, self._vertex]).unflatten(1, _SIZE)

    def look_up(self, points: Tensor | None, ways: Tensor) -> Tensor:
        """Points [B, K, C, 3] in the directions `ways` [B, K, C, 3], unit vectors: of the heads [B, R, D, 3], or places
        on the average head if None."""
        table = (self._place if points is None else points).view(-1, *_SIZE, 3)
        table = torch.cat([table, table[:, :, :1]], 2).permute(0, 3, 1, 2).expand(len(ways), -1, -1, -1)
        rise = torch.acos(ways[..., 1].clamp(-1, 1)) / _LOWEST
        turn = torch.atan2(ways[..., 0], ways[..., 2]) / (2 * math.pi)
        grid = torch.stack([(turn % 1) * 2 - 1, rise * 2 - 1], -1)
        return grid_sample(table, grid, padding_mode="border", align_corners=True).permute(0, 2, 3, 1)

    def find_ends(self, pole: Tensor, around: Tensor, measure: Callable[[Tensor], Tensor]) -> Tensor:
        """Angles [B, C] from poles [B, 3] at which something on the skin ends.

        Args:
            around: directions around the pole, as in `turn_directions`.
            measure: from places on the average head [B, n, C, 3] to numbers [B, n, C] that are negative inside of it.
        """
        angle = torch.linspace(0.05, _FURTHEST, _STEPS, device=pole.device)
        rise = angle[:, None].expand(len(pole), -1, around.shape[-2])
        level = measure(self.look_up(None, turn_directions(pole, rise, around)))
        outside = (level >= 0).float()
        first = outside.argmax(1, keepdim=True).clamp(min=1)  # [B, 1, C]
        after, before = level.gather(1, first), level.gather(1, first - 1)
        share = (before / (before - after).clamp(max=-1e-6)).clamp(0, 1)
        end = torch.lerp(angle[first - 1], angle[first], share)[:, 0]
        return torch.where(outside.amax(1) > 0, end, _FURTHEST)


def turn_directions(pole: Tensor, rise: Tensor, around: Tensor) -> Tensor:
    """Unit vectors [B, K, C, 3] at an angle `rise` [B, K, C] from a pole [B, 3], in directions around it [C, 2],
    [B, 1, C, 2] or [B, K, C, 2], whose second component is that of the front."""
    ahead = pole.new_tensor([0.0, 0.0, 1.0])
    front = normalize(ahead - pole[:, 2:] * pole, dim=-1)
    left = torch.linalg.cross(pole, front)
    pole, front, left = (axis[:, None, None] for axis in (pole, front, left))
    out = around[..., :1] * left + around[..., 1:] * front
    rise = rise[..., None]
    return torch.cos(rise) * pole + torch.sin(rise) * out


def _find_skin(place: Tensor, triangles: Tensor, middle: Tensor, ways: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [R * D, n] of the vertices `place` [n, 3] where rays leave the mesh, and whether they do [R * D]."""
    first, second, third = place[triangles].unbind(1)
    edge, other = second - first, third - first
    cross = torch.linalg.cross(ways[:, None], other[None])  # [rays, F, 3]
    scale = (edge * cross).sum(-1)
    scale = torch.where(scale.abs() < 1e-12, torch.full_like(scale, 1e-12), scale)
    offset = middle - first
    u = (offset * cross).sum(-1) / scale
    side = torch.linalg.cross(offset, edge)
    v = (ways[:, None] * side).sum(-1) / scale
    distance = (other * side).sum(-1) / scale
    slack = 1e-4
    inside = (u > -slack) & (v > -slack) & (u + v < 1 + slack) & (distance > 0.02)
    best, index = torch.where(inside, distance, -1.0).max(1)
    row = torch.arange(len(ways))
    u, v = u[row, index], v[row, index]
    weights = place.new_zeros(len(ways), len(place))
    for corner, share in enumerate((1 - u - v, u, v)):
        weights[row, triangles[index, corner]] += share
    met = best > 0
    return weights * met[:, None], met


def _fill_in(weights: Tensor, met: Tensor) -> Tensor:
    """Weights [R * D, n] with those of rays that met nothing taken from the rays around them."""
    table, known = weights.unflatten(0, _SIZE), met.view(*_SIZE, 1)
    filled, share = table, known.float()
    for _ in range(_ROUNDS):
        total, count = (torch.stack(_around(each)).sum(0) for each in (filled * share, share))
        filled = torch.where(known, table, total / count.clamp(min=1e-6))
        share = (count > 0).float()
    return filled.flatten(0, 1)


def _around(table: Tensor) -> list[Tensor]:
    """A table [R, D, C] moved by a row or column either way; columns are periodic, the last rows are repeated."""
    return [table.roll(1, 1), table.roll(-1, 1), torch.cat([table[:1], table[:-1]]), torch.cat([table[1:], table[-1:]])]
