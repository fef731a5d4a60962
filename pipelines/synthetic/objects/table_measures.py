"""Styles and measures of tables.

`tables` draws a `Table` for each object; the parts are built from it. x forward, y left, z up, floor at z = 0, metres.

Legend: B objects.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.noise import chance, uniform

SUPPORTS = ("legs", "square", "turned", "splayed", "sled", "slab", "trestle", "crossed", "pedestal", "trumpet", "block",
            "picnic", "drawers")  # fmt: skip
Range = tuple[float, float]
ENDLESS = 360  # folds of what has the same shape from all sides
SQUARE = 0.04  # difference of a square's sides as a share of the longer one, at most
TOPS = ("board", "round", "oval", "framed", "planks", "rounded")


@dataclass(frozen=True)
class TableStyle:
    """What the tables of a style have in common. Lengths in metres."""

    weight: float
    """How often it is drawn."""
    top: dict[str, float]
    """Weights of `TOPS`."""
    support: dict[str, float]
    """Weights of `SUPPORTS`."""
    height: Range = (0.7, 0.78)
    """Of the upper side."""
    depth: Range = (0.7, 1.0)
    """Along x."""
    width: Range = (1.0, 2.2)
    """Along y."""
    thick: Range = (0.015, 0.05)
    """Of the top."""


_LEGS = {"legs": 2.0, "square": 2.0, "turned": 1.0, "splayed": 1.0}
TABLE_STYLES = {
    "dining": TableStyle(2.5, {"board": 3, "rounded": 1, "planks": 1, "oval": 0.5}, _LEGS | {"trestle": 0.6}),
    "square": TableStyle(1.5, {"board": 2, "rounded": 1}, _LEGS, depth=(0.6, 1.0), width=(0.65, 1.0)),
    "round": TableStyle(1.5, {"round": 1}, {"pedestal": 2, "splayed": 1, "legs": 1, "trumpet": 0.7},
        depth=(0.7, 1.4), width=(0.7, 1.4)),
    "bistro": TableStyle(1, {"round": 2, "board": 1}, {"pedestal": 1}, depth=(0.5, 0.7), width=(0.5, 0.7),
        height=(0.7, 1.1)),
    "coffee": TableStyle(
        2.5, {"board": 2, "round": 1, "oval": 1, "rounded": 1, "framed": 0.6},
        _LEGS | {"sled": 1, "slab": 1, "block": 0.6, "crossed": 0.5},
        height=(0.28, 0.46), depth=(0.5, 0.9), width=(0.7, 1.3), thick=(0.02, 0.08),
    ),
    "side": TableStyle(
        1.5, {"board": 2, "round": 1.5}, _LEGS | {"pedestal": 1, "sled": 0.6, "slab": 0.6}, height=(0.4, 0.66),
        depth=(0.35, 0.55), width=(0.35, 0.6)
    ),
    "desk": TableStyle(2, {"board": 3, "rounded": 0.6}, {"drawers": 3, "slab": 1, "square": 0.6, "sled": 0.6},
        depth=(0.55, 0.8), width=(1.1, 1.9)),
    "console": TableStyle(1, {"board": 1}, _LEGS | {"slab": 1, "sled": 1}, height=(0.72, 0.92), depth=(0.25, 0.42),
        width=(0.9, 1.6)),
    "trestle": TableStyle(1, {"board": 1, "planks": 1.5}, {"trestle": 1, "crossed": 1.2}),
    "glass": TableStyle(1.2, {"board": 1, "round": 1, "oval": 0.5, "framed": 1},
        {"sled": 1, "legs": 1, "trumpet": 0.6, "crossed": 0.6, "block": 0.5}, thick=(0.008, 0.02)),
    "slab": TableStyle(0.8, {"board": 1}, {"slab": 1}, thick=(0.03, 0.1)),
    "block": TableStyle(0.6, {"board": 1, "round": 1}, {"block": 1}, height=(0.3, 0.75), depth=(0.4, 0.9),
        width=(0.5, 1.2)),
    "tulip": TableStyle(0.8, {"round": 1.5, "oval": 1}, {"trumpet": 1}, depth=(0.8, 1.3), width=(0.9, 1.7)),
    "picnic": TableStyle(0.7, {"planks": 1}, {"picnic": 1}, depth=(0.65, 0.85), width=(1.3, 2.0)),
    "workbench": TableStyle(0.7, {"board": 1, "planks": 1}, {"square": 1, "drawers": 0.6}, height=(0.8, 1.0),
        depth=(0.5, 0.8), thick=(0.04, 0.1)),
    "conference": TableStyle(0.8, {"oval": 1.5, "rounded": 1, "board": 1},
        {"slab": 1, "pedestal": 1, "legs": 1, "block": 0.6}, depth=(0.9, 1.5), width=(2.2, 4.0)),
}  # fmt: skip
MEASURES = ("height", "depth", "width", "thick")


class Table:
    """Measures [B] of the tables; see `TableStyle`.

    reach_x, reach_y: how far from the middle supports may stand. folds: of the rotational symmetry of all parts so far.
    """

    def __init__(self, kind: Tensor, generator: Generator) -> None:
        self.batch, self.generator, self.kind = len(kind), generator, kind
        styles = list(TABLE_STYLES.values())
        ranges = torch.tensor([[getattr(style, name) for name in MEASURES] for style in styles])[kind]
        drawn = ranges[..., 0] + uniform(generator, self.batch, len(MEASURES)) * (ranges[..., 1] - ranges[..., 0])
        self.height, self.depth, self.width, self.thick = drawn.unbind(1)
        self._top, self._support = (
            self._draw([[float(getattr(style, field).get(name, 0)) for name in names] for style in styles])
            for field, names in (("top", TOPS), ("support", SUPPORTS))
        )
        is_round = self.has_top("round")
        self.depth = torch.where(is_round, self.width, self.depth)
        square = (self.depth / self.width - 1).abs() < SQUARE
        self.folds = torch.where(square & ~self.has_top("planks"), torch.where(is_round, ENDLESS, 4), 2)
        inset = torch.where(is_round | self.has_top("oval"), 0.62, self.between(0.82, 0.97))
        self.reach_x, self.reach_y = self.depth / 2 * inset, self.width / 2 * inset

    def _draw(self, weights: list[list[float]]) -> Tensor:
        bounds = torch.tensor(weights)[self.kind].cumsum(1)
        return (uniform(self.generator, self.batch, 1) * bounds[:, -1:] >= bounds).sum(1).clamp(max=bounds.shape[1] - 1)

    def has_top(self, *names: str) -> Tensor:
        """[B] whether the top is one of `TOPS`."""
        return torch.stack([self._top == TOPS.index(name) for name in names]).any(0)

    def has_support(self, *names: str) -> Tensor:
        """[B] whether the support is one of `SUPPORTS`."""
        return torch.stack([self._support == SUPPORTS.index(name) for name in names]).any(0)

    def limit_folds(self, folds: int, present: Tensor) -> None:
        """Tables with parts `present` [B] that have only so many folds themselves have no more."""
        self.folds = torch.where(present, self.folds.clamp(max=folds), self.folds)

    def chance(self, probability: float) -> Tensor:
        """[B] true with the given probability."""
        return chance(self.generator, probability, self.batch)

    def between(self, low: float, high: float) -> Tensor:
        """[B] uniform numbers."""
        return uniform(self.generator, self.batch, low=low, high=high)
