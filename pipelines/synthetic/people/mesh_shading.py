"""Colours of rasterised people: what each sample shows, painted or looked up, and lit.

In: `Hits` of a dressed person's mesh, and the person's `MeshAppearance`. Out: colours of the samples. `clips`
calls `shade_hits`.

Legend: B people, N pictures, V vertices, F triangles, S slots, n texture size, M samples.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from pipelines.synthetic.people.complexion import Complexion
from pipelines.synthetic.people.dressed import DressedBody
from pipelines.synthetic.people.fabrics import KINDS
from pipelines.synthetic.people.face_paint import paint_skin
from pipelines.synthetic.people.hosiery import Hosiery, cover_skin
from pipelines.synthetic.people.layers import LAYERS
from pipelines.synthetic.people.lighting import Lighting, Material, light_points, sample_lighting
from pipelines.synthetic.people.skin_map import SkinMap
from pipelines.synthetic.people.skin_paint import SkinPoints, lay
from pipelines.synthetic.people.texels import find_tangents, sample_creases, sample_texels
from pipelines.synthetic.people.textures import SLOTS, Outfit
from pipelines.synthetic.people.wardrobe import Wardrobe
from pipelines.synthetic.people.wrinkles import Wrinkles, WrinkleTables, look_up
from pipelines.synthetic.rendering.hits import Hits
from pipelines.synthetic.rendering.normals import VertexNormals
from pipelines.synthetic.tensors import constant

_PLAIN = 0.7  # column of the belt where half a round without a buckle begins
_STRANDS = 3.0  # how often the texture of hair repeats around the head, which makes its strands finer
# Strength and exponent of the highlights of slots that aren't plain cloth.
_GLOSS = {"shoe": (0.1, 22.0), "belt": (0.14, 26.0), "hair": (0.11, 24.0)}
_CLOTH, _LEATHER = (0.015, 8.0), 0.12
_SKIN = (0.1, 14.0)
_SURFACED = ("top", "sleeve", "forearm", "bottom", "lower_leg", "skirt")  # slots whose fabric may be leather


@dataclass
class MeshTables:
    """What the triangles of dressed people are, the same for all people."""

    triangles: Tensor
    """[F, 3] int64 vertices, counter-clockwise seen from outside; the body's vertices and triangles come first."""
    two_sided: Tensor
    """[F] bool, whether a triangle is seen from behind as well."""
    uv: Tensor
    """[F, 3, 2] texture coordinates of the corners."""
    slot: Tensor
    """[F] int64 index into `textures.SLOTS`."""
    part: Tensor
    """[F] int64 index into `body_bones.PARTS`."""
    bare: int
    """How many triangles are the bare body's, which is painted; the others have textures."""
    find_normals: VertexNormals
    """From vertices to their normals."""

    @staticmethod
    @cache
    def load(device: torch.device | str = "cpu") -> "MeshTables":
        """The tables of `DressedBody` on `device`; made once for each device."""
        dressed = DressedBody.load(device)
        triangles = dressed.triangles
        return MeshTables(
            triangles=triangles,
            two_sided=dressed.two_sided,
            uv=_avoid_buckle(dressed),
            slot=dressed.slot,
            part=dressed.part,
            bare=int((dressed.layer == LAYERS.index("skin")).sum()),
            find_normals=VertexNormals(triangles, int(triangles.max()) + 1),
        )


def _avoid_buckle(dressed: DressedBody) -> Tensor:
    """Texture coordinates [F, 3, 2] in which glasses and bags take leather from the belt, but not its buckle."""
    worn = torch.stack([dressed.layer == LAYERS.index(name) for name in ("glasses", "bag")]).any(0)
    u = dressed.uv[..., 0]
    return torch.stack([torch.where(worn[:, None], _PLAIN + 0.5 * (u - u.floor()), u), dressed.uv[..., 1]], -1)


@dataclass
class MeshAppearance:
    """Colours and light of B people, which do not change over a clip."""

    texels: Tensor
    """[B * S * n * n * 5] colour in [0, 1], then slope of the folds along u and v."""
    size: int
    """n, the side of a texture."""
    complexion: Complexion
    hosiery: Hosiery
    lighting: Lighting
    gloss: Tensor
    """[B, S] strength of highlights."""


def sample_mesh_appearance(
    atlas: Tensor,
    outfit: Outfit,
    wardrobe: Wardrobe,
    complexion: Complexion,
    hosiery: Hosiery,
    generator: Generator,
) -> MeshAppearance:
    """Draws creases and light for the people of `atlas` [B, S, 3, n, n] in their `outfit`."""
    batch, _, _, size, _ = atlas.shape
    texels = torch.cat([atlas, sample_creases(outfit, wardrobe, size, generator)], 2).permute(0, 1, 3, 4, 2)
    gloss = constant(tuple(_GLOSS.get(name, _CLOTH)[0] for name in SLOTS), atlas.device).repeat(batch, 1)
    kind = outfit.fabrics.kind.view(3, batch)
    for name in _SURFACED:
        leather = kind[0 if name in ("top", "sleeve", "forearm") else 1] == KINDS.index("leather")
        column = SLOTS.index(name)
        gloss[:, column] = torch.where(leather, _LEATHER, gloss[:, column])
    return MeshAppearance(texels.flatten(), size, complexion, hosiery, sample_lighting(batch, generator), gloss)


def shade_hits(
    hits: Hits,
    mesh: MeshTables,
    appearance: MeshAppearance,
    person: Tensor,
    vertices: Tensor,
    normals: Tensor,
    wrinkles: Wrinkles,
    slope: Tensor,
    width: Tensor,
    lit: Tensor,
) -> Tensor:
    """Colours [M, 3] in 0..1 of what samples show.

    Args:
        hits: the samples of N pictures.
        mesh: tables of the mesh that they show.
        appearance: of B people.
        person: [N] row of the appearance that a picture shows.
        vertices: [N, V, 3] world metres; normals: [N, V, 3] unit vectors.
        wrinkles: of the clothes of B people.
        slope: [N, V, D] of the wrinkles at the vertices, see `WrinkleTables.find_slopes`.
        width: [N] metres between neighbouring samples.
        lit: [M] share of the key light that reaches the samples.
    """
    owner = person[hits.picture]
    normal = normalize(hits.interpolate(normals), dim=-1)
    normal = torch.where(hits.front[:, None], normal, -normal)
    dressed = hits.triangle >= mesh.bare
    material = Material(
        colour=torch.zeros_like(normal),
        gloss=torch.zeros_like(lit),
        shine=torch.full_like(lit, _SKIN[1]),
        skin=torch.zeros_like(lit),
        strand=torch.zeros_like(normal),
    )
    _paint_bare(hits, mesh, appearance, owner, width, (~dressed).nonzero()[:, 0], material)
    chosen = dressed.nonzero()[:, 0]
    _look_up(hits, mesh, appearance, owner, vertices, wrinkles, slope, chosen, material, normal)
    colour = light_points(appearance.lighting, owner, normal, material, lit)
    # The inside of open clothes, seen through a sleeve or under a skirt.
    return torch.where(hits.front[:, None], colour, colour * 0.55)


def _paint_bare(
    hits: Hits,
    mesh: MeshTables,
    appearance: MeshAppearance,
    owner: Tensor,
    width: Tensor,
    chosen: Tensor,
    into: Material,
) -> None:
    """Fills in the material of the `chosen` samples, which show the body itself."""
    skin = SkinMap.load(owner.device)
    part, owner = hits.take(chosen), owner[chosen]
    points = SkinPoints(part.interpolate(skin.values), skin.surface[part.triangle], owner, width[part.picture])
    colour, gloss = paint_skin(points, appearance.complexion, skin.eye)
    v = (mesh.uv[part.triangle, :, 1] * part.weights).sum(1)
    covered, cloth = cover_skin(appearance.hosiery, owner, mesh.part[part.triangle], v)
    into.colour[chosen] = lay(colour, covered, cloth)
    into.gloss[chosen] = _SKIN[0] * gloss * (1 - covered)
    into.shine[chosen] = torch.where(gloss > 2, 90.0, _SKIN[1])  # eyes are wet
    into.skin[chosen] = 1 - covered


def _look_up(
    hits: Hits,
    mesh: MeshTables,
    appearance: MeshAppearance,
    owner: Tensor,
    vertices: Tensor,
    wrinkles: Wrinkles,
    slope: Tensor,
    chosen: Tensor,
    into: Material,
    normal: Tensor,
) -> None:
    """Fills in the material of the `chosen` samples, which show clothes and hair, and bends their normals by folds."""
    part, owner = hits.take(chosen), owner[chosen]
    slot, corners = mesh.slot[part.triangle], mesh.uv[part.triangle]  # [M, 3, 2]
    u, v = (corners * part.weights[..., None]).sum(1).unbind(1)
    hair = slot == SLOTS.index("hair")
    row = owner * len(SLOTS) + slot
    texel = sample_texels(appearance.texels, row, appearance.size, torch.where(hair, u * _STRANDS, u), v)
    along_u, along_v = find_tangents(vertices[part.picture[:, None], part.corners], corners)
    place, shift = torch.stack([u, v], 1), WrinkleTables.load(slot.device).shift[part.triangle]
    wrinkle, shade = look_up(wrinkles, row, place, shift, part.interpolate(slope))
    fold_u, fold_v = (texel[:, 3:] + wrinkle).split(1, 1)
    normal[chosen] = normalize(normal[chosen] + fold_u * along_u + fold_v * along_v, dim=-1)
    into.colour[chosen] = texel[:, :3] * shade
    into.gloss[chosen] = appearance.gloss[owner, slot]
    shine = constant(tuple(_GLOSS.get(name, _CLOTH)[1] for name in SLOTS), slot.device)
    into.shine[chosen] = shine[slot]
    across = normal[chosen]
    along = along_v - (along_v * across).sum(1, keepdim=True) * across
    into.strand[chosen] = normalize(along, dim=-1, eps=1e-12) * hair[:, None]
