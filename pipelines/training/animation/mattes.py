"""People cut out of pictures as badly as in use: what a generator gets as its reference and as its previous frame.

Called by `animation.data` and `animation.validation`.

Legend: B clips, H, W image size. Pictures are in [-1, 1]; RGBA is colour in [-1, 1] times coverage, and coverage in
0 to 1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from models.layer import premultiply

LARGEST_SHIFT = 2  # pixels by which a matte may be too large or too small
ROUNDS_OF_BLUR = 2
LOST_PARTS = 0.2  # share of the mattes without parts thinner than 5 pixels
LEVELS, GAINS = (0.3, 0.6), (1.7, 6.0)  # of the contrast of a matte: what is 0 and what is 1 stays so


def cut_out(image: Tensor, rgba: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """The person as a matting method would cut it out of a picture, [B, 4, H, W].

    Colours at the edge are anything from the person's own to the picture's, which have a fringe of the background.

    Args:
        image: pictures [B, 3, H, W].
        rgba: the people in them, exactly [B, 4, H, W].
        share: of the mattes that are imperfect; the others are exact.
    """
    colour, mask = rgba[:, :3], rgba[:, 3:]
    own = torch.where(mask > 0, colour / mask.clamp(min=1e-3), image)
    straight = torch.lerp(own, image, _draw(image, generator, 0, 1))
    imperfect = premultiply(straight, spoil_coverage(mask, generator))
    return torch.where(_draw(image, generator, 0, 1) < share, imperfect, rgba)


def spoil_coverage(mask: Tensor, generator: torch.Generator) -> Tensor:
    """Mattes [B, 1, H, W] that lack thin parts, are too large or too small, blurred, and of another contrast.

    What the picture cuts off still reaches the picture's edge.
    """
    opened = _grow(_shrink(mask, 5), 5)
    mask = torch.where(_draw(mask, generator, 0, 1) < LOST_PARTS, opened, mask)
    shift = _draw(mask, generator, -LARGEST_SHIFT - 0.5, LARGEST_SHIFT + 0.5).round()
    for count in range(LARGEST_SHIFT):
        mask = torch.where(shift > count, _grow(mask, 3), torch.where(shift < -count, _shrink(mask, 3), mask))
    rounds = _draw(mask, generator, 0, ROUNDS_OF_BLUR + 1).floor()
    for count in range(ROUNDS_OF_BLUR):
        mask = torch.where(rounds > count, _blur(mask, 5), mask)
    return ((mask - _draw(mask, generator, *LEVELS)) * _draw(mask, generator, *GAINS) + 0.5).clamp(0, 1)


def imitate_generated(rgba: Tensor, generator: torch.Generator) -> Tensor:
    """True people [B, 4, H, W] with the noise and softness of the generator's own results after some frames.

    Far from the person nothing is generated.
    """
    noise = 0.03 * torch.randn(rgba.shape, generator=generator, device=rgba.device)
    noisy = rgba + noise * _blur(_grow(rgba[:, 3:], 5), 5)
    rounds = _draw(rgba, generator, 0, 5).floor()
    for count in range(4):
        noisy = torch.where(rounds > count, _blur(noisy, 3), noisy)
    return noisy


def _draw(like: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    """[B, 1, 1, 1], uniform."""
    return low + (high - low) * torch.rand(len(like), 1, 1, 1, generator=generator, device=like.device)


def _grow(mask: Tensor, side: int) -> Tensor:
    return F.max_pool2d(mask, side, 1, side // 2)


def _shrink(mask: Tensor, side: int) -> Tensor:
    return -_grow(-mask, side)


def _blur(image: Tensor, side: int) -> Tensor:
    return F.avg_pool2d(F.pad(image, [side // 2] * 4, mode="replicate"), side, 1)
