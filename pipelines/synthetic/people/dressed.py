"""Dressed people: the body with clothes, shoes, hair and accessories as one mesh, on anybody in any pose.

In: rest bodies, a `Wardrobe`, then poses. Out: `Dressed`, and world positions of all vertices. Whoever draws people
calls `DressedBody`. Everybody has all triangles; `Dressed.present` says which are there: garments that aren't worn,
what lies beyond hems and the skin under clothes are not.

Legend: B people, T frames, W vertices and F triangles of all layers, V vertices of the body, J bones.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from pipelines.synthetic.people.bag_mesh import Bags
from pipelines.synthetic.people.body_bones import BONE, PARTS
from pipelines.synthetic.people.body_charts import BodyCharts
from pipelines.synthetic.people.body_model import BodyModel, RestBody, skin_vertices
from pipelines.synthetic.people.body_pose import BodyPose, bone_matrices
from pipelines.synthetic.people.clothing import SHELLS, Clothing
from pipelines.synthetic.people.drapes import DrapeFit
from pipelines.synthetic.people.glasses_mesh import Glasses
from pipelines.synthetic.people.hair_mesh import Hair, follow
from pipelines.synthetic.people.hat_mesh import Hats
from pipelines.synthetic.people.head_outline import HeadOutline
from pipelines.synthetic.people.layers import LAYERS, Layer, incident_triangles, vertex_normals
from pipelines.synthetic.people.neckwear_mesh import Neckwear
from pipelines.synthetic.people.shoe_mesh import Shoes
from pipelines.synthetic.people.skeleton import INDEX, STANDARD_HEIGHT
from pipelines.synthetic.people.skull_grid import SkullGrid
from pipelines.synthetic.people.textures import SLOTS
from pipelines.synthetic.people.wardrobe import Wardrobe
from pipelines.synthetic.rotations import rotate

# Slots whose lines the texture coordinates of the skin follow; of all other parts top.
_SKIN_LINES = {
    "head": "hair", "upper_arm": "sleeve", "forearm": "forearm", "hand": "forearm", "thigh": "bottom",
    "shin": "lower_leg", "foot": "lower_leg",
}  # fmt: skip


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
    """[B, 3] metres between the soles of the feet and those of the shoes, under heel, ball and toes."""


class DressedBody:
    """Tables of dressed people on one device."""

    triangles: Tensor
    """[F, 3] int64, counter-clockwise seen from outside."""
    uv: Tensor
    """[F, 3, 2] texture coordinates of the corners, see `textures`: u around a part, 0.5 in front, beyond 1 where the
    part closes; v along it, 0..1, on limbs up to 0.2 less or more at their joints. Those of skin run along the lines of
    clothes, on the head from the crown down."""
    layer: Tensor
    """[F] int64 index into `layers.LAYERS`."""
    slot: Tensor
    """[F] int64 index into `textures.SLOTS`."""
    part: Tensor
    """[F] int64 index into `body_bones.PARTS`."""
    two_sided: Tensor
    """[F] bool, whether a triangle can be seen from behind: all but those of the skin."""

    clothing: Clothing
    """Tops, trousers, skirts and coats."""

    def __init__(self, device: torch.device | str) -> None:
        model, charts = BodyModel.load(), BodyCharts.load()
        self.model = BodyModel.load(device)
        self.clothing = Clothing(model, charts, device)
        self._skull = SkullGrid(model, charts).to(device)
        self._hair, self._hats, self._glasses = Hair(self._skull).to(device), Hats(self._skull), Glasses()
        self._shoes, self._neckwear = Shoes(charts).to(device), Neckwear(charts).to(device)
        self._bags = Bags(model, charts).to(device)
        self._outline = HeadOutline(model, charts).to(device)
        shells = [self.clothing.shells[name].layer for name in SHELLS]
        worn = [self._neckwear, self._bags, self._hats, self._glasses]
        straps = [strap.layer for strap in self.clothing.straps]
        fixed = [
            self._hair.shell,
            *self._shoes.layers,
            *straps,
            *(layer for each in worn for layer in each.layers.values()),
        ]
        loose = [*self._hair.layers.values(), *(drape.layer for drape in self.clothing.drapes)]
        self._join([_skin_layer(model, charts), *shells, *fixed, *loose], device)
        self._weights = torch.cat([layer.weights for layer in (*shells, *fixed)]).to(device)
        self._grids = [len(layer.triangles) for layer in (*fixed, *loose)]
        self._incident = incident_triangles(model.triangles, len(model.part)).to(device)

    @staticmethod
    @cache
    def load(device: torch.device | str = "cpu") -> "DressedBody":
        """The tables on `device`; made once for each device."""
        return DressedBody(device)

    def dress(self, rest: RestBody, wardrobe: Wardrobe) -> Dressed:
        """Dresses the rest bodies of B people."""
        scale = rest.proportions.height / STANDARD_HEIGHT
        normals = vertex_normals(rest.vertices, self.model.triangles, self._incident)
        clothes = self.clothing.fit(rest, normals, wardrobe, scale)
        shells = [clothes.shells[name] for name in SHELLS]
        head = self._outline.measure(self.model, rest)
        neckwear = self._neckwear.fit(rest, wardrobe, scale)
        bags = self._bags.fit(rest, clothes.surface, wardrobe, scale)
        skulls = self._skull.measure(rest)
        hats = self._hats.fit(skulls, wardrobe, scale)
        glasses = self._glasses.fit(self.model, rest, wardrobe, scale)
        hair = self._hair.fit_hanging(head, wardrobe, scale)
        fixed = [self._hair.fit_skull(skulls, wardrobe, scale), *self._shoes.fit(rest, wardrobe, scale)]
        fixed += [(strap, wardrobe.straps) for strap in clothes.straps]
        fixed += [
            fitted[name]
            for tables, fitted in (
                (self._neckwear, neckwear),
                (self._bags, bags),
                (self._hats, hats),
                (self._glasses, glasses),
            )
            for name in tables.layers
        ]
        hanging = [hair[name] for name in self._hair.layers]
        worn = [flag for _, flag in (*fixed, *hanging)] + [wardrobe.skirt > 0, wardrobe.coat > 0]
        covered = clothes.covered | self._shoes.hide(rest, wardrobe, scale)
        present = [~covered[:, self.model.triangles].all(2), *(shell.present for shell in shells)]
        present += [flag[:, None].expand(-1, count) for flag, count in zip(worn, self._grids, strict=True)]
        hang = torch.cat([vertices for vertices, _ in hanging], 1)
        return Dressed(
            rest,
            torch.cat([rest.vertices, *(shell.vertices for shell in shells), *(vertices for vertices, _ in fixed)], 1),
            hang,
            follow(hang, rest.bones, scale),
            clothes.drapes,
            torch.cat(present, 1),
            self._shoes.sole(wardrobe, scale),
        )

    def pose(self, dressed: Dressed, pose: BodyPose) -> Tensor:
        """World positions [B, T, W, 3] of all vertices."""
        rest = dressed.rest
        matrices = bone_matrices(rest.bones, pose)
        body = self.model.skin(rest, pose)
        worn = skin_vertices(dressed.vertices[:, None, body.shape[2] :], self._weights, matrices)
        drapes = [
            drape.pose(fit, pose, matrices) for drape, fit in zip(self.clothing.drapes, dressed.drapes, strict=True)
        ]
        return torch.cat([body, worn, _hang(dressed, pose, matrices), *drapes], 2)

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
        for name in ("triangles", "uv", "slot", "part", "layer", "two_sided"):
            setattr(self, name, getattr(self, name).to(device))


def _hang(dressed: Dressed, pose: BodyPose, matrices: Tensor) -> Tensor:
    """World positions [B, T, H, 3] of hanging hair; matrices: [B, T, J, 3, 4] of the bones."""
    neck = dressed.rest.bones[:, None, BONE["head"]]
    head, chest = matrices[:, :, BONE["head"]], matrices[:, :, BONE["spine_5"]]
    fall = pose.frames.rotation[:, :, INDEX["hair"]]
    start = rotate(head[..., :3], neck) + head[..., 3]
    falling = torch.cat([fall, (start - rotate(fall, neck))[..., None]], -1)
    frames = torch.stack([head, falling, chest], 2).flatten(-2)  # [B, T, 3, 12]
    blended = (dressed.follow[:, None] @ frames).unflatten(-1, (3, 4))
    return rotate(blended[..., :3], dressed.hanging[:, None]) + blended[..., 3]


def _skin_layer(model: BodyModel, charts: BodyCharts) -> Layer:
    """The body itself."""
    names = [part[2:] if part[:2] in ("r_", "l_") else part for part in PARTS]
    uv, _ = charts.corners(model.triangles, [_SKIN_LINES.get(name, "top") for name in names])
    part = model.part[model.triangles].mode(1).values
    slot = torch.full_like(part, SLOTS.index("skin"))
    return Layer("skin", model.triangles, uv, slot, part, model.skin_weights)
