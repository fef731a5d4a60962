"""Geometry of rigid objects seen by two cameras: rotated volumes of features, and the flow that follows from a depth.

Our addition to the paper; used by `models.volume` and by view synthesis. Pure functions of tensors.

Places are relative to a camera: x to the right and y down from the image's centre, in units of the image's side; d
towards the camera from the object's centre, in diagonals of the object. A volume covers -0.5 < x, y, d < 0.5. Both
cameras look at the object's centre from the same `distance`, in diagonals of the object. Angles are in degrees.

B batch, N places, C channels, D cells in depth, h, w size of a map.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

FOCAL = 1.09  # focal length of the usual ShapeNet renderings, in units of the image's side
DISTANCE = 1.31  # their camera's distance from the object's centre, in diagonals of the object
NEAREST = 0.2  # diagonals of the object from the camera: no object reaches nearer


def camera_axes(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Unit vectors [B,3,3] towards the image's right, towards its top and towards the camera, one per row.

    Their coordinates are the object's: x forward, y to the object's left, z up.

    Args:
        azimuth: [B] degrees; 0 looks at the front, at 90 the front points to the right of the image.
        elevation: [B] degrees above the horizon.
    """
    a, e = azimuth.deg2rad(), elevation.deg2rad()
    right = torch.stack([a.sin(), a.cos(), torch.zeros_like(a)], -1)
    up = torch.stack([-e.sin() * a.cos(), e.sin() * a.sin(), e.cos()], -1)
    towards = torch.stack([e.cos() * a.cos(), -e.cos() * a.sin(), e.sin()], -1)
    return torch.stack([right, up, towards], -2)


def turn_between(camera: Tensor, source: Tensor) -> Tensor:
    """Rotation [B,3,3] from coordinates along the axes of `camera` to those of `source`, both as `camera_axes`."""
    return _rotate(camera, source).mT


def pose_code(azimuth: Tensor, elevation: Tensor, harmonics: int) -> Tensor:
    """Code [B,2*harmonics+1,1,1] in [-1, 1] of a camera pose for the networks.

    Sines, then cosines of 1, 2, ... times the azimuth [B], then the sine of the elevation [B], both in degrees.
    """
    angles = azimuth.deg2rad()[:, None] * torch.arange(1, harmonics + 1, device=azimuth.device)  # [B,harmonics]
    height = elevation.deg2rad().sin()[:, None]
    return torch.cat([angles.sin(), angles.cos(), height], 1)[..., None, None]


def change_camera(places: Tensor, turn: Tensor, distance: float = DISTANCE) -> Tensor:
    """Places [B,...,3] of points relative to one camera -> places [B,...,3] of the same points relative to another.

    turn: [B,3,3] rotation from the axes of the first camera to those of the other.
    """
    x, y, d = places.unbind(-1)
    focal = FOCAL / DISTANCE * distance
    far = (distance - d) / focal
    points = torch.stack([x * far, -y * far, d], -1)
    # [B,...,3] -> [B,N,3] and back
    x, y, d = _rotate(points.flatten(1, -2), turn).view_as(points).unbind(-1)
    near = focal / (distance - d).clamp(min=NEAREST)
    return torch.stack([x * near, -y * near, d], -1)


def rotate_volume(volume: Tensor, turn: Tensor, distance: float = DISTANCE) -> Tensor:
    """Resample a volume of features of one camera for another camera.

    Args:
        volume: [B,C,D,h,w] features in front of the first camera.
        turn: [B,3,3] rotation from the axes of the other camera to those of the first.
        distance: of both cameras.

    Returns:
        [B,C,D,h,w] float32, 0 where the first volume has nothing.
    """
    depth, height, width = volume.shape[-3:]
    d, y, x = (_cell_centres(count, volume) for count in (depth, height, width))
    grid = torch.stack(torch.meshgrid(d, y, x, indexing="ij")[::-1], -1)  # [D,h,w,3]
    with torch.autocast(device_type=volume.device.type, enabled=False):
        places = change_camera(grid.expand(len(volume), -1, -1, -1, -1), turn.float(), distance)
        return F.grid_sample(volume.float(), 2 * places, align_corners=False)


def rigid_flow(depth: Tensor, turn: Tensor, distance: float = DISTANCE) -> Tensor:
    """Backward flow [B,2,h,w], in pixels of its map, of a surface whose depth is known.

    Args:
        depth: [B,1,h,w] coordinate d of the surface.
        turn: [B,3,3] rotation from the axes of the target camera to those of the camera whose image is read.
        distance: of both cameras.
    """
    height, width = depth.shape[-2:]
    y, x = torch.meshgrid(_cell_centres(height, depth), _cell_centres(width, depth), indexing="ij")
    here = torch.stack(torch.broadcast_tensors(x, y, depth[:, 0]), -1)  # [B,h,w,3]
    dx, dy, _ = (change_camera(here, turn, distance) - here).unbind(-1)
    return torch.stack([dx * width, dy * height], 1)  # [B,2,h,w]


def _rotate(points: Tensor, turn: Tensor) -> Tensor:
    """Points [B,N,3] rotated by [B,3,3]; a matrix product would lose precision under autocast, and on GPUs to TF32."""
    return (points[:, :, None] * turn[:, None]).sum(-1)


def _cell_centres(count: int, like: Tensor) -> Tensor:
    """Centres [count] of equal cells between -0.5 and 0.5."""
    return (torch.arange(count, device=like.device, dtype=torch.float32) + 0.5) / count - 0.5
