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
from models.turning import camera_axes, pose_code, turn_between
from models.volume import Outlook, VolumeEncoder, VolumeReader

OWN, MIRRORED = 0, 1  # the sources of a view
WHITE = 1.0
FAINTEST = 1 / 255  # alpha that leaves a trace
HINTS = 8  # channels of the network that finds the object's coverage in the picture


@dataclass(frozen=True)
class SourceViews:
    """The picture and its mirror image with the object's coverage, [B,4,H,W] each, and what all views share of them:
    volume, attended features and their halves of the attention."""

    images: tuple[Tensor, Tensor]
    azimuth: Tensor
    elevation: Tensor
    volume: Tensor
    features: tuple[list[Tensor], list[Tensor]]
    projected: tuple[list[Tensor], list[Tensor]]


@dataclass(frozen=True)
class View:
    """One view: image [B,3,H,W] on white; alpha [B,1,H,W] in 0..1 how much of a pixel the object covers; generated
    [B,4,H,W] both before anything is copied. In `detail` the mirror image stands for the previous frame and the picture
    for the reference; coverage is copied like colours."""

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
            image_channels=config.image_channels + 1,
            restraint=config.restraint,
        )
        self.cover = nn.Sequential(activation(), nn.Conv2d(config.channels(0), 1, 3, padding=1))
        self.found = nn.Sequential(
            nn.Conv2d(config.image_channels, HINTS, 3, padding=1),
            activation(),
            nn.Conv2d(HINTS, HINTS, 3, padding=1),
            activation(),
            nn.Conv2d(HINTS, 1, 3, padding=1),
        )

    def encode(self, image: Tensor, azimuth: Tensor, elevation: Tensor) -> SourceViews:
        """Picture [B,3,H,W] of an object on white and from where it is seen -> what `view` needs, computed once.

        Raises ValueError for sizes that don't fit.
        """
        check_image(self.config, image)
        if image.shape[-1] != image.shape[-2]:
            raise ValueError(f"need a square image, got {tuple(image.shape)}")
        volume = self.volume(image, pose_code(azimuth, elevation, self.config.harmonics))
        both = [level.chunk(2) for level in self.source(torch.cat([image, image.flip(-1)]))]
        features = [level[OWN] for level in both], [level[MIRRORED] for level in both]
        projected = self.target.project("", features[OWN]), self.target.project("_m", features[MIRRORED])
        covered = torch.cat([image, _share(self.found(image))], 1)
        images = covered, covered.flip(-1)
        return SourceViews(images, azimuth, elevation, volume, features, projected)

    def view(self, source: SourceViews, azimuth: Tensor, elevation: Tensor) -> View:
        """The object from azimuth, elevation [B] in degrees."""
        axes = camera_axes(azimuth, elevation)
        turns = [turn_between(axes, camera_axes(sign * source.azimuth, source.elevation)) for sign in (1, -1)]
        codes = [pose_code(angle, elevation, self.config.harmonics) for angle in (azimuth, azimuth - source.azimuth)]
        structure, outlook = self.reader([source.volume, source.volume.flip(-1)], turns, torch.cat(codes, 1))
        guides = [
            Guide(source.features[own], outlook.flows[own], outlook.masks[own], source.projected[own])
            for own in (OWN, MIRRORED)
        ]
        features = self.target(structure, *guides)
        alpha = _share(self.cover(features))
        generated = torch.cat([WHITE + alpha * (self.target.outconv(features) - WHITE), alpha], 1)
        finest = [(fields[MIRRORED][-1], fields[OWN][-1]) for fields in (outlook.flows, outlook.masks)]
        pictures = source.images[MIRRORED], source.images[OWN]
        covered, detail = self.detail(features, generated, *pictures, *finest)
        image, alpha = covered.split([self.config.image_channels, 1], 1)
        alpha = torch.maximum(alpha, ((WHITE - image) / 2).amax(1, keepdim=True))  # white alone can't be so dark
        return View(image, alpha, generated, outlook, detail)

    def forward(
        self, image: Tensor, azimuth: Tensor, elevation: Tensor, target_azimuth: Tensor, target_elevation: Tensor
    ) -> View:
        """`encode` and `view` in one."""
        return self.view(self.encode(image, azimuth, elevation), target_azimuth, target_elevation)


def _share(logits: Tensor) -> Tensor:
    return logits.float().sigmoid()
