"""Training crops of the landmark network: labels are where the picture shows them."""

from dataclasses import replace

import pytest
import torch

from pipelines.training.landmarks.data import Recipe, compose, draw_crops, followed_crops
from pipelines.training.landmarks.faces import Bend, Faces, bend
from pipelines.training.landmarks.hiding import continue_border, put_on_glasses
from tests.helpers.faces import make_landmarks

SIZE = 96
RED, BLUE = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 1.0])
RIGHT, LEFT = 36, 45  # outer corners of the eyes
PLAIN = replace(followed_crops(Recipe()), glasses=0.0, worn=0.0)


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_marked_faces(number: int) -> Faces:
    """Black pictures of 120 pixels with a red disc at landmark 36 and a blue one at 45, all of it covered."""
    points = torch.from_numpy(make_landmarks(120, 120)).float()
    axis = torch.arange(120)
    layer = torch.zeros(4, 120, 120)
    for place, colour in ((RIGHT, RED), (LEFT, BLUE)):
        x, y = points[place]
        disc = ((axis - x).square() + (axis[:, None] - y).square() < 36).float()
        layer[:3] += disc * colour[:, None, None]
    layer[3] = 1
    visible = torch.ones(number, 68, dtype=torch.bool)
    return Faces(layer.repeat(number, 1, 1, 1), points.repeat(number, 1, 1), visible)


@pytest.mark.parametrize("strength", [0.0, 0.14])
def test_landmarks_move_with_the_picture(strength: float) -> None:
    faces = bend(make_marked_faces(24), strength, seeded(2))
    crops = compose(PLAIN, faces, SIZE, seeded(3))
    assert crops.images.shape == (24, 3, SIZE, SIZE)
    assert (crops.presence == 1).all()
    mirrored = []
    for image, landmarks in zip(crops.images, crops.landmarks, strict=True):
        (right, left) = (image[:, int(y.round()), int(x.round())] for x, y, _ in landmarks[[RIGHT, LEFT]])
        assert landmarks[RIGHT, 0] < landmarks[LEFT, 0], "right of the person is left in the picture"
        mirrored.append(bool(right[2] > right[0]))
        first, second = (BLUE, RED) if mirrored[-1] else (RED, BLUE)
        assert ((right > 0) == (first > 0)).all()
        assert ((left > 0) == (second > 0)).all()
    assert 0 < sum(mirrored) < 24


def test_a_bend_is_inverted() -> None:
    generator = seeded()
    wave = torch.randn(3, 4, 2, generator=generator) * 0.04
    found = Bend(wave, torch.randn(3, 4, generator=generator), torch.randn(3, 4, 2, generator=generator))
    points = 100 * torch.rand(3, 10, 2, generator=generator)
    assert (found(points) - points).norm(dim=-1).mean() > 0.5
    assert torch.allclose(found(found.invert(points)), points, atol=0.02)


def test_whom_a_crop_shows() -> None:
    faces = make_marked_faces(40)
    nobody = compose(replace(PLAIN, nobody=1.0), faces, SIZE, seeded())
    assert not nobody.landmarks[..., 2].any()
    assert (nobody.presence == torch.tensor([0.0, 1.0])).all()
    partly = compose(replace(PLAIN, cut_off=1.0), faces, SIZE, seeded())
    inside = ((partly.landmarks[..., :2] > 0) & (partly.landmarks[..., :2] < SIZE - 1)).all(-1)
    assert partly.landmarks[..., 2][inside].all()
    share = inside.float().mean(1)
    assert (partly.presence[share < 0.25] == torch.tensor([0.0, 1.0])).all()
    assert set(partly.presence[share > 0.72, 0].tolist()) == {1.0}
    between = partly.presence[(share > 0.35) & (share < 0.65)]
    assert len(between)
    assert not between[:, 1].any()


def test_rendered_crops_at_small_size() -> None:
    crops = draw_crops(Recipe(source=64, looks=2), 6, 64, seeded())
    assert (crops.images.shape, crops.landmarks.shape, crops.presence.shape) == ((6, 3, 64, 64), (6, 68, 3), (6, 2))
    assert -1 <= float(crops.images.min()) < float(crops.images.max()) <= 1
    again = draw_crops(Recipe(source=64, looks=2), 6, 64, seeded())
    assert torch.equal(crops.images, again.images)


def test_glasses_are_around_the_eyes() -> None:
    faces = make_marked_faces(8)
    white = torch.ones(8, 3, 120, 120)
    changed = (put_on_glasses(white, faces.landmarks, seeded()) != white).any(1).any(0)
    y = int(faces.landmarks[0, 36:48, 1].mean())
    assert changed[y - 20 : y + 20].any()
    assert not changed[y + 30 :].any()
    assert not changed[: y - 35].any()


def test_a_border_continues() -> None:
    ramp = torch.arange(32.0).expand(10, 3, 32, 32) / 32
    made = continue_border(ramp, 1.0, seeded())
    assert (made.diff(dim=3) >= 0).all()
    assert (made != ramp).any()
    assert torch.equal(continue_border(ramp, 0.0, seeded()), ramp)
