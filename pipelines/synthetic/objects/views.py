"""Cars and chairs seen from all around: pictures on white, and the true flow between any two views.

Objects are scaled so that the diagonal of their bounding box is 1, and centred in it; x forward, y left, z up. Azimuth
and elevation in degrees as in `pipelines.viewpoint`: 0 looks at the front, at 90 the front points to the right.

Legend: B objects, V views of each, P = B * V pictures, H = W size, N vertices, T triangles, M points.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from pipelines.synthetic.noise import chance, normal, pick, uniform
from pipelines.synthetic.objects.cars import add_cars, car_paint
from pipelines.synthetic.objects.chairs import add_chairs, chair_paint
from pipelines.synthetic.objects.kit import Kit, Mesh
from pipelines.synthetic.objects.paint import Light, Paint, lit, painted, sample_light
from pipelines.synthetic.objects.raster import rasterise, weights_at
from pipelines.synthetic.people import to_device

CATEGORIES = ("car", "chair", "all")
ELEVATIONS = (0.0, 10.0, 20.0)
SUPERSAMPLE = 2
_FOCAL, _DISTANCE = 1.09, 1.31  # of ShapeNet's usual renders: parts of the picture's width, of the object's diagonal
_TOLERANCE = 0.004  # of the diagonal, by which a point may lie behind the visible surface and still count as visible


@dataclass
class Objects:
    """B objects with their paint, light and camera: focal [B] in parts of the picture, distance [B] in diagonals."""

    mesh: Mesh
    paint: Paint
    light: Light
    focal: Tensor
    distance: Tensor

    def render(self, azimuth: Tensor, elevation: Tensor, *, size: int) -> "Views":
        """Pictures of size x size pixels from azimuth, elevation [B, V] in degrees."""
        views = Views(self, azimuth, elevation, torch.empty(0), torch.empty(0), torch.empty(0))
        return _rendered(views, size)


@dataclass
class Views:
    """Rendered views and what is known about them.

    images [B, V, 3, H, W] in -1..1 on white; azimuth, elevation [B, V] degrees; mask [B, V, 1, H, W] coverage by the
    object, 0..1; inverse [P, H * k, W * k] inverse depth, k = SUPERSAMPLE, 0 beside the object.
    """

    objects: Objects
    azimuth: Tensor
    elevation: Tensor
    images: Tensor
    mask: Tensor
    inverse: Tensor

    def flow(self, target: int, source: int) -> tuple[Tensor, Tensor, Tensor]:
        """True backward flow from view `target` to view `source`.

        Returns:
            flow [B, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
            [B, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; object
            [B, 1, H, W], 1 where the target's pixel centre lies on the object. The background has zero flow.
        """
        batch, views = self.azimuth.shape
        size = self.images.shape[-1]
        index, corners, weights, (row, y, x) = self._seen(target, size)
        point = (self.objects.mesh.position[corners] * weights[..., None]).sum(1)  # [M, 3]
        pixel, depth = self._project(source, point, row, size)
        own = torch.stack([x, y], -1).to(pixel.dtype)
        flow = pixel.new_zeros(batch, size, size, 2)
        flow[row, y, x] = pixel - own
        inverse = self.inverse.unflatten(0, (batch, views))[:, source]
        visible = inverse[:, SUPERSAMPLE // 2 :: SUPERSAMPLE, SUPERSAMPLE // 2 :: SUPERSAMPLE] == 0
        clear = self._faces(source, corners, row) & self._unoccluded(inverse, pixel, depth, row)
        visible = visible.clone()
        visible[row, y, x] = clear
        return flow.permute(0, 3, 1, 2).contiguous(), visible[:, None].float(), (index >= 0)[:, None].float()

    def _seen(self, view: int, size: int) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Triangles [B, H, W] at the pixel centres; of the M hits: corners, weights [M, 3] and row, y, x [M]."""
        mesh = self.objects.mesh
        pixel, depth = self._project(view, mesh.position, mesh.owner, size)
        index, _ = rasterise(pixel, depth, mesh.triangles, mesh.object, (len(self.azimuth), size, size))
        row, y, x = (index >= 0).nonzero(as_tuple=True)
        corners = mesh.triangles[index[row, y, x]]
        return index, corners, weights_at(pixel, depth, corners, x.to(depth.dtype), y.to(depth.dtype)), (row, y, x)

    def _project(self, view: int, point: Tensor, row: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Pixels [M, 2] and depths [M] of the points [M, 3] of the objects `row` [M]."""
        axes = view_axes(self.azimuth[:, view], self.elevation[:, view])[row]  # [M, 3, 3]
        across, up, near = (axes * point[:, None]).sum(-1).unbind(-1)
        depth = self.objects.distance[row] - near
        scale = self.objects.focal[row] * size / depth
        centre = (size - 1) / 2
        return torch.stack([centre + scale * across, centre - scale * up], -1), depth

    def _faces(self, view: int, corners: Tensor, row: Tensor) -> Tensor:
        """Whether the triangles [M, 3] turn their outer side to the camera."""
        a, b, c = self.objects.mesh.position[corners].unbind(1)
        towards = view_axes(self.azimuth[:, view], self.elevation[:, view])[row, 2]
        camera = towards * self.objects.distance[row, None]
        return (torch.linalg.cross(b - a, c - a) * (camera - a)).sum(-1) > 0

    def _unoccluded(self, inverse: Tensor, pixel: Tensor, depth: Tensor, row: Tensor) -> Tensor:
        """Whether the points [M] are on the nearest surface of the pictures `inverse` [B, H k, W k], and inside."""
        size = inverse.shape[-1]
        place = (pixel + 0.5) * SUPERSAMPLE - 0.5
        inside = ((place >= 0) & (place <= size - 1)).all(-1)
        corner = place.clamp(0, size - 1.001).floor().long()
        limit = 1 / (depth - _TOLERANCE)
        clear = torch.zeros_like(inside)
        for down in range(2):
            for right in range(2):
                clear |= inverse[row, corner[:, 1] + down, corner[:, 0] + right] <= limit
        return clear & inside


def sample_views(
    *, category: str, batch: int, size: int, generator: Generator, views: int = 2, step: float = 20.0
) -> Views:
    """Draws `batch` objects and renders `views` of each, on the generator's device.

    category: "car", "chair" or "all". step: azimuths are multiples of it and elevations 0, 10 or 20 degrees; with 0 any
    azimuth, and any elevation between 0 and 20.

    Raises:
        ValueError: another category.
    """
    objects = sample_objects(category=category, batch=batch, generator=generator)
    azimuth = uniform(generator, batch, views, high=360.0)
    elevation = uniform(generator, batch, views, high=ELEVATIONS[-1])
    if step:
        azimuth = (azimuth / step).floor() * step
        choices = torch.tensor(ELEVATIONS, device=generator.device)
        elevation = choices[pick(generator, (1,) * len(ELEVATIONS), batch, views)]
    return objects.render(azimuth, elevation, size=size)


def sample_objects(*, category: str, batch: int, generator: Generator) -> Objects:
    """Draws `batch` objects of the category "car", "chair" or "all" on the generator's device.

    The many small steps that put them together run on the CPU, where they cost less than their launches on a GPU.

    Raises:
        ValueError: another category.
    """
    if category not in CATEGORIES:
        raise ValueError(f"category {category} is none of {', '.join(CATEGORIES)}")
    seed = int(torch.randint(2**31, (1,), generator=generator, device=generator.device))
    local = Generator().manual_seed(seed)
    car = chance(local, {"car": 1.0, "chair": 0.0, "all": 0.5}[category], batch)
    kit = Kit(batch)
    kinds = []
    for add, paint, wanted in ((add_chairs, chair_paint, ~car), (add_cars, car_paint, car)):
        if wanted.any():
            kit.only, kit.first_slot = wanted, sum(kind.colour.shape[1] for kind in kinds)
            add(kit, local)
            kinds.append(paint(batch, local))
    focal = _FOCAL * (0.12 * normal(local, batch)).clamp(-0.2, 0.25).exp()
    size = uniform(local, batch, low=0.92, high=1.15)
    return Objects(
        _normalised(kit.mesh(generator.device), batch),
        to_device(Paint.joined(kinds), generator.device),
        to_device(sample_light(batch, local, shine=1.0), generator.device),
        focal.to(generator.device),
        (_DISTANCE * focal / _FOCAL / size).to(generator.device),
    )


def view_axes(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Unit vectors [..., 3, 3] to the picture's right, its top and the camera, of angles [...] in degrees."""
    a, e = azimuth.deg2rad(), elevation.deg2rad()
    right = torch.stack([a.sin(), a.cos(), torch.zeros_like(a)], -1)
    up = torch.stack([-e.sin() * a.cos(), e.sin() * a.sin(), e.cos()], -1)
    towards = torch.stack([e.cos() * a.cos(), -e.cos() * a.sin(), e.sin()], -1)
    return torch.stack([right, up, towards], -2)


def _normalised(mesh: Mesh, batch: int) -> Mesh:
    """Centred, and scaled to a diagonal of 1."""
    place, owner = mesh.position, mesh.owner[:, None].expand(-1, 3)
    low, high = (
        place.new_zeros(batch, 3).scatter_reduce(0, owner, place, reduce, include_self=False)
        for reduce in ("amin", "amax")
    )
    scale = 1 / (high - low).norm(dim=-1, keepdim=True)
    return replace(mesh, position=(place - ((low + high) / 2)[mesh.owner]) * scale[mesh.owner])


def _rendered(views: Views, size: int) -> Views:
    objects, mesh = views.objects, views.objects.mesh
    batch, count = views.azimuth.shape
    fine = size * SUPERSAMPLE
    images, masks, inverses = [], [], []
    for view in range(count):
        pixel, depth = views._project(view, mesh.position, mesh.owner, fine)
        index, inverse = rasterise(pixel, depth, mesh.triangles, mesh.object, (batch, fine, fine))
        row, y, x = (index >= 0).nonzero(as_tuple=True)
        triangle = index[row, y, x]
        corners = mesh.triangles[triangle]
        weights = weights_at(pixel, depth, corners, x.to(depth.dtype), y.to(depth.dtype))[..., None]
        point, normals = ((values[corners] * weights).sum(1) for values in (mesh.position, mesh.normal))
        towards = view_axes(views.azimuth[:, view], views.elevation[:, view])[row, 2]
        towards = functional.normalize(towards * objects.distance[row, None] - point, dim=-1)
        slot = mesh.slot[triangle]
        colour = painted(objects.paint, row, slot, point)
        normals = functional.normalize(normals, dim=-1)
        colour = lit(colour, objects.paint.gloss[row, slot], objects.light, row, normals, towards)
        canvas = colour.new_ones(batch, fine, fine, 3)
        canvas[row, y, x] = colour
        images.append(functional.avg_pool2d(canvas.permute(0, 3, 1, 2), SUPERSAMPLE))
        masks.append(functional.avg_pool2d((index >= 0)[:, None].float(), SUPERSAMPLE))
        inverses.append(inverse)
    return replace(
        views,
        images=torch.stack(images, 1) * 2 - 1,
        mask=torch.stack(masks, 1),
        inverse=torch.stack(inverses, 1).flatten(0, 1),
    )
