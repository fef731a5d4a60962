"""Structure maps of layered faces: lines where the landmarks are, at any size."""

import torch

from models.joints import FACE_LINES
from pipelines.faces.layer_maps import draw_face_maps
from tests.helpers.faces import make_landmarks

POINTS = torch.from_numpy(make_landmarks(256, 256)).float()[None]


def test_every_landmark_is_on_its_lines() -> None:
    maps = draw_face_maps(POINTS.round(), size=256)[0]
    assert maps.shape == (len(FACE_LINES), 256, 256)
    assert {point for line in FACE_LINES for point in line} == set(range(68))
    for drawn, line in zip(maps, FACE_LINES, strict=True):
        x, y = POINTS[0, list(line)].round().long().unbind(-1)
        assert (drawn[y, x] == 1).all()
        assert 0 < (drawn > 0.1).float().mean() < 0.05


def test_maps_of_other_sizes_show_the_same_face() -> None:
    small = draw_face_maps((POINTS + 0.5) / 2 - 0.5, size=128)
    averaged = torch.nn.functional.avg_pool2d(draw_face_maps(POINTS, size=256), 2)
    assert (small - averaged).abs().max() < 0.3
    assert (small - averaged).abs().mean() < 0.005
