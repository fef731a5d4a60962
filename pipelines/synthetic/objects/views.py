"""Objects seen from several sides on white, and the true flow between any two views.

Legend: B objects, V views of each, H = W size, M pixels on objects, k = SUPERSAMPLE.
"""

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor
from torch.nn.functional import avg_pool2d

from pipelines.synthetic.objects.scene import Hits, Objects, View, sample_objects
from pipelines.synthetic.rendering.noise import pick, uniform

ELEVATIONS = (0.0, 10.0, 20.0)
SUPERSAMPLE = 2
_TOLERANCE = 0.004  # of the diagonal, by which a point may lie behind the visible surface and still count as visible


@dataclass
class Views:
    """Rendered views and what is known about them.

    images [B, V, 3, H, W] in -1..1 on white; mask [B, V, 1, H, W] coverage by the object, 0..1; azimuth, elevation
    [B, V] degrees; inverse [B, V, H * k, W * k] inverse depth, 0 beside the object.
    """

    images: Tensor
    mask: Tensor
    azimuth: Tensor
    elevation: Tensor
    inverse: Tensor
    objects: Objects
    _hits: dict[int, Hits] = field(default_factory=dict, repr=False)

    def hits(self, number: int) -> Hits:
        """What the pixel centres of a view show."""
        if number not in self._hits:
            self._hits[number] = self.objects.hits(self._view(number))
        return self._hits[number]

    def depth(self, number: int) -> Tensor:
        """[B, 1, H, W] how far the surface is in front of the object's middle, in diagonals; 0 beside the object."""
        inverse = self.hits(number).inverse
        away = self.objects.distance[:, None, None] - 1 / inverse.clamp(min=1e-6)
        return torch.where(inverse > 0, away, 0.0)[:, None]

    def flow(self, target: int, source: int, *, mirrored: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """True backward flow from view `target` to view `source`, or to the source's mirror image.

        Both sides of an object are alike, so a mirrored picture of it is one from the opposite azimuth: what the source
        shows of one side may be read for the other.

        Returns:
            flow [B, 2, H, W] in pixels (x, y): the target's pixel p shows what the source shows at p + flow; visible
            [B, 1, H, W], 1 where that is true and 0 where the point is hidden or outside in the source; object
            [B, 1, H, W], 1 where the target's pixel centre lies on the object. The background has zero flow.
        """
        flip = torch.tensor([1.0, -1.0 if mirrored else 1.0, 1.0], device=self.images.device)
        view = self._view(source)
        hits = self.hits(target)
        row, y, x = hits.row, hits.y, hits.x
        pixel, depth = self.objects.project(view, hits.mixed(self.objects.mesh.position) * flip, row)
        clear = self._faces(view, hits, flip) & self._unoccluded(source, pixel, depth, row)
        visible = self.mask[:, source, 0] == 0
        if mirrored:
            visible = visible.flip(-1)
            pixel = torch.stack([view.size - 1 - pixel[:, 0], pixel[:, 1]], -1)
        flow = pixel.new_zeros(*hits.inverse.shape, 2)
        flow[row, y, x] = pixel - torch.stack([x, y], -1)
        visible[row, y, x] = clear
        return flow.permute(0, 3, 1, 2).contiguous(), visible[:, None].float(), (hits.inverse > 0)[:, None].float()

    def _view(self, number: int) -> View:
        return View(self.azimuth[:, number], self.elevation[:, number], self.images.shape[-1])

    def _faces(self, view: View, hits: Hits, flip: Tensor) -> Tensor:
        """Whether the triangles, or with `flip` their mirror images, turn their outer side to the camera, [M]."""
        a, b, c = self.objects.mesh.position[hits.corners].unbind(1)
        camera = self.objects.cameras(view)[hits.row] * flip
        return (torch.linalg.cross(b - a, c - a) * (camera - a)).sum(-1) > 0

    def _unoccluded(self, view: int, pixel: Tensor, depth: Tensor, row: Tensor) -> Tensor:
        """Whether the points [M] at these pixels [M, 2] and depths are in the picture and nothing is before them."""
        inverse = self.inverse[:, view]
        limit = inverse.shape[-1] - 1
        place = (pixel + 0.5) * SUPERSAMPLE - 0.5
        corner = place.clamp(0, limit - 0.001).floor().long()
        nearest = 1 / (depth - _TOLERANCE)
        clear = torch.zeros_like(row, dtype=torch.bool)
        for down in range(2):
            for right in range(2):
                clear |= inverse[row, corner[:, 1] + down, corner[:, 0] + right] <= nearest
        return clear & ((place >= 0) & (place <= limit)).all(-1)


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
    return render(objects, azimuth, elevation, size=size)


def render(objects: Objects, azimuth: Tensor, elevation: Tensor, *, size: int) -> Views:
    """Pictures of size x size pixels of the objects from azimuth, elevation [B, V] in degrees."""
    shown = [
        _rendered(objects, View(*angles, size=size * SUPERSAMPLE))
        for angles in zip(azimuth.unbind(1), elevation.unbind(1), strict=True)
    ]
    images, mask, inverse = (torch.stack(column, 1) for column in zip(*shown, strict=True))
    return Views(images, mask, azimuth, elevation, inverse, objects)


def _rendered(objects: Objects, view: View) -> tuple[Tensor, Tensor, Tensor]:
    """Picture [B, 3, H, W], mask [B, 1, H, W] and inverse depth [B, H * k, W * k]."""
    hits = objects.hits(view)
    colour = objects.colours(view, hits)
    canvas = colour.new_ones(*hits.inverse.shape, 3)
    canvas[hits.row, hits.y, hits.x] = colour * 2 - 1
    mask = (hits.inverse > 0)[:, None].float()
    images = avg_pool2d(canvas.permute(0, 3, 1, 2), SUPERSAMPLE)
    return images, avg_pool2d(mask, SUPERSAMPLE), hits.inverse
