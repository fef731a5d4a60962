"""View-synthesis generator: an image of an object on white in, images of it from any side out.

Our development of the view synthesis in section 5.4 of the paper. The decoder has two sources: the image, and its
mirror image, which shows a symmetric object from the opposite azimuth. `ViewGenerator.encode` is called once per
image, `view` once per camera pose; see `pipelines.object_views.renderers`.

B batch, C channels, D cells in depth, H = W image size (a multiple of 2^flow_layers), h, w size of a feature map.
Images are in [-1, 1]; angles are in degrees, as in `models.turning.camera_axes`; distances are in diagonals of the
object; flow is backward flow in pixels of its own map, channel 0 = x; lists run from coarse to fine.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.detail import Detail, DetailHead
from models.generators.config import ViewConfig
from models.generators.parts import DecoderSource, SourceEncoder, TargetDecoder, check_image
from models.layers import activation
from models.turning import DISTANCE, camera_axes, pose_code, turn_between
from models.volume import ViewGeometry, VolumeEncoder, VolumeReader

OWN, MIRRORED = 0, 1  # index of the image and of its mirror image among the sources
WHITE = 1.0
MIN_ALPHA = 1 / 255  # the faintest alpha that shows in a uint8 image


@dataclass(frozen=True)
class SourceViews:
    """An image and its mirror image, and what is computed from them once for all views."""

    images: tuple[Tensor, Tensor]
    """[B,3,H,W] each: the image and its mirror image."""

    azimuth: Tensor
    """[B] degrees, of the camera that took the image."""

    elevation: Tensor
    """[B] degrees, of the camera that took the image."""

    volume: Tensor
    """[B,C,D,h,w] features; see `models.volume`."""

    features: tuple[list[Tensor], list[Tensor]]
    """[B,C,h,w] of the source encoder, for each of `images`."""

    projected: tuple[list[Tensor], list[Tensor]]
    """What the attentions compute from `features` alone."""

    distance: float
    """Of all cameras from the object's centre."""


@dataclass(frozen=True)
class View:
    """One view of the object."""

    image: Tensor
    """[B,3,H,W], on white."""

    alpha: Tensor
    """[B,1,H,W] in 0..1, the share of each pixel that the object covers."""

    generated: Tensor
    """[B,3,H,W], the image before the detail head copies pixels of the sources into it."""

    geometry: ViewGeometry
    """Depths, flows and masks."""

    detail: Detail
    """What the detail head did; "previous" stands for the mirror image and "reference" for the image itself."""

    @property
    def colours(self) -> Tensor:
        """[B,3,H,W], the object's colours without the white background that shows through."""
        return (WHITE + (self.image - WHITE) / self.alpha.clamp(min=MIN_ALPHA)).clamp(-1, 1)

    def on(self, background: Tensor | float) -> Tensor:
        """The object [B,3,H,W] on another background in [-1, 1], a number or a tensor that broadcasts to [B,3,H,W]."""
        return self.image + (1 - self.alpha) * (background - WHITE)


class ViewGenerator(nn.Module):
    """Encodes an image of an object once and shows the object from any side."""

    def __init__(self, *, config: ViewConfig) -> None:
        super().__init__()
        self.config = config
        self.volume = VolumeEncoder(config)
        self.reader = VolumeReader(config, sources=2)
        self.source = SourceEncoder(config)
        self.target = TargetDecoder(config, sources=("", "_m"), doublings=0)
        self.detail = DetailHead(
            channels=config.channels(0),
            hidden=config.detail_hidden,
            scale=2 ** min(config.attention_layers),
            image_channels=config.image_channels,
            restraint=config.restraint,
        )
        self.cover = nn.Sequential(activation(), nn.Conv2d(config.channels(0), 1, 3, padding=1))

    def encode(self, image: Tensor, azimuth: Tensor, elevation: Tensor, distance: float = DISTANCE) -> SourceViews:
        """Compute once what all views need.

        Args:
            image: [B,3,H,W], an object on white.
            azimuth, elevation: [B] degrees, of the camera that took the image.
            distance: of that camera, and of those of the views.

        Raises:
            ValueError: the image is not square or its size doesn't fit the config.
        """
        check_image(self.config, image)
        if image.shape[-1] != image.shape[-2]:
            raise ValueError(f"expected a square image, got {tuple(image.shape)}")
        volume = self.volume(image, pose_code(azimuth, elevation, self.config.harmonics))
        images = image, image.flip(-1)
        both = [level.chunk(2) for level in self.source(torch.cat(images))]  # [2B,C,h,w] -> 2 x [B,C,h,w]
        features = [level[OWN] for level in both], [level[MIRRORED] for level in both]
        projected = self.target.project("", features[OWN]), self.target.project("_m", features[MIRRORED])
        return SourceViews(images, azimuth, elevation, volume, features, projected, distance)

    def view(self, source: SourceViews, azimuth: Tensor, elevation: Tensor) -> View:
        """The object from a camera at azimuth, elevation [B] degrees."""
        axes = camera_axes(azimuth, elevation)
        turns = [turn_between(axes, camera_axes(sign * source.azimuth, source.elevation)) for sign in (1, -1)]
        codes = [pose_code(angle, elevation, self.config.harmonics) for angle in (azimuth, azimuth - source.azimuth)]
        volumes = source.volume, source.volume.flip(-1)
        structure, geometry = self.reader(volumes, turns, torch.cat(codes, 1), source.distance)
        sources = [
            DecoderSource(source.features[own], geometry.flows[own], geometry.masks[own], source.projected[own])
            for own in (OWN, MIRRORED)
        ]
        features = self.target(structure, *sources)
        alpha = self.cover(features).float().sigmoid()
        generated = WHITE + alpha * (self.target.outconv(features) - WHITE)
        finest = [(fields[MIRRORED][-1], fields[OWN][-1]) for fields in (geometry.flows, geometry.masks)]
        pictures = source.images[MIRRORED], source.images[OWN]
        image, detail = self.detail(features, generated, pictures[0], pictures[1:], *finest)
        # A pixel can't be darker than its alpha allows: black in any channel means covered completely.
        darkness = ((WHITE - image) / 2).amax(1, keepdim=True)  # [B,1,H,W]
        return View(image, torch.maximum(alpha, darkness), generated, geometry, detail)

    def forward(
        self, image: Tensor, azimuth: Tensor, elevation: Tensor, target_azimuth: Tensor, target_elevation: Tensor
    ) -> View:
        """`encode` and `view` in one call; all angles [B] degrees."""
        return self.view(self.encode(image, azimuth, elevation), target_azimuth, target_elevation)
