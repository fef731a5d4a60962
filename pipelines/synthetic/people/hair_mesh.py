"""Hair: a shell on the skull, sheets that hang from it, and what is tied at the back of the head.

In: heads of rest bodies and a `Wardrobe`. Out: vertices at rest. Hair on the skull moves with the head; the further
down hair hangs, the more it follows gravity and the chest: `follow` says how much.

      .-*-.    shell: its columns are strands that start at a pole, the parting, the forehead or a knot,
     (/ | |)   and end in tips at the hairline
     |lock|    | sheet behind the shoulders, locks before them
     |    |    |

Legend: B people, R and D rows and columns of skulls, K rings, C columns.
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.haircuts import HAIR, HAIR_UNDER_HAT
from pipelines.synthetic.people.hairline import measure_hairline
from pipelines.synthetic.people.head_outline import Head
from pipelines.synthetic.people.layers import directions, make_grid
from pipelines.synthetic.people.skull_grid import SkullGrid, turn_directions
from pipelines.synthetic.people.wardrobe import Wardrobe

_SHELL = (18, 92)
_INSET = 0.0035  # m inside of the hairline where the shell ends; roots are painted on the skin beyond
_WHORL = 1.3  # radians
_SKULL = 0.09  # m, radius of skulls
_TIP = 0.0012  # m, thickness of the shell at its edge
_GRIDS = {  # rings, columns, first and last u, tube
    "sheet": (13, 37, 0.8, 1.2, False),
    "r_lock": (12, 15, 0.11, 0.35, False),
    "l_lock": (12, 15, 0.65, 0.89, False),
    "tied": (14, 10, 0.0, 1.0, True),
}
_LOCK = (0.05, 0.135)  # m from the middle, where locks lie on the chest
_TIED = ("bun", "ponytail", "braid")
_HANGING = ("bob", "long")


class Hair:
    """Tables of the hair."""

    def __init__(self, skull: SkullGrid) -> None:
        """skull: on the device of the people."""
        self._skull = skull
        self.shell = make_grid("hair", _SHELL, slot="hair", part="head", closed=True, bones={"head": 1.0})
        self.layers = {
            name: make_grid("hanging_hair", (rings, columns), slot="hair", part="head", closed=tube, u=(low, high))
            for name, (rings, columns, low, high, tube) in _GRIDS.items()
        }
        self._around = directions(_SHELL[1])
        self._ways = {
            name: directions(columns, low, high, closed=tube) for name, (_, columns, low, high, tube) in _GRIDS.items()
        }

    def to(self, device: torch.device | str) -> "Hair":
        """This hair with its tables on `device`; changes it in place."""
        self._around = self._around.to(device)
        self._ways = {name: ways.to(device) for name, ways in self._ways.items()}
        return self

    def fit_skull(self, heads: Tensor, wardrobe: Wardrobe, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Vertices [B, K * C, 3] of the shell on heads [B, R, D, 3] of the `SkullGrid`, and which people have it [B]
        bool."""
        pole, around = wardrobe.hair_pole, self._around
        share = torch.linspace(0, 1, _SHELL[0], device=scale.device)
        ends = self._find_ends(wardrobe)[:, None]  # [B, 1, C]
        bare = (wardrobe.hairline[:, 3, None, None] / _SKULL).clamp(min=0)  # angle around a bald crown
        ways = turn_directions(
            pole, torch.lerp(torch.minimum(bare, ends), ends, share[:, None]), around
        )  # [B, K, C, 3]
        skin = self._skull.look_up(heads, ways)
        place = self._skull.look_up(None, ways)
        thick = self._thicken(place, ways, wardrobe)
        curly = wardrobe.wears("hair", HAIR, "afro", "curly")[:, None]
        # Straight hair thins out towards its tips, curls end at once.
        taper = torch.where(curly, (1 - share.pow(12)).sqrt(), 1 - share.pow(3.5))[..., None]
        taper = torch.where(bare > 0, taper * (5 * share[:, None]).clamp(max=1), taper)
        thick = (thick * taper + _TIP) * scale[:, None, None]
        return (skin + thick[..., None] * ways).flatten(1, 2), wardrobe.hair > HAIR.index("buzz")

    def _find_ends(self, wardrobe: Wardrobe) -> Tensor:
        """Angles [B, C] from the pole at which strands end."""
        phase = wardrobe.phase[:, None, None]
        falls = (wardrobe.fringe > 0) & (wardrobe.hat == 0)
        rim = wardrobe.hairline * wardrobe.hairline.new_tensor([1.0, 1.0, 1.0, 0.0, 1.0])  # without a bald crown

        def measure(place: Tensor) -> Tensor:
            x, y, z = place.unbind(-1)
            level = measure_hairline((x, y, z), rim[:, None, None]) + _INSET
            # A fringe hangs over the forehead, more on one side than on the other.
            lowest = wardrobe.fringe[:, None, None] + 0.09 * x * torch.sin(phase[..., 1])
            fringe = torch.maximum(lowest - y, x.abs() - 0.052 + 0.2 * (0.05 - y).clamp(min=0))
            return torch.where(falls[:, None, None] & (z > 0.07), torch.minimum(level, fringe), level)

        end = self._skull.find_ends(wardrobe.hair_pole, self._around, measure)
        column = torch.arange(len(self._around), device=end.device)
        tips = 0.45 * _scatter(column, phase[..., 0]) + 0.35 * _scatter(column // 3, phase[..., 2])
        tips = tips + 0.3 * _scatter(column // 7, phase[..., 1])
        ragged = torch.where(falls, 0.16, 0.06)[:, None]
        return (end - ragged * tips[:, 0]).clamp(min=0.04)

    def _thicken(self, place: Tensor, ways: Tensor, wardrobe: Wardrobe) -> Tensor:
        """Thickness [B, K, C] in metres at places on the average head in directions of heads, [B, K, C, 3] each."""
        x, y, z = place.unbind(-1)
        phase = wardrobe.phase[:, :, None, None]
        side, top, front = wardrobe.hair_volume[:, :, None, None].unbind(1)
        above = ((y - 0.035) / 0.06).clamp(0, 1)
        above = above * above * (3 - 2 * above)
        ahead = ((z - 0.03) / 0.07).clamp(0, 1) * above
        thick = torch.lerp(side.expand_as(y), top.expand_as(y), above) + front * ahead
        thick = thick * (1 + 0.25 * above * (8 * x + 0.4 * z).clamp(-1, 1) * torch.sin(phase[:, 2]))
        waves = torch.sin(60 * x + phase[:, 0]) * torch.sin(50 * y + phase[:, 1]) + torch.sin(70 * z + phase[:, 2])
        curls = torch.sin(170 * x + 40 * y + phase[:, 1]) + torch.sin(190 * y + 50 * z + phase[:, 2])
        curls = curls + torch.sin(180 * z - 60 * x + phase[:, 0])
        curly = wardrobe.wears("hair", HAIR, "curly", "afro")[:, None, None]
        thick = thick * torch.where(curly, 1 + 0.05 * waves + 0.1 * curls, 1 + 0.09 * waves)
        # Clumps of strands: columns beside each other differ.
        column = torch.arange(len(self._around), device=x.device)
        clumps = _scatter(column, phase[:, 0]) + _scatter(column // 4, phase[:, 1])
        apart = (torch.linspace(0, 2.5, x.shape[1], device=x.device)).clamp(max=1)[:, None]  # they meet at the pole
        thick = thick * (1 + 0.22 * (clumps - 1) * apart * ~curly)
        # A parting is a furrow from the forehead to the pole and a little beyond.
        pole = wardrobe.hair_pole[:, None, None]
        parted = wardrobe.parted[:, None, None]
        beside = (x - 0.1 * pole[..., 0]).abs()
        furrow = torch.exp(-(beside / 0.007).square()) * ((z + 0.02) / 0.04).clamp(0, 1)
        thick = thick * (1 - 0.75 * parted * furrow)
        hat = (wardrobe.hat > 0)[:, None, None] & (y > 0.02)
        return torch.where(hat, thick.clamp(max=HAIR_UNDER_HAT), thick).clamp(min=0)

    def fit_hanging(self, head: Head, wardrobe: Wardrobe, scale: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of the other layers, and which people have them [B] bool."""
        hangs = wardrobe.wears("hair", HAIR, *_HANGING)
        fitted = {
            "sheet": (self._hang("sheet", head, wardrobe, scale), hangs),
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
        volume = torch.where(wardrobe.hat > 0, HAIR_UNDER_HAT, wardrobe.hair_volume[:, 0])[:, None]
        ease = (volume - 0.014 + 0.014 * (share * 3).clamp(max=1)) * scale[:, None]
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
        column = torch.arange(len(ways), device=scale.device)
        clumps = _scatter(column // 4, wardrobe.phase[:, 2:]) - 0.5
        strands = _scatter(column, wardrobe.phase[:, 1:2]) + clumps
        ragged = 0.045 * strands[:, None] * share[:, None].pow(3) * scale[:, None, None]
        z = z + 0.012 * clumps[:, None] * share[:, None] * scale[:, None, None]
        return torch.stack([x, height + ragged, torch.lerp(z, clear, below)], -1).flatten(1, 2)

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


def _scatter(index: Tensor, phase: Tensor) -> Tensor:
    """Numbers in 0..1 that differ between neighbouring indices [C] and people, whose phases are [B, ..., 1]."""
    return (torch.sin(index * 12.9898 + phase * 7.233) * 437.585).frac().abs()
