"""Renderers: generators that show an object from any viewpoint, the project's own and the authors'.

A source view and target viewpoints go in; pictures come out, one after the other. Called by `pipelines.view_synthesis`.
S: side of the pictures. Angles are in degrees and as in `models.generators.view_codes`.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.fold import prepare_for_inference
from models.generators.picture import PictureGenerator
from models.generators.view import SourceViews, View, ViewGenerator
from models.generators.view_codes import known_view, view_code
from models.turning import SCALE, Camera
from pipelines.media.tensors import image_to_tensor, normalise_pixels, tensor_to_image
from pipelines.object_views.shape import list_angles
from pipelines.object_views.source import ObjectView
from pipelines.runtime.devices import PRECISIONS, autocast


class ViewRenderer(Protocol):
    """What renders the views of an object."""

    @property
    def views_per_turn(self) -> int:
        """Number of views in a full turn unless the user chooses one."""
        ...

    def render(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> Iterator[np.ndarray]:
        """uint8 [S, S, 3], or [S, S, 4] with a transparent background, for each azimuth."""
        ...

    def warning(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> str | None:
        """One line if `render` shows other viewpoints than these."""
        ...


@dataclass(frozen=True)
class GridViewRenderer:
    """The authors' generator, which knows 54 viewpoints; values are truncated to bytes, as the authors save them."""

    generator: PictureGenerator
    precision: AbstractContextManager
    """Context in which the generator runs: autocast, or none."""
    views_per_turn: int = 18

    def render(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> Iterator[np.ndarray]:
        device = next(self.generator.parameters()).device
        image = image_to_tensor(source.picture)[None].to(device)
        source_code = view_code(source.azimuth, source.elevation)[None].to(device)  # [1, 21, 1, 1]
        for azimuth in azimuths:
            with torch.inference_mode(), self.precision:
                made = self.generator(image, source_code, view_code(azimuth, elevation)[None].to(device))
            yield tensor_to_image(made.image[0], rounding="truncate")

    def warning(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> str | None:
        viewpoints = [(source.azimuth, source.elevation), *((azimuth, elevation) for azimuth in azimuths)]
        if all((azimuth % 360, elevation) == known_view(azimuth, elevation) for azimuth, elevation in viewpoints):
            return None
        return "these weights know azimuths in steps of 20 and elevations in steps of 10 degrees: angles rounded down"


class ObjectRenderer:
    """The project's generator, which renders any viewpoint on any background.

    Args:
        precision: of the generator: fp32, bf16 or fp16.
        background: white, transparent, or original, the colour around the object in the source picture.
        category: the class of the objects.
    """

    views_per_turn = 72

    def __init__(self, generator: ViewGenerator, precision: str, *, background: str, category: str) -> None:
        self.generator, self.background = prepare_for_inference(generator, PRECISIONS[precision]), background
        self.device, classes = next(generator.parameters()).device, generator.config.classes
        self.kind = torch.tensor([classes.index(category) if category in classes else -1], device=self.device)
        self.precision = autocast(precision, self.device)

    def render(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> Iterator[np.ndarray]:
        encoded = self._encode(source)
        for azimuth in azimuths:
            with torch.inference_mode(), self.precision:
                view = self.generator.view(encoded, self._make_camera(source, azimuth, elevation))
                made = self._compose(view, source.background)
            yield tensor_to_image(made, rounding="round")

    def survey(self, source: ObjectView) -> Iterator[tuple[Camera, View]]:
        """Views from all around, for the object's shape, and their cameras."""
        encoded = self._encode(source)
        for azimuth, elevation in self.survey_angles:
            with torch.inference_mode(), self.precision:
                camera = self._make_camera(source, source.azimuth + azimuth, elevation)
                view = self.generator.view(encoded, camera)
            yield camera, view

    @property
    def survey_angles(self) -> Sequence[tuple[float, float]]:
        """Azimuths from the source's, and elevations, of `survey`."""
        return list_angles(lens=self.generator.config.lens)

    def warning(self, source: ObjectView, azimuths: Sequence[float], elevation: float) -> str | None:
        return None

    def _encode(self, source: ObjectView) -> SourceViews:
        image = image_to_tensor(source.picture)[None].to(self.device).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), self.precision:
            camera = self._make_camera(source, source.azimuth, source.elevation)
            return self.generator.encode(image, camera, self.kind)

    def _compose(self, view: View, original: tuple[int, int, int]) -> Tensor:
        """The view on its background, or with its opacity as a fourth channel: [3 or 4, S, S] in [-1, 1]."""
        if self.background == "transparent":
            return torch.cat([view.colours, 2 * view.alpha - 1], 1)[0].float()
        if self.background == "original":
            colour = normalise_pixels(torch.tensor(original, device=self.device))  # [3]
            return view.on(colour.view(3, 1, 1))[0].float()
        return view.image[0].float()

    def _make_camera(self, source: ObjectView, azimuth: float, elevation: float) -> Camera:
        """A camera [1] with the source's lens; generators that don't know lenses were trained at the usual scale."""
        scale = source.scale if self.generator.config.lens else SCALE
        return Camera.unstack(torch.tensor([[azimuth, elevation, 1 / source.distance, scale]], device=self.device))
