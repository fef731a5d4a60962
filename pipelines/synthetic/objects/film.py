"""Resolution and edges of the pictures: as rendered, with jagged edges, or small and enlarged.

`views.render` passes its samples through a `Film`: pictures of models on the web have 64 to 256 pixels along a side and
often no antialiasing, and are enlarged before they are used.

Legend: B objects, H = W size of a picture, k samples per pixel in either direction, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from pipelines.synthetic.rendering.hits import average_samples
from pipelines.synthetic.rendering.noise import chance, pick

RESOLUTIONS = (64, 80, 100, 128, 160, 200, 256)
_WEIGHTS = (0.6, 0.8, 2.0, 2.0, 1.0, 1.0, 1.0)
_SMALL, _JAGGED = 0.45, 0.6  # shares of objects that are shown small, of these and of the others with jagged edges
_JAGGED_LARGE = 0.25
LARGE = 1 << 16  # pixels: more than pictures have
_SHARPNESS = -0.5  # of the cubic interpolation


@dataclass
class Film:
    """How B objects are pictured."""

    resolution: Tensor
    """[B] pixels along a side before enlargement; as large as the picture, or larger: as rendered."""
    jagged: Tensor
    """[B] bool, whether each of these pixels shows one point."""

    @staticmethod
    def plain(batch: int, device: torch.device) -> "Film":
        """Film that shows pictures as they are rendered."""
        return Film(torch.full((batch,), LARGE, device=device), torch.zeros(batch, dtype=torch.bool, device=device))

    def develop(self, grid: Tensor, factor: int) -> Tensor:
        """Pictures [B, C, H, W] of samples [B, H * k, W * k, C] with `factor` k samples per pixel and direction."""
        jagged = self.jagged[:, None, None, None]
        pictures = torch.where(jagged, grid[:, ::factor, ::factor].permute(0, 3, 1, 2), average_samples(grid, factor))
        chosen = (self.resolution < pictures.shape[-1]).nonzero()[:, 0]
        if len(chosen):
            weights = self._weigh_pixels(chosen, pictures.shape[-1])
            pictures[chosen] = weights[:, None] @ pictures[chosen] @ weights.mT[:, None]
        return pictures

    def _weigh_pixels(self, chosen: Tensor, size: int) -> Tensor:
        """Share of each of the pixels along a line in those that are reduced and enlarged again, [b, H, H]."""
        resolution = self.resolution[chosen, None, None]  # [b, 1, 1]
        jagged = self.jagged[chosen, None, None]
        pixel = torch.arange(size, device=resolution.device) + 0.5
        place = pixel[:, None] * resolution / size - 0.5  # [b, H, 1]
        first, total = place.floor(), torch.zeros(1, device=resolution.device)
        for tap in range(-1, 3):
            cell = (first + tap).clamp(min=0).minimum(resolution - 1)
            low, high = cell * size / resolution, (cell + 1) * size / resolution
            area = torch.minimum(pixel + 0.5, high) - torch.maximum(pixel - 0.5, low)
            share = area.clamp(min=0) / (high - low)
            share = torch.where(jagged, (pixel == ((low + high) / 2).floor() + 0.5).float(), share)
            total = total + _cubic((place - first - tap).abs()) * share
        return total


def sample_film(batch: int, generator: Generator) -> Film:
    """Draws the resolution and the edges of B objects."""
    device = generator.device
    small = chance(generator, _SMALL, batch)
    table = torch.tensor(RESOLUTIONS, device=device)
    resolution = torch.where(small, table[pick(generator, _WEIGHTS, batch)], LARGE)
    jagged = torch.where(small, chance(generator, _JAGGED, batch), chance(generator, _JAGGED_LARGE, batch))
    return Film(resolution, jagged)


def _cubic(away: Tensor) -> Tensor:
    """Weights of neighbours at the distances `away` in 0..2 pixels."""
    a = _SHARPNESS
    near = ((a + 2) * away - (a + 3)) * away.square() + 1
    far = a * (((away - 5) * away + 8) * away - 4)
    return torch.where(away < 1, near, torch.where(away < 2, far, 0.0))
