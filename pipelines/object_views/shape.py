"""The shape of an object from views of it all around: a mesh with the colours of the views.

Views with their cameras and coverage go in, a mesh comes out. Called by `pipelines.view_synthesis`; `model_file` writes
it. Where most views show the object, it is: the shape is what their outlines leave, so hollows that no outline shows
are filled.

N views, M points, V vertices, T triangles, H = W size of the views. Places are the object's coordinates in diagonals of
it, x forward, y to its left, z up; cameras as in `models.turning`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.errors import ProcessingError
from models.turning import Camera
from pipelines.synthetic.objects.scene import View
from pipelines.synthetic.rendering.raster import rasterise_triangles

REACH = 0.55  # diagonals from its centre that an object may reach
COARSE, CELLS = 40, 150  # cells to a diagonal, where the object is searched and where it is found
FAINT, SOLID = 0.2, 0.6  # coverage of a pixel from which on it counts a little, and in full
COVERED = 0.88  # share of the views that cover what belongs to the object
MIN_PART = 0.002  # of the largest part: smaller ones are specks
TOLERANCE = 0.02  # diagonals by which a vertex may be behind what a view shows and still take its colour
OPAQUE = 0.8  # coverage of pixels whose colours count
SHARPNESS = 6  # power of the cosine by which a view counts that sees a surface aslant
POINTS = 1 << 19  # that are projected at once


@dataclass(frozen=True)
class Survey:
    """Views of an object from all around."""

    camera: Camera
    """[N]."""
    colours: Tensor
    """[N,3,H,W] in [-1, 1], the object's without background."""
    alpha: Tensor
    """[N,1,H,W] coverage, 0 to 1."""


@dataclass(frozen=True)
class ColouredMesh:
    """Triangles with colours at their corners."""

    vertices: Tensor
    """[V,3]."""
    normals: Tensor
    """[V,3] unit vectors outwards."""
    triangles: Tensor
    """[T,3] int64 vertices, counter-clockwise from the outside."""
    colours: Tensor
    """[V,3] sRGB, 0 to 1."""


def build_mesh(survey: Survey, cells: int = CELLS) -> ColouredMesh:
    """The surface of the object.

    cells: of the volume that is measured, to a diagonal.

    Raises:
        ProcessingError: the views show no object.
    """
    low, high = _find_box(survey)
    volume = _remove_specks(_measure_coverage(survey, low, high, cells))
    vertices, triangles = _extract_surface(volume)
    vertices = low + (vertices + 0.5) / cells
    normals = _find_normals(vertices, triangles)
    return ColouredMesh(vertices, normals, triangles, _colour_vertices(survey, vertices, normals, triangles))


def _find_box(survey: Survey) -> tuple[Tensor, Tensor]:
    """The lowest and the highest corner [3] of a box around the object."""
    low = torch.full((3,), -REACH, device=survey.alpha.device)
    inside = (_measure_coverage(survey, low, -low, COARSE) > COVERED / 2).nonzero()
    if not len(inside):
        raise ProcessingError("the views show no object whose shape could be found")
    return low + (inside.amin(0) - 1) / COARSE, low + (inside.amax(0) + 2) / COARSE


def _measure_coverage(survey: Survey, low: Tensor, high: Tensor, cells: int) -> Tensor:
    """Share of the views that cover each cell of a box: [X,Y,Z], with `cells` cells to a diagonal."""
    counts = ((high - low) * cells).ceil().int().tolist()
    steps = [(torch.arange(count, device=low.device) + 0.5) / cells for count in counts]
    axes = [start + step for start, step in zip(low, steps, strict=True)]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, 2)
    return torch.cat([_average_alpha(survey, part) for part in points.split(POINTS)]).view(counts)


def _average_alpha(survey: Survey, points: Tensor) -> Tensor:
    """Mean coverage [M] of the views where they show points [M,3]."""
    total = points.new_zeros(len(points))
    axes = survey.camera.axes()
    for number, alpha in enumerate(survey.alpha):
        camera = survey.camera[number]
        across, up, near = (points @ axes[number].T).unbind(1)
        scale = 2 * camera.scale / (1 - camera.nearness * near)
        grid = torch.stack([scale * across, -scale * up], 1)  # -1 to 1 in the view
        found = F.grid_sample(alpha[None], grid[None, None], align_corners=False).flatten()
        total += ((found - FAINT) / (SOLID - FAINT)).clamp(0, 1)
    return total / len(survey.alpha)


def _view(survey: Survey, number: int) -> View:
    return View(survey.camera[number : number + 1], survey.alpha.shape[-1])


def _row(points: Tensor) -> Tensor:
    return torch.zeros(len(points), dtype=torch.long, device=points.device)


def _sample(image: Tensor, pixel: Tensor) -> Tensor:
    """Values [M,C] of an image [C,H,W] at pixels [M,2] (x, y)."""
    grid = (2 * pixel + 1) / image.shape[-1] - 1
    return F.grid_sample(image[None], grid[None, None], align_corners=False)[0, :, 0].T


def _remove_specks(volume: Tensor) -> Tensor:
    """The volume without parts that are far smaller than the largest."""
    from skimage.measure import label

    parts = np.asarray(label((volume > COVERED).cpu().numpy()), np.int64)
    labels = torch.from_numpy(parts).to(volume.device)
    sizes = labels.flatten().bincount()
    sizes[0] = 0
    specks = (sizes < MIN_PART * sizes.max())[labels] & (labels > 0)
    return torch.where(specks, 0.0, volume)


def _extract_surface(volume: Tensor) -> tuple[Tensor, Tensor]:
    """Vertices [V,3] in cells and triangles [T,3] of the surface where the coverage is `COVERED`.

    Raises:
        ProcessingError: there is none.
    """
    from skimage.measure import marching_cubes

    try:
        vertices, triangles, _, _ = marching_cubes(
            F.pad(volume, (1,) * 6).cpu().numpy(), COVERED, gradient_direction="ascent"
        )
    except (RuntimeError, ValueError):
        raise ProcessingError("the views show no object whose shape could be found") from None
    found = torch.from_numpy(vertices.copy()).to(volume) - 1, torch.from_numpy(triangles.astype(np.int64))
    return found[0], found[1].to(volume.device)


def _find_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals [V,3], those of the triangles around, weighted by their areas."""
    a, b, c = vertices[triangles].unbind(1)
    areas = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(vertices).index_add_(0, triangles.flatten(), areas.repeat_interleave(3, 0))
    return F.normalize(total, dim=1)


def _colour_vertices(survey: Survey, vertices: Tensor, normals: Tensor, triangles: Tensor) -> Tensor:
    """Colours [V,3], 0 to 1: those of the views that see a vertex, most of the one that sees it most squarely."""
    total, weights = torch.zeros_like(vertices), vertices.new_full((len(vertices), 1), 1e-6)
    total += 1e-6 * survey.colours.mean((0, 2, 3))  # for what no view sees
    for number in range(len(survey.alpha)):
        colours, weight = _look_at_vertices(survey, number, vertices, normals, triangles)
        total += weight * colours
        weights += weight
    return ((total / weights + 1) / 2).clamp(0, 1)


def _look_at_vertices(
    survey: Survey, number: int, vertices: Tensor, normals: Tensor, triangles: Tensor
) -> tuple[Tensor, Tensor]:
    """Colours [V,3] in [-1, 1] of the vertices in a view, and how much they count [V,1]."""
    view, row = _view(survey, number), _row(vertices)
    pixel, depth, nearness = view.project(vertices, row)
    raster = rasterise_triangles(pixel, nearness, triangles, _row(triangles), size=(1, view.size, view.size))
    shown = _sample(raster.nearness.clamp(min=-10), pixel)[:, 0]
    seen = nearness + TOLERANCE / depth.square() > shown
    square = (normals * F.normalize(view.find_directions(vertices, row), dim=1)).sum(1).clamp(min=0)
    opaque = _sample(survey.alpha[number], pixel)[:, 0] > OPAQUE
    return _sample(survey.colours[number], pixel), (seen * opaque * square**SHARPNESS)[:, None]


def list_angles(*, lens: bool) -> Sequence[tuple[float, float]]:
    """Azimuths from the source's and elevations of the views, in degrees; `lens`: whether the generator knows all."""
    rings = ((0.0, 24), (15.0, 16), (35.0, 16)) if lens else ((0.0, 24), (10.0, 16), (20.0, 16))
    return [(360 * number / count, elevation) for elevation, count in rings for number in range(count)]
