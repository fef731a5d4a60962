"""The ground that people stand on and the wall behind them: backgrounds with the shadows they cast.

Legend: B clips, N = B * T pictures, H height, W width.
"""

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as functional
from torch import Tensor

from pipelines.synthetic.people.skeleton import INDEX, Frames
from pipelines.synthetic.rendering.noise import gaussian_blur

if TYPE_CHECKING:
    from pipelines.synthetic.clips import Scene


def per_picture(values: Tensor, steps: int) -> Tensor:
    """Values [B, ...] of B clips for each of their `steps` pictures, [B * steps, ...]."""
    return values.repeat_interleave(steps, 0)


def shadowed(scene: "Scene", frames: Frames, mask: Tensor) -> Tensor:
    """Backgrounds [N, 3, H, W] with the people's shadows on the floor under the feet and on the wall behind."""
    steps, camera = frames.origin.shape[1], scene.camera
    height, width = mask.shape[-2:]
    floor, wall, shift = (per_picture(column, steps).view(-1, 1, 1, 1) for column in scene.shadow.unbind(-1))
    dark = torch.zeros_like(mask)
    x, y = torch.arange(width, device=mask.device), torch.arange(height, device=mask.device)[:, None]
    scale = per_picture(camera.scale, steps).view(-1, 1, 1)
    foot = per_picture(scene.proportions.foot, steps).view(-1, 1, 1)
    for name in ("r_ankle", "l_ankle"):
        ankle = frames.origin[:, :, INDEX[name]]
        place_x, place_y = camera.project(ankle).flatten(0, 1)[:, :, None, None].unbind(1)
        place_y = place_y + 0.25 * foot * scale
        spread = ((x - place_x) / (0.75 * foot * scale)).square() + ((y - place_y) / (0.16 * foot * scale)).square()
        dark = 1 - (1 - dark) * (1 - torch.exp(-spread)[:, None] * floor)
    small = functional.avg_pool2d(mask, 4)
    small = gaussian_blur(small, torch.full_like(wall.flatten(), 0.02 * width), max_sigma=0.02 * width)
    turn = torch.eye(2, 3, device=mask.device).repeat(len(mask), 1, 1)
    turn[:, 0, 2] = 2 * shift.flatten()
    grid = functional.affine_grid(turn, [len(mask), 1, height, width], align_corners=False)
    cast_shadow = functional.grid_sample(small, grid, align_corners=False)
    background = per_picture(scene.background, steps)
    return background * (1 - dark) * (1 - wall * cast_shadow)
