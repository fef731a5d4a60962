import pytest
import torch
from torch import Tensor

from models.turning import (
    DISTANCE,
    SCALE,
    Camera,
    change_camera,
    lens_code,
    pose_code,
    rigid_flow,
    rotate_volume,
    turn_between,
)


def degrees(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def camera(azimuth: float, elevation: float = 0.0, **lens: float) -> Camera:
    return Camera.usual(degrees(azimuth), degrees(elevation), **lens)


@pytest.mark.parametrize(("azimuth", "right"), [(0, (0, 1, 0)), (90, (1, 0, 0)), (180, (0, -1, 0)), (270, (-1, 0, 0))])
def test_at_90_the_front_points_to_the_right(azimuth: float, right: tuple[int, int, int]) -> None:
    axes = camera(azimuth).axes()[0]
    torch.testing.assert_close(axes[0], torch.tensor(right, dtype=torch.float32), atol=1e-6, rtol=0)
    torch.testing.assert_close(axes @ axes.T, torch.eye(3), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("first", "second"), [(1.31, 1.31), (1.31, 4.0), (1.1, torch.inf), (torch.inf, torch.inf)])
def test_a_place_is_where_the_camera_projects_its_point(first: float, second: float) -> None:
    """A perspective camera divides by the distance along its line of sight, an orthographic one by nothing."""
    point = torch.tensor([0.2, -0.1, 0.15])
    here, there = camera(30, 10, distance=first, scale=0.7), camera(250, -5, distance=second, scale=0.9)

    def place(camera: Camera, distance: float) -> Tensor:
        right, up, near = (camera.axes()[0] @ point).tolist()
        scale = float(camera.scale) * (1 if distance == torch.inf else distance / (distance - near))
        return torch.tensor([right * scale, -up * scale, near])

    found = change_camera(place(here, first)[None, None], here, there)
    torch.testing.assert_close(found[0, 0], place(there, second), atol=1e-6, rtol=0)


def test_flow_of_the_middle_is_that_of_the_turn() -> None:
    depth = torch.zeros(1, 1, 64, 64)
    assert rigid_flow(depth, camera(40), camera(40)).abs().max() < 1e-4
    flow = rigid_flow(depth + 0.2, camera(0), camera(20))
    turned_by = torch.tensor(20.0).deg2rad()
    d, x = 0.2 * turned_by.cos(), 0.2 * turned_by.sin()
    expected = 64 * SCALE * x / (1 - d / DISTANCE)
    assert flow[0, 0, 31:33, 31:33].mean() == pytest.approx(float(expected), abs=0.02)
    assert flow[0, 1, 31:33, 31:33].mean() == pytest.approx(0, abs=0.02)


def test_a_volume_turns_as_the_flow_says() -> None:
    """A blob at a depth comes to lie where the flow of that depth reads it."""
    size, cells = 48, 24
    axis = (torch.arange(size) + 0.5) / size - 0.5
    d = (torch.arange(cells) + 0.5) / cells - 0.5
    blob = torch.exp(-((axis - 0.1).square()[None, None] + axis.square()[None, :, None]) / 0.004)
    volume = (blob * torch.exp(-(d - 0.15).square() / 0.004)[:, None, None])[None, None]
    seen = rotate_volume(volume, camera(60), camera(20))[0, 0]
    place = (seen == seen.max()).nonzero()[0]
    depth = torch.full((1, 1, size, size), float(d[place[0]]))
    read = rigid_flow(depth, camera(60), camera(20))[0, :, place[1], place[2]] + place[[2, 1]]
    torch.testing.assert_close(read / size, torch.tensor([0.1, 0.0]) + 0.5 - 0.5 / size, atol=0.04, rtol=0)
    torch.testing.assert_close(rotate_volume(volume, camera(20), camera(20)), volume, atol=1e-5, rtol=0)


def test_codes_are_periodic_and_tell_all_angles_apart() -> None:
    azimuth = torch.arange(0, 360, 5.0)
    code = pose_code(azimuth, torch.zeros(72), 4)
    assert code.shape == (72, 9, 1, 1)
    torch.testing.assert_close(pose_code(azimuth + 360, torch.zeros(72), 4), code, atol=1e-5, rtol=0)
    apart = torch.cdist(code.flatten(1), code.flatten(1)) + 10 * torch.eye(72)
    assert apart.min() > 0.3


def test_positions_keep_their_digits_under_autocast() -> None:
    depth = torch.linspace(-0.4, 0.4, 64).expand(1, 1, 64, 64)
    first, second = camera(20, 10), camera(75, 10)
    expected = rigid_flow(depth, first, second)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = rigid_flow(depth, first, second)
        turn = turn_between(first, second)
    assert torch.equal(found, expected)
    torch.testing.assert_close(turn, second.axes() @ first.axes().mT, atol=1e-6, rtol=0)


def test_the_usual_lens_has_the_code_zero_and_others_have_their_own() -> None:
    assert not lens_code(camera(40, 10)).any()
    codes = torch.cat([lens_code(camera(0, distance=far, scale=s)) for far in (1.1, 3, torch.inf) for s in (0.6, 1)])
    assert codes.shape == (6, 2, 1, 1)
    assert codes.abs().max() < 2
    assert (torch.cdist(codes.flatten(1), codes.flatten(1)) + torch.eye(6)).min() > 0.3
    several = Camera.usual(torch.rand(2, 3), torch.rand(2, 3))
    assert torch.equal(Camera.unstack(several.stack()).azimuth, several.azimuth)
