"""Objects seen from several sides on white, and the true flow between any two views.

In: objects, or a category, and cameras. Out: `Views`. Training, tests and the examples call `render` and
`sample_views`.

Legend: B objects, V views of each, H = W size, M pixels on objects, k = SUPERSAMPLE.
"""

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from models.turning import Camera
from pipelines.synthetic.objects.cameras import sample_lenses
from pipelines.synthetic.objects.scene import Objects, View, sample_objects
from pipelines.synthetic.rendering.correspondence import find_unoccluded
from pipelines.synthetic.rendering.hits import Hits
from pipelines.synthetic.rendering.noise import pick, uniform
from pipelines.synthetic.rendering.raster import to_samples

ELEVATIONS = (0.0, 10.0, 20.0)  # degrees
SUPERSAMPLE = 2  # rays per pixel in either direction
_TOLERANCE = 0.004  # diagonals by which a point may be behind the visible surface and still count as visible


@dataclass
class Views:
    """Rendered views and what is known about them."""

    images: Tensor
    """[B, V, 3, H, W] in -1..1 on white."""
    mask: Tensor
    """[B, V, 1, H, W] coverage by the object, 0..1."""
    camera: Camera
    """[B, V]."""
    nearness: Tensor
    """[B, V, H * k, W * k] of what is shown, as in `rendering.raster`."""
    objects: Objects
    _hits: dict[int, Hits] = field(default_factory=dict, repr=False)

    def find_hits(self, number: int) -> Hits:
        """What the pixel centres of view `number` show; kept for the next call."""
        if number not in self._hits:
            self._hits[number] = self.objects.find_hits(self._view(number))
        return self._hits[number]

    def depth(self, number: int) -> Tensor:
        """How far the surface is in front of the object's middle, [B, 1, H, W] in diagonals; 0 beside the object."""
        raster = self.find_hits(number).raster
        return torch.where(raster.index >= 0, self._view(number).find_depth(raster.nearness), 0.0)[:, None]

    def flow(self, target: int, source: int, *, mirrored: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """True backward flow from view `target` to view `source`, or to the source's mirror image.

        Both sides of an object are alike, so a mirrored picture shows it from the opposite azimuth: what the source
        shows of one side is true for the other.

        Returns:
            flow [B, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
            [B, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; object
            [B, 1, H, W], 1 where the target's pixel centre is on the object. The background has zero flow.
        """
        flip = torch.tensor([1.0, -1.0 if mirrored else 1.0, 1.0], device=self.images.device)
        view = self._view(source)
        hits = self.find_hits(target)
        row, y, x = hits.picture, hits.y, hits.x
        point = hits.interpolate(self.objects.mesh.position) * flip
        pixel, depth, nearness = view.project(point, row)
        limit = nearness + _TOLERANCE / depth.square()  # the nearness of points that much nearer
        clear = self._face_camera(view, hits, flip) & self._find_unoccluded(source, pixel, limit, row)
        visible = self.mask[:, source, 0] == 0
        if mirrored:
            clear &= self.objects.symmetric[row]
            visible = visible.flip(-1)
            pixel = torch.stack([view.size - 1 - pixel[:, 0], pixel[:, 1]], -1)
        flow = hits.to_grid(pixel - torch.stack([x, y], -1))
        visible[row, y, x] = clear
        covered = hits.raster.index >= 0
        return flow.permute(0, 3, 1, 2).contiguous(), visible[:, None].float(), covered[:, None].float()

    def _view(self, number: int) -> View:
        """The cameras of view `number`."""
        return View(self.camera[:, number], self.images.shape[-1])

    def _face_camera(self, view: View, hits: Hits, flip: Tensor) -> Tensor:
        """Whether the triangles, or their mirror images, turn the side that is seen to the camera: [M] bool.

        flip: [3] 1 or -1, the factors of x, y, z.
        """
        a, b, c = self.objects.mesh.position[hits.corners].unbind(1)
        towards = view.find_directions(a * flip, hits.picture) * flip
        return ((torch.linalg.cross(b - a, c - a) * towards).sum(-1) > 0) == hits.front

    def _find_unoccluded(self, view: int, pixel: Tensor, nearness: Tensor, row: Tensor) -> Tensor:
        """Which points are in the picture of a view with nothing in front of them: [M] bool.

        pixel: [M, 2] x, y; nearness: [M] from which on a surface hides them; row: [M] their objects.
        """
        surface = self.nearness[:, view]
        place, limit = to_samples(pixel, SUPERSAMPLE), surface.shape[-1] - 1
        clear = find_unoccluded(surface, row, place, nearness)
        return clear & ((place >= 0) & (place <= limit)).all(-1)


def sample_views(
    *, category: str, batch: int, size: int, generator: Generator, views: int = 2, step: float = 20.0
) -> Views:
    """Draws `batch` objects and renders `views` of each, on the generator's device.

    Args:
        category: a name of `classes.CATEGORIES`.
        size: pixels along a side of the pictures.
        step: azimuths are multiples of it in degrees, and elevations are 0, 10 or 20; 0 allows any azimuth and any
            elevation between 0 and 20.

    Raises:
        ValueError: an unknown category.
    """
    objects = sample_objects(category=category, batch=batch, generator=generator)
    azimuth = uniform(generator, batch, views, high=360.0)
    elevation = uniform(generator, batch, views, high=ELEVATIONS[-1])
    if step:
        azimuth = (azimuth / step).floor() * step
        choices = torch.tensor(ELEVATIONS, device=generator.device)
        elevation = choices[pick(generator, (1,) * len(ELEVATIONS), batch, views)]
    nearness, scale = (lens[:, None].expand(-1, views) for lens in sample_lenses(batch, generator))
    return render(objects, Camera(azimuth, elevation, nearness, scale), size=size)


def render(objects: Objects, camera: Camera, *, size: int) -> Views:
    """Renders pictures of `size` x `size` pixels of the objects from the cameras [B, V]."""
    views = range(camera.azimuth.shape[1])
    shown = [_render_view(objects, View(camera[:, number], size * SUPERSAMPLE)) for number in views]
    images, mask, nearness = (torch.stack(column, 1) for column in zip(*shown, strict=True))
    return Views(images, mask, camera, nearness, objects)


def _render_view(objects: Objects, view: View) -> tuple[Tensor, Tensor, Tensor]:
    """Picture [B, 3, H, W] in -1..1, mask [B, 1, H, W] and nearness [B, H * k, W * k] of a view of size H * k."""
    hits = objects.find_hits(view)
    colour = objects.shade(view, hits)
    mask = (hits.raster.index >= 0)[..., None].float()
    grid = torch.cat([hits.to_grid(colour * 2 - 1, fill=1.0), mask], -1)
    images, mask = objects.film.develop(grid, SUPERSAMPLE).split([3, 1], 1)
    return images.clamp(-1, 1), mask.clamp(0, 1), hits.raster.nearness
