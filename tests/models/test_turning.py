import pytest
import torch
from torch import Tensor

from models.turning import (
    DISTANCE,
    FOCAL,
    camera_axes,
    change_camera,
    pose_code,
    rigid_flow,
    rotate_volume,
    turn_between,
)


def degrees(*values: float) -> Tensor:
    return torch.tensor(values)


def turn(target: float, source: float, elevation: float = 0.0) -> Tensor:
    """From the axes of the camera at `target` to those of the one at `source`."""
    return turn_between(*(camera_axes(degrees(azimuth), degrees(elevation)) for azimuth in (target, source)))


@pytest.mark.parametrize(("azimuth", "right"), [(0, (0, 1, 0)), (90, (1, 0, 0)), (180, (0, -1, 0)), (270, (-1, 0, 0))])
def test_at_90_the_front_points_to_the_right(azimuth: float, right: tuple[int, int, int]) -> None:
    axes = camera_axes(degrees(azimuth), degrees(0))[0]
    torch.testing.assert_close(axes[0], torch.tensor(right, dtype=torch.float32), atol=1e-6, rtol=0)
    torch.testing.assert_close(axes @ axes.T, torch.eye(3), atol=1e-6, rtol=0)


def test_a_place_is_where_the_camera_projects_its_point() -> None:
    point = torch.tensor([0.2, -0.1, 0.15])
    here, there = (camera_axes(degrees(azimuth), degrees(10.0))[0] for azimuth in (30, 250))

    def place(axes: Tensor) -> Tensor:
        right, up, near = (axes @ point).tolist()
        scale = FOCAL / (DISTANCE - near)
        return torch.tensor([right * scale, -up * scale, near])

    found = change_camera(place(here)[None, None], (there @ here.T)[None])
    torch.testing.assert_close(found[0, 0], place(there), atol=1e-6, rtol=0)


def test_flow_of_the_middle_is_that_of_the_turn() -> None:
    depth = torch.zeros(1, 1, 64, 64)
    assert rigid_flow(depth, turn(40, 40)).abs().max() < 1e-4
    flow = rigid_flow(depth + 0.2, turn(0, 20))
    turned_by = torch.tensor(20.0).deg2rad()
    d, x = 0.2 * turned_by.cos(), 0.2 * turned_by.sin()
    expected = 64 * FOCAL * x / (DISTANCE - d)
    assert flow[0, 0, 31:33, 31:33].mean() == pytest.approx(float(expected), abs=0.02)
    assert flow[0, 1, 31:33, 31:33].mean() == pytest.approx(0, abs=0.02)


def test_a_volume_turns_as_the_flow_says() -> None:
    """A blob at a depth comes to lie where the flow of that depth reads it."""
    size, cells = 48, 24
    axis = (torch.arange(size) + 0.5) / size - 0.5
    d = (torch.arange(cells) + 0.5) / cells - 0.5
    blob = torch.exp(-((axis - 0.1).square()[None, None] + axis.square()[None, :, None]) / 0.004)
    volume = (blob * torch.exp(-(d - 0.15).square() / 0.004)[:, None, None])[None, None]
    seen = rotate_volume(volume, turn(60, 20))[0, 0]
    place = (seen == seen.max()).nonzero()[0]
    depth = torch.full((1, 1, size, size), float(d[place[0]]))
    read = rigid_flow(depth, turn(60, 20))[0, :, place[1], place[2]] + place[[2, 1]]
    torch.testing.assert_close(read / size, torch.tensor([0.1, 0.0]) + 0.5 - 0.5 / size, atol=0.04, rtol=0)
    torch.testing.assert_close(rotate_volume(volume, turn(20, 20)), volume, atol=1e-5, rtol=0)


def test_codes_are_periodic_and_tell_all_angles_apart() -> None:
    azimuth = torch.arange(0, 360, 5.0)
    code = pose_code(azimuth, torch.zeros(72), 4)
    assert code.shape == (72, 9, 1, 1)
    torch.testing.assert_close(pose_code(azimuth + 360, torch.zeros(72), 4), code, atol=1e-5, rtol=0)
    apart = torch.cdist(code.flatten(1), code.flatten(1)) + 10 * torch.eye(72)
    assert apart.min() > 0.3


def test_positions_keep_their_digits_under_autocast() -> None:
    depth = torch.linspace(-0.4, 0.4, 64).expand(1, 1, 64, 64)
    expected = rigid_flow(depth, turn(20, 75, elevation=10))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = rigid_flow(depth, turn(20, 75, elevation=10))
    assert torch.equal(found, expected)
    axes = [camera_axes(degrees(azimuth), degrees(10.0)) for azimuth in (20, 75)]
    torch.testing.assert_close(turn(20, 75, elevation=10), axes[1] @ axes[0].mT, atol=1e-6, rtol=0)
