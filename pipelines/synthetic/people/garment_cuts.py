"""How far tops, trousers and inner shirts reach, how loosely they hang: what `garment_shells.Shell.fit` takes.

In: charts of a shell's vertices and a `Wardrobe`. Out: levels (negative inside of the garment), gaps and widths.

Legend: B people, v vertices of a shell. Levels, gaps and widths are [B, v] in metres of an average adult.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.people.body_charts import BodyCharts
from pipelines.synthetic.people.wardrobe import TUCKED_HEM, WAIST, Wardrobe

_UPPER_ARM, _LOWER_LEG = 0.28, 0.4  # m
STRAP_PLACE, _BARE = 0.085, 0.09  # m from the middle to the straps, and down to where a top begins that they hold
_TUCKED = 0.06  # m above the hem of a tucked top over which it is drawn in
_OUTSIDE = 1.0  # level of what is far outside of a garment


@dataclass
class Place:
    """Where the vertices of a shell are, see `BodyCharts`; [v] each."""

    down: Tensor
    """Metres below the base of the neck."""
    x: Tensor
    """Metres to the person's left."""
    depth: Tensor
    """Metres in front of the middle of the chest."""
    arm: Tensor
    """0 shoulder, 1 elbow, 2 wrist; negative on the trunk."""
    leg: Tensor
    """0 waist, 1 knee, 2 ankle."""

    @staticmethod
    def of(charts: BodyCharts, vertex: Tensor, device: torch.device | str) -> "Place":
        """Places of the body's vertices [v]."""
        fields = charts.down, charts.vertices[:, 0], charts.depth, charts.arm, charts.leg
        return Place(*(field[vertex].to(device) for field in fields))


def cut_top(place: Place, wardrobe: Wardrobe) -> Tensor:
    """Level of tops: hem, sleeves, neckline, armholes, and the opening of jackets; straps that hold a top are not
    in it."""
    sleeve = (place.arm - _each(wardrobe.sleeve).clamp(min=0.04)) * _UPPER_ARM
    hem = place.down - _each(wardrobe.hem)
    level = torch.maximum(torch.maximum(sleeve, hem), _cut_neck(place, wardrobe))
    bare = _BARE + (place.x.abs() - STRAP_PLACE).clamp(min=0) - place.down
    level = torch.where(_each(wardrobe.straps), torch.maximum(level, bare), level)
    opening = _each(wardrobe.opening)
    gap = opening * (1 + 1.5 * place.down.clamp(min=0)) - place.x.abs()
    gap = gap - 0.2 * ((0.04 - place.depth) / 0.05).clamp(0, 1)  # in front only
    return torch.where(opening > 0, torch.maximum(level, gap), level)


def cut_inner(place: Place, wardrobe: Wardrobe) -> Tensor:
    """Level of the shirt that an open jacket shows: the front of the trunk."""
    level = torch.maximum(place.down - TUCKED_HEM, _cut_neck(place, wardrobe))
    level = torch.maximum(level, place.arm * _UPPER_ARM)
    return torch.where(_each(wardrobe.opening) > 0, level, _OUTSIDE)


def cut_trousers(place: Place, wardrobe: Wardrobe) -> Tensor:
    """Level of trousers and shorts: waistband and ends of the legs."""
    level = torch.maximum(WAIST - place.down, (place.leg - _each(wardrobe.leg)) * _LOWER_LEG)
    return torch.where(_each(wardrobe.trousers), level, _OUTSIDE)


def loosen_inner(place: Place, wardrobe: Wardrobe) -> tuple[Tensor, Tensor, Tensor]:
    """Gap, smoothing (0..1) and widening of the shirt under a jacket."""
    drawn = ((TUCKED_HEM - place.down) / _TUCKED).clamp(0, 1).expand(len(wardrobe.hem), -1)
    return 0.002 + 0.003 * drawn, 0.6 * drawn, torch.zeros_like(drawn)


def loosen_top(place: Place, wardrobe: Wardrobe) -> tuple[Tensor, Tensor, Tensor]:
    """Gap, smoothing (0..1) and widening of tops."""
    loose = _each(wardrobe.loose)
    layered = torch.where(_each(wardrobe.opening) > 0, 0.009, 0.0)
    tucked = _each(wardrobe.hem) <= TUCKED_HEM
    drawn = torch.where(tucked, ((_each(wardrobe.hem) - place.down) / _TUCKED).clamp(0, 1), 1.0)
    gap = 0.002 + drawn * (0.002 + 0.012 * loose + layered)
    trunk = place.arm < 0
    hanging = (place.down / 0.45).clamp(0, 1)
    ends = (place.arm / _each(wardrobe.sleeve).clamp(min=0.3)).clamp(0, 1)
    short = _each(wardrobe.sleeve) < 1.2
    bell = _each(wardrobe.bell) * torch.where(short, 0.02, 0.035) + 0.01 * short
    widen = torch.where(trunk, 0.03 * loose * hanging * drawn, (0.02 * loose + bell * ends) * ends)
    return gap, (0.65 + 0.35 * loose) * drawn, widen


def loosen_trousers(place: Place, wardrobe: Wardrobe) -> tuple[Tensor, Tensor, Tensor]:
    """Gap, smoothing (0..1) and widening of trousers."""
    wide = _each(wardrobe.wide)
    length = _each(wardrobe.leg)
    below = (place.leg / 0.6).clamp(0, 1)
    band = ((WAIST + 0.08 - place.down) / 0.04).clamp(0, 1)  # over what is tucked in
    gap = 0.0055 + 0.004 * band + 0.01 * wide * below
    end = ((place.leg - 0.5) / (length - 0.5).clamp(min=0.2)).clamp(0, 1)
    widen = below * (0.028 * wide + torch.where(length < 1.3, 0.015, 0.0)) + end.square() * 0.06 * _each(wardrobe.flare)
    between = (place.x.abs() < 0.07) & (place.leg < 0.75)
    return gap, 0.55 + 0.45 * wide.expand_as(gap), torch.where(between, 0.3 * widen, widen)


def _cut_neck(place: Place, wardrobe: Wardrobe) -> Tensor:
    """Level of necklines: round or V-shaped in front, close to the neck behind."""
    depth, width = wardrobe.neck[:, :1], wardrobe.neck[:, 1:]
    across = place.x.abs() / width
    edge = depth * torch.where(_each(wardrobe.pointed), 1 - across, 1 - across.square())
    behind = 0.012 - 0.35 * (place.x.abs() - 0.05).clamp(min=0)
    front = (place.depth / 0.03 + 0.5).clamp(0, 1)
    return torch.lerp(behind, edge.clamp(min=-0.05), front) - place.down


def _each(values: Tensor) -> Tensor:
    """[B] as [B, 1]."""
    return values[:, None]
