"""Cars and chairs in the light and before the camera, all in one list of triangles.

Objects are scaled so that the diagonal of their bounding box is 1, and centred in it; x forward, y left, z up. Azimuth
and elevation in degrees as in `models.generators.view_codes`: 0 looks at the front, at 90 the front points to the
right.

Legend: B objects, M points or pixels on objects, N vertices, H = W size.
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import normalize

from models.turning import DISTANCE, FOCAL, camera_axes
from pipelines.synthetic.objects.car_measures import CARS
from pipelines.synthetic.objects.cars import add_cars, car_paint
from pipelines.synthetic.objects.chairs import CHAIRS, add_chairs, chair_paint
from pipelines.synthetic.objects.kit import Kit, Mesh
from pipelines.synthetic.objects.paint import Light, Paint, lit, painted, sample_light
from pipelines.synthetic.objects.raster import rasterise, weights_at
from pipelines.synthetic.tensors import move_to_device
from pipelines.synthetic.rendering.noise import chance, normal, uniform

CATEGORIES = {"car": 1.0, "chair": 0.0, "all": 0.5}  # share of cars


@dataclass
class View:
    """Where B cameras look from: azimuth, elevation [B] in degrees, at pictures of `size` pixels."""

    azimuth: Tensor
    elevation: Tensor
    size: int

    def axes(self) -> Tensor:
        """Unit vectors [B, 3, 3] to the picture's right, its top and the camera."""
        return camera_axes(self.azimuth, self.elevation)


@dataclass
class Hits:
    """The M pixels that show an object: row (object), y, x [M]; triangle [M], its vertices `corners` [M, 3] and their
    shares `weights` [M, 3]; inverse [B, H, W] inverse depth, 0 beside the objects."""

    row: Tensor
    y: Tensor
    x: Tensor
    triangle: Tensor
    corners: Tensor
    weights: Tensor
    inverse: Tensor

    def mixed(self, values: Tensor) -> Tensor:
        """Values [N, C] of the vertices at the pixels, [M, C]."""
        return (values[self.corners] * self.weights[..., None]).sum(1)


@dataclass
class Objects:
    """B objects with their paint, light and cameras.

    focal [B] in parts of the picture's width; distance [B] in diagonals of the object; kinds [B] of `CARS`, `CHAIRS`.
    """

    mesh: Mesh
    paint: Paint
    light: Light
    focal: Tensor
    distance: Tensor
    kinds: list[str]

    def project(self, view: View, point: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels [M, 2] (x, y) and depths [M] of the points [M, 3] of the objects `row` [M]."""
        across, up, near = (view.axes()[row] * point[:, None]).sum(-1).unbind(-1)
        depth = self.distance[row] - near
        scale = self.focal[row] * view.size / depth
        centre = (view.size - 1) / 2
        return torch.stack([centre + scale * across, centre - scale * up], -1), depth

    def hits(self, view: View) -> Hits:
        """What the pixel centres show."""
        mesh = self.mesh
        pixel, depth = self.project(view, mesh.position, mesh.owner)
        size = (len(view.azimuth), view.size, view.size)
        index, inverse = rasterise(pixel, depth, mesh.triangles, mesh.object, size)
        row, y, x = (index >= 0).nonzero(as_tuple=True)
        triangle = index[row, y, x]
        corners = mesh.triangles[triangle]
        weights = weights_at(pixel, depth, corners, x.to(depth.dtype), y.to(depth.dtype))
        return Hits(row, y, x, triangle, corners, weights, inverse)

    def colours(self, view: View, hits: Hits) -> Tensor:
        """Colours [M, 3] in 0..1 of what was hit."""
        row, slot = hits.row, self.mesh.slot[hits.triangle]
        point, normals = hits.mixed(self.mesh.position), normalize(hits.mixed(self.mesh.normal), dim=-1)
        towards = normalize(self.cameras(view)[row] - point, dim=-1)
        colour = painted(self.paint, row, slot, point)
        return lit(colour, self.paint.gloss[row, slot], self.light, row, normals, towards)

    def cameras(self, view: View) -> Tensor:
        """Where the cameras are, [B, 3]."""
        return view.axes()[:, 2] * self.distance[:, None]


def sample_objects(*, category: str, batch: int, generator: Generator) -> Objects:
    """Draws `batch` objects of the category "car", "chair" or "all" on the generator's device.

    The many small steps that put them together run on the CPU, where they cost less than their launches on a GPU.

    Raises:
        ValueError: another category.
    """
    if category not in CATEGORIES:
        raise ValueError(f"category {category} is none of {', '.join(CATEGORIES)}")
    seed = int(torch.randint(2**31, (1,), generator=generator, device=generator.device))
    local, device = Generator().manual_seed(seed), generator.device
    car = chance(local, CATEGORIES[category], batch)
    kit, paints, kinds = Kit(batch), [], [""] * batch
    for add, paint, names, wanted in ((add_chairs, chair_paint, CHAIRS, ~car), (add_cars, car_paint, CARS, car)):
        if wanted.any():
            kit.only, kit.first_slot = wanted, sum(each.colour.shape[1] for each in paints)
            drawn = add(kit, local)
            paints.append(paint(batch, local))
            for number in wanted.nonzero()[:, 0].tolist():
                kinds[number] = names[drawn[number]]
    light = sample_light(batch, local)
    zoom = (0.12 * normal(local, batch)).clamp(-0.2, 0.25).exp()
    distance = DISTANCE * zoom / uniform(local, batch, low=0.9, high=1.06)
    mesh = _normalised(kit.mesh(device), batch)
    paint, light = move_to_device(Paint.joined(paints), device), move_to_device(light, device)
    return Objects(mesh, paint, light, (FOCAL * zoom).to(device), distance.to(device), kinds)


def _normalised(mesh: Mesh, batch: int) -> Mesh:
    """Centred, and scaled to a diagonal of 1."""
    place, owner = mesh.position, mesh.owner[:, None].expand(-1, 3)
    low, high = (
        place.new_zeros(batch, 3).scatter_reduce(0, owner, place, reduce, include_self=False)
        for reduce in ("amin", "amax")
    )
    scale = 1 / (high - low).norm(dim=-1, keepdim=True)
    return replace(mesh, position=(place - ((low + high) / 2)[mesh.owner]) * scale[mesh.owner])
