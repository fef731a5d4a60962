"""What shows an object from any side: the project's generator, or the authors'. S side of the pictures."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.fold import channels_last, fold_batch_norm
from models.generators.picture import PictureGenerator
from models.generators.view import View, ViewGenerator
from models.generators.view_codes import known_view, view_code
from pipelines.media.tensors import image_to_tensor, normalise_pixels, tensor_to_image
from pipelines.object_views.source import ObjectView

BACKGROUNDS = ("white", "transparent", "original")


class ViewRenderer(Protocol):
    """Views of an object, one after the other; `views` of them make a turn, unless it is said."""

    @property
    def views(self) -> int: ...

    def show(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> Iterator[np.ndarray]:
        """uint8 [S, S, 3], or [S, S, 4] with a transparent background."""
        ...

    def doubt(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> str:
        """One line if `show` makes other views than these, else ""."""
        ...


@dataclass(frozen=True)
class GridViewRenderer:
    """The authors' generator, which knows 54 views; results are truncated to bytes, as the authors save them."""

    generator: PictureGenerator
    precision: AbstractContextManager
    views: int = 18

    def show(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> Iterator[np.ndarray]:
        device = next(self.generator.parameters()).device
        image = image_to_tensor(source.picture)[None].to(device)
        own = view_code(source.azimuth, source.elevation)[None].to(device)
        for azimuth in azimuths:
            with torch.inference_mode(), self.precision:
                made = self.generator(image, own, view_code(azimuth, elevation)[None].to(device))
            yield tensor_to_image(made.image[0], rounding="truncate")

    def doubt(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> str:
        asked = [(source.azimuth, source.elevation), *((azimuth, elevation) for azimuth in azimuths)]
        if all((azimuth % 360, elevation) == known_view(azimuth, elevation) for azimuth, elevation in asked):
            return ""
        return "these weights know azimuths in steps of 20 and elevations in steps of 10 degrees: rounded down"


class ObjectRenderer:
    """The project's generator: any angle, on any background, from `distance` diagonals of the object."""

    def __init__(
        self, generator: ViewGenerator, precision: AbstractContextManager, *, background: str, distance: float
    ) -> None:
        self.generator = channels_last(fold_batch_norm(generator))
        self.precision, self.background, self.distance, self.views = precision, background, distance, 72
        self.device = next(generator.parameters()).device

    def show(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> Iterator[np.ndarray]:
        image = image_to_tensor(source.picture)[None].to(self.device).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), self.precision:
            pose = self._angle(source.azimuth), self._angle(source.elevation)
            encoded = self.generator.encode(image, *pose, self.distance)
        for azimuth in azimuths:
            with torch.inference_mode(), self.precision:
                view = self.generator.view(encoded, self._angle(azimuth), self._angle(elevation))
                made = self._laid(view, source.background)
            yield tensor_to_image(made, rounding="round")

    def doubt(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> str:
        return ""

    def _laid(self, view: View, original: tuple[int, int, int]) -> Tensor:
        """[3 or 4, S, S] in -1..1."""
        if self.background == "transparent":
            return torch.cat([view.colours, 2 * view.alpha - 1], 1)[0].float()
        if self.background == "original":
            colour = normalise_pixels(torch.tensor(original, device=self.device))
            return view.on(colour.view(3, 1, 1))[0].float()
        return view.image[0].float()

    def _angle(self, degrees: float) -> Tensor:
        return torch.tensor([degrees], dtype=torch.float32, device=self.device)
