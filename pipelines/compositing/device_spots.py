"""Where a result shows the person, on a GPU: `full_resolution.find_person` without reading anything on the CPU.

h, w: canvas; n = h * w pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pipelines.compositing.full_resolution import FAINT, SURE

ROUNDS = 18  # spirals and mazes that fill a canvas of 384 pixels need 17, people 11


def find_person_on_device(image: Tensor) -> Tensor:
    """Where the network's result [1, 4, h, w] shows the person or what is next to them, [1, 1, h, w], 0 to 1."""
    near = F.max_pool2d(image[:, 3:].float(), 3, 1, 1)
    return ((near - FAINT) / (SURE - FAINT)).clamp(0, 1) * keep_spots(near[0, 0] > FAINT, near[0, 0] > 0.5)


def keep_spots(spots: Tensor, wanted: Tensor) -> Tensor:
    """The connected spots, diagonally too, that hold a wanted pixel; all bool [h, w].

    Every pixel follows another one of its spot with a higher number, in the end the highest. In each round pixels and
    those that they follow hear of higher ones around them, and follow those that these follow ("FastSV").
    """
    height, width = spots.shape
    here, numbers = spots.flatten(), torch.arange(height * width, device=spots.device)
    leaders = numbers
    for _ in range(ROUNDS):
        known = leaders[leaders]
        around = torch.where(here, known, -1).float().view(1, 1, height, width)  # whole numbers, exact in float32
        highest = torch.where(here, F.max_pool2d(around, 3, 1, 1).flatten().long(), numbers)
        heard = leaders.scatter_reduce(0, leaders, highest, "amax")
        leaders = torch.maximum(torch.maximum(heard, highest), known)
    found = (wanted.flatten() & here).long()
    return torch.zeros_like(found).scatter_reduce(0, leaders, found, "amax")[leaders].view(height, width) > 0
