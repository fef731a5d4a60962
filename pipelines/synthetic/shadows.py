"""The shadows that people cast on the floor under their feet and on the wall behind them.

In: backgrounds, what is known about the people, and their masks. Out: darkened backgrounds. `clips` calls it.

Legend: B clips, T frames of each, N = B * T pictures, H height, W width.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor

from pipelines.synthetic.people.skeleton import INDEX, Frames
from pipelines.synthetic.rendering.noise import gaussian_blur
from pipelines.synthetic.scene import Scene
from pipelines.synthetic.tensors import repeat_per_picture

_BLUR = 0.02  # of the shadow on the wall, in widths of the picture


def add_shadows(scene: Scene, frames: Frames, mask: Tensor) -> Tensor:
    """The scene's backgrounds for N pictures, [N, 3, H, W] in [0, 1], with the people's shadows.

    frames: the rig in the pictures' T frames; mask: [N, 1, H, W] coverage by the person, 0 to 1.
    """
    floor, wall, shift = (
        repeat_per_picture(column, frames.origin.shape[1]).view(-1, 1, 1, 1) for column in scene.shadow.unbind(-1)
    )
    dark = _floor_shadow(scene, frames, mask, floor)
    background = repeat_per_picture(scene.background, frames.origin.shape[1])
    return background * (1 - dark) * (1 - wall * _shift_and_blur(mask, shift))


def _floor_shadow(scene: Scene, frames: Frames, mask: Tensor, strength: Tensor) -> Tensor:
    """Soft ellipses around both feet, [N, 1, H, W] in [0, 1]; strength: [N, 1, 1, 1]."""
    steps, camera = frames.origin.shape[1], scene.camera
    height, width = mask.shape[-2:]
    x, y = torch.arange(width, device=mask.device), torch.arange(height, device=mask.device)[:, None]
    scale = repeat_per_picture(camera.scale, steps).view(-1, 1, 1)
    foot = repeat_per_picture(scene.proportions.foot, steps).view(-1, 1, 1)
    dark = torch.zeros_like(mask)
    for name in ("r_ankle", "l_ankle"):
        ankle = frames.origin[:, :, INDEX[name]]
        centre_x, centre_y = camera.project(ankle).flatten(0, 1)[:, :, None, None].unbind(1)  # [N, 1, 1]
        centre_y = centre_y + 0.25 * foot * scale  # on the ground
        spread = ((x - centre_x) / (0.75 * foot * scale)).square() + ((y - centre_y) / (0.16 * foot * scale)).square()
        dark = 1 - (1 - dark) * (1 - torch.exp(-spread)[:, None] * strength)
    return dark


def _shift_and_blur(mask: Tensor, shift: Tensor) -> Tensor:
    """The mask [N, 1, H, W] blurred and moved to the left by `shift` [N, 1, 1, 1], in parts of the width."""
    height, width = mask.shape[-2:]
    small = functional.avg_pool2d(mask, 4)
    sigma = small.new_full((len(mask),), _BLUR * width)
    small = gaussian_blur(small, sigma, max_sigma=_BLUR * width)
    turn = torch.eye(2, 3, device=mask.device).repeat(len(mask), 1, 1)
    turn[:, 0, 2] = 2 * shift.flatten()
    grid = functional.affine_grid(turn, [len(mask), 1, height, width], align_corners=False)
    return functional.grid_sample(small, grid, align_corners=False)
