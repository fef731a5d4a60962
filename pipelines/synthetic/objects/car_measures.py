"""Measures of cars and the outlines that follow from them.

`cars` draws a `Car` for each object; body, cabin and all other parts are built from it.

x forward, y left, z up, road at z = 0, in metres. Places along a car are given as `u`, from 0 at the nose to 1 at the
tail.

Legend: B objects, S places.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.car_styles import CAR_STYLES, MEASURES
from pipelines.synthetic.objects.kit import Length
from pipelines.synthetic.rendering.noise import chance, uniform

BODY, SECOND, TRIM, GLASS, DARK, METAL, LAMP, RED, PLATE, INTERIOR = SLOTS = range(10)  # paints
_SMOOTH = (-1.0, -0.5, 0.0, 0.5, 1.0)  # places that a smoothed outline averages


class Car:
    """Measures [B] of the cars, and their outlines; everything that is drawn later comes from the same generator.

                 roof_start ________ roof_end
                          /          :
        bonnet ___ cowl  /            :  rear ___ deck
        nose  |  _         belt            _    |
         sill |_/ :_______________________/ :___|
               front                     back

    kind: index into `CAR_STYLES`; is_kind: [B] bool by name. In metres: length, height; side: half the width of the
    body; outer: of the wheels' outer faces; wheel: radius; heights of the lower edge of the body (sill), of the lower
    edge of the windows (belt) and of the upper edge of the body at the nose (nose), above the front axle (bonnet) and
    at the tail (deck). In `u`: front, back: axles; cowl, roof_start, roof_end, rear: lower and upper ends of windscreen
    and rear window. blunt, tail: half widths at the nose and at the tail in parts of `side`. clearance: radius of the
    arches in radii of the wheels. boxy: 0 round .. 1 with edges. clear: [B] bool, whether one sees through
    the windows; topless: [B] bool, without a roof.
    """

    def __init__(self, kind: Tensor, generator: Generator) -> None:
        self.batch, self.generator, self.kind = len(kind), generator, kind
        batch = self.batch
        ranges = torch.tensor([[getattr(style, name) for name in MEASURES] for style in CAR_STYLES.values()])
        ranges = ranges[kind].transpose(0, 1)  # [14, B, 2]
        drawn = ranges[..., 0] + uniform(generator, len(MEASURES), batch) * (ranges[..., 1] - ranges[..., 0])
        size = dict(zip(MEASURES, drawn, strict=True))
        self.is_kind = {name: kind == number for number, name in enumerate(CAR_STYLES)}
        self.length, self.side, self.height = size["length"], size["width"] / 2, size["height"]
        self.cowl, self.rear, self.front, self.back = (size[name] for name in ("cowl", "rear", "front", "back"))
        self.wheel, self.sill, self.outer = size["wheel"], size["sill"], self.side + size["track"]
        self.fenders = self.is_kind["vintage"]
        fender = torch.where(self.fenders, self.sill + 0.3, 2.09 * self.wheel + 0.06)
        self.belt = torch.maximum(size["belt"] * self.height, fender + 0.06)
        self.height = torch.maximum(self.height, self.belt + 0.28)
        self.nose, self.deck = size["nose"] * self.belt, torch.maximum(size["deck"] * self.belt, fender + 0.04)
        self.bonnet = torch.maximum(self.nose * 0.35 + self.belt * 0.65, fender)
        self.roof_start = self.cowl + size["rake"]
        self.roof_end = torch.maximum(size["roof_end"], self.roof_start + 0.14)
        self.boxy = (uniform(generator, batch) + 0.5 * (self.is_kind["off-roader"] | self.is_kind["vintage"])).clamp(
            max=1
        )
        self.blunt = uniform(generator, batch, low=0.7, high=0.88) + 0.1 * self.boxy
        self.blunt = torch.where(self.fenders, uniform(generator, batch, low=0.5, high=0.8), self.blunt)
        self.tail = uniform(generator, batch, low=0.8, high=0.9) + 0.08 * self.boxy
        self.clearance = uniform(generator, batch, low=1.04, high=1.17)
        self._smooth = uniform(generator, batch, 1, low=0.0, high=0.06) * (1 - 0.7 * self.boxy[:, None])
        self.topless = self.is_kind["convertible"] | self.chance(0.2, "vintage", "off-roader", "toy")
        self.clear = self.chance(0.35) & ~self.topless

    def x(self, u: Tensor | float) -> Tensor:
        """x [B] or [B, S] in metres of the places `u`: a number, [B] or [B, S]."""
        length = self.length[:, None] if isinstance(u, Tensor) and u.dim() == 2 else self.length
        return length * (0.5 - u)

    def chance(self, probability: float, *kinds: str) -> Tensor:
        """[B] true with the given probability; if kinds are named, for cars of these kinds only."""
        drawn = chance(self.generator, probability, self.batch)
        return drawn & torch.stack([self.is_kind[name] for name in kinds]).any(0) if kinds else drawn

    def between(self, low: float, high: float) -> Tensor:
        """[B] uniform numbers."""
        return uniform(self.generator, self.batch, low=low, high=high)

    def top(self, u: Tensor) -> Tensor:
        """Height [B, S] of the upper edge of the body at the places `u` [B, S]: bonnet, window sill, boot."""
        knots = (0.0, 0.02, 0.5 * self.cowl, self.cowl, self.cowl + 0.06, self.rear, 1.0)
        values = (self.nose * 0.93, self.nose, self.bonnet, self.belt * 0.985, self.belt, self.belt * 1.02, self.deck)
        places = [(u + shift * self._smooth).clamp(0, 1) for shift in _SMOOTH]
        return torch.stack([self._profile(place, knots, values) for place in places]).mean(0)

    def half(self, u: Tensor) -> Tensor:
        """Half the width [B, S] of the body at the places `u` [B, S]."""
        middle = torch.where(self.fenders, 0.5 * (self.blunt + 1), 0.97)
        knots = (0.0, 0.015, 0.05, 0.12, torch.where(self.fenders, self.cowl, 0.25), 0.75, 0.92, 0.975, 1.0)
        values = (
            self.blunt * 0.93,
            self.blunt,
            0.5 * self.blunt + 0.48 * middle,
            middle,
            1.0,
            1.0,
            0.5 + self.tail * 0.53,
            self.tail * 1.06,
            self.tail,
        )
        return self.side[:, None] * self._profile(u, knots, values)

    def _profile(self, u: Tensor, knots: Sequence[Length], values: Sequence[Length]) -> Tensor:
        """Values [B, S] at the places `u` [B, S], linear from knot to knot; each knot and value is a number or [B]."""
        knots, values = ([torch.as_tensor(item).expand(self.batch)[:, None] for item in row] for row in (knots, values))
        total = values[0].expand_as(u)
        for number in range(1, len(knots)):
            share = ((u - knots[number - 1]) / (knots[number] - knots[number - 1])).clamp(0, 1)
            total = total + share * (values[number] - values[number - 1])
        return total
