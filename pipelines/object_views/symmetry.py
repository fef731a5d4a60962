"""Refinement of an estimated azimuth by the symmetry of the object.

Both sides of most objects are alike, so a mirrored picture shows the object from the other side, at minus the azimuth.
The generator warps it to the picture's own camera, where it fits the picture only if the azimuth is right. Called by
`pipelines.view_synthesis`. Angles are in degrees.
"""

from collections.abc import Sequence
from dataclasses import replace

from models.generators.config import ANY
from pipelines.object_views.renderers import ObjectRenderer
from pipelines.object_views.source import ObjectView

OFFSETS = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0)
# The estimate is about right: an offset of 10 degrees has to fit better by 0.03, where pictures are from -1 to 1. From
# the front and the side mirrored pictures fit always, so without it the azimuth would move there.
COST = 3e-4  # of a squared degree


def refine_azimuth(renderer: ObjectRenderer, view: ObjectView) -> ObjectView:
    """The view with the azimuth, at most 15 degrees from the estimated one, at which the mirrored picture fits best.

    An azimuth that was given stays, and so does that of an object of no class, whose sides may differ. The same search
    makes elevations worse.
    """
    if view.confidence is None or view.category == ANY:
        return view
    turned = (replace(view, azimuth=view.azimuth + offset) for offset in OFFSETS)
    costs = [
        renderer.compare_mirrored(each) + COST * offset * offset for each, offset in zip(turned, OFFSETS, strict=True)
    ]
    return replace(view, azimuth=(view.azimuth + _find_least(costs)) % 360)


def _find_least(costs: Sequence[float]) -> float:
    """The offset of the least cost, between those that were tried, by a parabola through three of them."""
    best = min(range(len(costs)), key=costs.__getitem__)
    if not 0 < best < len(costs) - 1:
        return OFFSETS[best]
    before, least, after = costs[best - 1 : best + 2]
    bend = before - 2 * least + after
    step = OFFSETS[best + 1] - OFFSETS[best]
    return OFFSETS[best] + step * (before - after) / (2 * bend) if bend else OFFSETS[best]
