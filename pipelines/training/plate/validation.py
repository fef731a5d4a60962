"""Held-out rendered pictures and the quality of what fills their holes.

Called by `plate.recipe`. Legend: B pictures, H = W size. Images are in [-1, 1].
"""

from collections.abc import Callable

import torch
from torch import Tensor

from models.ops.filling import push_pull
from models.plate import PlateNetwork
from pipelines.runtime.progress import SILENT, Progress
from pipelines.training.image_metrics import psnr, ssim
from pipelines.training.plate.data import Pictures, Recipe, draw_pictures, join

VALIDATION_SEED = 4019
AT_ONCE, AT_ONCE_ON_CPU = 32, 4  # pictures that are rendered or filled together
SHOWN = 8  # pictures of the sheet

Fill = Callable[[Tensor, Tensor], Tensor]  # image and hole -> image, as `PlateNetwork.forward`


def render_held_out(number: int, *, size: int, device: torch.device, progress: Progress = SILENT) -> Pictures:
    """`number` pictures from a seed of their own, which training never draws."""
    generator = torch.Generator(device).manual_seed(VALIDATION_SEED)
    at_once, parts = _at_once(device), []
    for start in range(0, number, at_once):
        parts.append(draw_pictures(Recipe(), min(at_once, number - start), size, generator))
        progress.advance(len(parts[-1]))
    return join(parts)


def fill_smoothly(image: Tensor, hole: Tensor) -> Tensor:
    """What the network begins with: the push-pull filling."""
    return torch.lerp(image, push_pull(image, 1 - hole), hole)


def measure(filled: Tensor, pictures: Pictures) -> dict[str, Tensor]:
    """PSNR in dB and SSIM inside the holes, [B] each."""
    return {
        "psnr": psnr(filled, pictures.image, pictures.hole),
        "ssim": ssim(filled, pictures.image, pictures.hole),
    }


@torch.no_grad()
def validate(
    network: PlateNetwork, pictures: Pictures, progress: Progress = SILENT
) -> tuple[dict[str, float], list[Tensor]]:
    """Fill every hole and compare with the truth.

    Returns:
        Means over the pictures of `psnr` and `ssim`, and of push-pull as `psnr_smooth` and `ssim_smooth`; rows
        [4, 3, H, W] of a sheet: the hole, the push-pull filling, the network's and the truth.
    """
    numbers, rows = {}, []
    for part in pictures.chunks(_at_once(pictures.image.device)):
        filled, smooth = network(part.image, part.hole), fill_smoothly(part.image, part.hole)
        found = measure(filled, part) | {f"{key}_smooth": value for key, value in measure(smooth, part).items()}
        for key, value in found.items():
            numbers.setdefault(key, []).append(value)
        columns = part.image * (1 - part.hole), smooth, filled, part.image
        rows += list(torch.stack(columns, 1))[: SHOWN - len(rows)]
        progress.advance(len(part))
    return {key: float(torch.cat(values).mean()) for key, values in numbers.items()}, rows


def _at_once(device: torch.device) -> int:
    return AT_ONCE_ON_CPU if device.type == "cpu" else AT_ONCE
