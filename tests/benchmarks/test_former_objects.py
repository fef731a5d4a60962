"""The held-out objects of the former world that are kept as files."""

import numpy as np
import torch

from benchmarks.former_objects import CATEGORIES, FOLDER, OBJECTS, VIEWS, measure_azimuth, measure_views, read_objects
from tests.helpers.view_networks import make_constant_viewpoint_network, make_view_generator

CPU = torch.device("cpu")


def test_the_files_fit_each_other_and_stay_small() -> None:
    with np.load(FOLDER / "cameras.npz") as file:
        shapes = {name: file[name].shape for name in file.files}
    for category in CATEGORIES:
        assert shapes[f"{category}_azimuth"] == (OBJECTS, VIEWS)
        assert shapes[f"{category}_distance"] == shapes[f"{category}_focal"] == (OBJECTS,)
        groups = list(read_objects(category, OBJECTS, CPU))
        assert sum(len(group.images) for group in groups) == OBJECTS
        assert all(group.images.shape[1:] == (VIEWS, 3, 256, 256) for group in groups)
        assert all((group.images[..., :4, :] > 0.95).all() for group in groups)  # on white
        azimuth = torch.cat([group.camera.azimuth for group in groups])
        assert (azimuth[:, 0] != azimuth[:, 1]).all()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3e6


def test_generator_and_viewpoint_network_are_measured() -> None:
    (objects,) = read_objects("car", 2, CPU)
    scores = measure_views(make_view_generator(), objects)
    assert scores.shape == (4, 6)
    assert (scores[:, 3] > 10).all()  # copying
    errors = measure_azimuth(make_constant_viewpoint_network(azimuth=0), objects)
    expected = 180 - (180 - objects.camera.azimuth[:, 0]).abs()
    torch.testing.assert_close(errors, expected, atol=0.5, rtol=0)
