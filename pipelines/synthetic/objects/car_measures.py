"""Measures of cars and the outlines that follow from them: seven kinds that differ in their numbers only.

`cars` draws a `Car` for each object; body, cabin and all other parts are built from it.

x forward, y left, z up, road at z = 0, in metres. Places along a car are given as `u`, from 0 at the nose to 1 at the
tail.

Legend: B objects, S places.
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.kit import Length
from pipelines.synthetic.rendering.noise import chance, pick, uniform

CARS = ("hatchback", "saloon", "estate", "SUV", "pickup", "van", "sports")
WEIGHTS = (2.5, 4, 1.5, 2, 1, 1, 3)
BODY, SECOND, TRIM, GLASS, DARK, METAL, LAMP, RED, PLATE = SLOTS = range(9)  # paints
# Lowest and highest value of each measure for each kind. In metres: length, width, height, wheel (radius), sill. In
# parts of the height: belt; in parts of the belt: nose, deck; in parts of the length (`u`): the rest.
RANGES = {
    "length": ((3.6, 4.3), (4.4, 5.1), (4.4, 4.9), (4.2, 5.0), (5.0, 5.7), (4.5, 5.5), (4.1, 4.8)),
    "width": ((1.65, 1.8), (1.75, 1.9), (1.74, 1.88), (1.8, 2.0), (1.8, 2.0), (1.8, 2.0), (1.8, 2.0)),
    "height": ((1.4, 1.55), (1.36, 1.5), (1.42, 1.55), (1.6, 1.9), (1.65, 1.9), (1.8, 2.3), (1.1, 1.3)),
    "belt": ((0.6, 0.66), (0.62, 0.68), (0.61, 0.66), (0.62, 0.68), (0.6, 0.66), (0.54, 0.6), (0.64, 0.7)),
    "nose": ((0.74, 0.84), (0.74, 0.84), (0.74, 0.84), (0.8, 0.92), (0.84, 0.94), (0.72, 0.88), (0.6, 0.74)),
    "cowl": ((0.22, 0.28), (0.26, 0.31), (0.25, 0.3), (0.24, 0.29), (0.24, 0.29), (0.09, 0.2), (0.29, 0.37)),
    "rake": ((0.13, 0.17), (0.13, 0.18), (0.13, 0.17), (0.09, 0.15), (0.09, 0.13), (0.1, 0.15), (0.15, 0.19)),
    "roof_end": ((0.82, 0.92), (0.7, 0.77), (0.88, 0.94), (0.86, 0.94), (0.54, 0.64), (0.93, 0.98), (0.64, 0.74)),
    "rear": ((0.95, 0.975), (0.83, 0.89), (0.955, 0.98), (0.955, 0.98), (0.64, 0.68), (0.98, 0.99), (0.84, 0.94)),
    "deck": ((0.92, 1.0), (0.93, 1.04), (0.92, 1.0), (0.92, 1.0), (0.9, 1.0), (0.92, 1.0), (0.95, 1.1)),
    "wheel": ((0.28, 0.32), (0.29, 0.33), (0.29, 0.33), (0.34, 0.4), (0.36, 0.42), (0.3, 0.36), (0.3, 0.34)),
    "sill": ((0.16, 0.2), (0.15, 0.2), (0.15, 0.2), (0.23, 0.32), (0.28, 0.38), (0.18, 0.25), (0.1, 0.15)),
    "front": ((0.18, 0.21), (0.17, 0.2), (0.17, 0.2), (0.17, 0.2), (0.16, 0.19), (0.15, 0.19), (0.18, 0.22)),
    "back": ((0.82, 0.85), (0.78, 0.81), (0.77, 0.8), (0.8, 0.83), (0.75, 0.79), (0.78, 0.82), (0.79, 0.83)),
}


class Car:
    """Measures [B] of the cars, and their outlines; everything that is drawn later comes from the same generator.

                 roof_start ________ roof_end
                          /          :
        bonnet ___ cowl  /            :  rear ___ deck
        nose  |  _         belt            _    |
         sill |_/ :_______________________/ :___|
               front                     back

    kind: index into `CARS`; is_kind: [B] bool by name. In metres: length, height; side: half the width; wheel: radius;
    heights of the lower edge of the body (sill), of the lower edge of the windows (belt) and of the upper edge of the
    body at the nose (nose), above the front axle (bonnet) and at the tail (deck). In `u`: front, back: axles; cowl,
    roof_start, roof_end, rear: lower and upper ends of windscreen and rear window. blunt: half width at the nose in
    parts of `side`.
    """

    def __init__(self, batch: int, generator: Generator) -> None:
        self.batch, self.generator = batch, generator
        self.kind = kind = pick(generator, WEIGHTS, batch)
        ranges = torch.tensor(list(RANGES.values()))[:, kind]  # [14, B, 2]
        drawn = ranges[..., 0] + uniform(generator, len(RANGES), batch) * (ranges[..., 1] - ranges[..., 0])
        size = dict(zip(RANGES, drawn, strict=True))
        self.length, self.side, self.height = size["length"], size["width"] / 2, size["height"]
        self.cowl, self.rear, self.front, self.back = (size[name] for name in ("cowl", "rear", "front", "back"))
        self.wheel, self.sill = size["wheel"], size["sill"]
        fender = 2.09 * self.wheel + 0.06
        self.belt = torch.maximum(size["belt"] * self.height, fender + 0.06)
        self.nose, self.deck = size["nose"] * self.belt, torch.maximum(size["deck"] * self.belt, fender + 0.04)
        self.bonnet = torch.maximum(self.nose * 0.35 + self.belt * 0.65, fender)
        self.roof_start = self.cowl + size["rake"]
        self.roof_end = torch.maximum(size["roof_end"], self.roof_start + 0.14)
        self.is_kind = {name: kind == number for number, name in enumerate(CARS)}
        self.blunt = uniform(generator, batch, low=0.74, high=0.88)

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
        return self._profile(u, knots, values)

    def half(self, u: Tensor) -> Tensor:
        """Half the width [B, S] of the body at the places `u` [B, S]."""
        knots = (0.0, 0.015, 0.05, 0.12, 0.25, 0.75, 0.92, 0.975, 1.0)
        values = (self.blunt * 0.93, self.blunt, 0.5 * self.blunt + 0.48, 0.97, 1.0, 1.0, 0.965, 0.93, 0.86)
        return self.side[:, None] * self._profile(u, knots, values)

    def _profile(self, u: Tensor, knots: Sequence[Length], values: Sequence[Length]) -> Tensor:
        """Values [B, S] at the places `u` [B, S], linear from knot to knot; each knot and value is a number or [B]."""
        knots, values = ([torch.as_tensor(item).expand(self.batch)[:, None] for item in row] for row in (knots, values))
        total = values[0].expand_as(u)
        for number in range(1, len(knots)):
            share = ((u - knots[number - 1]) / (knots[number] - knots[number - 1])).clamp(0, 1)
            total = total + share * (values[number] - values[number - 1])
        return total
