"""Dressed people: the body with clothes, shoes, hair and accessories as one mesh, on anybody in any pose.

In: rest bodies, a `Wardrobe`, then poses. Out: `Dressed`, and world positions of all vertices. Whoever draws people
calls `DressedBody`. Everybody has all triangles; `Dressed.present` says which are there: garments that aren't worn, what
lies beyond hems and the skin under clothes are not.

Legend: B people, T frames, W vertices and F triangles of all layers, V vertices of the body, J bones.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE, PARTS
from pipelines.synthetic.people.body_charts import BodyCharts, parts_mask
from pipelines.synthetic.people.body_model import BodyModel, RestBody
from pipelines.synthetic.people.body_pose import BodyPose, turn_bones
from pipelines.synthetic.people.drapes import Drape, DrapeFit
from pipelines.synthetic.people.garment_cuts import (
    Place,
    cut_inner,
    cut_top,
    cut_trousers,
    loosen_top,
    loosen_trousers,
)
from pipelines.synthetic.people.garment_shells import Fitted, Shell
from pipelines.synthetic.people.hair_mesh import Hair, follow
from pipelines.synthetic.people.head_outline import HeadOutline
from pipelines.synthetic.people.headwear_mesh import Headwear
from pipelines.synthetic.people.layers import LAYERS, Layer, incident_triangles, vertex_normals
from pipelines.synthetic.people.neckwear_mesh import Neckwear
from pipelines.synthetic.people.shoe_mesh import Shoes
from pipelines.synthetic.people.skeleton import INDEX, STANDARD_HEIGHT
from pipelines.synthetic.people.wardrobe import TUCKED_HEM, WAIST, Wardrobe
from pipelines.synthetic.rotations import rotate

_SLACK = 0.01  # m that tops may cut off
_COVERED = 0.025  # m inside of the edges of a garment from where skin is left out
_SKIRT, _COAT = (26, 36), (16, 33)  # rings, columns
_SKIRT_TOP, _COAT_TOP = WAIST - 0.01, 0.48  # m below the neck of an average body
_ABOVE_HEM = 0.12  # of a thigh or shin, over the hem of a skirt from where legs are left out
_SHELLS = ("inner", "bottom", "top", "hair")


@dataclass
class Dressed:
    """B dressed people at rest."""

    rest: RestBody
    """Their bodies."""
    vertices: Tensor
    """[B, W', 3] at rest, in metres, of the layers that are skinned, the body's first."""
    hanging: Tensor
    """[B, H, 3] at rest, of hanging hair."""
    follow: Tensor
    """[B, H, 3] how much hanging hair follows head, gravity and chest."""
    drapes: list[DrapeFit]
    """Skirt and coat."""
    present: Tensor
    """[B, F] bool, the triangles that a person has."""
    sole: Tensor
    """[B] metres between the soles of the feet and those of the shoes."""


class DressedBody:
    """Tables of dressed people on one device."""

    triangles: Tensor
    """[F, 3] int64, counter-clockwise seen from outside."""
    uv: Tensor
    """[F, 3, 2] texture coordinates of the corners, see `textures`; of skin those of the body's own chart. u may go on
    beyond 1 where a part closes."""
    layer: Tensor
    """[F] int64 index into `layers.LAYERS`."""
    slot: Tensor
    """[F] int64 index into `textures.SLOTS`."""
    part: Tensor
    """[F] int64 index into `body_bones.PARTS`."""
    two_sided: Tensor
    """[F] bool, whether a triangle can be seen from behind: all but those of the skin."""

    def __init__(self, device: torch.device | str) -> None:
        model, charts = BodyModel.load(), BodyCharts.load()
        self.model = BodyModel.load(device)
        torso, arms, legs = (
            parts_mask(model.part, *names)
            for names in (("torso", "neck"), ("upper_arm", "forearm", "hand"), ("thigh", "shin", "foot"))
        )
        trunk = torso & (charts.down > -0.06)
        sleeves, trousers = {"upper_arm": "sleeve", "forearm": "forearm", "hand": "forearm"}, {
            "shin": "lower_leg", "foot": "lower_leg",
        }  # fmt: skip
        chosen = {
            "inner": (trunk & (charts.depth > -0.03) & (charts.down < WAIST + 0.16), {}, "top"),
            "bottom": ((torso & (charts.down > WAIST - 0.06)) | (legs & (charts.leg < 2.06)), trousers, "bottom"),
            "top": ((trunk & (charts.down < 0.68)) | (arms & (charts.arm < 2.12)), sleeves, "top"),
        }
        self._shells = {name: Shell(model, charts, name, *choice).to(device) for name, choice in chosen.items()}
        self._places = {name: Place.of(charts, shell.vertex.cpu(), device) for name, shell in self._shells.items()}
        self._hair, self._shoes = Hair(model, charts).to(device), Shoes(charts).to(device)
        self._neckwear, self._headwear = Neckwear(charts).to(device), Headwear()
        self._outline = HeadOutline(model, charts).to(device)
        self._drapes = [
            Drape(charts, "skirt", _SKIRT, closed=True).to(device), Drape(charts, "coat", _COAT, closed=False).to(device)
        ]  # fmt: skip
        self._shells["hair"] = self._hair.shell
        grids = [*self._shoes.layers, *self._neckwear.layers.values(), *self._headwear.layers.values()]
        skinned = [self._shells[name].layer for name in _SHELLS] + grids
        floating = [*self._hair.layers.values(), *(drape.layer for drape in self._drapes)]
        self._join([_skin_layer(model, charts), *skinned, *floating], device)
        self._weights = torch.cat([layer.weights for layer in skinned]).to(device)
        self._incident = incident_triangles(model.triangles, len(model.part)).to(device)
        limb = parts_mask(charts.part, "thigh", "shin") | (parts_mask(charts.part, "torso") & (charts.down > WAIST + 0.03))
        self._tops = [
            (parts_mask(charts.part, "torso") & ((charts.down - top).abs() < 0.015)).nonzero()[:, 0].to(device)
            for top in (_SKIRT_TOP, _COAT_TOP)
        ]
        self._along_leg = torch.where(limb, charts.hip_to_ankle, torch.inf).to(device)

    @staticmethod
    @cache
    def load(device: torch.device | str = "cpu") -> "DressedBody":
        """The tables on `device`; made once for each device."""
        return DressedBody(device)

    def dress(self, rest: RestBody, wardrobe: Wardrobe) -> Dressed:
        """Dresses the rest bodies of B people."""
        scale = rest.proportions.height / STANDARD_HEIGHT
        normals = vertex_normals(rest.vertices, self.model.triangles, self._incident)
        shells, covered, thickness = self._fit_shells(rest, normals, wardrobe, scale)
        head = self._outline.measure(self.model, rest)
        shoes = self._shoes.fit(rest, wardrobe, scale)
        worn = torch.ones_like(wardrobe.trousers)
        shod = [worn, worn, wardrobe.shaft > 0, wardrobe.shaft > 0]
        grids = list(zip(shoes, shod, strict=True))
        for name, fitted in (
            (self._neckwear, self._neckwear.fit(rest, wardrobe, scale)),
            (self._headwear, self._headwear.fit(self.model, rest, head, wardrobe, scale)),
        ):
            grids += [fitted[layer] for layer in name.layers]
        hair = self._hair.fit_hanging(head, wardrobe, scale)
        hanging = [hair[name] for name in self._hair.layers]
        covered |= self._shoes.hide(rest, wardrobe, scale)
        skirted = wardrobe.skirt > 0
        drapes = self._fit_drapes(rest, rest.vertices + normals * thickness[..., None], wardrobe, scale)
        covered |= skirted[:, None] & (self._along_leg < self._drapes[0].reach(drapes[0])[:, None] - _ABOVE_HEM)
        loose = [vertices for vertices, _ in hanging]
        flags = [flag for _, flag in (*grids, *hanging)] + [skirted, wardrobe.coat > 0]
        skin = ~covered[:, self.model.triangles].all(2)
        present = torch.cat(
            [skin, *(shells[name].present for name in _SHELLS)]
            + [flag[:, None].expand(-1, count) for flag, count in zip(flags, self._grid_sizes, strict=True)],
            1,
        )
        hang = torch.cat(loose, 1)
        return Dressed(
            rest,
            torch.cat([rest.vertices, *(shells[name].vertices for name in _SHELLS), *(v for v, _ in grids)], 1),
            hang,
            follow(hang, rest.bones, scale),
            drapes,
            present,
            self._shoes.sole(wardrobe, scale),
        )

    def pose(self, dressed: Dressed, pose: BodyPose) -> Tensor:
        """World positions [B, T, W, 3] of all vertices."""
        rest = dressed.rest
        rotation, origin = turn_bones(rest.bones, pose)
        body = self.model.skin(rest, pose)
        shift = origin - rotate(rotation, rest.bones[:, None])
        bones = torch.cat([rotation, shift[..., None]], -1).flatten(-2)  # [B, T, J, 12]
        matrix = (self._weights @ bones).unflatten(-1, (3, 4))
        clothes = dressed.vertices[:, None, body.shape[2] :]
        skinned = (matrix[..., :3] * clothes[..., None, :]).sum(-1) + matrix[..., 3]
        drapes = [
            drape.pose(fit, pose, rotation, origin) for drape, fit in zip(self._drapes, dressed.drapes, strict=True)
        ]
        return torch.cat([body, skinned, self._hang(dressed, pose, rotation, origin), *drapes], 2)

    def _fit_shells(
        self, rest: RestBody, normals: Tensor, wardrobe: Wardrobe, scale: Tensor
    ) -> tuple[dict[str, Fitted], Tensor, Tensor]:
        """Garments that follow the body, which of its vertices are well inside of them [B, V] bool, and how thick they
        are there [B, V]."""
        fitted: dict[str, Fitted] = {}
        covered = torch.zeros(rest.vertices.shape[:2], dtype=torch.bool, device=scale.device)
        each = scale[:, None]
        below = torch.zeros_like(rest.vertices[..., 0])  # thickness of what is worn underneath
        for name, cut in (("inner", cut_inner), ("bottom", cut_trousers), ("top", cut_top)):
            shell, place = self._shells[name], self._places[name]
            level = cut(place, wardrobe)
            if name == "inner":
                gap = torch.full_like(level, 0.004)
                smooth, widen = torch.full_like(gap, 0.6), torch.zeros_like(gap)
            else:
                gap, smooth, widen = (loosen_top if name == "top" else loosen_trousers)(place, wardrobe)
            gap = gap * each
            if name == "top":
                outside = (wardrobe.hem > TUCKED_HEM)[:, None]
                gap = torch.where(outside, torch.maximum(gap, below[:, shell.vertex] + 0.003 * each), gap)
            fitted[name] = shell.fit(rest, normals, gap=gap, smooth=smooth, widen=widen * each, level=level,
                                     slack=_SLACK if name == "top" else 0.0)  # fmt: skip
            below = torch.maximum(below, fitted[name].thickness)
            inside = torch.zeros_like(covered)
            inside[:, shell.vertex] = level < -_COVERED
            covered |= inside
            if name == "top":
                for under in ("inner", "bottom"):
                    layer = self._shells[under]
                    hidden = inside[:, layer.vertex][:, layer.triangles].all(2)
                    fitted[under].present &= ~hidden
        fitted["hair"] = self._hair.fit_skull(rest, normals, wardrobe, scale)
        return fitted, covered, below

    def _fit_drapes(self, rest: RestBody, surface: Tensor, wardrobe: Wardrobe, scale: Tensor) -> list[DrapeFit]:
        """Skirt and coat over the `surface` [B, V, 3] of what else is worn."""
        full = torch.ones_like(scale)
        hips = (rest.bones[:, BONE["r_thigh_1"], 1] + rest.bones[:, BONE["l_thigh_1"], 1]) / 2
        waist, below = (hips - rest.vertices[:, band, 1].mean(1) for band in self._tops)
        skirt = self._drapes[0].fit(
            rest,
            surface,
            top=waist,
            length=wardrobe.skirt.clamp(min=0.3) * scale,
            ease=0.01 * scale,
            flare=wardrobe.skirt_flare * scale,
            gap=0 * full,
            phase=wardrobe.phase,
            scale=scale,
        )
        gap = torch.where(wardrobe.opening > 0, 0.1 + wardrobe.opening / 0.16 + 0.2 * wardrobe.coat, 0.02)
        coat = self._drapes[1].fit(
            rest,
            surface,
            top=below,
            length=wardrobe.coat.clamp(min=0.12) * scale - below,
            ease=(0.014 + 0.02 * wardrobe.loose) * scale,
            flare=(0.02 + 0.1 * wardrobe.coat) * scale,
            gap=gap,
            phase=wardrobe.phase,
            scale=scale,
        )
        return [skirt, coat]

    def _hang(self, dressed: Dressed, pose: BodyPose, rotation: Tensor, origin: Tensor) -> Tensor:
        """World positions [B, T, H, 3] of hanging hair."""
        bones, hair = dressed.rest.bones, INDEX["hair"]
        head, chest = BONE["head"], BONE["spine_5"]
        frames = (
            (rotation[:, :, head], origin[:, :, head], bones[:, head]),
            (pose.frames.rotation[:, :, hair], origin[:, :, head], bones[:, head]),
            (rotation[:, :, chest], origin[:, :, chest], bones[:, chest]),
        )
        placed = torch.stack(
            [
                base[:, :, None] + rotate(turn[:, :, None], (dressed.hanging - start[:, None])[:, None])
                for turn, base, start in frames
            ],
            -1,
        )
        return (placed * dressed.follow[:, None, :, None]).sum(-1)

    def _join(self, layers: list[Layer], device: torch.device | str) -> None:
        """Sets the tables of all layers, one after the other."""
        counts = [len(layer.weights) for layer in layers]
        starts = torch.tensor([0, *counts[:-1]]).cumsum(0)
        self.triangles = torch.cat([layer.triangles + start for layer, start in zip(layers, starts, strict=True)])
        self.uv = torch.cat([layer.uv for layer in layers])
        self.slot = torch.cat([layer.slot for layer in layers])
        self.part = torch.cat([layer.part for layer in layers])
        self.layer = torch.cat([torch.full_like(layer.slot, LAYERS.index(layer.name)) for layer in layers])
        self.two_sided = self.layer != LAYERS.index("skin")
        self._grid_sizes = [len(layer.triangles) for layer in layers[1 + len(_SHELLS) :]]
        for name in ("triangles", "uv", "slot", "part", "layer", "two_sided"):
            setattr(self, name, getattr(self, name).to(device))


def _skin_layer(model: BodyModel, charts: BodyCharts) -> Layer:
    """The body; its texture coordinates are those of limbs and trunk, or of the head."""
    slots = {"head": "face", "neck": "skin", "hand": "hand"}
    uv, _ = charts.corners(
        model.triangles, [{"head": "hair", "upper_arm": "sleeve", "forearm": "forearm", "hand": "forearm",
                           "thigh": "bottom", "shin": "lower_leg", "foot": "lower_leg"}.get(_bare(part), "top")
                          for part in PARTS]
    )  # fmt: skip
    part = model.part[model.triangles].mode(1).values
    from pipelines.synthetic.people.textures import SLOTS

    table = torch.tensor([SLOTS.index(slots.get(_bare(name), "skin")) for name in PARTS])
    return Layer("skin", model.triangles, uv, table[part], part, model.skin_weights)


def _bare(part: str) -> str:
    """The name of a part without its side."""
    return part[2:] if part[:2] in ("r_", "l_") else part
