"""Measures of chairs: six kinds that differ in their numbers only.

`chairs` draws a `Chair` for each object; the parts are built from it. x forward, y left, z up, floor at z = 0, in
metres before the object is scaled.

Legend: B objects.
"""

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, pick, uniform

CHAIRS = ("four-legged", "swivel", "armchair", "stool", "lounge", "office")
WEIGHTS = (4, 1.2, 2.2, 0.8, 1.2, 2)
FRAME, SEAT, BACK, METAL, DARK = SLOTS = range(5)  # paints
# Lowest and highest value of each measure for each kind: metres, the tilt of the back in radians.
RANGES = {
    "height": ((0.42, 0.5), (0.42, 0.52), (0.36, 0.45), (0.45, 0.8), (0.3, 0.4), (0.44, 0.54)),
    "width": ((0.38, 0.52), (0.42, 0.54), (0.48, 0.66), (0.3, 0.42), (0.5, 0.68), (0.44, 0.54)),
    "depth": ((0.38, 0.5), (0.4, 0.5), (0.46, 0.6), (0.3, 0.42), (0.5, 0.66), (0.44, 0.52)),
    "thick": ((0.015, 0.06), (0.03, 0.09), (0.12, 0.34), (0.02, 0.09), (0.03, 0.14), (0.05, 0.1)),
    "back": ((0.36, 0.6), (0.3, 0.5), (0.36, 0.55), (0.1, 0.3), (0.45, 0.75), (0.45, 0.72)),
    "tilt": ((0.02, 0.22), (0.05, 0.25), (0.05, 0.25), (0.0, 0.15), (0.25, 0.6), (0.05, 0.25)),
}


class Chair:
    """Measures [B] of the chairs; everything that is drawn later comes from the same generator.

    kind: index into `CHAIRS`; is_kind: [B] bool by name. height: of the top of the seat; width, depth, thick: of the
    seat; back: length of the back above the seat; tilt: of the back from upright. one_piece: [B] bool, seat and back
    are one bent sheet.

         |  tilt
         | /            back
         |/_______
         (________)  <- height, thick
          depth
    """

    def __init__(self, batch: int, generator: Generator) -> None:
        self.batch, self.generator = batch, generator
        self.kind = pick(generator, WEIGHTS, batch)
        ranges = torch.tensor(list(RANGES.values()))[:, self.kind]  # [6, B, 2]
        share = uniform(generator, len(RANGES), batch)
        drawn = ranges[..., 0] + share * (ranges[..., 1] - ranges[..., 0])
        self.height, self.width, self.depth, self.thick, self.back, self.tilt = drawn
        self.is_kind = {name: self.kind == number for number, name in enumerate(CHAIRS)}
        self.one_piece = self.chance(0.25) & ~self.is_kind["stool"] & ~self.is_kind["armchair"]

    def chance(self, probability: float) -> Tensor:
        """[B] true with the given probability."""
        return chance(self.generator, probability, self.batch)

    def between(self, low: float, high: float) -> Tensor:
        """[B] uniform numbers."""
        return uniform(self.generator, self.batch, low=low, high=high)
