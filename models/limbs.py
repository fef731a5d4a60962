"""Rigid limbs as candidates of the flow: ours on top of the paper, for flow nets that have little training.

The flow of a limb that keeps its width is known from its two ends, so the flow net only has to say which limb a place
belongs to and how it differs from a rigid one. B batch, J joints, K = 1 + limbs, H, W image size, h, w map size.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SHORT = 4.0  # pixels: a limb of this length is half way between one that turns and one that is only moved
REACH = 4.0  # pixels from a limb at which its score falls by one
STILL = 3.0  # distance, in units of REACH, at which a place rather belongs to what stands still


@dataclass(frozen=True)
class LimbMotion:
    """Backward motion of every limb between two poses.

    maps: [B, K, 2, 3], candidate k moves the image position p by maps[..., :2] @ p + maps[..., 2]; the first stands
    still. begins, ends: [B, K - 1, 2] the limbs of the target pose in image pixels.
    """

    maps: Tensor
    begins: Tensor
    ends: Tensor

    def candidates(self, height: int, width: int, cell: float) -> tuple[Tensor, Tensor]:
        """Flows [B, K, 2, h, w] in pixels of a map whose pixels are `cell` image pixels wide, and how near each place
        is to each limb [B, K, h, w], as logits."""
        x, y = (_centres(size, cell, self.maps) for size in (width, height))
        y = y[:, None]
        flows = self.maps[..., 0, None, None] * x + self.maps[..., 1, None, None] * y + self.maps[..., 2, None, None]
        near = -_distance(self.begins, self.ends, x, y) / REACH
        return flows / cell, torch.cat([torch.full_like(near[:, :1], -STILL), near], 1)


def limb_motion(target: Tensor, source: Tensor, limbs: Tensor) -> LimbMotion:
    """Joints [B, J, 2] of two poses in image pixels, limbs as pairs of joint indices [K - 1, 2] -> where the limbs of
    `target` were in `source`.

    A limb keeps its width and is stretched along its axis; one that is seen from its end, or a pair of the same joint
    twice, is moved without turning.
    """
    first, last = limbs.unbind(1)
    begins, ends = target[:, first].float(), target[:, last].float()
    origins = source[:, first].float()
    axis, axis_there = ends - begins, source[:, last].float() - origins
    along, length = _unit(axis)
    along_there, length_there = _unit(axis_there)
    across, across_there = _turned(along), _turned(along_there)
    turns = _share(length) * _share(length_there)
    stretch = (_outer(axis_there, axis) + SHORT**2 * _outer(along, along)) / (length**2 + SHORT**2)[..., None]
    sideways = across + turns * (across_there - across)
    linear = stretch + _outer(sideways, across)
    offset = origins - (linear * begins[..., None, :]).sum(-1)
    linear = linear - torch.eye(2, device=linear.device)
    maps = torch.cat([linear, offset[..., None]], -1)
    return LimbMotion(torch.cat([torch.zeros_like(maps[:, :1]), maps], 1), begins, ends)


def _centres(size: int, cell: float, like: Tensor) -> Tensor:
    """Image positions of the centres of map pixels."""
    return (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) * cell - 0.5


def _distance(begins: Tensor, ends: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Image pixels from every place [h, w] to every segment: [B, K - 1, h, w]."""
    axis = (ends - begins)[..., None, None]
    dx, dy = x - begins[:, :, 0, None, None], y - begins[:, :, 1, None, None]
    length = axis.square().sum(2).clamp(min=1e-6)
    part = ((dx * axis[:, :, 0] + dy * axis[:, :, 1]) / length).clamp(0, 1)
    return torch.hypot(dx - part * axis[:, :, 0], dy - part * axis[:, :, 1])


def _unit(vector: Tensor) -> tuple[Tensor, Tensor]:
    """Directions [..., 2], to the right where there is no length, and lengths [..., 1]."""
    length = vector.norm(dim=-1, keepdim=True)
    right = torch.cat([torch.ones_like(length), torch.zeros_like(length)], -1)
    return torch.where(length > 1e-3, vector / length.clamp(min=1e-3), right), length


def _turned(direction: Tensor) -> Tensor:
    return torch.stack([-direction[..., 1], direction[..., 0]], -1)


def _share(length: Tensor) -> Tensor:
    return length.square() / (length.square() + SHORT**2)


def _outer(rows: Tensor, columns: Tensor) -> Tensor:
    return rows[..., :, None] * columns[..., None, :]
