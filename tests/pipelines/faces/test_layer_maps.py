"""Structure maps of layered faces: lines where the landmarks are and openings within them, at any size."""

import pytest
import torch

from models.joints import FACE_CHANNELS, FACE_IRISES, FACE_LINES, FACE_OPENINGS, FACE_STRUCTURES
from pipelines.faces.layer_maps import draw_face_maps, place_irises
from tests.helpers.faces import make_landmarks

POINTS = torch.from_numpy(make_landmarks(256, 256)).float()[None]
MOUTH = len(FACE_LINES)  # channel of the inner mouth
UPPER, LOWER = [61, 62, 63], [67, 66, 65]  # inner points of the lips that are above each other


def open_mouth(pixels: float) -> torch.Tensor:
    """The face with its inner lips that far apart; below 0 they cross."""
    points = POINTS.clone()
    points[:, 60:68, 1] = points[:, 60:68, 1].mean()
    points[:, UPPER, 1] -= pixels / 2
    points[:, LOWER, 1] += pixels / 2
    return points


def test_every_landmark_is_on_its_lines() -> None:
    maps = draw_face_maps(POINTS.round(), size=256)[0]
    assert maps.shape == (FACE_CHANNELS, 256, 256)
    assert {point for line in FACE_LINES for point in line} == set(range(68))
    for drawn, line in zip(maps, FACE_LINES, strict=False):
        x, y = POINTS[0, list(line)].round().long().unbind(-1)
        assert (drawn[y, x] == 1).all()
        assert 0 < (drawn > 0.1).float().mean() < 0.05


def test_openings_are_filled_within_their_outlines() -> None:
    maps = draw_face_maps(open_mouth(20), size=256)[0]
    for drawn, outline in zip(maps[MOUTH:-1], FACE_OPENINGS, strict=True):
        points = open_mouth(20)[0, list(outline)]
        x, y = points.mean(0).round().long()
        assert drawn[y, x] == 1
        low, high = points.amin(0).floor().long() - 1, points.amax(0).ceil().long() + 1
        around = drawn[low[1] : high[1] + 1, low[0] : high[0] + 1]
        torch.testing.assert_close(around.sum(), drawn.sum())  # nothing outside
    corners = open_mouth(20)[0, list(FACE_OPENINGS[0])]
    x, y = corners.unbind(-1)
    area = 0.5 * (x * y.roll(-1) - x.roll(-1) * y).sum()
    torch.testing.assert_close(maps[MOUTH].sum(), area, rtol=0.02, atol=0)


def test_mouths_open_softly_and_crossed_lips_are_shut() -> None:
    drawn = [float(draw_face_maps(open_mouth(each), size=256)[0, MOUTH].max()) for each in (-6.0, 0.0, 0.4, 1.0, 6.0)]
    assert drawn[:2] == [0, 0]
    assert 0 < drawn[2] < drawn[3] < 1
    assert drawn[4] == 1


def test_irises_are_cones_within_open_eyes() -> None:
    points = place_irises(POINTS)
    middles = POINTS[0, [[36, 39], [42, 45]]].mean(1)
    assert torch.equal(points[0, 68:], middles)
    points[0, 68, 0] -= 5  # the right one looks to its right
    points[0, 69, 1] -= 4  # the left one upwards, half behind its lid
    maps = draw_face_maps(points, size=256)[0]
    for (x, y), opening in zip(points[0, 68:].round().long(), maps[-3:-1], strict=True):
        drawn = maps[-1] * (opening > 0)
        assert drawn[y, x] == drawn.max() > 0.9
        assert 0.1 * opening.sum() < drawn.sum() < 0.5 * opening.sum()
    assert (maps[-1] <= maps[-3] + maps[-2]).all()
    rows, columns = torch.meshgrid(torch.arange(256.0), torch.arange(128.0), indexing="ij")
    right = maps[-1, :, :128]
    centre = torch.stack([(right * columns).sum(), (right * rows).sum()]) / right.sum()
    assert (centre - points[0, 68]).abs().max() < 1


def test_unknown_irises_and_those_of_shut_eyes_are_not_drawn() -> None:
    points = place_irises(POINTS)
    points[:, FACE_IRISES[0]] = torch.nan
    points[:, 42:48, 1] = points[:, 42, None, 1]
    maps = draw_face_maps(points, size=256)
    assert not maps[:, -1].any()
    assert maps.isfinite().all()
    assert not draw_face_maps(POINTS, size=64)[:, -1].any()
    assert torch.equal(place_irises(points)[:, 68], place_irises(POINTS)[:, 68])


@pytest.mark.parametrize("channels", FACE_STRUCTURES)
def test_earlier_generators_see_the_same(channels: int) -> None:
    maps = draw_face_maps(POINTS, size=64, channels=channels)
    assert torch.equal(maps, draw_face_maps(POINTS, size=64)[:, :channels])


def test_maps_of_other_sizes_show_the_same_face() -> None:
    small = draw_face_maps((POINTS + 0.5) / 2 - 0.5, size=128)
    averaged = torch.nn.functional.avg_pool2d(draw_face_maps(POINTS, size=256), 2)
    assert (small - averaged).abs().max() < 0.4
    assert (small - averaged).abs().mean() < 0.005
