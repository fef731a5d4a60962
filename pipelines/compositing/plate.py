"""Plates: a picture at its own resolution, with what is in front of its background filled in.

In: a picture and the hole to fill. Out: the picture with a filled hole. The network sees the hole with its surroundings
at `SIDE` pixels or fewer; what it makes is enlarged and gets the grain of what is around.

H, W: picture; h, w: the region around the hole. Tensors are in [-1, 1].
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops.filling import push_pull
from models.plate import PlateNetwork
from pipelines.compositing.grain import add_grain
from pipelines.runtime.threads import single_thread

SIDE = 512  # pixels: the longer side of what the network sees
CONTEXT = 0.5  # around the hole on every side, as a share of the hole's longer side
MIN_CONTEXT = 32  # pixels around the hole
SEAM = 16  # pixels of what the network sees over which the filling takes on the tone of what is around
BORDER, ALONG = 2, 8  # pixels: reach of the means across the border of the hole, and along it


@torch.inference_mode()
@single_thread()
def fill_plate(picture: np.ndarray, hole: np.ndarray, network: PlateNetwork) -> np.ndarray:
    """Fill the hole of a picture, on the network's device. The same arguments give the same result on every number of
    threads: the network's sums would depend on it, so it has one.

    Args:
        picture: uint8 RGB [H, W, 3]; where the hole is 1 it is not read.
        hole: float32 [H, W], 1 where to fill, 0 where to keep; between, the filling is blended with the picture.
        network: in evaluation mode.

    Returns:
        uint8 RGB [H, W, 3], exactly the picture where the hole is 0. A hole that covers everything is filled with what
        the network makes of nothing.
    """
    result = picture.copy()
    region = find_region(hole)
    if region is None:
        return result
    device = next(network.parameters()).device
    image = torch.from_numpy(picture[region]).to(device).permute(2, 0, 1)[None] / 127.5 - 1  # [1, 3, h, w]
    share = torch.from_numpy(hole[region]).to(device, torch.float32)[None, None]  # [1, 1, h, w]
    filled = torch.lerp(image, fill_region(image, (share == 0).float(), network), share)
    pixels = ((filled[0] + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    result[region] = np.where(hole[region][..., None] > 0, pixels, result[region])
    return result


def find_region(hole: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns of the hole [H, W] and its surroundings; None if there is no hole."""
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    if not len(rows):
        return None
    extent = 1 + max(np.ptp(rows), np.ptp(columns))
    margin = max(MIN_CONTEXT, round(CONTEXT * extent))
    first, last = (slice(max(0, int(at[0]) - margin), int(at[-1]) + 1 + margin) for at in (rows, columns))
    return first, last


def fill_region(image: Tensor, known: Tensor, network: PlateNetwork) -> Tensor:
    """Fill the image [1, 3, h, w] where `known` [1, 1, h, w] is 0 and not 1."""
    height, width = image.shape[-2:]
    scale = min(1.0, SIDE / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    share = F.interpolate(known, size=small, mode="area")
    shrunk = F.interpolate(image * known, size=small, mode="area") / share.clamp(min=1e-6)
    unknown = (share < 0.5).float()
    made = soften_seam(network(shrunk, unknown), unknown)
    filled = F.interpolate(made, size=(height, width), mode="bicubic", align_corners=False)  # soft at the hole's border
    filled = torch.where(known > 0, image, filled)
    return add_grain(filled, known, scale / 2) if share.any() else filled


def soften_seam(made: Tensor, hole: Tensor) -> Tensor:
    """The filled image [1, 3, h, w], with the tone of the filling led over to that of the known pixels at the border of
    the hole [1, 1, h, w]: a shadow that ends there would show the outline of who was there."""
    known = 1 - hole
    outside, inside = _blur(known, BORDER), _blur(hole, BORDER)
    border = hole * (torch.minimum(outside, inside) > 0.2)
    step = _blur(made * known, BORDER) / outside.clamp(min=1e-6) - _blur(made * hole, BORDER) / inside.clamp(min=1e-6)
    share = _blur(border, ALONG)
    step = push_pull(_blur(step * border, ALONG) / share.clamp(min=1e-6), (share > 0).float())
    near = (2 * _blur(known, SEAM)).clamp(max=1)  # 1 at a straight border, 0 from SEAM pixels on
    return made + hole * near * step


def _blur(x: Tensor, reach: int) -> Tensor:
    """Means [1, C, h, w] of squares that reach so many pixels to every side."""
    return F.avg_pool2d(x, 2 * reach + 1, 1, reach, count_include_pad=False)
