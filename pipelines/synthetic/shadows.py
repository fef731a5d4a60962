"""The shadows that people cast on the floor under their feet and on the wall behind them.

In: scenes, the people's poses and masks. Out: how dark the background gets. `clips` calls it.

Legend: B clips, T frames of each, L frames of the whole motion, N = B * T pictures, H height, W width.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor

from pipelines.synthetic.people.skeleton import INDEX, Frames
from pipelines.synthetic.rendering.noise import gaussian_blur
from pipelines.synthetic.scene import Scene
from pipelines.synthetic.tensors import repeat_per_picture

_BLUR = 0.02  # of the shadow on the wall, in widths of the picture
_CONTACT = 0.6  # height above the floor, in lengths of the foot, at which the shadow of a foot is halved
_ANKLES = [INDEX["r_ankle"], INDEX["l_ankle"]]


def cast_shadows(scene: Scene, frames: Frames, mask: Tensor) -> Tensor:
    """How much darker the background's light is in N pictures: [N, 1, H, W], 0 not at all, 1 black.

    frames: the rig in the pictures' T frames; mask: [N, 1, H, W] coverage by the person, 0 to 1.
    """
    floor, wall, shift = (
        repeat_per_picture(column, frames.origin.shape[1]).view(-1, 1, 1, 1) for column in scene.shadow.unbind(-1)
    )
    bright = 1 - _floor_shadow(scene, frames, mask, floor)
    if scene.config.wall_shadows:
        bright = bright * (1 - wall * _shift_and_blur(mask, shift))
    return 1 - bright


def _floor_shadow(scene: Scene, frames: Frames, mask: Tensor, strength: Tensor) -> Tensor:
    """Soft ellipses on the floor under both feet, [N, 1, H, W] in [0, 1]; strength: [N, 1, 1, 1].

    The floor is where the lowest ankle of the whole motion stands. The shadow of a raised foot stays on the floor, and
    is wider and weaker.
    """
    steps, camera = frames.origin.shape[1], scene.camera
    height, width = mask.shape[-2:]
    x, y = torch.arange(width, device=mask.device), torch.arange(height, device=mask.device)[:, None]
    scale = repeat_per_picture(camera.scale, steps).view(-1, 1, 1)
    size = repeat_per_picture(scene.proportions.foot, steps).view(-1, 1, 1) * scale  # of a foot, in pixels
    ground = repeat_per_picture(find_ground(scene), steps).view(-1, 1, 1)
    dark = torch.zeros_like(mask)
    for ankle in _ANKLES:
        centre_x, centre_y = camera.project(frames.origin[:, :, ankle]).flatten(0, 1)[:, :, None, None].unbind(1)
        raised = (ground - centre_y) / (_CONTACT * size)  # [N, 1, 1]
        near = 1 / (1 + raised.square())
        spread = ((x - centre_x) / (0.75 * size)).square() + ((y - ground - 0.25 * size) / (0.16 * size)).square()
        dark = 1 - (1 - dark) * (1 - (near * torch.exp(-spread * near))[:, None] * strength)
    return dark


def find_ground(scene: Scene) -> Tensor:
    """Rows [B] of the lowest ankles of the whole motion."""
    lowest = scene.frames.origin[:, :, _ANKLES].flatten(1, 2)  # [B, L * 2, 3]
    return scene.camera.project(lowest)[..., 1].amax(1)


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
