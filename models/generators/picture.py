"""Person image generation and the authors' view synthesis: one image in, one image out (paper, section 3).

In: a source image with its structure, and the structure of the target. Out: the source's content in the target's pose
or view. Official format, sections 3.4 and 3.7. Used by `pipelines.pose_transfer`, `pipelines.view_synthesis` and
training.

B batch, S structure channels, H, W image size (multiples of 2^flow_layers), h, w size of a feature map. Images are in
[-1, 1]; flow is backward flow in pixels of its own map, channel 0 = x; masks are in (0, 1), 1 means "take the warped
source"; lists run over the attended layers, coarse to fine. Structures are maps [B,S,H,W] in 0..1 or, if the config is
`coded`, one-hot codes [B,S,1,1].
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.flow import FlowNet
from models.generators.config import PictureConfig
from models.generators.parts import DecoderSource, SourceEncoder, TargetDecoder, check_image, check_maps, flow_net
from models.layers import add_spectral_norm


@dataclass(frozen=True)
class Picture:
    """A generated image, and where its content comes from."""

    image: Tensor
    """[B,3,H,W]."""

    flows: list[Tensor]
    """[B,2,h,w] into the source."""

    masks: list[Tensor]
    """[B,1,h,w]."""


class FlowEstimator(nn.Module):
    """The flow net alone, under the state-dict keys it has inside the generator: stage 1 of the training."""

    def __init__(self, *, config: PictureConfig) -> None:
        super().__init__()
        self.config = config
        self.flow_net = _flow_net(config)
        if config.spectral:
            add_spectral_norm(self)

    def forward(
        self, source: Tensor, source_structure: Tensor, target_structure: Tensor
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Source image [B,3,H,W] and both structures -> flows [B,2,h,w] and masks [B,1,h,w].

        Raises:
            ValueError: the sizes don't fit the config or each other.
        """
        return _estimate(self.config, self.flow_net, source, source_structure, target_structure)


class PictureGenerator(nn.Module):
    """Fetches the source's texture by flow and local attention into the target's structure."""

    def __init__(self, *, config: PictureConfig) -> None:
        super().__init__()
        self.config = config
        self.source = SourceEncoder(config)
        self.target = TargetDecoder(config, doublings=config.flow_layers - config.layers if config.coded else None)
        self.flow_net = _flow_net(config)
        if config.spectral:
            add_spectral_norm(self)

    def forward(self, source: Tensor, source_structure: Tensor, target_structure: Tensor) -> Picture:
        """Source image [B,3,H,W] and both structures -> the image in the target's structure.

        Raises:
            ValueError: the sizes don't fit the config or each other.
        """
        flows, masks = _estimate(self.config, self.flow_net, source, source_structure, target_structure)
        if self.config.coded:
            height, width = (side // 2**self.config.flow_layers for side in source.shape[-2:])
            target_structure = target_structure.expand(-1, -1, height, width)  # [B,S,H/2^flow_layers,W/2^flow_layers]
        features = self.target(target_structure, DecoderSource(self.source(source), flows, masks))
        return Picture(self.target.outconv(features), flows, masks)


def _flow_net(config: PictureConfig) -> FlowNet:
    """Structure maps are input channels beside the image; codes are added where the net is coarsest."""
    structures = 0 if config.coded else 2 * config.structure_channels
    codes = config.structure_channels if config.coded else 0
    return flow_net(config, inputs=config.image_channels + structures, codes=codes)


def _estimate(
    config: PictureConfig, net: FlowNet, source: Tensor, source_structure: Tensor, target_structure: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    structures = source_structure, target_structure
    if not config.coded:
        for structure in structures:
            check_maps(config, source, structure)
        return net(torch.cat([source, *structures], dim=1))
    check_image(config, source)
    code = (source.shape[0], config.structure_channels, 1, 1)
    if any(structure.shape != code for structure in structures):
        raise ValueError(
            f"expected structures {code}, got {', '.join(str(tuple(found.shape)) for found in structures)}"
        )
    return net(source, source_structure - target_structure)
