"""Parts of source pictures that several tests need."""

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.generation.cutout import CutOut, Fill
from pipelines.keypoints.motion import SourcePerson

CutOutFunction = Callable[[Sequence[SourcePerson], Fill], list[CutOut]]


def remember_cutouts(cut_out: CutOutFunction) -> CutOutFunction:
    """`cut_out` that takes the same picture apart once for each function that fills."""
    known: dict[Any, list[CutOut]] = {}

    def remembering(sources: Sequence[SourcePerson], fill: Fill) -> list[CutOut]:
        arrays = [(each.picture, each.mask, each.alpha, each.detected, each.share) for each in sources]
        contents = [None if array is None else (array.shape, array.tobytes()) for each in arrays for array in each]
        key = (*contents, getattr(fill, "func", fill))
        if key not in known:
            known[key] = cut_out(sources, fill)
        return known[key]

    return remembering
