"""Objects in the light, all in one list of triangles, and what a camera shows of them.

In: a category, a batch size and a generator. Out: `Objects`, which `views` renders from any side.

Objects are scaled so that the diagonal of their bounding box is 1, and centred in it; x forward, y left, z up. Cameras
are as in `models.turning`.

Legend: B objects, M points or pixels on objects, N vertices, C channels, H = W size.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from models.turning import Camera
from pipelines.synthetic.objects.classes import ALL_CLASSES, CATEGORIES, style_weights
from pipelines.synthetic.objects.film import Film, sample_film
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.light import Light, light_points, sample_light
from pipelines.synthetic.objects.meshes import Mesh, merge_meshes
from pipelines.synthetic.objects.paint import Paint, drain_colours, merge_paints, paint_points
from pipelines.synthetic.rendering.hits import Hits, find_hits
from pipelines.synthetic.rendering.noise import chance, pick
from pipelines.synthetic.rendering.raster import rasterise_triangles
from pipelines.synthetic.tensors import move_to_device

_COARSE = 0.06  # share of the objects that are made of few triangles


@dataclass
class View:
    """Pictures of one size from B cameras."""

    camera: Camera
    """[B]."""
    size: int
    """Pixels along a side of the picture."""

    def project(self, point: Tensor, row: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Where the cameras `row` [M] show the points [M, 3].

        Returns:
            Pixels [M, 2] (x, y); depths [M], in distances of the camera from the object's middle; and nearness [M], as
            in `rendering.raster`.
        """
        camera = self.camera[row]
        across, up, near = (self.camera.axes()[row] * point[:, None]).sum(-1).unbind(-1)
        depth = 1 - camera.nearness * near
        scale, centre = camera.scale * self.size / depth, (self.size - 1) / 2
        # near / depth is linear in the pixel for any camera, and near itself for an orthographic one.
        return torch.stack([centre + scale * across, centre - scale * up], -1), depth, near / depth

    def find_depth(self, nearness: Tensor) -> Tensor:
        """How far surfaces of a nearness [B, H, W] are in front of the objects' middles, [B, H, W] in diagonals."""
        return nearness / (1 + self.camera.nearness[:, None, None] * nearness)

    def find_directions(self, point: Tensor, row: Tensor) -> Tensor:
        """Directions [M, 3], of any length, from points [M, 3] to the cameras `row` [M]."""
        return self.camera.axes()[row, 2] - self.camera.nearness[row, None] * point


@dataclass
class Objects:
    """B objects with their paint, light and film."""

    mesh: Mesh
    paint: Paint
    light: Light
    film: Film
    symmetric: Tensor
    """[B] bool, whether both sides of the object are alike."""
    folds: Tensor
    """[B] n of an n-fold rotational symmetry: turned by 360 / n degrees about z, the object has the same shape."""
    classes: list[str]
    """B names of `ALL_CLASSES`."""
    styles: list[str]
    """B names of the styles of these classes."""

    def find_hits(self, view: View) -> Hits:
        """What the pixel centres of the view show."""
        mesh = self.mesh
        pixel, depth, nearness = view.project(mesh.position, mesh.owner)
        size = (len(view.camera.azimuth), view.size, view.size)
        two_sided = self.paint.two_sided[mesh.object, mesh.slot]
        raster = rasterise_triangles(pixel, nearness, mesh.triangles, mesh.object, size=size, two_sided=two_sided)
        return find_hits(raster, pixel, mesh.triangles, depth)

    def shade(self, view: View, hits: Hits) -> Tensor:
        """Colours [M, 3] in 0..1 of the hits of a view."""
        row, slot = hits.picture, self.mesh.slot[hits.triangle]
        point, normals = hits.interpolate(self.mesh.position), self._find_normals(hits)
        towards = normalize(view.find_directions(point, row), dim=-1)
        colour = paint_points(self.paint, row, slot, point)
        return light_points(colour, self.paint.gloss[row, slot], self.light, row, normals, towards)

    def _find_normals(self, hits: Hits) -> Tensor:
        """Unit normals [M, 3] on the side that is seen, those of whole triangles for faceted objects."""
        normals = hits.interpolate(self.mesh.normal)
        chosen = self.light.flat[hits.picture].nonzero()[:, 0]
        a, b, c = self.mesh.position[hits.corners[chosen]].unbind(1)
        normals[chosen] = torch.linalg.cross(b - a, c - a)
        return normalize(normals, dim=-1) * torch.where(hits.front, 1.0, -1.0)[:, None]


def sample_objects(
    *,
    category: str,
    batch: int,
    generator: Generator,
    styles: Collection[str] = (),
    without: Collection[str] = (),
    closed: bool = False,
) -> Objects:
    """Draws `batch` objects on the generator's device.

    The many small steps that put them together run on the CPU, where they cost less than their launches on a GPU.

    Args:
        category: a name of `CATEGORIES`.
        styles: the only styles that are drawn; all of the category's classes if there are none.
        without: styles that are left out.
        closed: whether all windows have panes, so that nothing is seen through them.

    Raises:
        ValueError: an unknown category or style, or no style is left.
    """
    if category not in CATEGORIES:
        raise ValueError(f"unknown category {category!r}: use one of {', '.join(CATEGORIES)}")
    weights = style_weights(category, styles=styles, without=without)
    seed = int(torch.randint(2**31, (1,), generator=generator, device=generator.device))
    local, device = Generator().manual_seed(seed), generator.device
    drawn = pick(local, list(weights.values()), batch).tolist()
    names = [list(weights)[number] for number in drawn]
    owner = {style: name for name, each in ALL_CLASSES.items() for style in each.styles}
    classes = [owner[name] for name in names]
    light = sample_light(batch, local)
    coarse = chance(local, _COARSE, batch)
    coarse |= torch.tensor([name in ALL_CLASSES[owner[name]].coarse for name in names]) & chance(local, 0.7, batch)
    light.flat |= coarse
    meshes, paints, symmetric = [], [], torch.ones(batch, dtype=torch.bool)
    folds = torch.ones(batch, dtype=torch.long)
    for name in dict.fromkeys(classes):
        rows = torch.tensor([number for number, each in enumerate(classes) if each == name])
        kind = torch.tensor([list(ALL_CLASSES[name].styles).index(names[number]) for number in rows.tolist()])
        kit = Kit(len(rows), coarse[rows])
        paint, symmetric[rows] = ALL_CLASSES[name].add(kit, kind, local)
        folds[rows] = kit.folds
        paints.append((rows, paint))
        meshes.append((rows, kit.build_mesh(device)))
    paint = drain_colours(merge_paints(paints), light.strength[:, 0] + light.headlight > 0.1, local)
    film = move_to_device(sample_film(batch, local), device)
    paint, light = move_to_device(paint, device), move_to_device(light, device)
    absent = torch.zeros_like(paint.absent) if closed else paint.absent
    mesh = _normalise(merge_meshes(meshes, absent), batch)
    return Objects(mesh, paint, light, film, symmetric.to(device), folds.to(device), classes, names)


def _normalise(mesh: Mesh, batch: int) -> Mesh:
    """The mesh of B objects with each centred and scaled so that the diagonal of its bounding box is 1."""
    place, owner = mesh.position, mesh.owner[:, None].expand(-1, 3)
    low, high = (
        place.new_zeros(batch, 3).scatter_reduce(0, owner, place, reduce, include_self=False)
        for reduce in ("amin", "amax")
    )
    scale = 1 / (high - low).norm(dim=-1, keepdim=True)
    return replace(mesh, position=(place - ((low + high) / 2)[mesh.owner]) * scale[mesh.owner])
