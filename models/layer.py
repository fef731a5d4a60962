"""People without background: premultiplied RGBA and a shadow, as tensors.

In: what a generator of such layers makes, and a background. Out: the picture. `pipelines.compositing.layers` does the
same with arrays at a picture's own resolution.

Legend: B batch (any leading dimensions), H, W size. RGBA is colour in [-1, 1] times coverage, and coverage in 0 to 1;
a generator's may be slightly outside of both. Shadow is how much what is behind gets darker as displayed: 0 not at all,
1 black.
"""

import torch
from torch import Tensor


def compose(rgba: Tensor, background: Tensor, shadow: Tensor | None = None) -> Tensor:
    """A layer [B,4,H,W] and its shadow [B,1,H,W] over a background [B,3,H,W] in [-1, 1] -> [B,3,H,W]."""
    if shadow is not None:
        background = (background + 1) * (1 - shadow) - 1
    colour, coverage = rgba[..., :3, :, :], rgba[..., 3:, :, :]
    return colour + (1 - coverage.clamp(0, 1)) * background


def premultiply(colour: Tensor, coverage: Tensor) -> Tensor:
    """Straight colour [B,3,H,W] and coverage [B,1,H,W] -> RGBA [B,4,H,W]."""
    return torch.cat([colour * coverage, coverage], -3)
