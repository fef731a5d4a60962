"""The shadows that people cast on the floor under their feet and on the wall behind them.

In: scenes, the people's poses and masks. Out: how dark the background gets. `clips` calls it.

Legend: B clips, T frames of each, L frames of the whole motion, N = B * T pictures, H height, W width.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor

from pipelines.synthetic.people.body_bones import BONE
from pipelines.synthetic.people.skeleton import INDEX, Frames
from pipelines.synthetic.rendering.noise import gaussian_blur
from pipelines.synthetic.scene import Scene
from pipelines.synthetic.tensors import constant, repeat_per_picture

_BLUR = 0.02  # of the shadow on the wall, in widths of the picture
_CONTACT = 0.6  # height above the floor, in lengths of the foot, at which the shadow of a foot is halved
_ANKLES = ("r_ankle", "l_ankle")
_ALONG = (-0.2, 0.5, 0.72)  # lengths of the foot in front of the ankle, of heel, ball and toes


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

    The floor is where the lowest sole of the whole motion stands. The shadow of a raised foot stays on the floor, and
    is wider and weaker.
    """
    steps, camera = frames.origin.shape[1], scene.camera
    height, width = mask.shape[-2:]
    x, y = torch.arange(width, device=mask.device), torch.arange(height, device=mask.device)[:, None]
    scale = repeat_per_picture(camera.scale, steps).view(-1, 1, 1)
    size = repeat_per_picture(scene.proportions.foot, steps).view(-1, 1, 1) * scale  # of a foot, in pixels
    soles = _find_soles(scene, frames).flatten(0, 1)  # [N, 2]
    floor = repeat_per_picture(find_floor(scene), steps).view(-1, 1, 1)
    dark = torch.zeros_like(mask)
    for side, ankle in enumerate(_ANKLES):
        centre_x = camera.project(frames.origin[:, :, INDEX[ankle]])[..., :1].flatten(0, 1)[..., None]
        raised = (floor - soles[:, side, None, None]) / (_CONTACT * size)  # [N, 1, 1]
        near = 1 / (1 + raised.square())
        spread = ((x - centre_x) / (0.75 * size)).square() + ((y - floor) / (0.16 * size)).square()
        dark = 1 - (1 - dark) * (1 - (near * torch.exp(-spread * near))[:, None] * strength)
    return dark


def find_floor(scene: Scene) -> Tensor:
    """Rows [B] of the floor: where a shoe is lowest in the whole motion."""
    return _find_soles(scene, scene.frames).amax((1, 2))


def _find_soles(scene: Scene, frames: Frames) -> Tensor:
    """Rows [B, T, 2] of the lowest points of right and left shoes, under heel, ball or toes."""
    rest, sole = scene.dressed.rest, scene.dressed.sole
    ankle = rest.bones[:, BONE["r_foot"], 1] - rest.vertices[..., 1].amin(1)
    along = scene.proportions.foot[:, None] * constant(_ALONG, sole.device)
    points = torch.stack([torch.zeros_like(sole), -ankle[:, None] - sole, along], -1)  # [B, 3, 3]
    places = [frames.point(name, points[:, None, place]) for name in _ANKLES for place in range(len(_ALONG))]
    return scene.camera.project(torch.stack(places, 2))[..., 1].unflatten(2, (2, -1)).amax(3)


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
