"""Training data of the viewpoint network."""

import math

import torch
from torch.nn.functional import grid_sample

from models.turning import Camera
from models.viewpoint import FILL, OTHER
from pipelines.synthetic.objects import render, sample_objects
from pipelines.training.viewpoint.data import KINDS, VIEWS, Recipe, draw_labelled, fill_frame


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_labels_fit_their_images() -> None:
    seen = draw_labelled(Recipe(others=0.25), 24, 64, seeded())
    assert seen.images.shape == (24, 3, 64, 64)
    assert (seen.images.min() >= -1, seen.images.max() <= 1) == (True, True)
    assert (seen.kind[-6:] == KINDS.index(OTHER)).all()
    assert seen.shown.tolist() == [True] * 18 + [False] * 6
    assert all((group == group[0]).all() for group in seen.kind[:16].split(VIEWS))
    assert (seen.camera[0] != seen.camera[1])[[0, 2, 3]].all()  # of one object; the elevation may be 0
    assert not seen.camera[-6:].any()


def test_objects_fill_their_images_and_the_frame_leads_back() -> None:
    objects = sample_objects(category="all", batch=6, generator=seeded(3))
    views = render(objects, Camera.usual(torch.arange(6)[:, None] * 55.0, torch.zeros(6, 1)), size=128)
    images, mask, frame = fill_frame(views.images[:, 0], views.mask[:, 0], views.camera.scale[:, 0])
    for covered in mask[:, 0] > 0.5:
        rows, columns = (covered.any(axis).nonzero()[:, 0] for axis in (1, 0))
        sides = [int(line[-1] - line[0]) + 1 for line in (rows, columns)]
        assert abs(max(sides) / 128 - FILL) < 0.03
        assert all(abs((line[0] + line[-1]) / 2 - 63.5) < 2 for line in (rows, columns))
    axis = (torch.arange(128) + 0.5) / 64 - 1
    square = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    grid = square * frame[:, 2].exp()[:, None, None, None] + 2 * frame[:, None, None, :2]
    back = 1 - grid_sample(1 - images, grid, align_corners=False)
    assert (back - views.images[:, 0]).abs().mean() < 0.02
    assert (images - views.images[:, 0]).abs().mean() > 0.05
    _, _, larger = fill_frame(views.images[:, 0], views.mask[:, 0], 2 * views.camera.scale[:, 0])
    torch.testing.assert_close(larger - frame, torch.tensor([0.0, 0, math.log(2)]).expand(6, 3))
