"""The shadow that a person casts along the floor, away from the key light.

In: masks, where the floor is, and the way to the light. Out: how dark the floor gets. `clips` calls it, together
with the soft shadows of `shadows`.

The camera looks down a little, so what lies further back on the floor is higher in the picture: the shadow is the mask
tipped over from the feet, to the side that the light doesn't come from.

Legend: N pictures, H height, W width.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from pipelines.synthetic.rendering.noise import gaussian_blur

_LONGEST = 2.2  # of the shadow, in heights of what casts it
_SOFT = 0.012  # blur, in heights of the picture
_FAR = 0.6  # of its darkness that a shadow loses over the height of the picture


def cast_shadow(mask: Tensor, ground: Tensor, way: Tensor, tilt: Tensor, strength: Tensor) -> Tensor:
    """How much darker the light on the floor is, [N, 1, H, W] in 0..1.

    Args:
        mask: [N, 1, H, W] coverage by the person, 0 to 1.
        ground: [N] row of the feet.
        way: [N, 3] unit vectors to the key light, above and in front of the person.
        tilt: [N] rows that a metre of floor to the back takes in the picture, in rows of a metre upwards.
        strength: [N] 0 none .. 1 black.
    """
    height, width = mask.shape[-2:]
    small = avg_pool2d(mask, 2)
    soft = gaussian_blur(small, mask.new_full((len(mask),), _SOFT * height / 2), max_sigma=_SOFT * height / 2)
    rise = way[:, 1].clamp(min=0.05)
    aside, back = (way[:, 0] / rise).clamp(-_LONGEST, _LONGEST), (way[:, 2] / rise).clamp(0.3, _LONGEST)
    y, x = torch.meshgrid(
        torch.arange(height, device=mask.device), torch.arange(width, device=mask.device), indexing="ij"
    )
    above = (ground[:, None, None] - y) / (tilt * back)[:, None, None]  # height of what casts the shadow, in rows
    source_x, source_y = x + aside[:, None, None] * above, ground[:, None, None] - above
    grid = torch.stack([(source_x + 0.5) * 2 / width - 1, (source_y + 0.5) * 2 / height - 1], -1)
    dark = grid_sample(soft, grid, align_corners=False)[:, 0]
    dark = dark * (above >= 0) * (1 - _FAR * above / height).clamp(min=0)
    return (dark * strength[:, None, None])[:, None]
