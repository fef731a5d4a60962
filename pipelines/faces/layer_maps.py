"""What the generator of layered faces sees of a face: soft lines through its 68 landmarks.

Tensors in and out, so that training and use draw the same maps. N faces, L lines, H = W size of the map.
"""

import itertools

import torch
from torch import Tensor

from models.joints import FACE_LINES

WIDTH = 1.5  # standard deviation of a line's profile, in pixels of a map of 256
# Products of smaller values are denormal numbers, with which networks take several times longer. Up to this distance,
# in WIDTHs, a line is brighter.
FAINT, REACH = 1e-6, 5.3
AT_ONCE = 256  # faces that are drawn together


def draw_face_maps(landmarks: Tensor, *, size: int) -> Tensor:
    """Structure maps of faces.

    Args:
        landmarks: [N, 68, 2] x, y in pixels of the map; they may be outside.
        size: H = W.

    Returns:
        [N, L, H, W] in 0..1, a channel for each of `models.joints.FACE_LINES`.
    """
    return torch.cat([_draw(each, size) for each in landmarks.split(AT_ONCE)])


def _draw(landmarks: Tensor, size: int) -> Tensor:
    axis = torch.arange(size, device=landmarks.device, dtype=torch.float32)
    width, maps = WIDTH * size / 256, landmarks.new_zeros(len(landmarks), len(FACE_LINES), size, size)
    for channel, line in enumerate(FACE_LINES):
        columns, rows = _find_window(landmarks[:, list(line)], REACH * width, size)
        x, y = axis[None, None, columns], axis[None, rows, None]
        nearest = torch.full((), torch.inf, device=landmarks.device)
        for first, last in itertools.pairwise(line):
            nearest = torch.minimum(nearest, _squared_distance(landmarks[:, first], landmarks[:, last], x, y))
        value = (nearest * (-0.5 / width**2)).exp()
        maps[:, channel, rows, columns] = torch.where(value < FAINT, 0.0, value)
    return maps


def _find_window(points: Tensor, reach: float, size: int) -> tuple[slice, slice]:
    """Columns and rows of a map in which lines through points [N, K, 2] are seen.

    On a GPU, where asking for numbers would hold it up, the whole map.
    """
    if points.is_cuda:
        return slice(size), slice(size)
    low, high = (points.amin((0, 1)) - reach).floor().int(), (points.amax((0, 1)) + reach).ceil().int() + 1
    starts, stops = (each.clamp(0, size).tolist() for each in (low, high))
    return slice(starts[0], max(stops[0], starts[0])), slice(starts[1], max(stops[1], starts[1]))


def _squared_distance(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """[N, h, w] of positions x [1, 1, w], y [1, h, 1] from the segments between points [N, 2]."""
    along = (end - start)[..., None, None]  # [N, 2, 1, 1]
    dx, dy = x - start[:, 0, None, None], y - start[:, 1, None, None]
    part = ((dx * along[:, 0] + dy * along[:, 1]) / along.square().sum(1).clamp(min=1e-6)).clamp(0, 1)
    return (dx - part * along[:, 0]).square() + (dy - part * along[:, 1]).square()
