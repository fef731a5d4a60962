"""Parts of source pictures that several tests need."""

from collections.abc import Callable
from typing import Any

from pipelines.generation.cutout import CutOut, Fill
from pipelines.keypoints.motion import SourcePerson


def remember_cutouts(cut_out: Callable[[SourcePerson, Fill], CutOut]) -> Callable[[SourcePerson, Fill], CutOut]:
    """`cut_out` that takes the same picture apart once for each function that fills."""
    known: dict[Any, CutOut] = {}

    def remembering(source: SourcePerson, fill: Fill) -> CutOut:
        arrays = (source.picture, source.mask, source.alpha, source.detected)
        contents = [None if array is None else (array.shape, array.tobytes()) for array in arrays]
        key = (*contents, getattr(fill, "func", fill))
        if key not in known:
            known[key] = cut_out(source, fill)
        return known[key]

    return remembering
