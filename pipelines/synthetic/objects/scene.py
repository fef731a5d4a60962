"""Objects in the light and before the camera, all in one list of triangles.

In: a category, a batch size and a generator. Out: `Objects`, which `views` renders from any side.

Objects are scaled so that the diagonal of their bounding box is 1, and centred in it; x forward, y left, z up. Azimuth
and elevation in degrees as in `models.generators.view_codes`: 0 looks at the front, at 90 the front points to the
right.

Legend: B objects, M points or pixels on objects, N vertices, C channels, H = W size.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from models.turning import DISTANCE, FOCAL, camera_axes
from pipelines.synthetic.objects.classes import CATEGORIES, CLASSES, style_weights
from pipelines.synthetic.objects.film import Film, sample_film
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.light import Light, light_points, sample_light
from pipelines.synthetic.objects.meshes import Mesh, merge_meshes
from pipelines.synthetic.objects.paint import Paint, drain_colours, merge_paints, paint_points
from pipelines.synthetic.rendering.hits import Hits, find_hits
from pipelines.synthetic.rendering.noise import chance, normal, pick, uniform
from pipelines.synthetic.rendering.raster import rasterise_triangles
from pipelines.synthetic.tensors import move_to_device


@dataclass
class View:
    """Where B cameras look from."""

    azimuth: Tensor
    """[B] degrees."""
    elevation: Tensor
    """[B] degrees."""
    size: int
    """Pixels along a side of the picture."""

    def axes(self) -> Tensor:
        """Unit vectors [B, 3, 3], as rows, to the right and the top of the picture and to the camera."""
        return camera_axes(self.azimuth, self.elevation)


@dataclass
class Objects:
    """B objects with their paint, light, film and cameras."""

    mesh: Mesh
    paint: Paint
    light: Light
    film: Film
    focal: Tensor
    """[B] focal length in widths of the picture."""
    distance: Tensor
    """[B] of the camera from the middle of the object, in its diagonals."""
    symmetric: Tensor
    """[B] bool, whether both sides of the object are alike."""
    classes: list[str]
    """B names of `CLASSES`."""
    styles: list[str]
    """B names of the styles of these classes."""

    def project(self, view: View, point: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels [M, 2] (x, y) and depths [M] of the points [M, 3] of the objects `row` [M]."""
        across, up, near = (view.axes()[row] * point[:, None]).sum(-1).unbind(-1)
        depth = self.distance[row] - near
        scale = self.focal[row] * view.size / depth
        centre = (view.size - 1) / 2
        return torch.stack([centre + scale * across, centre - scale * up], -1), depth

    def find_hits(self, view: View) -> Hits:
        """What the pixel centres of the view show."""
        mesh = self.mesh
        pixel, depth = self.project(view, mesh.position, mesh.owner)
        size = (len(view.azimuth), view.size, view.size)
        two_sided = self.paint.two_sided[mesh.object, mesh.slot]
        raster = rasterise_triangles(pixel, 1 / depth, mesh.triangles, mesh.object, size=size, two_sided=two_sided)
        return find_hits(raster, pixel, mesh.triangles, depth)

    def shade(self, view: View, hits: Hits) -> Tensor:
        """Colours [M, 3] in 0..1 of the hits of a view."""
        row, slot = hits.picture, self.mesh.slot[hits.triangle]
        point, normals = hits.interpolate(self.mesh.position), self._find_normals(hits)
        towards = normalize(self.camera_positions(view)[row] - point, dim=-1)
        colour = paint_points(self.paint, row, slot, point)
        return light_points(colour, self.paint.gloss[row, slot], self.light, row, normals, towards)

    def _find_normals(self, hits: Hits) -> Tensor:
        """Unit normals [M, 3] on the side that is seen, those of whole triangles for faceted objects."""
        normals = hits.interpolate(self.mesh.normal)
        chosen = self.light.flat[hits.picture].nonzero()[:, 0]
        a, b, c = self.mesh.position[hits.corners[chosen]].unbind(1)
        normals[chosen] = torch.linalg.cross(b - a, c - a)
        return normalize(normals, dim=-1) * torch.where(hits.front, 1.0, -1.0)[:, None]

    def camera_positions(self, view: View) -> Tensor:
        """Positions of the cameras, [B, 3] in diagonals of the objects."""
        return view.axes()[:, 2] * self.distance[:, None]


def sample_objects(
    *, category: str, batch: int, generator: Generator, styles: Collection[str] = (), without: Collection[str] = ()
) -> Objects:
    """Draws `batch` objects on the generator's device.

    The many small steps that put them together run on the CPU, where they cost less than their launches on a GPU.

    Args:
        category: a name of `CATEGORIES`.
        styles: the only styles that are drawn; all of the category's classes if there are none.
        without: styles that are left out.

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
    owner = {style: name for name, each in CLASSES.items() for style in each.styles}
    classes = [owner[name] for name in names]
    light, coarse = sample_light(batch, local), chance(local, 0.06, batch)
    light.flat |= coarse
    meshes, paints, symmetric = [], [], torch.ones(batch, dtype=torch.bool)
    for name in dict.fromkeys(classes):
        rows = torch.tensor([number for number, each in enumerate(classes) if each == name])
        kind = torch.tensor([list(CLASSES[name].styles).index(names[number]) for number in rows.tolist()])
        kit = Kit(len(rows), coarse[rows])
        paint, symmetric[rows] = CLASSES[name].add(kit, kind, local)
        paints.append((rows, paint))
        meshes.append((rows, kit.build_mesh(device)))
    paint = drain_colours(merge_paints(paints), light.strength[:, 0] + light.headlight > 0.1, local)
    film = move_to_device(sample_film(batch, local), device)
    zoom = (0.12 * normal(local, batch)).clamp(-0.2, 0.25).exp()
    distance = DISTANCE * zoom / uniform(local, batch, low=0.9, high=1.06)
    paint, light = move_to_device(paint, device), move_to_device(light, device)
    mesh = _normalise(merge_meshes(meshes, paint.absent), batch)
    focal, distance = (FOCAL * zoom).to(device), distance.to(device)
    return Objects(mesh, paint, light, film, focal, distance, symmetric.to(device), classes, names)


def _normalise(mesh: Mesh, batch: int) -> Mesh:
    """The mesh of B objects with each centred and scaled so that the diagonal of its bounding box is 1."""
    place, owner = mesh.position, mesh.owner[:, None].expand(-1, 3)
    low, high = (
        place.new_zeros(batch, 3).scatter_reduce(0, owner, place, reduce, include_self=False)
        for reduce in ("amin", "amax")
    )
    scale = 1 / (high - low).norm(dim=-1, keepdim=True)
    return replace(mesh, position=(place - ((low + high) / 2)[mesh.owner]) * scale[mesh.owner])
