"""View-synthesis generator: an image of an object on white in, images of it from any side out.

Our development of the view synthesis in section 5.4 of the paper. The decoder has two sources: the image, and its
mirror image, which shows a symmetric object from the opposite azimuth. `ViewGenerator.encode` is called once per
image, `view` once per camera; see `pipelines.object_views.renderers`.

B batch, C channels, D cells in depth, H = W image size (a multiple of 2^flow_layers), h, w size of a feature map.
K classes. Images are in [-1, 1]; cameras are as in `models.turning`; flow is backward flow in pixels of its own map,
channel 0 = x; lists run from coarse to fine.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.detail import Detail, DetailHead
from models.generators.config import ViewConfig
from models.generators.parts import DecoderSource, SourceEncoder, TargetDecoder, check_image
from models.layers import activation
from models.turning import Camera, lens_code, pose_code
from models.volume import ViewGeometry, VolumeEncoder, VolumeReader

OWN, MIRRORED = 0, 1  # index of the image and of its mirror image among the sources
WHITE = 1.0
MIN_ALPHA = 1 / 255  # the faintest alpha that shows in a uint8 image


@dataclass(frozen=True)
class SourceViews:
    """An image and its mirror image, and what is computed from them once for all views."""

    images: tuple[Tensor, Tensor]
    """[B,3,H,W] each: the image and its mirror image."""

    camera: Camera
    """[B], that took the image."""

    classes: Tensor
    """[B,K,1,1], the code of the kind of object."""

    volume: Tensor
    """[B,C,D,h,w] features; see `models.volume`."""

    features: tuple[list[Tensor], list[Tensor]]
    """[B,C,h,w] of the source encoder, for each of `images`."""

    projected: tuple[list[Tensor], list[Tensor]]
    """What the attentions compute from `features` alone."""


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

    def encode(self, image: Tensor, camera: Camera, kind: Tensor | None = None) -> SourceViews:
        """Compute once what all views need.

        Args:
            image: [B,3,H,W], an object on white.
            camera: [B], that took the image.
            kind: [B] integers, the object's index in the config's `classes`, -1 or None if it is unknown. Azimuths of
                unknown kinds are relative to any one.

        Raises:
            ValueError: the image is not square or its size doesn't fit the config.
        """
        check_image(self.config, image)
        if image.shape[-1] != image.shape[-2]:
            raise ValueError(f"expected a square image, got {tuple(image.shape)}")
        classes = self._encode_kind(kind, camera)
        pose = pose_code(camera.azimuth, camera.elevation, self.config.harmonics)
        volume = self.volume(image, torch.cat([pose, *self._encode_lenses(camera), classes], 1))
        images = image, image.flip(-1)
        both = [level.chunk(2) for level in self.source(torch.cat(images))]  # [2B,C,h,w] -> 2 x [B,C,h,w]
        features = [level[OWN] for level in both], [level[MIRRORED] for level in both]
        projected = self.target.project("", features[OWN]), self.target.project("_m", features[MIRRORED])
        return SourceViews(images, camera, classes, volume, features, projected)

    def view(self, source: SourceViews, camera: Camera) -> View:
        """The object from another camera [B]."""
        cameras, volumes = (source.camera, source.camera.mirror()), (source.volume, source.volume.flip(-1))
        angles = camera.azimuth, camera.azimuth - source.camera.azimuth
        poses = [pose_code(angle, camera.elevation, self.config.harmonics) for angle in angles]
        code = torch.cat([*poses, *self._encode_lenses(camera, source.camera), source.classes], 1)
        structure, geometry = self.reader(volumes, cameras, camera, code)
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

    def forward(self, image: Tensor, camera: Camera, target: Camera, kind: Tensor | None = None) -> View:
        """`encode` and `view` in one call."""
        return self.view(self.encode(image, camera, kind), target)

    def _encode_lenses(self, *cameras: Camera) -> list[Tensor]:
        """[B,2,1,1] of each camera, if the config has lenses."""
        return [lens_code(camera) for camera in cameras] if self.config.lens else []

    def _encode_kind(self, kind: Tensor | None, camera: Camera) -> Tensor:
        """One-hot code [B,K,1,1] of K classes; zeros for unknown kinds."""
        numbers = torch.arange(len(self.config.classes), device=camera.azimuth.device)
        if kind is None:
            kind = torch.full_like(camera.azimuth, -1)
        return (kind[:, None] == numbers).to(camera.azimuth)[..., None, None]
