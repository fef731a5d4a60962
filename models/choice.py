"""Choice among several images of the same thing, by the masks that say how well each shows a place.

Our addition to the paper. Used by the target decoder, which attends to the images' features, and by the detail head,
which copies their pixels. With one image it is that image, unchanged.

B batch, C channels, h, w size of a feature map. Masks are in (0, 1), 1 means "take the warped source".
"""

from collections.abc import Sequence

import torch
from torch import Tensor

MASK_MARGIN = 1e-6  # from 0 and 1, so that odds are finite
# Power of the odds: on rendered people who turn round, 2 is 0.1 to 0.3 dB better than 1 where the first picture shows
# little, and 4 and 8 are no better.
SHARPNESS = 2.0


def choose_sources(masks: Sequence[Tensor]) -> list[Tensor]:
    """The share [B,1,h,w] of each image in proportion to the odds of its mask [B,1,h,w], squared; they sum to 1."""
    if len(masks) == 1:
        return [torch.ones_like(masks[0])]
    logits = torch.logit(torch.cat([mask.float() for mask in masks], 1), eps=MASK_MARGIN)  # [B,K,h,w]
    return list((SHARPNESS * logits).softmax(1).split(1, 1))


def mix(values: Sequence[Tensor], shares: Sequence[Tensor]) -> Tensor:
    """The mean [B,C,h,w] of values [B,C,h,w], weighted with shares [B,1,h,w] that sum to 1."""
    if len(values) == 1:
        return values[0]
    return torch.stack([value * share.to(value.dtype) for value, share in zip(values, shares, strict=True)]).sum(0)
