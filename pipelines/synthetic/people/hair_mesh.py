"""Hair: a shell on the skull, sheets that hang from it, a fringe, and what is tied at the back of the head.

In: rest bodies, their heads and a `Wardrobe`. Out: vertices at rest. Hair on the skull moves with the head; the further
down hair hangs, the more it follows gravity and the chest: `follow` says how much.

      .---.    shell
     (_fringe  |
     |lock|    | sheet behind the shoulders, locks before them
     |    |    |

Legend: B people, V vertices of the body, v vertices of the shell, K rings, C columns.
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE, SURFACES
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.garment_shells import Fitted, Shell
from pipelines.synthetic.people.head_outline import Head
from pipelines.synthetic.people.layers import directions, make_grid, neighbours
from pipelines.synthetic.people.wardrobe import HAIR, Wardrobe

_GRIDS = {  # rings, columns, first and last u, tube
    "sheet": (16, 14, 0.8, 1.2, False),
    "r_lock": (14, 6, 0.13, 0.31, False),
    "l_lock": (14, 6, 0.69, 0.87, False),
    "fringe": (5, 9, 0.36, 0.64, False),
    "tied": (14, 10, 0.0, 1.0, True),
}
_HAIRLINE = 0.035  # m over which the shell grows from the hairline to its thickness
_UNDER_HAT = 0.004  # m that hair is thick at most under a hat
_LOCK = (0.045, 0.11)  # m from the middle, where locks lie on the chest
_TIED = ("bun", "ponytail", "braid")
_HANGING = ("bob", "long")


class Hair:
    """Tables of the hair."""

    def __init__(self, model: BodyModel, charts: BodyCharts) -> None:
        head = parts_mask(model.part, "head", "neck") & torch.isin(
            model.surface, torch.tensor([SURFACES.index("skin"), SURFACES.index("scalp")])
        )
        scalp = (model.surface == SURFACES.index("scalp")).float()
        adjacent = neighbours(model.triangles, len(scalp), keep_rim=False)
        for _ in range(8):
            scalp = 0.5 * scalp + 0.5 * scalp[adjacent].mean(1)
        self.shell = Shell(model, charts, "hair", head & (scalp > 0.02), {}, "hair")
        place = charts.vertices[self.shell.vertex] - charts.rest.bones[0, BONE["head"]]
        self._level = (0.45 - scalp[self.shell.vertex]) * 0.09
        ahead, up = place[:, 2], place[:, 1]
        self._front = ((ahead + 0.0) / 0.08).clamp(0, 1) * ((up - 0.06) / 0.05).clamp(0, 1)
        self._place = place
        self.layers = {
            name: make_grid("hanging_hair", (rings, columns), slot="hair", part="head", closed=tube, u=(low, high))
            for name, (rings, columns, low, high, tube) in _GRIDS.items()
        }
        self._ways = {
            name: directions(columns, low, high, closed=tube) for name, (_, columns, low, high, tube) in _GRIDS.items()
        }

    def to(self, device: torch.device | str) -> "Hair":
        """This hair with its tables on `device`; changes it in place."""
        self.shell.to(device)
        self._level, self._front, self._place = (t.to(device) for t in (self._level, self._front, self._place))
        self._ways = {name: ways.to(device) for name, ways in self._ways.items()}
        return self

    def fit_skull(self, rest: RestBody, normals: Tensor, wardrobe: Wardrobe, scale: Tensor) -> Fitted:
        """The shell on the skull."""
        volume = wardrobe.volume[:, None] * scale[:, None]
        quiff = wardrobe.wears("hair", HAIR, "quiff")[:, None] * self._front
        x, y, z = self._place.T * 130
        phase = wardrobe.phase[:, :, None]
        lumps = torch.sin(x + phase[:, 0]) * torch.sin(y + phase[:, 1]) * torch.sin(z + phase[:, 2])
        lumpy = torch.where(wardrobe.wears("hair", HAIR, "curly"), 0.6, 0.15)[:, None]
        thick = volume * (1 + lumpy * lumps) + 0.025 * quiff * scale[:, None]
        thick = torch.where(wardrobe.hat[:, None] > 0, thick.clamp(max=_UNDER_HAT), thick)
        thick = thick * (-self._level / _HAIRLINE).clamp(0, 1).sqrt() + 0.0015
        bald = wardrobe.wears("hair", HAIR, "bald")[:, None]
        level = torch.where(bald, 1.0, self._level.expand_as(thick))
        smooth, widen = torch.zeros_like(scale), torch.zeros_like(thick)
        return self.shell.fit(rest, normals, gap=thick, smooth=smooth, widen=widen, level=level)

    def fit_hanging(self, head: Head, wardrobe: Wardrobe, scale: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of the other layers, and which people have them [B] bool."""
        hangs = wardrobe.wears("hair", HAIR, *_HANGING)
        fitted = {
            "sheet": (self._hang("sheet", head, wardrobe, scale), hangs),
            "fringe": (self._fall(head, wardrobe, scale), wardrobe.fringe & (wardrobe.hat == 0)),
            "tied": (self._tie(head, wardrobe, scale), wardrobe.wears("hair", HAIR, *_TIED)),
        }
        locks = hangs & (wardrobe.phase[:, 0] < 5)
        for side in ("r_lock", "l_lock"):
            fitted[side] = self._hang(side, head, wardrobe, scale), locks
        return fitted

    def _hang(self, name: str, head: Head, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """A sheet from the skull down; behind the shoulders, or before them for locks."""
        rings, ways = _GRIDS[name][0], self._ways[name]
        share = torch.linspace(0, 1, rings, device=scale.device)
        top = head.y(torch.full_like(scale, 0.75)[:, None])
        bottom = head.eyes[:, 1:2] - (wardrobe.hair_length * scale)[:, None]
        y = torch.lerp(top, bottom, share)
        level = head.level(y)
        lock = name != "sheet"
        radius = head.reach(level.clamp(min=-0.2), ways)
        lower = ((-level - 0.2) / 0.6).clamp(0, 1)[..., None]  # below the ears it hangs from where the head is widest
        volume = torch.where(wardrobe.hat > 0, _UNDER_HAT, wardrobe.volume.clamp(max=0.03))[:, None]
        ease = (volume - 0.006 + 0.013 * (share * 5).clamp(max=1)) * scale[:, None]
        cloth = ((0.015 + 0.03 * wardrobe.loose + 0.01 * (wardrobe.opening > 0)) * scale)[:, None]
        radius = radius + ease[..., None] - 0.012 * scale[:, None, None] * lower * share[None, :, None]
        points = head.place(radius, y, ways)
        back, chest = head.trunk(y)
        x, height, z = points.unbind(-1)
        below = ((-level - 0.75) / 0.5).clamp(0, 1)[..., None]  # from the chin to the shoulders
        if lock:
            clear = torch.maximum(z, (chest + cloth)[..., None])
            places = torch.linspace(*_LOCK, len(ways), device=scale.device)
            places = places if name == "l_lock" else -places.flip(0)
            x = torch.lerp(x, places * scale[:, None, None], below)
        else:
            clear = torch.minimum(z, (back - cloth)[..., None])
        strands = torch.sin(torch.arange(len(ways), device=scale.device) * 1.9 + wardrobe.phase[:, 1:2])
        ragged = 0.015 * strands[:, None] * share[:, None].pow(4) * scale[:, None, None]
        return torch.stack([x, height + ragged, torch.lerp(z, clear, below)], -1).flatten(1, 2)

    def _fall(self, head: Head, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """The fringe."""
        rings, ways = _GRIDS["fringe"][0], self._ways["fringe"]
        share = torch.linspace(0, 1, rings, device=scale.device)
        end = 0.18 + 0.05 * torch.sin(wardrobe.phase[:, 2:])
        level = torch.lerp(torch.full_like(end, 0.9), end, share)
        thick = (0.6 * wardrobe.volume.clamp(max=0.02)[:, None] * (1 - 0.6 * share) + 0.003) * scale[:, None]
        return head.place(head.reach(level, ways) + thick[..., None], head.y(level), ways).flatten(1, 2)

    def _tie(self, head: Head, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """A bun, a ponytail or a braid: rings around a curve that starts at the back of the head."""
        rings, ways = _GRIDS["tied"][0], self._ways["tied"]
        share = torch.linspace(0, 1, rings, device=scale.device)
        each = scale[:, None]
        level = -0.1 + 0.7 * (wardrobe.phase[:, :1] / 6.283)
        reach = head.reach(level, directions(1).to(scale.device))[:, :, 0]
        bun = wardrobe.wears("hair", HAIR, "bun")[:, None]
        braid = wardrobe.wears("hair", HAIR, "braid")[:, None]
        size = (0.035 + 0.02 * (wardrobe.phase[:, 1:2] / 6.283)) * each
        along = torch.where(bun, 2 * size * share, wardrobe.hair_length[:, None] * each * share)
        out = torch.where(bun, along * 0.8, 0.055 * each * (1 - torch.exp(-6 * share)))
        y = head.y(level) + torch.where(bun, along * 0.3, -along + 0.03 * each * torch.sin(3.14 * share))
        z = head.eyes[:, 2:] - reach + 0.01 * each - out
        back, _ = head.trunk(y)
        below = ((-head.level(y) - 0.5) / 0.5).clamp(0, 1)
        z = torch.lerp(z, torch.minimum(z, back - 0.02 * each), below)
        ball = (1 - (2 * share - 1).square()).clamp(min=0).sqrt() * size
        tail = (0.016 + 0.016 * torch.sin(3.14 * share.sqrt()) - 0.006 * share) * each
        tail = torch.where(braid, (0.017 - 0.004 * share + 0.005 * torch.sin(42 * share).abs()) * each, tail)
        tail = tail * (1 - share.pow(8)).sqrt()
        radius = torch.where(bun, ball, tail)[..., None]
        # Rings lie across the curve: a bun's stand upright, a tail's lie flat.
        x = head.eyes[:, None, :1] + radius * ways[:, 0]
        flat = torch.where(bun, 0.0, (share * 4).clamp(max=1))[..., None]
        upright = radius * ways[:, 1]
        return torch.stack([x, y[..., None] + (1 - flat) * upright, z[..., None] + flat * upright], -1).flatten(1, 2)


def follow(vertices: Tensor, bones: Tensor, scale: Tensor) -> Tensor:
    """How much hanging hair [B, v, 3] follows the head, gravity and the chest: weights [B, v, 3] that add up to 1."""
    drop = (bones[:, None, BONE["head"], 1] - vertices[..., 1]) / scale[:, None]
    free = ((drop - 0.01) / 0.09).clamp(0, 1)
    chest = 0.7 * ((drop - 0.1) / 0.15).clamp(0, 1)
    return torch.stack([1 - free, free * (1 - chest), free * chest], -1)
