"""Cameras around rigid objects: rotated volumes of features, and the flow that follows from a depth.

Our addition to the paper; used by `models.volume`, by view synthesis and by the renderer of its training data. Pure
functions of tensors.

Places are relative to a camera: x to the right and y down from the image's centre, in units of the image's side; d
towards the camera from the object's centre, in diagonals of the object. A volume covers -0.5 < x, y, d < 0.5. All
cameras look at the object's centre. Angles are in degrees.

B batch, N places, C channels, D cells in depth, h, w size of a map.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

DISTANCE = 1.31  # of the camera of the usual ShapeNet renderings from the object's centre, in diagonals of the object
SCALE = 1.09 / DISTANCE  # of their images: their focal length is 1.09 of the image's side
LOWEST, HIGHEST = -10.0, 40.0  # degrees of elevation that our networks know
NEAREST = 0.15  # share of the camera's distance: no object reaches nearer to the camera


@dataclass(frozen=True)
class Camera:
    """B cameras, perspective or orthographic; the fields may have any common shape [B] or [B,V]."""

    azimuth: Tensor
    """Degrees; 0 looks at the front, at 90 the front points to the right of the image."""

    elevation: Tensor
    """Degrees above the horizon."""

    nearness: Tensor
    """1 / distance from the object's centre, in diagonals of the object; 0 for an orthographic camera."""

    scale: Tensor
    """Side in the image, in units of the image's side, of what is a diagonal of the object wide at its centre."""

    @classmethod
    def usual(cls, azimuth: Tensor, elevation: Tensor, distance: float = DISTANCE, scale: float = SCALE) -> "Camera":
        """Cameras at angles of any common shape with one distance, inf for an orthographic one, and one scale."""
        return cls(azimuth, elevation, torch.full_like(azimuth, 1 / distance), torch.full_like(azimuth, scale))

    @classmethod
    def unstack(cls, numbers: Tensor) -> "Camera":
        """The inverse of `stack`."""
        return cls(*numbers.unbind(-1))

    def stack(self) -> Tensor:
        """The fields as one tensor, [B,4] or [B,V,4]."""
        return torch.stack([getattr(self, field.name) for field in fields(self)], -1)

    def __getitem__(self, chosen: Any) -> "Camera":
        return Camera(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def mirror(self) -> "Camera":
        """The cameras that see of a symmetric object what these see in a mirror."""
        return replace(self, azimuth=-self.azimuth)

    def axes(self) -> Tensor:
        """Unit vectors [...,3,3] towards the image's right, towards its top and towards the camera, one per row.

        Their coordinates are the object's: x forward, y to the object's left, z up.
        """
        a, e = self.azimuth.deg2rad(), self.elevation.deg2rad()
        right = torch.stack([a.sin(), a.cos(), torch.zeros_like(a)], -1)
        up = torch.stack([-e.sin() * a.cos(), e.sin() * a.sin(), e.cos()], -1)
        towards = torch.stack([e.cos() * a.cos(), -e.cos() * a.sin(), e.sin()], -1)
        return torch.stack([right, up, towards], -2)


def turn_between(camera: Camera, source: Camera) -> Tensor:
    """Rotation [B,3,3] from coordinates along the axes of `camera` to those of `source`."""
    return _rotate(camera.axes(), source.axes()).mT


def pose_code(azimuth: Tensor, elevation: Tensor, harmonics: int) -> Tensor:
    """Code [B,2*harmonics+1,1,1] in [-1, 1] of a camera pose for the networks.

    Sines, then cosines of 1, 2, ... times the azimuth [B], then the sine of the elevation [B], both in degrees.
    """
    angles = azimuth.deg2rad()[:, None] * torch.arange(1, harmonics + 1, device=azimuth.device)  # [B,harmonics]
    height = elevation.deg2rad().sin()[:, None]
    return torch.cat([angles.sin(), angles.cos(), height], 1)[..., None, None]


def lens_code(camera: Camera) -> Tensor:
    """Code [B,2,1,1], about -1 to 1, of a camera's nearness and scale for the networks; 0 for the usual ones."""
    nearness, scale = 2 * (camera.nearness - 1 / DISTANCE), 4 * (camera.scale / SCALE).log()
    return torch.stack([nearness, scale], 1)[..., None, None]


def change_camera(places: Tensor, camera: Camera, other: Camera) -> Tensor:
    """Places [B,...,3] of points relative to one camera -> places [B,...,3] of the same points relative to another."""
    x, y, d = places.flatten(1, -2).unbind(-1)  # [B,N]
    far = (1 - camera.nearness[:, None] * d) / camera.scale[:, None]
    points = torch.stack([x * far, -y * far, d], -1)
    x, y, d = _rotate(points, turn_between(camera, other)).unbind(-1)
    near = other.scale[:, None] / (1 - other.nearness[:, None] * d).clamp(min=NEAREST)
    return torch.stack([x * near, -y * near, d], -1).view_as(places)


def rotate_volume(volume: Tensor, camera: Camera, source: Camera) -> Tensor:
    """Resample a volume of features of one camera for another camera.

    Args:
        volume: [B,C,D,h,w] features in front of `source`.
        camera: the other camera.
        source: the camera of the volume.

    Returns:
        [B,C,D,h,w] float32, 0 where the volume has nothing.
    """
    depth, height, width = volume.shape[-3:]
    d, y, x = (_cell_centres(count, volume) for count in (depth, height, width))
    grid = torch.stack(torch.meshgrid(d, y, x, indexing="ij")[::-1], -1)  # [D,h,w,3]
    with torch.autocast(device_type=volume.device.type, enabled=False):
        places = change_camera(grid.expand(len(volume), -1, -1, -1, -1), camera, source)
        return F.grid_sample(volume.float(), 2 * places, align_corners=False)


def rigid_flow(depth: Tensor, camera: Camera, source: Camera) -> Tensor:
    """Backward flow [B,2,h,w], in pixels of its map, of a surface whose depth is known.

    Args:
        depth: [B,1,h,w] coordinate d of the surface before `camera`.
        camera: the camera of the target.
        source: the camera whose image is read.
    """
    height, width = depth.shape[-2:]
    y, x = torch.meshgrid(_cell_centres(height, depth), _cell_centres(width, depth), indexing="ij")
    here = torch.stack(torch.broadcast_tensors(x, y, depth[:, 0]), -1)  # [B,h,w,3]
    dx, dy, _ = (change_camera(here, camera, source) - here).unbind(-1)
    return torch.stack([dx * width, dy * height], 1)  # [B,2,h,w]


def _rotate(points: Tensor, turn: Tensor) -> Tensor:
    """Points [B,N,3] rotated by [B,3,3]; a matrix product would lose precision under autocast, and on GPUs to TF32."""
    return (points[:, :, None] * turn[:, None]).sum(-1)


def _cell_centres(count: int, like: Tensor) -> Tensor:
    """Centres [count] of equal cells between -0.5 and 0.5."""
    return (torch.arange(count, device=like.device, dtype=torch.float32) + 0.5) / count - 0.5
