"""View-synthesis generator: an object on white, seen from any side (ours on top of the paper, section 5.4).

Two sources are one picture: itself, and its mirror image, which shows a symmetric object from the opposite azimuth.
B batch, H = W image size (a multiple of 2^flow_layers), h, w size of a feature map. Images are in [-1, 1]; angles are
in degrees [B], as in `models.turning.camera_axes`; flows are in pixels of their own map; lists run from coarse to fine.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.detail import Detail, DetailHead
from models.generators.config import ViewConfig
from models.generators.parts import Guide, SourceEncoder, TargetDecoder, check_image
from models.layers import activation
from models.turning import DISTANCE, camera_axes, pose_code, turn_between
from models.volume import Outlook, VolumeEncoder, VolumeReader

OWN, MIRRORED = 0, 1  # the sources of a view
WHITE = 1.0
FAINTEST = 1 / 255  # alpha that leaves a trace


@dataclass(frozen=True)
class SourceViews:
    """The picture and its mirror image, [B,3,H,W] each, with what all views share of them: volume, attended features
    and their halves of the attention, and the cameras' distance in diagonals of the object."""

    images: tuple[Tensor, Tensor]
    azimuth: Tensor
    elevation: Tensor
    volume: Tensor
    features: tuple[list[Tensor], list[Tensor]]
    projected: tuple[list[Tensor], list[Tensor]]
    distance: float


@dataclass(frozen=True)
class View:
    """One view: image [B,3,H,W] on white, and generated, the same before anything is copied; alpha [B,1,H,W] in 0..1,
    how much of a pixel the object covers. In `detail` the mirror image stands for the previous frame and the picture
    for the reference."""

    image: Tensor
    alpha: Tensor
    generated: Tensor
    outlook: Outlook
    detail: Detail

    @property
    def colours(self) -> Tensor:
        """[B,3,H,W] of the object alone."""
        return (WHITE + (self.image - WHITE) / self.alpha.clamp(min=FAINTEST)).clamp(-1, 1)

    def on(self, background: Tensor | float) -> Tensor:
        """The object on another background, a number or [B or 1,3,H or 1,W or 1] in [-1, 1] -> [B,3,H,W]."""
        return self.image + (1 - self.alpha) * (background - WHITE)


class ViewGenerator(nn.Module):
    """Encodes a picture once and shows the object on it from any side."""

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
        """Picture [B,3,H,W] of an object on white and from where it is seen -> what `view` needs, computed once.

        distance: of the camera that made it and of those that will look, in diagonals of the object.
        Raises ValueError for sizes that don't fit.
        """
        check_image(self.config, image)
        if image.shape[-1] != image.shape[-2]:
            raise ValueError(f"need a square image, got {tuple(image.shape)}")
        volume = self.volume(image, pose_code(azimuth, elevation, self.config.harmonics))
        images = image, image.flip(-1)
        both = [level.chunk(2) for level in self.source(torch.cat(images))]
        features = [level[OWN] for level in both], [level[MIRRORED] for level in both]
        projected = self.target.project("", features[OWN]), self.target.project("_m", features[MIRRORED])
        return SourceViews(images, azimuth, elevation, volume, features, projected, distance)

    def view(self, source: SourceViews, azimuth: Tensor, elevation: Tensor) -> View:
        """The object from azimuth, elevation [B] in degrees."""
        axes = camera_axes(azimuth, elevation)
        turns = [turn_between(axes, camera_axes(sign * source.azimuth, source.elevation)) for sign in (1, -1)]
        codes = [pose_code(angle, elevation, self.config.harmonics) for angle in (azimuth, azimuth - source.azimuth)]
        volumes = source.volume, source.volume.flip(-1)
        structure, outlook = self.reader(volumes, turns, torch.cat(codes, 1), source.distance)
        guides = [
            Guide(source.features[own], outlook.flows[own], outlook.masks[own], source.projected[own])
            for own in (OWN, MIRRORED)
        ]
        features = self.target(structure, *guides)
        alpha = self.cover(features).float().sigmoid()
        generated = WHITE + alpha * (self.target.outconv(features) - WHITE)
        finest = [(fields[MIRRORED][-1], fields[OWN][-1]) for fields in (outlook.flows, outlook.masks)]
        pictures = source.images[MIRRORED], source.images[OWN]
        image, detail = self.detail(features, generated, *pictures, *finest)
        darkness = ((WHITE - image) / 2).amax(1, keepdim=True)  # no pixel is darker than what covers it
        return View(image, torch.maximum(alpha, darkness), generated, outlook, detail)

    def forward(
        self, image: Tensor, azimuth: Tensor, elevation: Tensor, target_azimuth: Tensor, target_elevation: Tensor
    ) -> View:
        """`encode` and `view` in one."""
        return self.view(self.encode(image, azimuth, elevation), target_azimuth, target_elevation)
