"""Rigid limbs as candidates of the flow: our addition to the paper, for flow nets with little training.

In: the joints of two poses. Out: a candidate flow for every limb, which `models.flow` weighs. The flow of a limb that
keeps its width is known from its two ends, so the flow net only has to say which limb a position belongs to and how
its motion differs from the rigid one.

B batch, J joints, K = 1 + number of limbs, h, w size of a flow map. Positions are x, y in image pixels, pixel centres
are integers; flow is backward flow, channel 0 = x.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.ops.neighbours import can_fuse

# In units of an image's longer side / 256, so that a pose means the same at every resolution:
SHORT = 4.0  # a limb of this length is half-way between one that is rotated and one that is only shifted
REACH = 4.0  # distance from a limb over which its logit falls by 1
STILL = 3.0  # distance from all limbs, in units of REACH, beyond which standing still is the likeliest candidate


@dataclass(frozen=True)
class LimbMotion:
    """Backward motion of every limb from a target pose to a source pose."""

    maps: Tensor
    """[B,K,2,3] candidate k moves the image position p by maps[..., :2] @ p + maps[..., 2]; the first is all 0."""

    begins: Tensor
    """[B,K-1,2] where the limbs of the target pose begin."""

    ends: Tensor
    """[B,K-1,2] where the limbs of the target pose end."""

    unit: float = 1.0
    """Image pixels in which REACH is measured."""

    def candidates(self, height: int, width: int, cell: float) -> tuple[Tensor, Tensor]:
        """The flow of every candidate on a map of height x width pixels.

        Args:
            height, width: h, w.
            cell: side of one map pixel in image pixels.

        Returns:
            Flows [B,K,2,h,w] in pixels of the map, and logits [B,K,h,w] that fall with the distance to the limb.
        """
        x, y = (pixel_centres(size, cell, self.maps) for size in (width, height))
        y = y[:, None]  # [h,1]
        flows = self.maps[..., 0, None, None] * x + self.maps[..., 1, None, None] * y + self.maps[..., 2, None, None]
        near = -measure_distance(self.begins, self.ends, x, y) / (REACH * self.unit)
        return flows / cell, torch.cat([torch.full_like(near[:, :1], -STILL), near], 1)

    def follow(self, flow: Tensor, scores: Tensor, cell: float) -> Tensor:
        """Add to a flow [B,2,h,w] the mean of the candidates, weighted by the softmax of scores [B,K,h,w] and logits.

        cell: as of `candidates`.
        """
        if can_fuse(scores):
            from models.ops.limbs_triton import mix_candidates_triton

            maps, begins, ends, reach = self.maps, self.begins, self.ends, REACH * self.unit
            return mix_candidates_triton(flow, scores, maps, begins, ends, cell=cell, reach=reach, still=STILL)
        flows, near = self.candidates(scores.shape[2], scores.shape[3], cell)
        weights = (scores + near.to(scores.dtype)).softmax(dim=1)  # [B,K,h,w]
        return flow + (weights[:, :, None] * flows.to(weights.dtype)).sum(1)


def limb_motion(target: Tensor, source: Tensor, limbs: Tensor, unit: float = 1.0) -> LimbMotion:
    """Where the limbs of `target` are in `source`.

    A limb keeps its width and is stretched along its axis. A limb that is seen end-on, that is the same joint twice, or
    whose end is not known in both poses, is shifted without rotation.

    Args:
        target, source: [B,J,2] joints of the two poses; NaN where a limb's end is not known.
        limbs: [K-1,2] pairs of joint indices.
        unit: image pixels in which SHORT and REACH are measured.
    """
    short = SHORT * unit
    if can_fuse(target):
        from models.ops.limbs_triton import limb_motion_triton

        return LimbMotion(*limb_motion_triton(target, source, limbs, short=short), unit)
    first, last = limbs.unbind(1)
    begins, origins = target[:, first].float(), source[:, first].float()
    axis, axis_there = target[:, last].float() - begins, source[:, last].float() - origins  # [B,K-1,2]
    unknown = (axis + axis_there).isnan()
    axis, axis_there = axis.masked_fill(unknown, 0), axis_there.masked_fill(unknown, 0)
    along, length = _normalise(axis)
    along_there, length_there = _normalise(axis_there)
    across, across_there = _perpendicular(along), _perpendicular(along_there)
    rotation = _rotation_share(length, short) * _rotation_share(length_there, short)  # [B,K-1,1]
    stretch = (_outer(axis_there, axis) + short**2 * _outer(along, along)) / (length**2 + short**2)[..., None]
    sideways = across + rotation * (across_there - across)
    linear = stretch + _outer(sideways, across)  # [B,K-1,2,2]
    offset = origins - (linear * begins[..., None, :]).sum(-1)
    linear = linear - torch.eye(2, device=linear.device)
    maps = torch.cat([linear, offset[..., None]], -1)  # [B,K-1,2,3]
    return LimbMotion(torch.cat([torch.zeros_like(maps[:, :1]), maps], 1), begins, begins + axis, unit)


def pixel_centres(size: int, cell: float, like: Tensor) -> Tensor:
    """Image positions [size] of the centres of map pixels along one axis."""
    return (torch.arange(size, device=like.device, dtype=like.dtype) + 0.5) * cell - 0.5


def measure_distance(begins: Tensor, ends: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Distance [B,K-1,h,w] in image pixels from positions x [w], y [h,1] to the segments begins, ends [B,K-1,2]."""
    axis = (ends - begins)[..., None, None]  # [B,K-1,2,1,1]
    dx, dy = x - begins[:, :, 0, None, None], y - begins[:, :, 1, None, None]
    length = axis.square().sum(2).clamp(min=1e-6)
    part = ((dx * axis[:, :, 0] + dy * axis[:, :, 1]) / length).clamp(0, 1)
    return torch.hypot(dx - part * axis[:, :, 0], dy - part * axis[:, :, 1])


def _normalise(vector: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors [..., 2], (1, 0) where the length is about 0, and lengths [..., 1]."""
    length = vector.norm(dim=-1, keepdim=True)
    right = torch.cat([torch.ones_like(length), torch.zeros_like(length)], -1)
    return torch.where(length > 1e-3, vector / length.clamp(min=1e-3), right), length


def _perpendicular(direction: Tensor) -> Tensor:
    return torch.stack([-direction[..., 1], direction[..., 0]], -1)


def _rotation_share(length: Tensor, short: float) -> Tensor:
    """0 for a limb without length, which has no direction, up to 1 for one much longer than `short`."""
    return length.square() / (length.square() + short**2)


def _outer(rows: Tensor, columns: Tensor) -> Tensor:
    return rows[..., :, None] * columns[..., None, :]
