"""Tops, trousers, skirts and coats on B people: `garment_shells` and `drapes`, one over the other.

In: rest bodies and a `Wardrobe`. Out: `FittedClothes`, for `dressed.DressedBody`.

Legend: B people, V vertices of the body, v of a shell.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.drapes import Drape, DrapeFit
from pipelines.synthetic.people.garment_cuts import (
    STRAP_PLACE,
    Place,
    cut_inner,
    cut_top,
    cut_trousers,
    loosen_inner,
    loosen_top,
    loosen_trousers,
)
from pipelines.synthetic.people.garment_shells import Fitted, Shell
from pipelines.synthetic.people.ribbon_mesh import Course, Ribbon
from pipelines.synthetic.people.wardrobe import LOWEST_HEM, TUCKED_HEM, WAIST, Wardrobe

SHELLS = ("inner", "bottom", "top")  # from the inside outwards
_CUTS = {"inner": cut_inner, "bottom": cut_trousers, "top": cut_top}
_LOOSEN = {"inner": loosen_inner, "bottom": loosen_trousers, "top": loosen_top}
_COVERED = 0.025  # m inside of the edges of a garment from where what is under it is left out
_UNDER_TOP = 0.006  # the same of trousers and shirts under a top: its hem would let them through
_OVER = 0.005  # m between a top and the trousers under it
_SLACK = 0.01  # m of what sticks out of the body that tops may cut off
_SKIRT, _COAT = (26, 36), (16, 33)  # rings, columns
_SKIRT_TOP, _COAT_TOP = WAIST - 0.01, 0.48  # `down` of their first rings
_LAPS = -0.04  # radians, half of the opening of a closed coat: its fronts overlap
_SHORTEST = 0.12  # m below the hips, of coats
_STRAPS = [
    Course(start=sign * STRAP_PLACE, ends=(-0.68, 1.08), half=0.017, lift=0.003) for sign in (-1, 1)
]  # from 0.15 m below the base of the neck, behind, to there in front
_STRAP_UV = (0.42, 0.453), (0.0, 0.45)
_ABOVE_HEM = 0.12  # of a thigh or shin, over the hem of a skirt from where legs are left out


@dataclass
class FittedClothes:
    """Clothes of B people."""

    shells: dict[str, Fitted]
    """By their names in `SHELLS`."""
    drapes: list[DrapeFit]
    """Skirt and coat."""
    straps: list[Tensor]
    """[B, K * C, 3] of the right and the left strap that hold a top."""
    covered: Tensor
    """[B, V] bool, vertices of the body that are well under clothes."""
    surface: Tensor
    """[B, V, 3] vertices of the body, moved out to what is worn over them."""


class Clothing:
    """Tables of all clothes."""

    def __init__(self, model: BodyModel, charts: BodyCharts, device: torch.device | str) -> None:
        """model: on the CPU; the tables go to `device`."""
        torso, arms, legs = (
            parts_mask(model.part, *names)
            for names in (("torso", "neck"), ("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot"))
        )
        trunk = torso & (charts.down > -0.06)
        chosen = {
            "inner": trunk & (charts.depth > -0.03) & (charts.down < TUCKED_HEM + 0.05),
            "bottom": (torso & (charts.down > WAIST - 0.06)) | (legs & (charts.leg < 2.06)),
            "top": ((trunk | legs) & (charts.down < LOWEST_HEM + 0.1)) | (arms & (charts.arm < 2.12)),
        }
        lower = {"shin": "lower_leg", "foot": "lower_leg"}
        slots = {
            "inner": ({}, "top"),
            "bottom": (lower, "bottom"),
            "top": ({"upper_arm": "sleeve", "forearm": "forearm", "hand": "forearm"}, "top"),
        }
        shells = {name: Shell(model, charts, name, chosen[name], *slots[name]) for name in SHELLS}
        self._places = {name: Place.of(charts, shell.vertex, device) for name, shell in shells.items()}
        self.shells = {name: shell.to(device) for name, shell in shells.items()}
        skirt, coat = Drape(charts, "skirt", _SKIRT, closed=True), Drape(charts, "coat", _COAT, closed=False)
        self.drapes = [skirt.to(device), coat.to(device)]
        self.straps = [
            Ribbon(model, charts, "top", course, slot="top", columns=3, u=_STRAP_UV[0], v=_STRAP_UV[1]).to(device)
            for course in _STRAPS
        ]
        hips = parts_mask(charts.part, "torso")
        self._tops = [
            (hips & ((charts.down - top).abs() < 0.015)).nonzero()[:, 0].to(device) for top in (_SKIRT_TOP, _COAT_TOP)
        ]
        below_waist = parts_mask(charts.part, "thigh", "shin") | (hips & (charts.down > WAIST + 0.03))
        self._along_leg = torch.where(below_waist, charts.hip_to_ankle, torch.inf).to(device)

    def fit(self, rest: RestBody, normals: Tensor, wardrobe: Wardrobe, scale: Tensor) -> FittedClothes:
        """On rest bodies.

        Args:
            normals: [B, V, 3] of the bodies.
            scale: [B] height against an average adult.
        """
        shells, covered, thickness = self._fit_shells(rest, normals, wardrobe, scale)
        surface = rest.vertices + normals * thickness[..., None]
        drapes = self._fit_drapes(rest, surface, wardrobe, scale)
        hem = self.drapes[0].reach(drapes[0])[:, None] - _ABOVE_HEM
        covered |= (wardrobe.skirt > 0)[:, None] & (self._along_leg < hem)
        straps = [strap.fit(rest, surface, scale) for strap in self.straps]
        return FittedClothes(shells, drapes, straps, covered, surface)

    def _fit_shells(
        self, rest: RestBody, normals: Tensor, wardrobe: Wardrobe, scale: Tensor
    ) -> tuple[dict[str, Fitted], Tensor, Tensor]:
        """Garments that follow the body, which of its vertices are well inside of them [B, V] bool, and how far from
        the body the outermost is there [B, V]."""
        fitted: dict[str, Fitted] = {}
        covered = torch.zeros(rest.vertices.shape[:2], dtype=torch.bool, device=scale.device)
        thickness = torch.zeros_like(rest.vertices[..., 0])
        each = scale[:, None]
        outermost = thickness
        for name in SHELLS:
            shell, place = self.shells[name], self._places[name]
            level = _CUTS[name](place, wardrobe)
            gap, smooth, widen = _LOOSEN[name](place, wardrobe)
            gap = gap * each
            if name == "top":
                over = torch.maximum(gap, thickness[:, shell.vertex] + _OVER * each)
                gap = torch.where((wardrobe.hem > TUCKED_HEM)[:, None], over, gap)
            slack = _SLACK if name == "top" else 0.0
            fitted[name] = shell.fit(
                rest, normals, gap=gap, smooth=smooth, widen=widen * each, level=level, slack=slack
            )
            thickness = torch.maximum(thickness, fitted[name].thickness)
            covered[:, shell.vertex] |= level < -_COVERED
            outermost = torch.full_like(thickness, torch.inf)
            outermost[:, shell.vertex] = level
        for name in ("inner", "bottom"):
            shell = self.shells[name]
            hidden = outermost[:, shell.vertex] < -_UNDER_TOP
            if name == "bottom":
                hidden &= (wardrobe.hem > TUCKED_HEM)[:, None]
            fitted[name].present &= ~hidden[:, shell.triangles].all(2)
        return fitted, covered, thickness

    def _fit_drapes(self, rest: RestBody, surface: Tensor, wardrobe: Wardrobe, scale: Tensor) -> list[DrapeFit]:
        """Skirt and coat over the `surface` [B, V, 3] of what else is worn."""
        hips = (rest.bones[:, BONE["r_thigh_1"], 1] + rest.bones[:, BONE["l_thigh_1"], 1]) / 2
        waist, below = (hips - rest.vertices[:, band, 1].mean(1) for band in self._tops)
        skirt = self.drapes[0].fit(
            rest,
            surface,
            top=waist,
            length=wardrobe.skirt.clamp(min=0.3) * scale,
            ease=0.01 * scale,
            flare=wardrobe.skirt_flare * scale,
            gap=torch.zeros_like(scale),
            phase=wardrobe.phase,
            scale=scale,
        )
        gap = torch.where(wardrobe.opening > 0, 0.1 + wardrobe.opening / 0.16 + 0.2 * wardrobe.coat, _LAPS)
        coat = self.drapes[1].fit(
            rest,
            surface,
            top=below,
            length=wardrobe.coat.clamp(min=_SHORTEST) * scale - below,
            ease=(0.014 + 0.02 * wardrobe.loose) * scale,
            flare=(0.02 + 0.1 * wardrobe.coat) * scale,
            gap=gap,
            phase=wardrobe.phase,
            scale=scale,
        )
        return [skirt, coat]
