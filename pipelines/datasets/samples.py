"""What a data set gives to training, one item at a time; torch's `default_collate` makes batches [B, ...] of them.

S structure channels, T frames, K joints, H, W image size. Images are in [-1, 1].
"""

from typing import NamedTuple

from torch import Tensor


class Pair(NamedTuple):
    """One thing seen twice.

    source, target [3, H, W]; their structures [S, H, W] of people, [S, 1, 1] of views of an object.
    """

    source: Tensor
    source_structure: Tensor
    target: Tensor
    target_structure: Tensor


class Sequence(NamedTuple):
    """Consecutive frames, and a reference picture of the same person.

    reference [3, H, W] with its structure [S, H, W]; images [T, 3, H, W], structures [T, S, H, W];
    masks [T, 1, H, W] 0..1 say where the sampling correctness counts, ones where the data set has none.
    """

    reference: Tensor
    reference_structure: Tensor
    images: Tensor
    structures: Tensor
    masks: Tensor


class Window(NamedTuple):
    """A stretch of joint tracks for the motion extraction network, in -1..1, K rows of y before K rows of x.

    detected [2K, T + 80] COCO-17; true [2K, T] Human3.6M-17.
    """

    detected: Tensor
    true: Tensor
