"""Where a warped image should not be copied: our addition to the paper, for the detail head in eval mode.

The generated image is less sharp than what is copied, but it has the right colours in the right places, and a flow that
folds or stretches what it copies is not that of a body.

B batch, I image channels, H, W image size, h, w size of a flow map. Images are in [-1, 1]; flow is backward flow in
pixels of its own map, channel 0 = x.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

TOLERANCE = 0.05  # difference of means that costs nothing
LARGEST, SMALLEST = 1.3, 0.3  # how much a flow may shrink and enlarge what it copies, along any direction, at no cost
FOLD = 2.0  # cost of enlarging it further, and then of mirroring it, in units of that of shrinking it further


def measure_difference(image: Tensor, generated: Tensor, scale: int) -> Tensor:
    """How far means of two images [B,I,H,W] over some pixels are apart: [B,1,h,w], 0 up to the tolerance.

    Means are those of three by three squares of `scale` pixels, around each square.
    """
    squares = F.avg_pool2d(image.float() - generated.float(), scale)
    means = F.avg_pool2d(squares, 3, stride=1, padding=1, count_include_pad=False)
    return (means.abs().mean(1, keepdim=True) - TOLERANCE).clamp(min=0)


def measure_distortion(flow: Tensor) -> Tensor:
    """How far flow [B,2,h,w] is from that of something rigid: [B,1,h,w] in 0 to 1.

    From the singular values of its Jacobian, of which the smaller one is negative where it mirrors.
    """
    around = F.pad(flow.float(), (1, 1, 1, 1), mode="replicate")
    along_x = (around[:, :, 1:-1, 2:] - around[:, :, 1:-1, :-2]) / 2
    along_y = (around[:, :, 2:, 1:-1] - around[:, :, :-2, 1:-1]) / 2
    xx, yx = along_x.split(1, 1)  # [B,1,h,w]: of the flow's x and y
    xy, yy = along_y.split(1, 1)
    turned, mirrored = torch.hypot(2 + xx + yy, yx - xy) / 2, torch.hypot(xx - yy, yx + xy) / 2
    shrunk = (turned + mirrored - LARGEST).clamp(min=0)
    folded = (SMALLEST - turned + mirrored).clamp(min=0)
    return (shrunk + FOLD * folded).clamp(max=1)
