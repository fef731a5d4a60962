"""Shoes: tubes around the feet with flat soles, and shafts around the ankles of boots.

In: rest bodies and a `Wardrobe`. Out: vertices at rest. A shoe is a stack of cross-sections from heel to toe, each as
wide as the foot is there; a kind of shoe is how high its upper and how thick its sole are along the foot. Where the
upper is lower than the foot, skin shows.

         |  |  shaft            cross-section:   .-''-.   upper
       __|  |__                                 (      )
      (        `--.__                           |______|  sole
      |______________)

Legend: B people, V vertices of the body, K rings, C columns, side 0 right, side 1 left.
"""

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import RestBody
from pipelines.synthetic.people.layers import Layer, directions, extend_to, make_grid, ring_weights
from pipelines.synthetic.people.wardrobe import SHOES, Wardrobe
from pipelines.synthetic.tensors import constant

_RINGS, _COLUMNS = 14, 16
_SHAFT = (8, 16)
# Places along a foot (0 heel .. 1 toe), and for each kind of shoe there: height of the upper over the sole of the foot
# and thickness of the sole, in metres.
_PLACES = (0.0, 0.1, 0.25, 0.4, 0.55, 0.75, 0.9, 1.0)
_UPPERS = {
    "sneaker": (0.075, 0.085, 0.085, 0.09, 0.075, 0.057, 0.048, 0.035),
    "boot": (0.08, 0.1, 0.11, 0.105, 0.085, 0.062, 0.052, 0.035),
    "ballerina": (0.05, 0.052, 0.03, 0.02, 0.02, 0.042, 0.038, 0.025),
    "heeled": (0.055, 0.06, 0.045, 0.04, 0.045, 0.05, 0.042, 0.025),
    "sandal": (0.012, 0.012, 0.012, 0.012, 0.012, 0.012, 0.012, 0.012),
}
_SOLES = {
    "sneaker": (0.026, 0.026, 0.024, 0.022, 0.022, 0.022, 0.02, 0.012),
    "boot": (0.03, 0.032, 0.03, 0.016, 0.016, 0.016, 0.015, 0.012),
    "ballerina": (0.01, 0.01, 0.008, 0.006, 0.006, 0.006, 0.006, 0.004),
    "heeled": (0.045, 0.048, 0.02, 0.008, 0.008, 0.01, 0.01, 0.008),
    "sandal": (0.018, 0.018, 0.016, 0.015, 0.015, 0.015, 0.014, 0.012),
}
_TREADS = [1, 10, 13]  # rings under the heel, the ball and the toes
_VAMP = 0.68  # place along a foot from where shoes are closed on top
_EASE, _TOE_ROOM = 0.005, 0.008  # m to the sides of the foot and in front of the toes
_SHAFT_EASE = (0.008, 0.012)  # m around the ankle and at the upper end


class Shoes:
    """Tables of both shoes and their shafts."""

    def __init__(self, charts: BodyCharts) -> None:
        self.layers: list[Layer] = []
        """Right shoe, left shoe, right shaft, left shaft."""
        vertices, bones = charts.vertices, charts.rest.bones[0]
        self._bands: list[list[Tensor]] = []
        self._ankles: list[list[Tensor]] = []
        self._feet: list[Tensor] = []
        place = torch.linspace(0, 1, _RINGS)
        for side in ("r", "l"):
            foot = parts_mask(charts.part, f"{side}_foot") & (vertices[:, 1] < bones[BONE[f"{side}_foot"], 1])
            z = vertices[:, 2]
            low, high = z[foot].amin(), z[foot].amax()
            along = (z - low) / (high - low)
            self._feet.append(foot.nonzero()[:, 0])
            flat = foot & (vertices[:, 1] < vertices[foot, 1].amin() + 0.05)  # below the ankle bones
            self._bands.append([(flat & ((along - p).abs() < 0.06)).nonzero()[:, 0] for p in place])
            leg = parts_mask(charts.part, f"{side}_shin", f"{side}_foot")
            stops = torch.linspace(0, 1, _SHAFT[0])
            self._ankles.append(
                [(leg & ((charts.leg - (1.93 - 0.9 * stop)).abs() < 0.07)).nonzero()[:, 0] for stop in stops]
            )
            weights = ring_weights(
                _RINGS, (0, {f"{side}_foot": 1}), (0.6, {f"{side}_foot": 1}), (0.8, {f"{side}_toes": 1})
            )
            self.layers.append(
                make_grid("shoe", (_RINGS, _COLUMNS), slot="shoe", part=f"{side}_foot", closed=True, bones=weights)
            )
        for side in ("r", "l"):
            weights = ring_weights(
                _SHAFT[0], (0, {f"{side}_foot": 1}), (0.25, {f"{side}_shin_2": 1}), (0.7, {f"{side}_shin_1": 1})
            )
            shaft = make_grid("shoe", _SHAFT, slot="shoe", part=f"{side}_shin", closed=True, bones=weights,
                              v=(0.2, 0.0), inward=True)  # fmt: skip
            self.layers.append(shaft)
        self._place = place

    def to(self, device: torch.device | str) -> "Shoes":
        """These shoes with their tables on `device`; changes them in place."""
        self._bands = [[band.to(device) for band in bands] for bands in self._bands]
        self._ankles = [[band.to(device) for band in bands] for bands in self._ankles]
        self._feet = [foot.to(device) for foot in self._feet]
        self._place = self._place.to(device)
        return self

    def fit(self, rest: RestBody, wardrobe: Wardrobe, scale: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Vertices [B, K * C, 3] of each layer, and which people have it [B] bool; scale: [B] height against an average
        adult."""
        high = wardrobe.shaft > 0
        shoes = [(self._fit_shoe(rest, wardrobe, scale, side), torch.ones_like(high)) for side in (0, 1)]
        return shoes + [(self._fit_shaft(rest, wardrobe, scale, side), high) for side in (0, 1)]

    def sole(self, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """[B, 3] how much higher heels, balls and toes are on the soles, in metres."""
        return self._profile(_SOLES, wardrobe)[:, _TREADS] * scale[:, None]

    def hide(self, rest: RestBody, wardrobe: Wardrobe, scale: Tensor) -> Tensor:
        """[B, V] bool, vertices of the feet inside of shoes."""
        hidden = torch.zeros(rest.vertices.shape[:2], dtype=torch.bool, device=scale.device)
        upper = self._profile(_UPPERS, wardrobe) * scale[:, None]
        closed = ~wardrobe.wears("shoe", SHOES, "sandal")[:, None]
        for foot in self._feet:
            points = rest.vertices[:, foot]
            low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)
            along = ((points - low) / (high - low))[..., 2] * (_RINGS - 1)
            height = torch.gather(upper, 1, along.round().long())
            toes = closed & (along > _VAMP * (_RINGS - 1))
            hidden[:, foot] = toes | ((points - low)[..., 1] < height - 0.01 * scale[:, None])
        return hidden

    def _profile(self, table: dict[str, tuple[float, ...]], wardrobe: Wardrobe) -> Tensor:
        """[B, K] values of a table along the foot."""
        rows = constant(tuple(table[name] for name in SHOES), self._place.device)[wardrobe.shoe]
        known = constant(_PLACES, self._place.device)
        index = torch.searchsorted(known, self._place).clamp(1, len(_PLACES) - 1)
        share = (self._place - known[index - 1]) / (known[index] - known[index - 1])
        return torch.lerp(rows[:, index - 1], rows[:, index], share)

    def _fit_shoe(self, rest: RestBody, wardrobe: Wardrobe, scale: Tensor, side: int) -> Tensor:
        foot = rest.vertices[:, self._feet[side]]
        low, high = foot.amin(1), foot.amax(1)
        inner, outer = (
            torch.stack([reduce(rest.vertices[:, band, 0], 1) for band in self._bands[side]], 1)
            for reduce in (torch.amin, torch.amax)
        )
        each = scale[:, None]
        middle, half = _average((inner + outer) / 2), _average((outer - inner) / 2) + _EASE * each
        round_end = (1 - (2 * self._place - 1).abs().pow(7)).clamp(min=0).sqrt()  # [K], closes heel and toe
        half = half * round_end
        upper, sole = (self._profile(table, wardrobe) * each for table in (_UPPERS, _SOLES))
        top, bottom = low[:, 1:2] + upper, low[:, 1:2] - sole
        centre = (top + bottom) / 2
        closing = 0.35 + 0.65 * round_end
        start, end = low[:, 2:] - 0.006 * each, high[:, 2:] + _TOE_ROOM * each
        ways = directions(_COLUMNS).to(scale.device)  # u = 0.5 on top
        across, up = _square(ways[:, 0], 2.6), _square(ways[:, 1], 2.6)
        x = middle[..., None] + half[..., None] * across
        height = (top - bottom)[..., None] / 2 * closing[:, None]
        y = torch.where(up < 0, bottom[..., None], centre[..., None] + height * up.clamp(min=0))
        y = torch.where((up < 0) & (up > -0.5), centre[..., None] * 0.35 + bottom[..., None] * 0.65, y)
        z = torch.lerp(start, end, self._place)[..., None].expand_as(x)
        return torch.stack([x, y, z], -1).flatten(1, 2)

    def _fit_shaft(self, rest: RestBody, wardrobe: Wardrobe, scale: Tensor, side: int) -> Tensor:
        name = "rl"[side]
        knee, ankle = (rest.bones[:, BONE[f"{name}_{bone}"]] for bone in ("shin_1", "foot"))
        ways = directions(_COLUMNS).to(scale.device)
        line = knee - ankle
        length = line.norm(dim=-1)
        share = (wardrobe.shaft * scale / length)[:, None] * torch.linspace(0, 1, _SHAFT[0], device=scale.device)
        share = share - 0.02  # begins inside of the shoe
        centre = ankle[:, None] + line[:, None] * share[..., None]  # [B, K, 3]
        reach = []
        for stop, band in enumerate(self._ankles[side]):
            at = ankle + line * (0.07 + 0.9 * stop / (_SHAFT[0] - 1))
            reach.append(extend_to(rest.vertices[:, band][..., [0, 2]] - at[:, None, [0, 2]], ways))
        known = torch.stack(reach, 1)  # [B, stops, C]
        index = ((share - 0.07) / 0.9).clamp(0, 1) * (_SHAFT[0] - 1)
        lower = index.floor().long().clamp(max=_SHAFT[0] - 2)
        first = torch.gather(known, 1, lower[..., None].expand(-1, -1, _COLUMNS))
        second = torch.gather(known, 1, (lower + 1)[..., None].expand(-1, -1, _COLUMNS))
        radius = torch.lerp(first, second, (index - lower)[..., None])
        ease = torch.linspace(*_SHAFT_EASE, _SHAFT[0], device=scale.device)
        radius = radius + (ease * scale[:, None])[..., None]
        plane = radius[..., None] * ways
        flat = torch.zeros_like(radius)
        return (centre[:, :, None] + torch.stack([plane[..., 0], flat, plane[..., 1]], -1)).flatten(1, 2)


def _average(values: Tensor) -> Tensor:
    """Values [B, K] smoothed along the foot."""
    ends = torch.cat([values[:, :1], values, values[:, -1:]], 1)
    return (ends[:, :-2] + 2 * ends[:, 1:-1] + ends[:, 2:]) / 4


def _square(cosine: Tensor, power: float) -> Tensor:
    """Coordinates of a superellipse for those of a circle."""
    return cosine.sign() * cosine.abs().pow(2 / power)
