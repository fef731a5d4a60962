"""Measures of chairs and which parts they have, drawn from their styles.

`chairs` draws a `Chair` for each object; the parts are built from it. x forward, y left, z up, floor at z = 0, in
metres before the object is scaled.

Legend: B objects.
"""

from functools import cache

import torch
from torch import Generator, Tensor

from pipelines.synthetic.objects.chair_styles import ARMS, BACKS, CHAIR_STYLES, MEASURES, SEATS, SUPPORTS
from pipelines.synthetic.rendering.noise import chance, uniform

FRAME, SEAT, BACK, METAL, DARK, PLINTH = range(6)  # paints
_PARTS = {"support": SUPPORTS, "seat": SEATS, "backrest": BACKS, "arms": ARMS}


class Chair:
    """Measures [B] of the chairs; everything that is drawn later comes from the same generator.

    kind: index into `CHAIR_STYLES`; soft: [B] bool, upholstered. height: of the top of the seat; width, depth, thick:
    of the seat; back: length of the back above the seat; tilt: of the back from upright.

         |  tilt
         | /            back
         |/_______
         (________)  <- height, thick
          depth
    """

    def __init__(self, kind: Tensor, generator: Generator) -> None:
        self.batch, self.generator, self.kind = len(kind), generator, kind
        ranges, soft, weights = _make_tables()
        drawn = ranges[kind]  # [B, 6, 2]
        share = uniform(generator, self.batch, len(MEASURES))
        drawn = drawn[..., 0] + share * (drawn[..., 1] - drawn[..., 0])
        self.height, self.width, self.depth, self.thick, self.back, self.tilt = drawn.unbind(1)
        self.soft = uniform(generator, self.batch) < soft[kind]
        self._part = {}
        for part, table in weights.items():
            bounds = table[kind].cumsum(1)
            drawn = uniform(generator, self.batch, 1) * bounds[:, -1:]
            self._part[part] = (drawn >= bounds).sum(1).clamp(max=bounds.shape[1] - 1)

    def has(self, part: str, *names: str) -> Tensor:
        """[B] whether the `part` ("support", "seat", "backrest", "arms") is one of the names."""
        wanted = [_PARTS[part].index(name) for name in names]
        return torch.stack([self._part[part] == number for number in wanted]).any(0)

    def place_on_back(self, up: Tensor | float, forward: Tensor | float = 0.0) -> tuple[Tensor, float, Tensor]:
        """Point in the middle of the leaning back, `up` metres from the seat and `forward` of it."""
        x = forward - self.depth / 2 + 0.01 - self.tilt.sin() * up
        return x, 0.0, self.height + self.tilt.cos() * up

    def chance(self, probability: float) -> Tensor:
        """[B] true with the given probability."""
        return chance(self.generator, probability, self.batch)

    def between(self, low: float, high: float) -> Tensor:
        """[B] uniform numbers."""
        return uniform(self.generator, self.batch, low=low, high=high)


@cache
def _make_tables() -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Ranges of the measures [styles, 6, 2], shares that are soft [styles], weights of the parts [styles, options]."""
    styles = CHAIR_STYLES.values()
    ranges = torch.tensor([[getattr(style, name) for name in MEASURES] for style in styles])
    weights = {
        part: torch.tensor([[float(getattr(style, part).get(name, 0)) for name in names] for style in styles])
        for part, names in _PARTS.items()
    }
    return ranges, torch.tensor([float(style.soft) for style in styles]), weights
