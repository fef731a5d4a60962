"""Cars and chairs in the light, all in one list of triangles, and what a camera shows of them.

In: a category, a batch size and a generator. Out: `Objects`, which `views` renders from any side.

Objects are scaled so that the diagonal of their bounding box is 1, and centred in it; x forward, y left, z up. Cameras
are as in `models.turning`.

Legend: B objects, M points or pixels on objects, N vertices, C channels, H = W size.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from models.turning import Camera
from pipelines.synthetic.objects.car_measures import CARS
from pipelines.synthetic.objects.cars import add_cars, sample_car_paint
from pipelines.synthetic.objects.chair_measures import CHAIRS
from pipelines.synthetic.objects.chairs import add_chairs, sample_chair_paint
from pipelines.synthetic.objects.kit import Kit
from pipelines.synthetic.objects.meshes import Mesh
from pipelines.synthetic.objects.paint import Light, Paint, light_points, paint_points, sample_light
from pipelines.synthetic.rendering.hits import Hits, find_hits
from pipelines.synthetic.rendering.noise import chance
from pipelines.synthetic.rendering.raster import rasterise_triangles
from pipelines.synthetic.tensors import move_to_device

CATEGORIES = {"car": 1.0, "chair": 0.0, "all": 0.5}  # share of cars


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
    """B objects with their paint and light."""

    mesh: Mesh
    paint: Paint
    light: Light
    kinds: list[str]
    """B names of `CARS` or `CHAIRS`."""

    @property
    def classes(self) -> list[str]:
        """B names of `CLASSES`."""
        return ["car" if kind in CARS else "chair" for kind in self.kinds]

    def find_hits(self, view: View) -> Hits:
        """What the pixel centres of the view show."""
        mesh = self.mesh
        pixel, depth, nearness = view.project(mesh.position, mesh.owner)
        size = (len(view.camera.azimuth), view.size, view.size)
        raster = rasterise_triangles(pixel, nearness, mesh.triangles, mesh.object, size=size)
        return find_hits(raster, pixel, mesh.triangles, depth)

    def shade(self, view: View, hits: Hits) -> Tensor:
        """Colours [M, 3] in 0..1 of the hits of a view."""
        row, slot = hits.picture, self.mesh.slot[hits.triangle]
        point, normals = hits.interpolate(self.mesh.position), normalize(hits.interpolate(self.mesh.normal), dim=-1)
        towards = normalize(view.find_directions(point, row), dim=-1)
        colour = paint_points(self.paint, row, slot, point)
        return light_points(colour, self.paint.gloss[row, slot], self.light, row, normals, towards)


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
    mesh = _normalise(kit.build_mesh(device), batch)
    paint, light = move_to_device(Paint.join(paints), device), move_to_device(light, device)
    return Objects(mesh, paint, light, kinds)


def _normalise(mesh: Mesh, batch: int) -> Mesh:
    """The mesh of B objects with each centred and scaled so that the diagonal of its bounding box is 1."""
    place, owner = mesh.position, mesh.owner[:, None].expand(-1, 3)
    low, high = (
        place.new_zeros(batch, 3).scatter_reduce(0, owner, place, reduce, include_self=False)
        for reduce in ("amin", "amax")
    )
    scale = 1 / (high - low).norm(dim=-1, keepdim=True)
    return replace(mesh, position=(place - ((low + high) / 2)[mesh.owner]) * scale[mesh.owner])
