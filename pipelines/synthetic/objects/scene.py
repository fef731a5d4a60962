"""Cars and chairs in the light and before the camera, all in one list of triangles.

In: a category, a batch size and a generator. Out: `Objects`, which `views` renders from any side.

Objects are scaled so that the diagonal of their bounding box is 1, and centred in it; x forward, y left, z up. Azimuth
and elevation in degrees as in `models.generators.view_codes`: 0 looks at the front, at 90 the front points to the
right.

Legend: B objects, M points or pixels on objects, N vertices, C channels, H = W size.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from models.turning import DISTANCE, FOCAL, camera_axes
from pipelines.synthetic.objects.car_measures import CARS
from pipelines.synthetic.objects.cars import add_cars, sample_car_paint
from pipelines.synthetic.objects.chair_measures import CHAIRS
from pipelines.synthetic.objects.chairs import add_chairs, sample_chair_paint
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.meshes import Mesh
from pipelines.synthetic.objects.paint import Light, Paint, light_points, paint_points, sample_light
from pipelines.synthetic.rendering.hits import Hits, find_hits
from pipelines.synthetic.rendering.noise import chance, normal, uniform
from pipelines.synthetic.rendering.raster import rasterise_triangles
from pipelines.synthetic.tensors import move_to_device

CATEGORIES = {"car": 1.0, "chair": 0.0, "all": 0.5}  # share of cars


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
    """B objects with their paint, light and cameras."""

    mesh: Mesh
    paint: Paint
    light: Light
    focal: Tensor
    """[B] focal length in widths of the picture."""
    distance: Tensor
    """[B] of the camera from the middle of the object, in its diagonals."""
    kinds: list[str]
    """B names of `CARS` or `CHAIRS`."""

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
        raster = rasterise_triangles(pixel, 1 / depth, mesh.triangles, mesh.object, size=size)
        return find_hits(raster, pixel, mesh.triangles, depth)

    def shade(self, view: View, hits: Hits) -> Tensor:
        """Colours [M, 3] in 0..1 of the hits of a view."""
        row, slot = hits.picture, self.mesh.slot[hits.triangle]
        point, normals = hits.interpolate(self.mesh.position), normalize(hits.interpolate(self.mesh.normal), dim=-1)
        towards = normalize(self.camera_positions(view)[row] - point, dim=-1)
        colour = paint_points(self.paint, row, slot, point)
        return light_points(colour, self.paint.gloss[row, slot], self.light, row, normals, towards)

    def camera_positions(self, view: View) -> Tensor:
        """Positions of the cameras, [B, 3] in diagonals of the objects."""
        return view.axes()[:, 2] * self.distance[:, None]


def sample_objects(*, category: str, batch: int, generator: Generator) -> Objects:
    """Draws `batch` objects of the category "car", "chair" or "all" on the generator's device.

    The many small steps that put them together run on the CPU, where they cost less than their launches on a GPU.

    Raises:
        ValueError: an unknown category.
    """
    if category not in CATEGORIES:
        raise ValueError(f"unknown category {category!r}: use one of {', '.join(CATEGORIES)}")
    seed = int(torch.randint(2**31, (1,), generator=generator, device=generator.device))
    local, device = Generator().manual_seed(seed), generator.device
    car = chance(local, CATEGORIES[category], batch)
    kit, paints, kinds = Kit(batch), [], [""] * batch
    for add, paint, names, wanted in (
        (add_chairs, sample_chair_paint, CHAIRS, ~car),
        (add_cars, sample_car_paint, CARS, car),
    ):
        if wanted.any():
            kit.only, kit.first_slot = wanted, sum(each.colour.shape[1] for each in paints)
            drawn = add(kit, local)
            paints.append(paint(batch, local))
            for number in wanted.nonzero()[:, 0].tolist():
                kinds[number] = names[drawn[number]]
    light = sample_light(batch, local)
    zoom = (0.12 * normal(local, batch)).clamp(-0.2, 0.25).exp()
    distance = DISTANCE * zoom / uniform(local, batch, low=0.9, high=1.06)
    mesh = _normalise(kit.build_mesh(device), batch)
    paint, light = move_to_device(Paint.join(paints), device), move_to_device(light, device)
    return Objects(mesh, paint, light, (FOCAL * zoom).to(device), distance.to(device), kinds)


def _normalise(mesh: Mesh, batch: int) -> Mesh:
    """The mesh of B objects with each centred and scaled so that the diagonal of its bounding box is 1."""
    place, owner = mesh.position, mesh.owner[:, None].expand(-1, 3)
    low, high = (
        place.new_zeros(batch, 3).scatter_reduce(0, owner, place, reduce, include_self=False)
        for reduce in ("amin", "amax")
    )
    scale = 1 / (high - low).norm(dim=-1, keepdim=True)
    return replace(mesh, position=(place - ((low + high) / 2)[mesh.owner]) * scale[mesh.owner])
