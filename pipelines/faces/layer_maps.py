"""What the generator of layered faces sees of a face: soft lines through its 68 landmarks, how mouth and eyes open, and
where the eyes look.

Tensors in and out, so that training and use draw the same maps. N faces, S channels, K points of an outline, H = W size
of the map, h, w of the window of it in which something is drawn.
"""

import itertools

import torch
from torch import Tensor

from models.joints import FACE_CHANNELS, FACE_IRISES, FACE_LANDMARKS, FACE_LINES, FACE_OPENINGS

WIDTH = 1.5  # standard deviation of a line's profile, in pixels of a map of 256
EDGE = 1.0  # distance from its outline at which an opening is drawn fully, or outside not at all, in the same pixels
IRIS = 0.3  # radius of what is drawn of an iris in widths of its eye, a little more than that of real irises
SLIT = 2.0  # mean distance of lips or lids up to which what is between them is fainter, in the same pixels
# Products of smaller values are denormal numbers, with which networks take several times longer. Up to this distance,
# in WIDTHs, a line is brighter.
FAINT, REACH = 1e-6, 5.3
AT_ONCE = 256  # faces that are drawn together
# For either eye its outline, the channel of what is between its lids, and the point of its iris.
EYES = tuple(zip(FACE_OPENINGS[1:], range(len(FACE_LINES) + 1, FACE_CHANNELS - 1), FACE_IRISES, strict=True))
CORNERS = [[outline[0], outline[3]] for outline, _, _ in EYES]


def draw_face_maps(landmarks: Tensor, *, size: int, channels: int = FACE_CHANNELS) -> Tensor:
    """Structure maps of faces.

    Args:
        landmarks: [N, 68 or 70, 2] x, y in pixels of the map; they may be outside. Irises may be NaN, unknown.
        size: H = W.
        channels: S, as the generator has it, one of `models.joints.FACE_STRUCTURES`.

    Returns:
        [N, S, H, W] in 0..1, a channel for each of `models.joints.FACE_LINES`, then for each of `FACE_OPENINGS`, then
        what is seen of both irises, nothing where they are unknown.
    """
    drawn = [_draw(each, size, channels) for each in landmarks.split(AT_ONCE)]
    return drawn[0] if len(drawn) == 1 else torch.cat(drawn)


def _draw(landmarks: Tensor, size: int, channels: int) -> Tensor:
    # Channels last, as networks take them.
    maps = landmarks.new_zeros(len(landmarks), size, size, channels).permute(0, 3, 1, 2)
    drawn = [(line, False) for line in FACE_LINES] + [(outline, True) for outline in FACE_OPENINGS]
    axis = torch.arange(size, device=maps.device, dtype=torch.float32)
    x, y = axis[None, None], axis[None, :, None]
    for channel, (points, filled) in enumerate(drawn[:channels]):
        corners = landmarks[:, list(points)]
        columns, rows = _find_window(corners, (EDGE if filled else REACH * WIDTH) * size / 256, x, y)
        if columns.start < columns.stop and rows.start < rows.stop:
            draw = _draw_opening if filled else _draw_line
            maps[:, channel, rows, columns] = draw(corners, x[..., columns], y[:, rows], size / 256)
    if channels == FACE_CHANNELS and landmarks.shape[1] > FACE_LANDMARKS:
        for outline, opening, iris in EYES:
            corners = landmarks[:, list(outline)]
            columns, rows = _find_window(corners, EDGE * size / 256, x, y)
            drawn = _draw_iris(landmarks[:, iris], corners, x[..., columns], y[:, rows])
            maps[:, -1, rows, columns] += drawn.minimum(maps[:, opening, rows, columns])
    return maps


def place_irises(landmarks: Tensor) -> Tensor:
    """Landmarks [N, 68 or 70, 2] -> [N, 70, 2] finite ones, of which the flow follows pairs: irises that are unknown
    are in the middle between the corners of their eyes."""
    face, irises = landmarks[:, :FACE_LANDMARKS], landmarks[:, FACE_LANDMARKS:]
    middles = face[:, CORNERS].mean(2)  # [N, 2, 2]
    return torch.cat([face, torch.where(irises.isnan(), middles, irises) if irises.shape[1] else middles], 1)


def _draw_line(points: Tensor, x: Tensor, y: Tensor, scale: float) -> Tensor:
    """A soft line [N, h, w] through points [N, K, 2]; scale: pixels per pixel of a map of 256."""
    value = (_find_nearest(points, x, y, REACH * WIDTH * scale) * (-0.5 / (WIDTH * scale) ** 2)).exp()
    return torch.where(value < FAINT, 0.0, value)


def _draw_opening(points: Tensor, x: Tensor, y: Tensor, scale: float) -> Tensor:
    """The inside [N, h, w] of outlines [N, K, 2] with soft edges; what hardly opens is faint.

    Lips or lids that cross each other, as those of noisy landmarks do, are shut.
    """
    closed = torch.cat([points, points[:, :1]], 1)
    distance = _find_nearest(closed, x, y, EDGE * scale).sqrt()
    distance = torch.where(_count_turns(closed, x, y) > 0, distance, -distance)
    fade = (_find_opening(closed) / (SLIT * scale)).clamp(0, 1)
    return (0.5 + distance / (2 * EDGE * scale)).clamp(0, 1) * fade[:, None, None]


def _draw_iris(middle: Tensor, outline: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Cones [N, h, w] around middles [N, 2] in eyes with outlines [N, 6, 2], nothing for NaN.

    Their slopes say where a middle is, up and down as well, when lids leave a narrow part of an iris.
    """
    radius = IRIS * (outline[:, 0] - outline[:, 3]).norm(dim=-1).clamp(min=1)[:, None, None]
    distance = torch.hypot(x - middle[:, 0, None, None], y - middle[:, 1, None, None])
    return (1 - distance / radius).clamp(min=0).nan_to_num(0)


def _find_opening(points: Tensor) -> Tensor:
    """How far [N] the sides of closed lines through points [N, K, 2] are apart on average, below 0 if they cross."""
    first, last = points[:, :-1], points[:, 1:]
    area = (first[..., 0] * last[..., 1] - last[..., 0] * first[..., 1]).sum(1) / 2
    return 2 * area / (last - first).norm(dim=-1).sum(1).clamp(min=1e-6)


def _find_nearest(points: Tensor, x: Tensor, y: Tensor, reach: float) -> Tensor:
    """[N, h, w] squared distances from a line through points [N, K, 2]; beyond `reach` they may be infinite."""
    nearest = torch.full((len(points), y.shape[1], x.shape[2]), torch.inf, device=points.device)
    for first, last in itertools.pairwise(points.unbind(1)):
        columns, rows = _find_window(torch.stack([first, last], 1), reach, x, y)
        near = nearest[:, rows, columns]
        torch.minimum(near, _squared_distance(first, last, x[..., columns], y[:, rows]), out=near)
    return nearest


def _count_turns(points: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """How often [N, h, w] a closed line through points [N, K, 2] goes round a position, clockwise in the picture."""
    turns = torch.zeros((), device=points.device)
    for first, last in itertools.pairwise(points.unbind(1)):
        (x1, y1), (x2, y2) = (each[:, :, None, None].unbind(1) for each in (first, last))  # [N, 1, 1]
        side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)  # above 0 to the right of the way, y being down
        down, up = (y1 <= y) & (y < y2) & (side > 0), (y2 <= y) & (y < y1) & (side < 0)
        turns = turns + down.float() - up.float()
    return turns


def _find_window(points: Tensor, reach: float, x: Tensor, y: Tensor) -> tuple[slice, slice]:
    """Columns and rows of the positions x [1, 1, w], y [1, h, 1] in which lines through points [N, K, 2] are seen.

    On a GPU, where asking for numbers would hold it up, all of them.
    """
    sizes = x.shape[2], y.shape[1]
    if points.is_cuda:
        return slice(0, sizes[0]), slice(0, sizes[1])
    points = points - torch.cat([x[0, 0, :1], y[0, 0]])
    low, high = (points.amin((0, 1)) - reach).floor().int(), (points.amax((0, 1)) + reach).ceil().int() + 1
    starts, stops = (
        [max(min(end, size), 0) for end, size in zip(each.tolist(), sizes, strict=True)] for each in (low, high)
    )
    return slice(starts[0], max(stops[0], starts[0])), slice(starts[1], max(stops[1], starts[1]))


def _squared_distance(start: Tensor, end: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """[N, h, w] of positions x [1, 1, w], y [1, h, 1] from the segments between points [N, 2]."""
    along = (end - start)[..., None, None]  # [N, 2, 1, 1]
    dx, dy = x - start[:, 0, None, None], y - start[:, 1, None, None]
    part = ((dx * along[:, 0] + dy * along[:, 1]) / along.square().sum(1).clamp(min=1e-6)).clamp(0, 1)
    return (dx - part * along[:, 0]).square() + (dy - part * along[:, 1]).square()
