"""Ambient occlusion from depth alone: hollows and places behind something nearer get less light from everywhere.

In: depth at the pixels of a picture. Out: a factor for each. Renderers of clips call it.

Legend: N pictures, H height, W width.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

_LEAST_OCCLUSION, _FULL_OCCLUSION = 0.012, 0.14  # differences in depth where darkening starts and ends, m


def ambient_occlusion(depth: Tensor, hit: Tensor) -> Tensor:
    """Factor [N, 1, H, W] in (0.5, 1] that darkens points with nearer surfaces around them; depth, hit: [N, H, W]."""
    height, width = depth.shape[1:]
    reach = max(2, round(0.03 * height))
    near = torch.where(hit, depth, -10.0)
    padded = pad(near, (reach,) * 4, value=-10.0)
    total = torch.zeros_like(depth)
    for radius, weight in ((reach, 0.5), (max(1, reach // 3), 0.5)):
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7)):
            i, j = reach + round(dy * radius), reach + round(dx * radius)
            other = padded[:, i : i + height, j : j + width]
            total += weight / 8 * ((other - depth - _LEAST_OCCLUSION) / _FULL_OCCLUSION).clamp(0, 1)
    return torch.where(hit, 1 - 0.75 * total.clamp(max=0.6), 1.0)[:, None]
