"""What a data set gives to training, one item at a time; torch's `default_collate` makes batches [B, ...] of them.

Legend: S structure channels, T frames, H, W image size. Images are in [-1, 1].
"""

from typing import NamedTuple

from torch import Tensor


class Pair(NamedTuple):
    """One person or object in two pictures."""

    source: Tensor
    """[3, H, W]"""
    source_structure: Tensor
    """[S, H, W] of people, [S, 1, 1] of views of an object."""
    target: Tensor
    """[3, H, W]"""
    target_structure: Tensor
    """[S, H, W] or [S, 1, 1]"""


class Sequence(NamedTuple):
    """Consecutive frames, and a reference picture of the same person."""

    reference: Tensor
    """[3, H, W]"""
    reference_structure: Tensor
    """[S, H, W]"""
    images: Tensor
    """[T, 3, H, W]"""
    structures: Tensor
    """[T, S, H, W]"""
    masks: Tensor
    """[T, 1, H, W] in 0..1, where the sampling correctness loss counts; ones where the data set has no masks."""


class Window(NamedTuple):
    """A stretch of joint tracks for the motion extraction network, in -1..1: the rows of y before the rows of x."""

    detected: Tensor
    """[34, T + 80] COCO-17 joints."""
    true: Tensor
    """[34, T] Human3.6M-17 joints."""
