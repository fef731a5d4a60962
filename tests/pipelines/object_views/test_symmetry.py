"""Azimuths refined by the symmetry of objects, with the bundled generator."""

from dataclasses import replace

import pytest

from models.generators.view import ViewGenerator
from models.viewpoint import ViewpointNetwork
from models.weights import load_weights
from pipelines.object_views.renderers import ObjectRenderer
from pipelines.object_views.source import ObjectView
from pipelines.object_views.symmetry import refine_azimuth
from pipelines.object_views.viewpoint import estimate_view
from pipelines.runtime.progress import SILENT
from tests.helpers.media_files import EXAMPLES


@pytest.fixture(scope="module")
def renderer() -> ObjectRenderer:
    generator = load_weights("objects", expect="view")
    assert isinstance(generator, ViewGenerator)
    return ObjectRenderer(generator, "fp32", background="white")


@pytest.fixture(scope="module")
def chair() -> ObjectView:
    """The example, which was rendered from an azimuth of 325 degrees."""
    network = load_weights("viewpoint", expect="viewpoint")
    assert isinstance(network, ViewpointNetwork)
    given = {"category": "chair", "categories": ("car", "chair"), "azimuth": None, "elevation": None, "distance": None}
    return estimate_view(EXAMPLES / "chair.png", network, **given, progress=SILENT)


@pytest.mark.parametrize("error", [-9, 9])
def test_an_azimuth_that_is_off_is_put_right(error: float, renderer: ObjectRenderer, chair: ObjectView) -> None:
    found = refine_azimuth(renderer, replace(chair, azimuth=325 + error)).azimuth
    assert abs(found - 325) < 4


def test_what_was_given_stays(renderer: ObjectRenderer, chair: ObjectView) -> None:
    given = replace(chair, azimuth=334, confidence=None)
    of_no_class = replace(chair, azimuth=334, category="any")
    assert refine_azimuth(renderer, given) is given
    assert refine_azimuth(renderer, of_no_class) is of_no_class
