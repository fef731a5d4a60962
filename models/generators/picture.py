"""One picture in, one picture out in another pose or view (paper, section 3).

B batch, S structure channels, H, W image size (multiples of 2^flow_layers), h, w size of a feature map.
Images are in [-1, 1]; flows are in pixels of their own map; lists of flows and masks run from coarse to fine.
Structures are maps [B,S,H,W] in 0..1, or with a coded config one-hot codes [B,S,1,1].
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.flow import FlowNet
from models.generators.config import PictureConfig
from models.generators.parts import Guide, SourceEncoder, TargetDecoder, check_image, check_maps, flow_net
from models.layers import add_spectral_norm


@dataclass(frozen=True)
class Picture:
    """Image [B,3,H,W]; flows [B,2,h,w] and masks [B,1,h,w] per attended layer."""

    image: Tensor
    flows: list[Tensor]
    masks: list[Tensor]


class FlowEstimator(nn.Module):
    """Stage 1 of the training: the flow net alone, under the keys it has inside the generator."""

    def __init__(self, *, config: PictureConfig) -> None:
        super().__init__()
        self.config = config
        self.flow_net = _flow_net(config)
        if config.spectral:
            add_spectral_norm(self)

    def forward(
        self, source: Tensor, source_structure: Tensor, target_structure: Tensor
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Source picture [B,3,H,W] and both structures -> flows [B,2,h,w] and masks [B,1,h,w] in (0, 1).

        Raises ValueError for sizes that don't fit.
        """
        return _estimate(self.config, self.flow_net, source, source_structure, target_structure)


class PictureGenerator(nn.Module):
    """The source's texture, fetched by flow and local attention into the target's structure."""

    def __init__(self, *, config: PictureConfig) -> None:
        super().__init__()
        self.config = config
        self.source = SourceEncoder(config)
        self.target = TargetDecoder(config, doublings=config.flow_layers - config.layers if config.coded else None)
        self.flow_net = _flow_net(config)
        if config.spectral:
            add_spectral_norm(self)

    def forward(self, source: Tensor, source_structure: Tensor, target_structure: Tensor) -> Picture:
        """Source picture [B,3,H,W] and both structures -> the picture in the target's structure.

        Raises ValueError for sizes that don't fit.
        """
        flows, masks = _estimate(self.config, self.flow_net, source, source_structure, target_structure)
        if self.config.coded:
            height, width = (side // 2**self.config.flow_layers for side in source.shape[-2:])
            target_structure = target_structure.expand(-1, -1, height, width)
        features = self.target(target_structure, Guide(self.source(source), flows, masks))
        return Picture(self.target.outconv(features), flows, masks)


def _flow_net(config: PictureConfig) -> FlowNet:
    """Maps are inputs beside the picture; codes join where the net is coarsest."""
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
        raise ValueError(f"need structures {code}, got {', '.join(str(tuple(found.shape)) for found in structures)}")
    return net(source, source_structure - target_structure)
