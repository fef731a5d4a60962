"""Refinement of an estimated camera by the symmetry of the object.

Both sides of most objects are alike, so a mirrored picture shows the object from the other side, at minus the azimuth.
The generator warps it to the picture's own camera, where it fits the picture only if that camera is right. Called by
`pipelines.view_synthesis`. Angles are in degrees.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from models.generators.config import ANY
from models.turning import HIGHEST, LOWEST
from pipelines.object_views.renderers import ObjectRenderer
from pipelines.object_views.source import ObjectView

AZIMUTH_OFFSETS = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)
ELEVATION_OFFSETS = (-6.0, -3.0, 0.0, 3.0, 6.0)
# The estimate is about right: an offset of 10 degrees has to fit better by 0.04, where pictures are from -1 to 1. From
# the front and the side mirrored pictures fit always, so without it the camera would move there.
COST = 4e-4  # of a squared degree


def refine_camera(renderer: ObjectRenderer, view: ObjectView) -> ObjectView:
    """The view with the azimuth near the estimated one, then the elevation, at which the mirrored picture fits best.

    What was given stays, and so does a view of an object of no class, whose sides may differ.
    """
    if view.category == ANY:
        return view
    if view.confidence is not None:
        offset = _find_offset(lambda angle: _misfit(renderer, view, azimuth=view.azimuth + angle), AZIMUTH_OFFSETS)
        view = replace(view, azimuth=(view.azimuth + offset) % 360)
    if view.elevation_confidence is not None:
        start = view.elevation
        offsets = [offset for offset in ELEVATION_OFFSETS if LOWEST <= start + offset <= HIGHEST]
        offset = _find_offset(lambda angle: _misfit(renderer, view, elevation=start + angle), offsets)
        view = replace(view, elevation=start + offset)
    return view


def _misfit(renderer: ObjectRenderer, view: ObjectView, **camera: float) -> float:
    return renderer.compare_mirrored(replace(view, **camera))  # pyright: ignore[reportArgumentType]


def _find_offset(misfit: Callable[[float], float], offsets: Sequence[float]) -> float:
    """The offset of the least misfit and cost, between those that are tried, by a parabola through three of them."""
    costs = [misfit(offset) + COST * offset * offset for offset in offsets]
    best = min(range(len(costs)), key=costs.__getitem__)
    if not 0 < best < len(costs) - 1:
        return offsets[best]
    before, least, after = costs[best - 1 : best + 2]
    bend = before - 2 * least + after
    return (
        offsets[best] + (offsets[best + 1] - offsets[best]) * (before - after) / (2 * bend) if bend else offsets[best]
    )
