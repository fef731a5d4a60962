"""Rigid objects seen from another side: how a volume of features turns with them, and the flow that a depth implies.

Places are what a camera sees: x to the right and y down in parts of the picture's side, both from its middle, and d
towards the camera from the object's middle, in diagonals of the object. A volume holds -0.5 < x, y, d < 0.5.
`distance` is how many diagonals both cameras are away from the object's middle, which they show equally large.
B batch, C channels, D cells in depth, h, w size of a map.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

FOCAL, DISTANCE = 1.09, 1.31  # of ShapeNet's usual renders: parts of the picture's side, diagonals of the object
NEAREST = 0.2  # diagonals from the camera, in front of all objects


def camera_axes(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Degrees [B] each -> unit vectors [B,3,3] to the picture's right, its top and the camera.

    Object coordinates: x forward, y to the object's left, z up; azimuth 0 looks at the front, 90 shows it on the right.
    """
    a, e = azimuth.deg2rad(), elevation.deg2rad()
    right = torch.stack([a.sin(), a.cos(), torch.zeros_like(a)], -1)
    up = torch.stack([-e.sin() * a.cos(), e.sin() * a.sin(), e.cos()], -1)
    towards = torch.stack([e.cos() * a.cos(), -e.cos() * a.sin(), e.sin()], -1)
    return torch.stack([right, up, towards], -2)


def turn_between(camera: Tensor, source: Tensor) -> Tensor:
    """Axes [B,3,3] of two cameras -> [B,3,3] that takes coordinates along the first one's axes to the second one's."""
    return _rotated(camera, source).mT


def pose_code(azimuth: Tensor, elevation: Tensor, harmonics: int) -> Tensor:
    """Degrees [B] each -> [B,2*harmonics+1,1,1]: sines, cosines of the azimuth's multiples, elevation."""
    angles = azimuth.deg2rad()[:, None] * torch.arange(1, harmonics + 1, device=azimuth.device)
    height = elevation.deg2rad().sin()[:, None]
    return torch.cat([angles.sin(), angles.cos(), height], 1)[..., None, None]


def seen_from(places: Tensor, turn: Tensor, distance: float = DISTANCE) -> Tensor:
    """Places [B,...,3] as a camera sees them -> the same points as another one sees them.

    turn: [B,3,3] from the axes of the first camera to those of the other.
    """
    x, y, d = places.unbind(-1)
    focal = FOCAL / DISTANCE * distance
    far = (distance - d) / focal
    points = torch.stack([x * far, -y * far, d], -1)
    x, y, d = _rotated(points.flatten(1, -2), turn).view_as(points).unbind(-1)
    near = focal / (distance - d).clamp(min=NEAREST)
    return torch.stack([x * near, -y * near, d], -1)


def turned(volume: Tensor, turn: Tensor, distance: float = DISTANCE) -> Tensor:
    """Features [B,C,D,h,w] of what one camera sees -> [B,C,D,h,w] of what another sees, 0 where the first sees nothing.

    turn: [B,3,3] from the axes of the other camera to those of the first. Computes in float32.
    """
    depth, height, width = volume.shape[-3:]
    d, y, x = (_centres(count, volume) for count in (depth, height, width))
    grid = torch.stack(torch.meshgrid(d, y, x, indexing="ij")[::-1], -1)  # [D,h,w,3]
    with torch.autocast(device_type=volume.device.type, enabled=False):
        places = seen_from(grid.expand(len(volume), -1, -1, -1, -1), turn.float(), distance)
        return F.grid_sample(volume.float(), 2 * places, align_corners=False)


def rigid_flow(depth: Tensor, turn: Tensor, distance: float = DISTANCE) -> Tensor:
    """Flow [B,2,h,w] in pixels of its map, of points at the depths d [B,1,h,w] in diagonals of the object.

    turn: [B,3,3] from the axes of the camera that sees them to those of the camera whose picture is read.
    """
    height, width = depth.shape[-2:]
    y, x = torch.meshgrid(_centres(height, depth), _centres(width, depth), indexing="ij")
    here = torch.stack(torch.broadcast_tensors(x, y, depth[:, 0]), -1)  # [B,h,w,3]
    dx, dy, _ = (seen_from(here, turn, distance) - here).unbind(-1)
    return torch.stack([dx * width, dy * height], 1)  # [B,2,h,w]


def _rotated(points: Tensor, turn: Tensor) -> Tensor:
    """Points [B,N,3] turned by [B,3,3]; a matrix product would lose digits under autocast, and on GPUs anyway."""
    return (points[:, :, None] * turn[:, None]).sum(-1)


def _centres(count: int, like: Tensor) -> Tensor:
    """Centres of `count` cells between -0.5 and 0.5."""
    return (torch.arange(count, device=like.device, dtype=torch.float32) + 0.5) / count - 0.5
